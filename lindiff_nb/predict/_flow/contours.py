"""Averages of entire functions of the sample covariance, by a contour around its spectrum.

The contour is a hyperbola with its focus at 0 and its asymptotes at 45 degrees,

    z(theta) = near ((cosh theta + i sinh theta) / sqrt(2) - 1)

It crosses the real axis at -0.29 near and opens to the right, so that theta counts the e-folds of
|z| beyond `near`, and the number of nodes grows with the logarithm of the range of scales. The
trapezoidal rule in theta converges like exp(-pi^2 / (2 h)) for a step h, since theta may be moved
by i pi / 4 either way before the contour meets the spectrum or is vertical (as Weideman & Trefethen
2007, doi:10.1090/S0025-5718-07-01945-X, have it for the Bromwich integral). Half the nodes are
enough: the other half are their conjugates.
"""

from typing import NamedTuple

import numpy as np

from lindiff_nb._base.types import Array, Complex
from lindiff_nb.predict import complex_ridge
from lindiff_nb.predict.population import Population

STEP = 0.16  # in theta; measured: 2e-12, 1e-9 at 0.2
BEYOND = 1e4  # how far past the largest scale the contour goes before its tail is summed


class Contour(NamedTuple):
    """Nodes in the upper half-plane, (m,), and what the sample covariance is there.

    <Tr f(Sigma_0)> / d = f(0) + Im sum_k share_k f(z_k)  for an entire f that tends to a constant
    on the contour, and <Tr f(Sigma_0) Sigma> / d = - Im sum_k share_k kappa_k f(z_k)  for one that
    tends to 0.
    """

    z: Complex
    kappa: Complex  # at xi = -z
    share: Complex  # weight times df_1 / (d z)


def around(population: Population, n: int, near: float, far: float) -> Contour:
    """The contour for functions that vary at scales from `near` up to `far`.

    Functions may grow to the left like exp(-2 z / near). Far beyond the spectrum and their own
    scales they are series in 1 / z, of which the tail sums the two leading terms.
    """
    near, far = min(near, population.top(n)), BEYOND * max(far, population.top(n))
    steps = int(np.ceil((np.log(2 * far) - np.log(near)) / STEP))
    theta = (np.arange(steps) + 0.5) * STEP
    z = near * ((np.cosh(theta) + 1j * np.sinh(theta)) / np.sqrt(2) - 1)
    weight = STEP / np.pi * near * (np.sinh(theta) + 1j * np.cosh(theta)) / np.sqrt(2)
    weight[-2:] *= _tail(np.exp(-STEP))
    kappa, df1 = complex_ridge.along(-z, population, n)
    return Contour(z, kappa, weight * (df1 / population.d) / z)


def _tail(ratio: float) -> Array:
    """What the last two terms, each A r^k + B r^2k, count for with all later ones."""
    later = ratio**2 / ((1 - ratio) * (1 - ratio**2))
    return np.array([1 - ratio * later, 1 / (1 - ratio) + later])
