"""Whether samples are in the training points' unit: no copy is found among those that are not.

Which unit, is told by the samples that correlate most with a training point, whatever its unit: a
fit to each, sample = gain point + offset. If these fits agree, and are not the unit itself, it is
tried; so is the mean image, if one side seems to have lost it. It is another unit if it makes
copies: noise and other pictures have other levels too.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lindiff_nb._base.blocks import blocks
from lindiff_nb._base.types import Array

TRIED = 100  # samples looked at
LEAST = 16  # dimensions: in few of them everything correlates
FEWEST = 2  # of samples: one alone is like some image in some unit
TOLD, SHARE = 3, 10  # so many of the samples, or one in ten of more, tell the unit
AGREED = 0.1  # to this part of gain and contrast
SAME = 0.2  # the unit itself, to this part of gain and contrast
LOST = 0.5  # of the other side's mean image: one that is smaller was taken off
TABLE = 2**18  # numbers of the points at a time


def guesses(x: Array, known: NDArray[Any]) -> Iterator[tuple[Array, str]]:
    """Samples (N, d) in the unit of points (n, d), and what theirs is, where it may be another."""
    if x.shape[1] < LEAST or len(x) < FEWEST:
        return
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        own, mean = x.mean(axis=0), known.mean(axis=0, dtype=np.float64)
        if np.linalg.norm(own) < LOST * np.linalg.norm(mean):
            yield x + mean, "it less its mean image"
        if np.linalg.norm(mean) < LOST * np.linalg.norm(own):
            yield x - own, "it with a mean image"
        gain, offset, agreed = _fit(x, known)
        y = (x - offset) / gain
    if agreed and np.all(np.isfinite(y)):
        yield y, f"{gain:.3g} times it {'-+'[offset >= 0]} {abs(offset):.3g}"


def _fit(x: Array, known: NDArray[Any]) -> tuple[float, float, bool]:
    """Gain and offset of the samples most like a point, and if they agree on another unit."""
    (shape, length, level), best = _parted(x), np.zeros((2, len(x)))
    for rows in blocks(len(known), x.shape[1], TABLE):
        other, size, _ = _parted(known[rows].astype(np.float64))
        alike = np.nan_to_num(shape @ other.T / np.outer(length, size), posinf=0, neginf=0)
        at = np.abs(alike).argmax(axis=1)
        here = alike[np.arange(len(x)), at]
        better = np.abs(here) > np.abs(best[0])
        best[:, better] = here[better], at[better] + rows.start
    first = np.argsort(-np.abs(best[0]), kind="stable")[: max(TOLD, len(x) // SHARE)]
    _, size, middle = _parted(known[best[1, first].astype(int)].astype(np.float64))
    gains = best[0, first] * length[first] / size
    offsets, contrast = level[first] - gains * middle, np.median(size) / np.sqrt(x.shape[1])
    gain, offset = float(np.median(gains)), float(np.median(offsets))
    agreed = np.all(np.abs(gains - gain) < AGREED * abs(gain))
    agreed &= np.all(np.abs(offsets - offset) < AGREED * abs(gain) * contrast)
    return gain, offset, bool(agreed and max(abs(gain - 1), abs(offset) / contrast) > SAME)


def _parted(x: Array) -> tuple[Array, Array, Array]:
    """What is left of each row without its mean, the length of that, and the mean."""
    mean = x.mean(axis=1)
    rest = x - mean[:, None]
    return rest, np.linalg.norm(rest, axis=1), mean
