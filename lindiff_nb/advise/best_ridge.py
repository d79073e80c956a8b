"""The ridge at which images that are left out cost least, along a grid that finds every valley.

The loss is the mean over the 1000 steps of the linear schedule to beta = 0.01.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from lindiff_nb._base.types import Array
from lindiff_nb.exact import left_out, schedule
from lindiff_nb.exact.averages import gauss_rule
from lindiff_nb.exact.left_out import Sample

RIDGES = np.geomspace(1e-5, 30.0, 130)  # tried, times the mean variance if that is far from one
USUAL = (0.01, 10.0)  # mean variances that are not

_STEPS = schedule.linear(1000, beta_end=schedule.MERGER_GOLDT_BETA_END).alpha_bar
_A, WEIGHTS = gauss_rule(_STEPS)
NOISE = (1 - _A) / _A


class At(NamedTuple):
    """A sample at its best ridge."""

    c: float
    loss: float
    lowest: bool  # the ridge is the least that was tried


def grid_of(sample: Sample) -> Array:
    """Ridges to try."""
    variance = float(sample.lam.sum()) / sample.d
    return RIDGES * (1.0 if USUAL[0] < variance < USUAL[1] else variance)


def best(sample: Sample, places: int = left_out.TABLE) -> At:
    """The ridge at which what is left out costs least, and that loss: one group, or one image."""

    def values(xi: Array) -> tuple[Array, ...]:
        at = left_out.curves(sample, xi)
        return at.trace, at.square, at.parts.sum(axis=0)

    return valley(values, grid_of(sample), sample.d, places)


def valley(
    values: Callable[[Array], tuple[Array, ...]],
    grid: Array,
    d: float,
    places: int = left_out.TABLE,
) -> At:
    """The least mean loss along a grid of ridges, and the vertex of the parabola through it."""
    table = left_out.tabulated(values, NOISE.min() + grid[0], NOISE.max() + grid[-1], places)
    xi = NOISE + grid[:, None]
    losses = left_out.loss(table(xi), NOISE, d) @ WEIGHTS
    at = int(losses.argmin())
    if at in (0, grid.size - 1):
        return At(float(grid[at]), float(losses[at]), at == 0)
    low, here, high = losses[at - 1 : at + 2]
    slope, bend = (high - low) / 2, high - 2 * here + low
    c = grid[at] * (grid[1] / grid[0]) ** (-slope / bend)
    return At(float(c), float(here - slope**2 / (2 * bend)), False)
