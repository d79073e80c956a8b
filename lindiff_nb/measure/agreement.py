"""Do two models draw the same picture from the same noise?

Their samples are compared noise by noise, and for the scale with those from different noises:
two models that have nothing to do with each other are as far apart in a pair as across pairs.
Source: Kadkhodaie et al. 2024.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lindiff_nb import _validate
from lindiff_nb._types import Array


class Distances(NamedTuple):
    """Squared distances of each sample of the first model, (N,)."""

    same: Array  # to the second model's sample from the same noise
    other: Array  # to those from the other noises, on average

    @property
    def relative(self) -> float:
        """The mean of `same` in units of that of `other`: 1 for strangers, 0 for one picture."""
        return float(self.same.mean() / self.other.mean())

    @property
    def error(self) -> float:
        """Standard error of `relative`, over the noises (delta method)."""
        scatter = self.same - self.relative * self.other
        return float(scatter.std(ddof=1) / np.sqrt(len(scatter)) / self.other.mean())


def distances(first: ArrayLike, second: ArrayLike) -> Distances:
    """How far apart two models' samples are, (N, d) each, N >= 2, row i from noise i.

    Images (N, h, w) are flattened. Raises ValueError for points that are not finite or do not pair
    up.
    """
    x = _validate.samples("first", first)
    y = _validate.samples("second", second, x.shape[1])
    if len(x) != len(y) or len(x) < 2:
        raise ValueError(f"first and second must pair up, two or more, got {len(x)} and {len(y)}")
    same = np.sum((x - y) ** 2, axis=1)
    centre = y.mean(axis=0)  # | x_i - y_j |^2 over j: to their centre, plus their scatter
    everyone = np.sum((x - centre) ** 2, axis=1) + np.sum((y - centre) ** 2) / len(y)
    return Distances(same, (len(y) * everyone - same) / (len(y) - 1))
