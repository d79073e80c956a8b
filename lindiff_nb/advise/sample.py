"""The sample that images are, read a few columns at a time: the images may stay on disk."""

import numpy as np

from lindiff_nb._base import memory, validate
from lindiff_nb._base.types import Array
from lindiff_nb.advise.from_sample import FEWEST
from lindiff_nb.data import Images
from lindiff_nb.exact import left_out
from lindiff_nb.exact.left_out import Sample

COLUMNS = 4096  # pixels of all images that are in memory at once
LARGEST = 1e100  # of what the images hold, and its inverse
LOW, HIGH = -1.0, 1.0  # black and white for the model


def of_images(images: Images) -> tuple[Sample, int]:
    """The sample in the model's units, and how many pixels never vary.

    Raises ValueError where no pixel varies or squares are not normal numbers, MemoryError
    beforehand where there is not enough room.
    """
    flat = images._replace(pixels=images.pixels.reshape(len(images.pixels), -1))
    n, d = flat.pixels.shape
    if n < FEWEST:
        raise ValueError(f"too few images: {n}; advice needs {FEWEST}")
    largest = max(abs(float(flat.pixels.min())), abs(float(flat.pixels.max())))
    if not 1 / LARGEST <= (largest or 1.0) <= LARGEST:
        wanted = f"within a factor {LARGEST:g} of one, since squares are taken"
        raise validate.fail("numbers of the images", largest, wanted)
    if n > d:
        memory.require(8 * (6 * n * d + 4 * d * d), f"{n:,} images of {d:,} numbers")
        points = flat.floats(low=LOW, high=HIGH)
        return left_out.of_points(points), int(np.sum(np.ptp(points, axis=0) == 0))
    memory.require(8 * (6 * n * n + 3 * n * min(d, COLUMNS)), f"the {n:,} x {n:,} Gram matrix")
    gram, dead = np.zeros((n, n)), 0
    for start in range(0, d, COLUMNS):
        columns = flat.floats(np.s_[:, start : start + COLUMNS], LOW, HIGH)
        dead += int(np.sum(np.ptp(columns, axis=0) == 0))
        centred: Array = columns - columns.mean(axis=0)
        gram += centred @ centred.T
    return left_out.of_gram(gram, d), dead
