"""The typical fit of an optimal denoiser: its arguments checked and its effective ridge solved."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lindiff_nb._base import units, validate
from lindiff_nb._base.types import Array, Reals, Wholes
from lindiff_nb.predict import ridge

FAR = 1000  # of s and c, so that xi n / m is legal too


class Fit(NamedTuple):
    """What losses are written in; the arrays have the shape of n, alpha_bar and c together.

    The spectrum, xi and kappa are in the spectrum's own unit.
    """

    spectrum: Array  # (d,)
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
        return len(self.spectrum)

    @property
    def noisy(self) -> NDArray[np.bool_]:
        """Where there is noise."""
        return (self.xi > 0) & (self.rho > 0)

    def where(self, chosen: NDArray[np.bool_]) -> Fit:
        """Some of the points, (p,)."""
        n, _, *others = self[1:]
        return Fit(self.spectrum, n[chosen], self.lost, *(values[chosen] for values in others))


def solve(
    spectrum: Array,
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
    unit, spectrum = units.spectrum(spectrum)
    n, a, c = validate.broadcast(
        n=validate.integers("n", n, low=1 + lost),
        alpha_bar=validate.alpha_bar(alpha_bar),
        c=validate.nonnegative("c", c),
    )
    s = unit.noise(a, far)
    return at_noise(spectrum, n, s, unit.beside("c", c, s, far), lost)


def at_noise(spectrum: Array, n: NDArray[np.int64], s: Array, c: Array, lost: int) -> Fit:
    """The fit at checked arguments, s and c in the unit of the spectrum."""
    xi, dof = s + c, n - lost
    rest = np.divide(c, xi, out=np.zeros(xi.shape), where=xi > 0)
    rho = np.divide(s, xi, out=np.ones(xi.shape), where=xi > 0)
    response = ridge.response(xi * (n / dof), spectrum, dof)
    return Fit(spectrum, dof.astype(np.float64), lost, xi, rho, rest, *response)
