"""The time at which the typical loss on new data is least.

A grid in ln s finds the valley, then bisection of the slope its bottom.
"""

import numpy as np

from lindiff_nb._base import valley
from lindiff_nb._base.types import Array
from lindiff_nb._base.valley import Pool
from lindiff_nb.predict._flow import gradient_flow
from lindiff_nb.predict._flow.gradient_flow import Point
from lindiff_nb.predict.population import Population

PER_DECADE = 8
PRECISION = 1e-13  # relative, of s
ROUNDING = 1e-11  # stopping has to gain more than this to count


def best(
    population: Population, n: int, a: Array, c: Array, done: Array, pool: Pool
) -> tuple[Array, Array]:
    """s >= 0 that minimises pool(loss), infinite where waiting is as good; and that minimum.

    a, c and done, the loss after infinite time, are (p,), p > 0; a < 1.
    """
    grid = _times(population, n, a, c)
    around = gradient_flow.contour(population, n, Point(a, np.full_like(a, grid[-1]), c))

    def at(s: Array) -> Point:
        return Point(a, np.broadcast_to(s, a.shape), c)

    def loss(s: Array) -> Array:
        return pool(gradient_flow.test_loss(around, at(s)))

    def slope(s: Array) -> Array:
        return pool(gradient_flow.test_slope(around, at(s)))

    curve = np.array([loss(s) for s in grid[:, None]])
    s = valley.bottom(curve, slope, grid, PRECISION)
    stopped, waiting = loss(s), pool(done)
    helps = stopped < waiting * (1 - ROUNDING)
    return np.where(helps, s, np.inf), np.where(helps, stopped, waiting)


def _times(population: Population, n: int, a: Array, c: Array) -> Array:
    """From before the first mode moves to after the last has settled, increasing."""
    first = 0.1 / np.max(a * (population.top(n) + c) + (1 - a))
    last = gradient_flow.SETTLED / np.min(a * c + (1 - a))
    decades = np.log10(last) - np.log10(first)
    return np.geomspace(first, last, int(np.ceil(PER_DECADE * decades)) + 1)
