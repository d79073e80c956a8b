"""The kernel distance of features (KID), as its authors and all programs since compute it.

    k(x, y) = (x . y / d + 1)^3
    KID     = mean over i != j of k(x_i, x_j) + k(y_i, y_j) - 2 mean over i, j of k(x_i, y_j)

averaged over subsets. It is unbiased, so that it may fall below zero where the sets are alike.
Source: Binkowski et al. 2018 (arXiv:1801.01401).
"""

from typing import NamedTuple

import numpy as np

from lindiff_nb._base.types import Array
from lindiff_nb.fid.features import FeatureSet, subsets

USUAL = 1000  # rows of a subset
COUNT = 100  # subsets


class Kernel(NamedTuple):
    """The mean over subsets, their deviation, how many they are, and how many rows each has."""

    kid: float
    sd: float
    subsets: int
    sizes: tuple[int, int]


def distance(
    x: FeatureSet, y: FeatureSet, rng: np.random.Generator, *, rows: int = USUAL
) -> Kernel:
    """Over COUNT pairs of subsets of at most so many rows; of the whole sets if these are no more.

    Numbers so large that their cubes are infinite raise OverflowError.
    """
    sizes = min(x.n, rows), min(y.n, rows)
    count = 1 if sizes == (x.n, y.n) else COUNT
    pairs = zip(subsets(x, sizes[0], count, rng), subsets(y, sizes[1], count, rng), strict=True)
    values = [_unbiased(*pair) for pair in pairs]
    if not np.all(np.isfinite(values)):
        raise OverflowError("features too large for a cubic kernel")
    return Kernel(float(np.mean(values)), float(np.std(values)), count, sizes)


@np.errstate(over="ignore", invalid="ignore")  # seen afterwards
def _unbiased(x: Array, y: Array) -> float:
    d = x.shape[1]
    within = [(_powers(z @ z.T / d), len(z)) for z in (x, y)]
    own = sum((np.sum(k) - np.trace(k)) / (n * (n - 1)) for k, n in within)
    return float(own - 2 * np.mean(_powers(x @ y.T / d)))


def _powers(products: Array) -> Array:
    k = products + 1
    return k * k * k  # several times faster than a power
