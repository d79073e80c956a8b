"""Differences of nearly equal numbers, without the digits that a plain one would lose."""

from typing import Any

import numpy as np
from scipy.special import digamma, ndtr, polygamma

from lindiff_nb._base.types import Array

MANY = 100.0  # from here on four terms of a series in 1 / y are exact
SERIES = [*((-1) ** k / k for k in range(17, 1, -1)), 0.0, 0.0]  # of u - ln(1 + u), |u| < 0.1


def excess(u: Any, w: Any) -> Array:
    """h(w) = w - 1 - ln w >= 0, what a variance w times too large costs twice, in nats.

    u = w - 1 is given as well, so that no digits are lost if either is small. Any shape, w > 0.
    """
    small = np.abs(u) < 0.1
    series = np.polyval(SERIES, np.where(small, u, 0.0))
    return np.where(small, series, u - np.log(np.where(small, 1.0, w)))


def digamma_rest(y: Array) -> Array:
    """psi(y) - ln y < 0 for y > 0, about -1 / (2 y)."""
    far = np.maximum(y, MANY) ** -2
    series = -((1 / 12 - far * (1 / 120 - far / 252)) * far + 0.5 / np.maximum(y, MANY))
    return np.where(y < MANY, digamma(y) - np.log(y), series)


def trigamma_rest(y: Array) -> Array:
    """psi'(y) - 1 / y > 0 for y > 0, about 1 / (2 y^2)."""
    near = 1 / np.maximum(y, MANY)
    series = near**2 * (1 / 2 + near * (1 / 6 - near**2 * (1 / 30 - near**2 / 42)))
    return np.where(y < MANY, polygamma(1, y) - 1 / y, series)


def between(z: Array, axis: int = -1) -> Array:
    """Chances of a standard Gaussian between neighbours z along an axis, from the smaller tail."""
    z = np.moveaxis(z, axis, -1)
    low, high = z[..., :-1], z[..., 1:]
    chance = np.where(low > 0, ndtr(-low) - ndtr(-high), ndtr(high) - ndtr(low))
    return np.moveaxis(chance, -1, axis)
