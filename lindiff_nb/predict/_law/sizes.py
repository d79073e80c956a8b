"""Divergences of many n and c at once, and the function that they and their variances contain."""

from collections.abc import Callable

import numpy as np

from lindiff_nb._base import units, validate
from lindiff_nb._base.types import Array, Reals, Wholes
from lindiff_nb.exact.divergence import POPULATION, SAMPLER

FAR = 900  # of c: d times c over a variance stays below the largest number
SERIES = [*((-1) ** k / k for k in range(17, 1, -1)), 0.0, 0.0]  # of u - ln(1 + u), |u| < 0.1

Formula = Callable[[Array, int, int, Array, bool], Array]  # spectrum, n, dof, c, to the population?


def each(
    formula: Formula, spectrum: Array, n: Wholes, c: Reals, direction: str, estimated_mean: bool
) -> Array:
    """The formula at each n and c, checked and in their common shape.

    The fit has dof = n degrees of freedom if the mean is known, n - 1 if it is estimated.
    """
    unit, spectrum = units.varying(spectrum)
    n, c = validate.broadcast(
        n=validate.integers("n", n, low=2 if estimated_mean else 1),
        c=validate.nonnegative("c", c),
    )
    to_population = validate.choice("direction", direction, (SAMPLER, POPULATION)) == SAMPLER
    result, c = np.empty(c.shape), unit.off("c", c, far=FAR)
    for size in np.unique(n):
        here, dof = n == size, int(size) - estimated_mean
        result[here] = formula(spectrum, int(size), dof, c[here], to_population)
    return result


def h(u: Array, w: Array) -> Array:
    """w - 1 - ln w; u = w - 1 is given as well, so that no digits are lost if either is small."""
    small = np.abs(u) < 0.1
    series = np.polyval(SERIES, np.where(small, u, 0.0))
    return np.where(small, series, u - np.log(np.where(small, 1.0, w)))
