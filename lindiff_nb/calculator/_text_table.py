"""The numbers in a text: one a line, all on one line, or a table, with the names that go with them.

Names that are numbers, as those of a data frame whose columns have none, are told by their place: a
0 before a falling list, 0 1 2 .. over the columns or before the rows of a square table.
"""

from typing import NamedTuple, TextIO

import numpy as np

from lindiff_nb._base.types import Array, Index
from lindiff_nb.calculator._reading import OF_DATA, Misfit
from lindiff_nb.calculator._text_rows import WHOLE, Place, Rows, blocks


class Table(NamedTuple):
    """The numbers, (d,) or (rows, columns), the line of each row, and what was left out."""

    values: Array
    lines: Index
    said: tuple[str, ...]


def table(text: TextIO) -> Table:
    """All numbers of a text. Place for a line that cannot be read, Misfit for the whole."""
    seen = Rows()
    for lines in blocks(text, seen):
        seen.read(lines)
    values, places = np.concatenate(seen.numbers), np.concatenate(seen.places)
    return (_square if (seen.width or 1) > 1 else _column)(seen, values, places)


def _column(seen: Rows, values: Array, lines: Index) -> Table:
    """One number a row."""
    said = _spanned(seen, lines)
    if values.size > 2 and WHOLE.fullmatch(seen.first):
        rest, line = values[1:], int(lines[0])
        falls = bool(np.all(np.diff(rest) <= 0))
        if seen.first == "0" and rest[0] > rest[-1]:
            if not falls:
                raise Place("0, a variance or the name of a column? remove it, or write 0.0", line)
            return Table(rest, lines[1:], (f"line {line}, '0', is a name", *said))
        fractions = (rest != np.rint(rest)) | (rest == 0)
        rises = values[0] > rest[0] and bool(np.all(np.diff(rest) >= 0))
        counts = (falls or rises) and values[0] == rest.size > 4
        apart = values[0] < rest[0] or (values[0] > 1 and rest.size > 4 and np.all(fractions))
        if np.any(fractions & (rest != 0)) and ((falls and apart and rest.size > 2) or counts):
            which = "the number of those that follow" if counts else "the name of a column"
            raise Place(
                f"{seen.first}, a variance or {which}? remove it, or write it with .0", line
            )
    return Table(values, lines, said)


def _square(seen: Rows, values: Array, lines: Index) -> Table:
    """Several numbers a row: all on one line, or a square table without its names."""
    width, said = seen.width or 1, _spanned(seen, lines)
    if seen.leading:
        values, lines = values[1:], lines[1:]
    rows = values.reshape(-1, width)
    if seen.leading and len(rows) > 1 and len(rows) != float(seen.first):
        raise Misfit(f"{seen.first}, and then {len(rows)} lines of {width} numbers")
    if len(rows) == 1:
        if seen.header and len(seen.header) in (width, width + 1):
            raise Misfit(f"one line of {width} numbers under {width} names: a table, no list")
        return Table(values, np.repeat(lines, width), said)
    if len(rows) == width + 1 and _counts(rows[0]) and not seen.header:
        rows, lines, said = rows[1:], lines[1:], (*said, "the first line counts the columns")
    if width == len(rows) + 1 and _counts(rows[:, 0]):
        rows, said = rows[:, 1:], (*said, "the first column counts the rows")
    if rows.shape[0] != rows.shape[1]:
        index = "; the first column counts the lines: save the others" * _counts(rows[:, 0])
        shape = f"{len(rows)} lines of {rows.shape[1]} numbers"
        raise Misfit(f"{shape}, neither a list nor a square matrix{index}; {OF_DATA}")
    return Table(rows, lines, said)


def _spanned(seen: Rows, lines: Index) -> tuple[str, ...]:
    """Where the numbers stand, and what names were passed over."""
    if not lines.size:
        return ()
    names = [*["names over them"] * bool(seen.header), *["a name before each"] * seen.named]
    return (", ".join([f"lines {lines[0]} to {lines[-1]}", *names]),)


def _counts(values: Array) -> bool:
    """Whether they are 0 1 2 .. or 1 2 3 .."""
    return bool(values[0] in (0, 1) and np.all(np.diff(values) == 1))
