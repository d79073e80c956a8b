"""Two differences of nearly equal numbers, without the digits that a plain one would lose."""

from typing import Any

import numpy as np
from scipy.special import ndtr

from lindiff_nb._base.types import Array

SERIES = [*((-1) ** k / k for k in range(17, 1, -1)), 0.0, 0.0]  # of u - ln(1 + u), |u| < 0.1


def excess(u: Any, w: Any) -> Array:
    """h(w) = w - 1 - ln w >= 0, what a variance w times too large costs twice, in nats.

    u = w - 1 is given as well, so that no digits are lost if either is small. Any shape, w > 0.
    """
    small = np.abs(u) < 0.1
    series = np.polyval(SERIES, np.where(small, u, 0.0))
    return np.where(small, series, u - np.log(np.where(small, 1.0, w)))


def between(z: Array, axis: int = -1) -> Array:
    """Chances of a standard Gaussian between neighbours z along an axis, from the smaller tail."""
    z = np.moveaxis(z, axis, -1)
    low, high = z[..., :-1], z[..., 1:]
    chance = np.where(low > 0, ndtr(-low) - ndtr(-high), ndtr(high) - ndtr(low))
    return np.moveaxis(chance, -1, axis)
