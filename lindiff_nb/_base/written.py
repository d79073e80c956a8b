"""Values as text, one form for all commands: rows in columns, CSV, JSON."""

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lindiff_nb._base.errors import RunFailed
from lindiff_nb._base.machine import versions

SCHEMA = 1  # of every JSON file: what the names in it mean


def columns(rows: Sequence[Sequence[str]], right: Iterable[int] = ()) -> str:
    """The rows in columns, flush left but for those that are named by number, from 0."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    forms = [f"{{:{'>' if at in right else ''}{width}}}" for at, width in enumerate(widths)]
    return "\n".join("  ".join(forms).format(*row).rstrip() for row in rows)


def as_csv(rows: Iterable[Iterable[object]]) -> str:
    """Rows of anything, numbers to their last digit."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def as_json(contents: Mapping[str, Any]) -> str:
    """A result as the text of a JSON file, after schema and version; what is infinite is null.

    RunFailed naming the entry that is not a number: that would pass for one that cannot be known.
    """
    head = {"schema": SCHEMA, "lindiff_nb": versions().get("lindiff_nb")}
    return json.dumps(_plain("", {**head, **contents}), indent=1, allow_nan=False) + "\n"


def _plain(name: str, value: Any) -> Any:
    """What JSON can hold; `name` is the place in the result."""
    if hasattr(value, "tolist"):  # an array, or a number of numpy's
        value = value.tolist()
    if isinstance(value, Mapping):
        return {key: _plain(f"{name}.{key}".strip("."), entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(name, entry) for entry in value]
    if isinstance(value, float) and math.isnan(value):
        raise RunFailed(f"lindiff-nb: {name} of the result is not a number; no JSON is written")
    return None if isinstance(value, float) and math.isinf(value) else value
