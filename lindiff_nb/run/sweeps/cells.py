"""One run of a sweep, a cell: what it is, its seed, and its identity.

A cell is one chapter, or one function written module:function, with one set of values and the
number of a replicate. Its identity is a hash of all that its result depends on: values, replicate,
seed, and the sources, data and versions behind its target. Its seed comes from target, values and
replicate alone: not from order, workers or shards, nor from a source that was mended meanwhile.
"""

import hashlib
import json
import math
import os
import pkgutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from lindiff_nb._base.errors import RunFailed, UsageError
from lindiff_nb._base.files import digest
from lindiff_nb._base.machine import versions
from lindiff_nb.run.chapters import PACKAGE, Chapter, find_book, locate

WRITTEN = json.JSONEncoder(sort_keys=True).encode
SEEDS = 2**53  # of a function: what every table holds exactly

Fingerprint = tuple[tuple[str, int, int], ...]  # path, time of change and size of each file


class Refused(UsageError):
    """A sweep larger than a guard allows; nothing was begun."""

    status = 3


class Cell(NamedTuple):
    """One run: chapter or module:function, plain JSON values, replicate, seed, and identity."""

    target: str
    values: dict[str, Any]
    replicate: int
    seed: int
    identity: str


def is_function(target: str) -> bool:
    """Whether a target is written module:function, and so is no chapter."""
    module, colon, name = target.partition(":")
    return bool(colon) and all(part.isidentifier() for part in f"{module}.{name}".split("."))


def replicates(
    target: str,
    values: dict[str, Any],
    numbers: Iterable[int],
    sources: str,
    *,
    entropy: int = 0,
    seeds: int = SEEDS,
) -> Iterator[Cell]:
    """The cells of one set of checked values, for replicates of these numbers.

    `sources` are the target's `ingredients`, `entropy` is the seed of the whole sweep. Seeds lie in
    [0, seeds), as the chapter's parameter seed allows, and no two of so many replicates share one.
    A seed among the values is every replicate's own. Of a chapter's file the name alone counts.

    Why a progression, and not a spawn key of numpy's SeedSequence for each replicate: a seed is one
    number, in a column and in the chapter's range. Of 500 random ones from the usual million two
    are equal with probability 0.12, of 1,200 with 0.51; those of a progression differ. Seeds that
    follow a rule do no harm, since `default_rng` mixes each by a SeedSequence of its own. Cells at
    other values may meet a seed again, as many thousands in one million must.
    """
    point = _point(target, values)
    drawn = hashlib.sha256(f"{entropy} {point}".encode()).digest()
    start, step = int.from_bytes(drawn[:16]) % seeds, int.from_bytes(drawn[16:]) % seeds
    while math.gcd(step, seeds) != 1:  # so that its multiples meet every seed once
        step += 1
    for number in numbers:
        seed = values.get("seed", (start + number * step) % seeds)
        yield Cell(target, values, number, seed, _identity(point, number, seed, sources))


def ingredients(target: str) -> str:
    """A hash of all that the results of a target depend on besides its values and its seed.

    The chapter's text or the function's module, what these import of the package, the data beside
    it, the lock, and Python. UsageError if there is no such target.
    """
    return _ingredients(target, _fingerprint(target))


@contextmanager
def unchanged(cell: Cell) -> Iterator[None]:
    """Around work on a cell: RunFailed where its sources are not, or no more, those of the plan.

    Another version of the package on another machine, or an edit while the sweep runs.
    """
    _compare(cell)
    yield
    _compare(cell)


def chapter(target: str) -> Chapter:
    """The chapter of a cell, as its file is now."""
    return _chapter(target, _fingerprint(target))


def function(target: str) -> Callable[..., Any]:
    """The function that module:function names; UsageError if there is none."""
    try:
        found = pkgutil.resolve_name(target)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(f"there is no function {target!r}: {error}") from None
    if not callable(found):
        raise UsageError(f"{target} cannot be called")
    called: Callable[..., Any] = found
    return called


def _compare(cell: Cell) -> None:
    point, sources = _point(cell.target, cell.values), ingredients(cell.target)
    if cell.identity != _identity(point, cell.replicate, cell.seed, sources):
        raise RunFailed(
            f"the sources of {cell.target} are not those of the plan; the same command plans anew"
        )


def _point(target: str, values: dict[str, Any]) -> str:
    """A hash of what all replicates share, whatever the order of names."""
    return hashlib.sha256(WRITTEN([os.path.basename(target), values]).encode()).hexdigest()


def _identity(point: str, replicate: int, seed: int, sources: str) -> str:
    return hashlib.sha256(f"{point} {replicate} {seed} {sources}".encode()).hexdigest()[:32]


@lru_cache(maxsize=8)
def _chapter(target: str, fingerprint: Fingerprint) -> Chapter:
    return locate(target)


@lru_cache(maxsize=8)
def _ingredients(target: str, fingerprint: Fingerprint) -> str:
    lock = find_book().root / "requirements.lock"
    found: dict[str, str] = {"lock": digest(lock)} if lock.is_file() else versions()
    return hashlib.sha256(WRITTEN(found | _sources(target)).encode()).hexdigest()


def _sources(target: str) -> dict[str, str]:
    """Of a chapter or a function of ours: its text, or its module, and what they import.

    Of another's function: its module or its whole package, and what of ours that names.
    """
    from lindiff_nb.run.dependencies import Dependencies

    if not is_function(target):
        page = chapter(target)
        return Dependencies(page.book.package).ingredients(page)
    ours, module = Dependencies(PACKAGE.name), target.partition(":")[0]
    if module.partition(".")[0] == PACKAGE.name:
        return ours.of_modules({module})
    place = _place(target)
    sources = [path.read_text(encoding="utf-8", errors="replace") for path in _files(place)]
    return _of_folder(place) | ours.of_modules(ours.imported(sources))


def _of_folder(place: Path) -> dict[str, str]:
    return {str(path.relative_to(place.parent)): digest(path) for path in _files(place)}


def _files(place: Path) -> list[Path]:
    """A module's one file; the sources in a package's folder, and of ours the data too."""
    if not place.is_dir():
        return [place]
    paths = (Path(top) / name for top, _, names in os.walk(place) for name in names)
    data = place == PACKAGE
    return sorted(
        path for path in paths if path.suffix == ".py" or (data and path.suffix != ".pyc")
    )


def _fingerprint(target: str) -> Fingerprint:
    """What shows at a glance that a source has changed."""
    files = [file for place in {PACKAGE, _place(target)} for file in _files(place)]
    found = [(str(file), file.stat()) for file in sorted(files)]
    return tuple((path, stat.st_mtime_ns, stat.st_size) for path, stat in found)


def _place(target: str) -> Path:
    """The page of a chapter; the file of a function's module, or the folder of its package."""
    return _found(target, os.getcwd(), os.environ.get("LINDIFF_BOOK"), *sys.path)


@lru_cache(maxsize=8)
def _found(target: str, *where: str | None) -> Path:
    """Where a target is, as long as `where` one looks is the same."""
    if not is_function(target):
        return locate(target).path
    module = target.partition(":")[0]
    try:
        there, spec = find_spec(module), find_spec(module.partition(".")[0])
    except (ImportError, ValueError) as error:
        raise UsageError(f"there is no module {module!r}: {error}") from None
    if not there or not spec or not spec.origin:
        raise UsageError(f"there is no module {module!r}")
    path = Path(spec.origin)
    return path.parent if spec.submodule_search_locations else path
