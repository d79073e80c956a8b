"""What `load` returns: two stacks of images, and a record of what they are."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lindiff_nb._types import Array

Bytes = NDArray[np.uint8]


class DataUnavailable(RuntimeError):
    """A set is not on this machine, or a file of it is not the published one."""


class Record(NamedTuple):
    """Where images come from, how many there are, and what may be done with them.

    Its `str` is one line, which a page prints beside what it computed from the images.
    """

    name: str
    source: str
    n_train: int
    n_test: int
    size: int
    licence: str
    credit: str
    note: str = ""

    def __str__(self) -> str:
        """One line of plain text."""
        line = (
            f"{self.name}: {self.n_train:,} training and {self.n_test:,} test images, "
            f"{self.size} x {self.size}, gray. Source: {self.source}. "
            f"Licence: {self.licence}. Credit: {self.credit}."
        )
        return f"{line} {self.note}" if self.note else line


class ImageSet(NamedTuple):
    """Images as (N, size, size) float64 in [0, 1]; labels as (N,) integers, or None."""

    train: Array
    test: Array
    record: Record
    train_labels: Bytes | None = None
    test_labels: Bytes | None = None


class Raw(NamedTuple):
    """Images as they were read, (N, n, n): uint8 in 0..255, or float in [0, 1]."""

    train: Bytes | Array
    test: Bytes | Array
    source: str
    note: str = ""
    train_labels: Bytes | None = None
    test_labels: Bytes | None = None
