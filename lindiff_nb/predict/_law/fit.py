"""The typical fit of an optimal denoiser: its arguments checked and its effective ridge solved."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lindiff_nb._base import validate
from lindiff_nb._base.types import Array, Integers, Mask, Reals, Wholes
from lindiff_nb.predict import ridge
from lindiff_nb.predict.population import Population, Spectrum, enter

FAR = 1000  # of s and c, so that xi n / m is legal too


class Fit(NamedTuple):
    """What losses are written in; the arrays have the shape of n, alpha_bar and c together.

    xi and kappa are in the population's own unit.
    """

    population: Population
    n: Array  # degrees of freedom of the fit
    lost: int  # what the mean took of them
    xi: Array  # s + c
    rho: Array  # s / xi
    rest: Array  # 1 - rho = c / xi
    kappa: Array
    df1: Array
    excess: Array  # n - df_1
    spread: Array  # df_1 - df_2

    @property
    def d(self) -> int:
        """The number of dimensions."""
        return self.population.d

    def where(self, chosen: Mask) -> Fit:
        """Some of the points, (p,)."""
        n, lost, *others = (np.asarray(values) for values in self[1:])
        return Fit(self.population, n[chosen], int(lost), *(values[chosen] for values in others))


def solve(
    spectrum: Spectrum,
    n: Wholes,
    alpha_bar: Reals,
    c: Reals,
    *,
    estimated_mean: bool = False,
    far: int = FAR,
) -> Fit:
    """The fit at each n, alpha_bar and c, in their common shape.

    If the mean is estimated, Sigma_0 is m/n times a sample covariance of m = n - 1 points with the
    mean known, so that its resolvent at xi is that of m points at xi n / m, times n / m.

    Where there is noise, s and c are to be within 2^far of the largest variance.
    """
    lost = int(estimated_mean)
    unit, population = enter(spectrum)
    n, a, c = validate.broadcast(
        n=validate.integers("n", n, low=1 + lost),
        alpha_bar=validate.alpha_bar(alpha_bar),
        c=validate.nonnegative("c", c),
    )
    s = unit.noise(a, far)
    return at_noise(population, n, s, unit.beside("c", c, s, far), lost)


def at_noise(population: Population, n: Integers, s: Array, c: Array, lost: int) -> Fit:
    """The fit at checked arguments, s and c in the population's own unit."""
    xi, dof = s + c, n - lost
    rest, rho = ratio(c, xi, 0.0), ratio(s, xi, 1.0)
    response = ridge.response(xi * (n / dof), population, dof)
    return Fit(population, dof.astype(np.float64), lost, xi, rho, rest, *response)


def ratio(top: Array, bottom: Array, without: float) -> Array:
    """top / bottom, and another value where that is not positive."""
    return np.divide(top, bottom, out=np.full(np.shape(bottom), without), where=bottom > 0)[()]
