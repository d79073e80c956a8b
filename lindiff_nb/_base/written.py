"""Values as text, one form for all commands: rows in columns, CSV, JSON."""

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from typing import Any


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


def as_json(value: Any) -> str:
    """Numbers, arrays, lists and dictionaries of them; what is not finite is null."""
    return json.dumps(_plain(value), indent=1) + "\n"


def _plain(value: Any) -> Any:
    """What JSON can hold."""
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, dict):
        return {name: _plain(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
