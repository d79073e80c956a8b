"""A spectrum from a file, whatever form it has: text, or arrays of NumPy and MATLAB.

Text is UTF-8, or UTF-16 with its mark, with the line ends of any system: numbers one a line, all on
one line, or a square table, with names of rows and columns or without (`_text_table`). Arrays are
.npy, an .npz or .mat with one array. Any of them may be packed with gzip. What the numbers are, a
list or a covariance, `_reading` tells.

What is wrong raises ValueError naming the file and the line or entry; a missing file, a folder,
a lack of permission are the system's OSError. Text is read in blocks, so that a pipe is as good as
a file, and nothing takes more memory than its numbers. Nothing is unpickled.
"""

import gzip
import io
import os
import zlib
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import numpy as np

from lindiff_nb._base.types import Array
from lindiff_nb.calculator._arrays import LIMIT, from_mat, from_npy, from_npz
from lindiff_nb.calculator._reading import Found, Misfit, understood
from lindiff_nb.calculator._text_rows import Place
from lindiff_nb.calculator._text_table import table

SAVE = "numpy.save writes a file that can be read"
FOREIGN = {
    b"BZh": "packed with bzip2; unpack it first",
    b"\xfd7zXZ": "packed with xz; unpack it first",
    b"\x28\xb5\x2f\xfd": "packed with zstd; unpack it first",
    b"\x89HDF\r\n": f"an HDF5 file; {SAVE}",
    b"MATLAB 7.3": "a MATLAB 7.3 (HDF5) file; save it with '-v7'",
    b"\x89PNG": "a picture, no spectrum; --images takes image sets",
    b"\xff\xd8\xff": "a picture, no spectrum; --images takes image sets",
    b"%PDF": "a PDF, no numbers",
}


def read_spectrum(path: str | os.PathLike[str]) -> Array:
    """The spectrum in a file, largest first, (d,); formats and errors as above.

    What rounding cannot tell from zero is zero: below d eps of the largest, with the eps of the
    numbers' type, and in magnitude up to the most negative number, which has to be rounding in
    single precision itself. Raises ValueError also for more than 10^7 numbers, a covariance above
    5000 x 5000, or no positive number.
    """
    return read(path).spectrum


def read(path: str | os.PathLike[str]) -> Found:
    """The spectrum in a file and, a line each, how the file was understood.

    Raises what `read_spectrum` does.
    """
    path = Path(path)
    with path.open("rb") as stream:
        try:
            return _read(stream, path)
        except Place as error:
            raise ValueError(f"{path}, line {error.line}: {error}") from None
        except Misfit as error:
            place = "" if error.entry is None else f", entry {error.entry} from 0"
            raise ValueError(f"{path}{place}: {error}") from None
        except (gzip.BadGzipFile, zlib.error, EOFError) as error:
            raise ValueError(f"{path}: a damaged gzip file ({error})") from None
        except OSError as error:  # of reading, it names no file
            raise type(error)(error.errno, error.strerror, str(path)) from None


def _read(stream: io.BufferedReader, path: Path | None) -> Found:
    """What a stream holds; `path` if that is its file."""
    start = stream.peek(10)[:10]
    for mark, what in FOREIGN.items():
        if start.startswith(mark):
            raise Misfit(what)
    if start.startswith(b"\x1f\x8b"):
        packed: Any = io.BufferedReader(gzip.GzipFile("", "rb", fileobj=stream))
        found = _read(packed, None)
        return Found(found.spectrum, ("packed with gzip", *found.said))
    if start.startswith(b"\x93NUMPY"):
        whole = path is not None and path.is_file()
        return understood(from_npy(str(path) if whole else _content(stream)))
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06", b"MATLAB 5.0")):
        load = from_npz if start.startswith(b"PK") else from_mat
        array, name = load(io.BytesIO(_content(stream)))
        found = understood(array)
        return Found(found.spectrum, (f"the array {name}", *found.said))
    with _decoded(stream, start) as text:
        return _from_text(text)


def _content(stream: BinaryIO) -> bytes:
    """All bytes of a file that is not too large."""
    content = stream.read(LIMIT + 1)
    if len(content) > LIMIT:
        raise Misfit(f"more than {LIMIT} bytes; a covariance has up to 5000 x 5000 numbers")
    return content


def _decoded(stream: BinaryIO, start: bytes) -> TextIO:
    """The stream as text; what cannot be decoded becomes characters that no number has."""
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return io.TextIOWrapper(stream, "utf-16", "replace")
    return io.TextIOWrapper(stream, "utf-8-sig", "surrogateescape")


def _from_text(text: TextIO) -> Found:
    """The spectrum in a text."""
    read = table(text)
    if not read.values.size:
        raise Misfit("no numbers in it")
    try:
        found = understood(np.asarray(read.values))
    except Misfit as error:
        if error.entry is None:
            raise
        raise Place(str(error), int(read.lines[error.entry])) from None
    return Found(found.spectrum, (*found.said, *read.said))
