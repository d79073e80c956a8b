"""A spectrum from a file: text with one number a line, or an array that numpy saved.

Text is UTF-8, or UTF-16 with its mark, with the line ends of any system. The numbers stand one a
line, or all on one line, apart by spaces, commas or semicolons. Empty lines and what follows a # do
not count, nor does one line of words at the top. Several columns are refused: a table of ranks and
eigenvalues, or a matrix, would otherwise pass for a spectrum. The order is free.

An array is a spectrum, (d,), or a covariance, (d, d), whose eigenvalues are taken. Nothing is
unpickled.

What is wrong raises ValueError naming the file and the line or entry; a missing file, a folder,
a lack of permission are the system's OSError. Text is read in blocks, so that a pipe is as good as
a file, and nothing takes more memory than its numbers.
"""

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TextIO

import numpy as np

from lindiff_nb._types import Array
from lindiff_nb.exact import spectra

MOST = 10**7  # eigenvalues in a file
LARGEST = 5000  # d of a covariance: its eigenvalues take d^3 steps
BLOCK = 2**20  # characters read at a time
LONGEST = 2**24  # characters in a line
ROUNDING = 1e-10  # of the largest: how far below zero rounding may have moved an eigenvalue
SEPARATORS = str.maketrans(",;", "  ")


def read_spectrum(path: str | os.PathLike[str]) -> Array:
    """The spectrum in a file, largest first, (d,); formats and errors as above.

    Negative numbers that rounding explains, down to -1e-10 of the largest, become zero, and with
    them positive ones that are no larger. Raises ValueError also for more than 10^7 numbers, a
    covariance above 5000 x 5000, or no positive number.
    """
    path = Path(path)
    with path.open("rb") as stream:
        start = stream.peek(6)[:6]
        if start == b"\x93NUMPY":
            values = _from_array(path)
        elif start[:4] == b"PK\x03\x04":
            raise _error(path, "an archive (.npz?), not one array; numpy.save writes one")
        else:
            with _decoded(stream, start) as text:
                values = _Text(path).numbers(text)
    if not np.any(values > 0):
        raise _error(path, "no eigenvalue is positive" if values.size else "no numbers in it")
    rounding = max(-float(values.min()), 0.0)
    return np.sort(np.where(values > rounding, values, 0.0))[::-1]


def _error(path: Path, message: str, line: int | None = None) -> ValueError:
    place = "" if line is None else f", line {line}"
    return ValueError(f"{path}{place}: {message}")


def _decoded(stream: BinaryIO, start: bytes) -> TextIO:
    """The stream as text; what cannot be decoded becomes characters that no number has."""
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return io.TextIOWrapper(stream, "utf-16", "replace")
    return io.TextIOWrapper(stream, "utf-8-sig", "surrogateescape")


class _Text:
    """What has been seen of a text so far."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.line = 0  # complete lines read
        self.count = 0  # numbers read
        self.titled = False  # whether the line of words has been
        self.full = 0  # the line that held several numbers
        self.lowest = (0.0, 0)  # the lowest number and its line

    def numbers(self, text: TextIO) -> Array:
        """All of them; what is below zero may be rounding."""
        found = [np.zeros(0)]
        for lines in self.blocks(text):
            values = _one_a_line(lines)
            if values is None or self.full:
                values = np.array([x for line in lines for x in self.parsed(line)])
            else:
                self.line += len(lines)
                self.counted(len(values))
            found.append(values)
        values = np.concatenate(found)
        lowest, line = self.lowest
        if lowest < -ROUNDING * values.max(initial=0):
            raise _error(self.path, f"{lowest!r} is negative; a variance is not", line)
        return values

    def blocks(self, text: TextIO) -> Iterator[list[str]]:
        """The lines, about BLOCK characters of them at a time."""
        rest = ""
        while block := text.read(BLOCK):
            *lines, rest = (rest + block).split("\n")
            yield lines
            if len(rest) > LONGEST:
                raise _error(self.path, f"longer than {LONGEST} characters", self.line + 1)
        yield [rest]

    def parsed(self, text: str) -> list[float]:
        """The numbers on the next line, which may be any."""
        self.line += 1
        words = text.partition("#")[0].translate(SEPARATORS).split()
        if not words or self.is_title(words[0]):
            return []
        if self.full or (self.count and len(words) > 1):
            raise self.wrong("several numbers on a line: put one on each line, or all on one line")
        self.full = self.line if len(words) > 1 else 0
        self.counted(len(words))
        return [self.number(word) for word in words]

    def is_title(self, word: str) -> bool:
        """Whether a line that begins with this word is the line of words at the top."""
        if self.titled or self.count or _is_number(word) or not word.strip("\"'")[:1].isalpha():
            return False
        self.titled = True
        return True

    def number(self, word: str) -> float:
        """A finite number."""
        if not _is_number(word):
            raise self.wrong(f"{word[:20]!a} is not a number")
        value = float(word)
        if not np.isfinite(value):
            raise self.wrong(f"{word[:20]} is not a finite number")
        self.lowest = min(self.lowest, (value, self.line))
        return value

    def counted(self, more: int) -> None:
        """So many numbers more."""
        self.count += more
        if self.count > MOST:
            raise self.wrong(f"more than {MOST} numbers up to here")

    def wrong(self, message: str) -> ValueError:
        return _error(self.path, message, self.line)


def _one_a_line(lines: list[str]) -> Array | None:
    """The numbers, if each line is one that is finite and not negative; else None. Fast."""
    try:
        values = np.fromiter(map(float, lines), np.float64, len(lines))
    except ValueError:
        return None
    clean = np.all((values >= 0) & (values < np.inf)) and "_" not in "".join(lines)
    return values if clean else None


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return "_" not in word


def _from_array(path: Path) -> Array:
    """The spectrum in an array that numpy.save wrote."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError:
        raise
    except Exception as error:  # a damaged head lets numpy raise almost anything
        raise _error(path, f"not a whole array of numbers ({error})") from None
    if array.dtype.kind not in "iuf":
        raise _error(path, f"an array of {array.dtype}, not of real numbers")
    if array.ndim == 2 and array.shape[0] == array.shape[1] <= LARGEST:
        try:
            return spectra.of_covariance(array)
        except ValueError as error:
            raise _error(path, str(error)) from None
    if array.ndim != 1 or array.size > MOST:
        raise _error(
            path,
            f"an array of shape {array.shape}, neither a spectrum (d,) of up to {MOST} numbers nor "
            f"a covariance (d, d) of up to {LARGEST} x {LARGEST}",
        )
    return _checked(path, array.astype(np.float64))


def _checked(path: Path, values: Array) -> Array:
    """The values; what is below zero may be rounding."""
    finite = np.isfinite(values)
    bad = ~finite | (values < -ROUNDING * values[finite].max(initial=0))
    if bad.any():
        first = int(bad.argmax())
        raise ValueError(
            f"{path}, entry {first} from 0: {values[first]!s} is not a variance: finite and >= 0"
        )
    return values
