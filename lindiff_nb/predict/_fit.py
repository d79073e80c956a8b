"""The typical fit of an optimal denoiser: its arguments checked and its effective ridge solved."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lindiff_nb import _validate
from lindiff_nb._types import Array, Reals
from lindiff_nb.predict import ridge


class Fit(NamedTuple):
    """What losses are written in; the arrays have the shape of alpha_bar and c together."""

    d: int
    n: int
    xi: Array
    rho: Array  # s / xi
    rest: Array  # 1 - rho = c / xi
    kappa: Array
    df1: Array
    excess: Array  # n - df_1
    spread: Array  # df_1 - df_2

    def where(self, chosen: NDArray[np.bool_]) -> Fit:
        """Some of the points, (p,)."""
        return Fit(self.d, self.n, *(values[chosen] for values in self[2:]))


def solve(spectrum: Array, n: int, alpha_bar: Reals, c: Reals) -> Fit:
    """The fit at each alpha_bar and c, in their common shape."""
    spectrum, n = _validate.spectrum(spectrum), _validate.integer("n", n)
    a, c = _validate.broadcast(
        alpha_bar=_validate.alpha_bar(alpha_bar), c=_validate.nonnegative("c", c)
    )
    whole = 1 - a + a * c  # a xi
    rest = np.divide(a * c, whole, out=np.zeros(a.shape), where=whole > 0)
    rho = np.divide(1 - a, whole, out=np.ones(a.shape), where=whole > 0)
    xi = (1 - a) / a + c
    return Fit(len(spectrum), n, xi, rho, rest, *ridge.response(xi, spectrum, n))
