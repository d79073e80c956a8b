"""The time at which the typical loss on new data is least.

A grid in log s finds the valley, then bisection of the slope its bottom.
"""

from collections.abc import Callable

import numpy as np

from lindiff_nb._types import Array
from lindiff_nb.predict import _flow
from lindiff_nb.predict._flow import Point

PER_DECADE = 8
HALVINGS = 45  # of a bracket two grid steps wide
ROUNDING = 1e-11  # stopping has to gain more than this to count

Pool = Callable[[Array], Array]  # losses of all points -> losses to minimise


def best(
    spectrum: Array, n: int, a: Array, c: Array, done: Array, pool: Pool
) -> tuple[Array, Array]:
    """s >= 0 that minimises pool(loss), infinite where waiting is as good; and that minimum.

    a, c and done, the loss after infinite time, are (p,); a < 1.
    """
    grid = _times(spectrum, n, a, c)
    around = _flow.contour(spectrum, n, Point(a, np.full_like(a, grid[-1]), c))

    def pooled(what: Callable[..., Array], s: Array) -> Array:
        return pool(what(around, Point(a, np.broadcast_to(s, a.shape), c)))

    curve = np.array([pooled(_flow.test_loss, s) for s in grid])
    lowest = np.clip(curve.argmin(axis=0), 1, len(grid) - 2)
    low, high = np.log(grid[lowest - 1]), np.log(grid[lowest + 1])
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        falling = pooled(_flow.test_slope, np.exp(middle)) < 0
        low, high = np.where(falling, middle, low), np.where(falling, high, middle)
    s = np.exp((low + high) / 2)
    loss, waiting = pooled(_flow.test_loss, s), pool(done)
    helps = loss < waiting * (1 - ROUNDING)
    return np.where(helps, s, np.inf), np.where(helps, loss, waiting)


def _times(spectrum: Array, n: int, a: Array, c: Array) -> Array:
    """From before the first mode moves to after the last has settled, increasing."""
    top = (np.sqrt(spectrum.max()) + np.sqrt(spectrum.sum() / n)) ** 2
    first = 0.1 / np.max(a * (top + c) + (1 - a))
    last = _flow.SETTLED / np.min(a * c + (1 - a))
    decades = np.log10(last) - np.log10(first)
    return np.geomspace(first, last, int(np.ceil(PER_DECADE * decades)) + 1)
