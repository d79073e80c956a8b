"""Files that come with the package: the same on every machine. Most are parts of published sets.

A part is one `.npz` beside this file: the first images of a training set in the published order,
x (N, 28, 28) and y (N,), both uint8. The last fifth of them is the test set.
"""

import hashlib
import io
import warnings
from collections.abc import Callable
from importlib import resources
from typing import NamedTuple

import numpy as np

from lindiff_nb.data.imageset import DataUnavailable, Raw


class Part(NamedTuple):
    """A file in this package, its sha256, what its images show, and what the record says of it."""

    file: str
    sha256: str
    images: str
    source: str
    note: str


def content(file: str, sha256: str) -> bytes:
    """The bytes of a file beside this one; raises DataUnavailable if it is missing or damaged."""
    try:
        data = (resources.files("lindiff_nb.data") / file).read_bytes()
    except OSError as error:
        raise DataUnavailable(f"{file} in the installed package cannot be read: {error}") from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise DataUnavailable(f"{file} in the installed package is damaged (sha256 differs)")
    return data


def read(part: Part) -> Raw:
    """The images of a part, split by position; raises DataUnavailable if the file is damaged."""
    data = content(part.file, part.sha256)
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        x, y = arrays["x"], arrays["y"]
    cut = len(x) - len(x) // 5
    return Raw(x[:cut], x[cut:], part.source, part.note, y[:cut], y[cut:])


def or_all(part: Part, download: bool, read_all: Callable[[], Raw]) -> Raw:
    """The part; with `download` the whole set, or the part with a warning if it cannot be had.

    Without `download` the answer is the part even where the whole set lies on this machine: the
    same call gives the same images everywhere.
    """
    if not download:
        return read(part)
    try:
        return read_all()
    except DataUnavailable as error:
        warnings.warn(f"the embedded {part.images} are used instead of all: {error}", stacklevel=5)
        raw = read(part)
        return raw._replace(note=f"The full set was asked for and not available. {raw.note}")
