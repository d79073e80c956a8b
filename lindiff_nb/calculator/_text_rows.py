"""The lines of a text, read as rows of numbers with or without names.

Numbers are those of `run`: ASCII digits, a point, an exponent. They stand apart by blanks, by
commas or by semicolons, one kind in a line, so that a decimal comma is refused where it can be
told. Empty lines and what follows a # do not count. Names are a first line that begins with a
letter or with an empty cell, and a first word in each line of a table.
"""

import re
from collections.abc import Iterator
from itertools import chain
from typing import TextIO

import numpy as np

from lindiff_nb._base.types import Array
from lindiff_nb.calculator._reading import MOST

BLOCK = 2**20  # characters read at a time
LONGEST = 2**24  # characters in a line
WHOLE = re.compile(r"[+-]?[0-9]+", re.ASCII)
AFTER_COMMA = re.compile(r"[0-9]+([eE][+-]?[0-9]+)?", re.ASCII)
SPACED = re.compile(r",\S.*,\s|,\s.*,\S")  # some commas with a blank after them, some without
THOUSANDS = re.compile(r"[0-9]{1,3}(,[0-9]{3})+", re.ASCII)
APART = re.compile(r"[0-9][^\S \t\r][0-9]")  # thousands, by a blank that breaks no line
COMMAS = "a decimal comma? write 0.5 for 0,5, and two numbers with a blank between them"


class Place(ValueError):
    """What is wrong with a text, and the line."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class Rows:
    """What has been seen of a text so far."""

    def __init__(self) -> None:
        self.line = 0  # complete lines read
        self.count = 0  # numbers read
        self.width: int | None = None  # numbers in a row
        self.named: bool = False  # whether rows begin with a name
        self.leading = False  # whether one number stands before a table
        self.header: list[str] | None = None
        self.first = ""  # the first number as it is written
        self.numbers = [np.zeros(0)]
        self.places = [np.zeros(0, dtype=np.intp)]  # the lines of the rows

    def read(self, lines: list[str]) -> None:
        """Read on: at once where each line is one number, as all were before."""
        begin = self.line + 1
        values = one_a_line(lines) if self.width in (None, 1) and not self.named else None
        if values is None:
            rows = [self.row(line) for line in lines]
            values = np.fromiter(chain.from_iterable(rows), np.float64)
            places = np.flatnonzero([len(row) for row in rows])
        else:
            if lines and self.width is None:
                self.width, self.first = 1, lines[0].strip()
            self.line += len(lines)
            self.counted(len(lines))
            places = np.arange(len(lines))
        self.numbers.append(values)
        self.places.append(begin + places)

    def row(self, line: str) -> list[float]:
        """The numbers on a line, none if it is empty or holds names only."""
        self.line += 1
        text = line.partition("#")[0].strip()
        if not text:
            return []
        cells = self.cells(text)
        named = bool(cells[0]) and not _is_number(cells[0])
        others = cells[1:]
        table = bool(others) and all(map(_is_number, others))
        first = self.width is None and self.header is None
        if first and (not cells[0] or (cells[0][0].isalpha() and named and not table)):
            self.header = cells
            return []
        if table and named and cells[0][0].isalpha():
            cells = others
        else:
            named = False
        if self.width is not None and named != self.named:
            raise self.wrong("a name before the numbers on some lines only")
        self.named = named
        self.fits(len(cells))
        self.counted(len(cells))
        self.first = self.first or cells[0]
        return [self.number(cell) for cell in cells]

    def cells(self, text: str) -> list[str]:
        """The words on a line, whatever stands between them."""
        if "," in text and ";" in text:
            raise self.wrong(f"commas and semicolons: {COMMAS}")
        if APART.search(text):
            raise self.wrong(f"{text[:20]!a}: a blank within a number? write 1000 for 1 000")
        mark = "," if "," in text else ";" if ";" in text else None
        cells = [cell.strip() for cell in text.split(mark)]
        if mark and len(cells) > 1 and not cells[-1]:
            cells.pop()
        glued = mark == "," and len(cells) > 1 and " " not in text and "\t" not in text
        pair = glued and len(cells) == 2 and WHOLE.fullmatch(cells[0])
        uneven = mark == "," and SPACED.search(text) and all(map(_is_number, cells))
        told = (pair and AFTER_COMMA.fullmatch(cells[1])) or (glued and THOUSANDS.fullmatch(text))
        if told or (uneven and "." not in text):
            raise self.wrong(f"{text[:20]!a}: {COMMAS}")
        blank = next((cell for cell in cells if len(cell.split()) > 1), "")
        if mark and blank and all(map(_is_number, blank.split())):
            raise self.wrong(f"blanks and {mark!r} between numbers: {COMMAS}")
        return [cell.strip("\"'") for cell in cells]

    def fits(self, width: int) -> None:
        """Whether so many numbers can follow."""
        if self.width == 1 and width > 1 and self.count == 1 and self.header is None:
            self.leading, self.width = True, width
        if self.width not in (None, width):
            if self.width == 1:
                raise self.wrong(
                    "several numbers on a line: put one on each line, or all on one line"
                )
            raise self.wrong(f"{width} numbers, where the lines before have {self.width}")
        self.width = width

    def number(self, word: str) -> float:
        """A finite number."""
        if not _is_number(word):
            raise self.wrong(f"{word[:20]!a} is not a number" if word else "an empty cell")
        value = float(word)
        if not np.isfinite(value):
            raise self.wrong(f"{word[:20]} is not a finite number")
        return value

    def counted(self, more: int) -> None:
        """So many numbers more."""
        self.count += more
        if self.count > MOST:
            raise self.wrong(f"more than {MOST} numbers up to here")

    def wrong(self, message: str) -> Place:
        return Place(message, self.line)


def blocks(text: TextIO, seen: Rows) -> Iterator[list[str]]:
    """The lines, about BLOCK characters of them at a time."""
    rest = ""
    while block := text.read(BLOCK):
        *lines, rest = (rest + block).split("\n")
        zero = next((at for at, line in enumerate([*lines, rest]) if "\0" in line), None)
        if zero is not None:
            raise Place("a zero byte: not a text but a binary file", seen.line + 1 + zero)
        yield lines
        if len(rest) > LONGEST:
            raise Place(f"longer than {LONGEST} characters", seen.line + 1)
    yield [rest]


def one_a_line(lines: list[str]) -> Array | None:
    """The numbers, if each line is one that is finite and plain; else None. Fast."""
    try:
        values = np.fromiter(map(float, lines), np.float64, len(lines))
    except ValueError:
        return None
    text = "".join(lines)
    return values if np.all(np.isfinite(values)) and "_" not in text and text.isascii() else None


def _is_number(word: str) -> bool:
    """Whether a word is written as a number; NaN and the infinities are."""
    try:
        float(word)
    except ValueError:
        return False
    return "_" not in word and word.isascii()
