"""The least of a loss in one positive variable: a grid finds the valley, its slope the bottom.

And the least whole number at which a condition that stays true begins to hold.
"""

from collections.abc import Callable

import numpy as np

from lindiff_nb._base import validate
from lindiff_nb._base.types import Array

ENDLESS = 2**50  # no whole number above it is tried

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

    To a relative precision that has to be above rounding, in one step more than bisection of ln x
    takes or, where the slope is smooth, in a third of them: the ITP method, which moves the
    secant's root a little towards the middle (Oliveira & Takahashi 2020, doi:10.1145/3423597).
    """
    a, b = np.log(low), np.log(high)
    width, half = np.max(b - a), np.log1p(precision) / 2
    if not width > 2 * half:
        return np.sqrt(low) * np.sqrt(high)
    below, above = slope(low), slope(high)
    steps = int(np.ceil(np.log2(width / half)))
    for room in half * 2.0 ** np.arange(steps, -1, -1):
        if np.all(b - a <= 2 * half):
            break
        middle = (a + b) / 2
        with np.errstate(all="ignore"):
            secant = (b * below - a * above) / (below - above)
            inward = 0.2 / width * (b - a) ** 2 * np.sign(middle - secant)
        tried = np.where(np.abs(inward) <= np.abs(middle - secant), secant + inward, middle)
        off = np.maximum(room - (b - a) / 2, 0.0)
        u = np.where(np.isfinite(tried), np.clip(tried, middle - off, middle + off), middle)
        value = slope(np.exp(u))
        rising = value >= 0
        a, below = np.where(rising, a, u), np.where(rising, below, value)
        b, above = np.where(rising, u, b), np.where(rising, value, above)
    return np.exp((a + b) / 2)


def least(reached: Callable[[int], bool], first: int = 1, most: int = ENDLESS) -> float:
    """The least n >= first at which a condition holds that stays true; infinite above `most`."""
    low, high = first - 1, first
    while not reached(high):
        if high >= most:
            return np.inf
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high
