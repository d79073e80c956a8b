"""The numbers that a chapter hands to its prose, and to whoever runs it.

A recorded value becomes an invisible output of its cell, in the form that MyST-NB's glue roles
read: {glue:text}`name:.2f` in the text of the chapter is the value that this run computed.
"""

import ast
import contextlib
import json
import math
import os
import sys
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

PREFIX = "application/papermill.record/"

Recorded = bool | int | float | str

_so_far: dict[str, Recorded] = {}  # what this process recorded


class BadRecord(ValueError):
    """Something recorded that cannot be read back; `cell` is where, among all cells from 0."""

    def __init__(self, message: str, cell: int) -> None:
        """Say what is wrong, and where."""
        super().__init__(message)
        self.cell = cell


def record(**values: object) -> None:
    """Record each value under its name: record(test_loss=0.31, n=200).

    Numbers, truth values and strings; a numpy or torch scalar counts as the number it holds.
    Raises ValueError for an array, a NaN or anything else, and then records none of the values.
    Outside IPython the values are checked and go nowhere.
    """
    plain = {name: scalar(name, value) for name, value in values.items()}
    _so_far.update(plain)
    for name, value in plain.items():
        metadata = {"scrapbook": {"name": name, "mime_prefix": PREFIX}}
        _display({PREFIX + "text/plain": repr(value)}, metadata)


def measured(**meanings: str) -> None:
    """Show recorded numbers as a table: measured(test_loss="test loss at N = d").

    A row for each number that has words here, in their order, so that "the same" may follow what
    it is the same as; what the text quotes needs none. Raises ValueError for a name that was not
    recorded.
    """
    for name in meanings:
        if name not in _so_far:
            raise ValueError(f"{name} was not recorded")
    rows = [(meaning, _written(_so_far[name])) for name, meaning in meanings.items()]
    cells = "".join(
        f'<tr><th scope="row">{escape(meaning)}</th><td>{escape(value)}</td></tr>'
        for meaning, value in rows
    )
    text = "\n".join(f"{meaning}: {value}" for meaning, value in rows)
    _display({"text/html": f'<table class="measured">{cells}</table>', "text/plain": text}, {})


def _written(value: Recorded) -> str:
    """A value as a table shows it: four digits."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _display(data: dict[str, str], metadata: dict[str, Any]) -> None:
    """Make it an output of the cell, where there is one."""
    ipython = sys.modules.get("IPython")
    if ipython is not None and ipython.get_ipython() is not None:
        ipython.display.display(data, raw=True, metadata=metadata)


def read_records(notebook: Mapping[str, Any] | str | os.PathLike[str]) -> dict[str, Recorded]:
    """Every recorded value of an executed notebook, exactly as it was recorded.

    Takes the notebook or the path of its file. Raises ValueError if a name was recorded twice.
    """
    if isinstance(notebook, str | os.PathLike):
        return read_records(json.loads(Path(notebook).read_text(encoding="utf-8")))
    records: dict[str, Recorded] = {}
    for cell, name, text in _recorded(notebook):
        if name in records:
            raise BadRecord(f"{name} is recorded twice", cell)
        records[name] = _value(name, text, cell)
    return records


def scalar(name: str, value: Any) -> Recorded:
    """The Python number behind a value; ValueError where it cannot be recorded."""
    if getattr(value, "shape", None) is not None:  # an array or a tensor
        if tuple(value.shape):
            raise ValueError(f"{name} must be one number, got an array of shape {value.shape}")
        value = value.item()
    if not isinstance(value, bool | int | float | str):
        raise ValueError(f"{name} must be a number, a truth value or a string, got {value!r}")
    if isinstance(value, float) and math.isnan(value):
        raise ValueError(f"{name} is not a number (NaN)")
    return value


def _recorded(notebook: Mapping[str, Any]) -> Iterator[tuple[int, str, str]]:
    """Cell, name and text of each record, in the order of the cells."""
    for number, cell in enumerate(notebook["cells"]):
        for output in cell.get("outputs", []):
            name = output.get("metadata", {}).get("scrapbook", {}).get("name")
            text = output.get("data", {}).get(PREFIX + "text/plain")
            if name is not None and text is not None:
                yield number, name, "".join(text)  # a file holds text as a list of lines


def _value(name: str, text: str, cell: int) -> Recorded:
    """The value whose repr is `text`."""
    if text in ("inf", "-inf"):
        return float(text)
    with contextlib.suppress(ValueError, SyntaxError, RecursionError, MemoryError):
        value = ast.literal_eval(text)
        if isinstance(value, bool | int | float | str):
            return value
    raise BadRecord(f"{name} was recorded as {text[:60]}: not a value that record() writes", cell)
