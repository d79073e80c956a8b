"""How much new data vary along a training set's eigenvectors, measured on points left out.

The points are dealt into folds. Each fold in turn is left out, the eigenvectors come from the
others, and the fold's points say what they vary along them, rank by rank (Bartz 2016). Nothing is
assumed of the data but that points are alike; what it costs is that fewer points are fitted.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import isotonic_regression

from lindiff_nb._base import units, validate
from lindiff_nb._base.types import Array


def variances(rng: np.random.Generator, x: ArrayLike, folds: int = 10) -> Array:
    """delta along the eigenvectors of the covariance of x, (n, d), by falling eigenvalue, (d,).

    The mean is known to be zero. Ranks that the smaller fits do not reach get what is left in their
    null space, on average; of what this gives the result is the nearest sequence, in the mean
    square, that nowhere rises. Raises ValueError for a seed in place of a generator, x that is
    empty or not finite, or folds that are fewer than two or more than the points.
    """
    rng, (unit, points) = validate.generator(rng), units.near_one(validate.samples("x", x))
    n, d = points.shape
    folds = validate.integer("folds", folds, low=2, high=n)
    total = np.zeros(d)
    for chosen in np.array_split(rng.permutation(n), folds):
        kept = np.delete(points, chosen, axis=0)
        v = np.linalg.svd(kept, full_matrices=False)[2]
        along = np.square(points[chosen] @ v.T).sum(axis=0)
        rest = np.square(points[chosen]).sum() - along.sum()
        total[: len(v)] += along
        total[len(v) :] += max(rest, 0.0) / max(d - len(v), 1)
    return unit.on(isotonic_regression(total / n, increasing=False).x, 2, "x")
