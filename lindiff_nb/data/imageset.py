"""What `load` returns: two stacks of images, and a record of what they are; parts of the one."""

import textwrap
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lindiff_nb._base import validate
from lindiff_nb._base.errors import UsageError
from lindiff_nb._base.types import Array

Bytes = NDArray[np.uint8]
ORDER = 0  # the seed of the order in which a set's training images are taken


class DataUnavailable(RuntimeError, UsageError):
    """A set is not on this machine, or a file of it is not the published one."""


class Record(NamedTuple):
    """Where images come from, how many there are, and what may be done with them.

    Its `str` is what a page prints beside what it computed from the images: short lines, one fact
    each.
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
        """Plain text, 80 columns wide."""
        facts = [
            f"{self.name}: {self.n_train:,} training and {self.n_test:,} test images, "
            f"{self.size} x {self.size}, gray",
            f"Source: {self.source}",
            f"Licence: {self.licence}",
            f"Credit: {self.credit}",
            *([self.note] if self.note else []),
        ]
        return "\n".join(textwrap.fill(fact, 80, subsequent_indent="  ") for fact in facts)


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


def select(images: ImageSet, n: int, skip: int = 0) -> Array:
    """n training images, after `skip` others, of the set in an order that is always the same.

    Raises ValueError, naming how many there are, if there are fewer than n + skip.
    """
    n, skip = validate.integer("n", n), validate.integer("skip", skip, low=0)
    held = len(images.train)
    if n + skip > held:
        wanted = f"at most {held:,} with skip, the training images of {images.record.name}"
        raise validate.fail("n", n, wanted)
    order = np.random.default_rng(ORDER).permutation(held)
    return images.train[order[skip : skip + n]]
