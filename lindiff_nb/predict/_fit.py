"""The typical fit of an optimal denoiser: its arguments checked and its effective ridge solved."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lindiff_nb import _validate
from lindiff_nb._types import Array, Reals, Wholes
from lindiff_nb.predict import ridge


class Fit(NamedTuple):
    """What losses are written in; the arrays have the shape of n, alpha_bar and c together."""

    d: int
    n: Array  # degrees of freedom of the fit
    lost: int  # what the mean took of them
    xi: Array  # s + c
    rho: Array  # s / xi
    rest: Array  # 1 - rho = c / xi
    kappa: Array
    df1: Array
    excess: Array  # n - df_1
    spread: Array  # df_1 - df_2

    def where(self, chosen: NDArray[np.bool_]) -> Fit:
        """Some of the points, (p,)."""
        n, _, *others = self[1:]
        return Fit(self.d, n[chosen], self.lost, *(values[chosen] for values in others))


def solve(
    spectrum: Array, n: Wholes, alpha_bar: Reals, c: Reals, *, estimated_mean: bool = False
) -> Fit:
    """The fit at each n, alpha_bar and c, in their common shape.

    If the mean is estimated, Sigma_0 is m/n times a sample covariance of m = n - 1 points with the
    mean known, so that its resolvent at xi is that of m points at xi n / m, times n / m.
    """
    lost = int(estimated_mean)
    spectrum = _validate.spectrum(spectrum)
    n, a, c = _validate.broadcast(
        n=_validate.integers("n", n, low=1 + lost),
        alpha_bar=_validate.alpha_bar(alpha_bar),
        c=_validate.nonnegative("c", c),
    )
    whole = 1 - a + a * c  # a xi
    rest = np.divide(a * c, whole, out=np.zeros(a.shape), where=whole > 0)
    rho = np.divide(1 - a, whole, out=np.ones(a.shape), where=whole > 0)
    xi = (1 - a) / a + c
    dof = n - lost
    response = ridge.response(xi * (n / dof), spectrum, dof)
    return Fit(len(spectrum), dof.astype(np.float64), lost, xi, rho, rest, *response)
