"""Do two models draw the same picture from the same noise?

Their samples are compared noise by noise, and for the scale with those from different noises:
two models that have nothing to do with each other are as far apart in a pair as across pairs.
Source: Kadkhodaie et al. 2024.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lindiff_nb._base import units, validate
from lindiff_nb._base.types import Array


class Distances(NamedTuple):
    """Squared distances between two models' samples, for each noise, (N,)."""

    same: Array  # of the two samples from this noise
    other: Array  # of one from this noise and one from another: the mean over all, both ways

    @property
    def relative(self) -> float:
        """The mean of `same` in units of that of `other`: 1 for strangers, 0 for one picture."""
        return float(self.same.mean() / self.other.mean())

    @property
    def error(self) -> float:
        """Standard error of `relative`, over the noises (delta method).

        One noise enters the mean of `other` twice, with the sample of either model.
        """
        scatter = self.same - 2 * self.relative * self.other
        return float(scatter.std(ddof=1) / np.sqrt(len(scatter)) / self.other.mean())


def distances(first: ArrayLike, second: ArrayLike) -> Distances:
    """How far apart two models' samples are, (N, d) each, N >= 2, row i from noise i.

    Images (N, h, w) are flattened. Raises ValueError for points that are not finite, do not pair
    up, are integers beside floats of another unit, or are all the same, so that there is no scale.
    """
    x = validate.samples("first", first)
    y = validate.samples("second", second, x.shape[1])
    if len(x) != len(y) or len(x) < 2:
        raise ValueError(f"first and second must pair up, two or more, got {len(x)} and {len(y)}")
    units.same({"first": first, "second": second}, (x, y))
    unit = units.unit(x, y)
    x, y = (np.ldexp(points, -unit.exponent) for points in (x, y))
    same = np.sum((x - y) ** 2, axis=1)
    other = (_to_others(x, y, same) + _to_others(y, x, same)) / 2
    if not other.any():
        one = np.asarray(first)[0]
        raise ValueError(f"first and second must differ between noises, got {one} for all")
    return Distances(unit.on(same, 2, "first"), unit.on(other, 2, "first"))


def _to_others(x: Array, y: Array, same: Array) -> Array:
    """The mean over j, not i, of | x_i - y_j |^2, without a table of all pairs."""
    centre = y.mean(axis=0)
    everyone = np.sum((x - centre) ** 2, axis=1) + np.sum((y - centre) ** 2) / len(y)
    return (len(y) * everyone - same) / (len(y) - 1)
