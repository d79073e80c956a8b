"""Divergences, or their deviations, of many n and c at once."""

from collections.abc import Callable

import numpy as np

from lindiff_nb._base import validate
from lindiff_nb._base.types import Array, Reals, Wholes
from lindiff_nb.exact.divergence import POPULATION, SAMPLER
from lindiff_nb.predict.population import Population, Spectrum, enter_varying

FAR = 900  # of c: d times c over a variance stays below the largest number

Formula = Callable[[Population, int, int, Array, bool], Array]  # n, dof, c, to the population?


def each(
    formula: Formula, spectrum: Spectrum, n: Wholes, c: Reals, direction: str, estimated_mean: bool
) -> Array:
    """The formula at each n and c, checked and in their common shape, per dimension.

    The fit has dof = n degrees of freedom if the mean is known, n - 1 if it is estimated.
    """
    unit, population = enter_varying(spectrum)
    n, c = validate.broadcast(
        n=validate.integers("n", n, low=2 if estimated_mean else 1),
        c=validate.nonnegative("c", c),
    )
    to_population = validate.choice("direction", direction, (SAMPLER, POPULATION)) == SAMPLER
    result, c = np.empty(c.shape), unit.off("c", c, far=FAR)
    for size in np.unique(n):
        here, dof = n == size, int(size) - estimated_mean
        result[here] = formula(population, int(size), dof, c[here], to_population)
    return result / population.d
