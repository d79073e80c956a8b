"""The least of a loss in one positive variable: a grid finds the valley, bisection its bottom."""

from collections.abc import Callable

import numpy as np

from lindiff_nb._base import validate
from lindiff_nb._base.types import Array

Pool = Callable[[Array], Array]  # values at all points, (.., p) -> those to decide on, (.., k)


def pool(weights: Array | None, shape: tuple[int, ...]) -> Pool:
    """Every point on its own; with weights, in the points' shape, their mean in place of all."""
    if weights is None:
        return lambda values: values
    weights = validate.nonnegative("weights", weights)
    if weights.shape != shape or not weights.any():
        raise validate.fail("weights", weights, f"positive somewhere and of shape {shape}")
    share = weights.reshape(-1, 1) / weights.sum()
    return lambda values: values @ share


def bottom(curve: Array, slope: Callable[[Array], Array], grid: Array, precision: float) -> Array:
    """The x at which each of the losses is least, (k,), to a relative precision.

    curve, (g, k), holds them along the grid, (g,), which increases, shows every valley that may be
    the deepest, and ends above its bottom on both sides. slope takes an x for each, to (k,).
    """
    lowest = curve.argmin(axis=0).clip(1, grid.size - 2)
    return root(slope, grid[lowest - 1], grid[lowest + 1], precision)


def root(slope: Callable[[Array], Array], low: Array, high: Array, precision: float) -> Array:
    """Where a slope that rises with x > 0 changes its sign, (k,), between low and high.

    Bisection in ln x, to a relative precision that has to be above rounding.
    """
    while np.any(high > low * (1 + precision)):
        middle = np.sqrt(low) * np.sqrt(high)
        rising = slope(middle) >= 0
        low, high = np.where(rising, low, middle), np.where(rising, middle, high)
    return np.sqrt(low) * np.sqrt(high)
