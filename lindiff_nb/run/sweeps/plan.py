"""Which cells a sweep has: grids, zips, fixed values and seeds, checked before the first one runs.

At the command line, or in a file:

    chapter = "marchenko-pastur"    # or call = "module:function"
    seeds = 10                      # replicates of every point
    fixed = {draws = 20}
    grid = {d = [100, 200, 400]}    # every value with every value of the other names
    zip = [{n = [50, 100], c = [0.1, 0.2]}]    # first with first, second with second

What a value is, the declared type decides, in both alike: 007 is seven for an int and three
characters for a str.
"""

import csv
import hashlib
import itertools
import json
import math
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lindiff_nb._base.errors import UsageError, nearest, refusing
from lindiff_nb.run.parameters import Value, check
from lindiff_nb.run.sources import page
from lindiff_nb.run.sweeps.cells import Cell, Refused, ingredients, replicates
from lindiff_nb.run.sweeps.targets import Target, target

MOST = 100_000  # cells that a plan may have unless more are allowed
KEYS = ("chapter", "call", "seeds", "entropy", "fixed", "grid", "zip")

Lists = Mapping[str, Iterable[object]]


@dataclass(frozen=True)
class Plan:
    """A chapter or function, and the points at which it runs, each with so many replicates."""

    target: Target
    points: tuple[dict[str, Value], ...]  # all different, in the order of the plan
    replicates: int = 1
    entropy: int = 0  # another one gives all cells other seeds
    duplicates: int = field(default=0, compare=False)  # cells that were there already

    def __len__(self) -> int:
        """How many cells."""
        return len(self.points) * self.replicates

    @property
    def digest(self) -> str:
        """A hash of all that the cells are made of, and of their order."""
        name, more = os.path.basename(self.target.name), (self.target.seeds, self.entropy)
        made_of = [name, ingredients(self.target.name), self.points, self.replicates, more]
        return hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:16]

    def cells(self) -> Iterator[Cell]:
        """All cells: point by point, and of each one replicate after the other."""
        name, numbers = self.target.name, range(self.replicates)
        made_of, how = ingredients(name), {"entropy": self.entropy, "seeds": self.target.seeds}
        for values in self.points:
            yield from replicates(name, values, numbers, made_of, **how)


def plan(
    name: str,
    *,
    call: bool = False,
    grid: Lists | None = None,
    zips: Iterable[Lists] = (),
    fixed: Mapping[str, object] | None = None,
    seeds: int = 1,
    entropy: int = 0,
    most: int = MOST,
) -> Plan:
    """The plan of a sweep over a chapter, or with `call` over the function module:function.

    Every value of `grid` is combined with every other; the lists in each of `zips` go hand in
    hand. Raises UsageError for a name, a value or a list that cannot be used, and Refused for more
    than `most` cells.
    """
    wanted = target(name, call)
    alone = [{name: values} for name, values in (grid or {}).items()]
    once = [{name: [value]} for name, value in (fixed or {}).items()]
    groups: list[Lists] = [*once, *alone, *zips]
    names = [name for group in groups for name in group]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"{name} is given twice")
    columns = [list(_rows(wanted, group)) for group in groups]
    _count("seeds", seeds, 1)
    _count("entropy", entropy, 0)
    _guard([*map(len, columns), seeds], most)
    wanted.complete(names, seeds)
    points: dict[tuple[Value, ...], dict[str, Value]] = {}
    for rows in itertools.product(*columns):
        point = {name: value for row in rows for name, value in row.items()}
        points.setdefault(tuple(point.values()), point)
    twice = (math.prod(map(len, columns)) - len(points)) * seeds
    return Plan(wanted, tuple(points.values()), seeds, entropy, twice)


def from_file(path: Path, most: int = MOST) -> Plan:
    """The plan in a TOML file; UsageError says what is wrong with it, and Refused as of `plan`."""
    text = page(path)
    try:
        with refusing(ValueError, RecursionError):
            found = tomllib.loads(text)
        return _from_table(found, most)
    except UsageError as error:
        raise type(error)(f"{path}: {error}") from None


def _from_table(found: dict[str, Any], most: int) -> Plan:
    for key in found:
        if key not in KEYS:
            raise UsageError(f"there is no key {key!r}{nearest(key, KEYS)}")
    named = [key for key in ("chapter", "call") if key in found]
    if len(named) != 1:
        raise UsageError("one of chapter and call must be named")
    zips = found.pop("zip", [])
    zips = zips if isinstance(zips, list) else [zips]
    name, call = found.pop(named[0]), named == ["call"]
    tables = [("zip", table) for table in zips]
    tables += [(key, found[key]) for key in ("grid", "fixed") if key in found]
    for key, table in tables:
        if not isinstance(table, dict):
            raise UsageError(f"{key} must hold names and values, got {table!r}")
    return plan(name, call=call, zips=zips, most=most, **found)


def lists(words: Iterable[str]) -> dict[str, list[str]]:
    """The lists of a command line, d=100,200 each; a text with a comma stands in double quotes."""
    found: dict[str, list[str]] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not (name and equals):
            raise UsageError(f"expected NAME=VALUE,VALUE,..., got {word!r}")
        if name in found:
            raise UsageError(f"{name} is given twice")
        try:
            found[name] = next(csv.reader([text], strict=True), [])
        except csv.Error as error:
            raise UsageError(f"{word!r}: {error}") from None
    return found


def _rows(wanted: Target, group: Lists) -> Iterator[dict[str, Value]]:
    """The values of one group that belong together, read in their types."""
    columns = {name: _column(name, values) for name, values in group.items()}
    if len(set(map(len, columns.values()))) > 1:
        said = ", ".join(f"{name} {len(values)}" for name, values in columns.items())
        raise UsageError(f"lists that go hand in hand must be equally long: {said}")
    for values in zip(*columns.values(), strict=True):
        yield check(wanted.parameters, zip(columns, values, strict=True), wanted.kind)


def _column(name: str, values: object) -> list[object]:
    """The values of one name: a list, a range, an array of one dimension."""
    if isinstance(values, str | Mapping) or not isinstance(values, Iterable):
        raise UsageError(f"the values of {name} must be a list, got {values!r}")
    if not (column := list(values)):
        raise UsageError(f"{name} has no values: the list is empty")
    return column


def _count(name: str, value: object, low: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < low:
        raise UsageError(f"{name} must be a whole number >= {low}, got {value!r}")


def _guard(factors: Sequence[int], most: int) -> None:
    """Refuse a plan of absurd size, or of none, before it is written out."""
    cells = math.prod(factors)
    if not cells:
        raise UsageError("the plan has no cells: lists that go hand in hand are empty")
    if cells > most:
        product = " x ".join(map(str, factors))
        raise Refused(f"the plan has {product} = {cells:,} cells, more than {most:,}")
