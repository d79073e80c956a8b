"""The replicated average without a saddle point: an integral over an m x m Wishart matrix.

The average over the points of `replica` is itself a Laplace transform: with W = X'X / n, X an
n x m array of standard normal numbers,  det(I + Q / n)^(-n/2) = < exp(-Tr W Q / 2) >.  So for
n >= m the conjugate overlaps are a random matrix, exactly and at every size,

    <Z^m> = < prod_nu det(xi + lambda_nu W)^(-1/2) >

W has the density det(W)^((n - m - 1)/2) exp(-n Tr W / 2) and so needs its m eigenvalues alone,

    <Z^m> = I[f] / I[f without the spectrum],    f(w) = w^((n - m - 1)/2) e^(-n w / 2) prod_nu (..)
    I[f] = integral over w_1 < .. < w_m of prod_a f(w_a) prod_(a < b) (w_b - w_a)

The saddle point of `replica` is the maximum of the integrand at large d and n, W = q; so for
integer m it is Laplace's method and a theorem. The step that is not is m -> 0.

In u = ln w the logarithm of w f(w) is concave, with one maximum. The product of differences is a
determinant of powers, and each of its m! terms is integrated variable by variable on one
Chebyshev grid.
"""

from collections.abc import Callable
from functools import cache
from itertools import permutations

import numpy as np
from numpy.polynomial import chebyshev

from lindiff_nb._base import validate
from lindiff_nb._base.types import Array
from lindiff_nb.predict.population import Spectrum, enter

NODES = 512
DEPTH = 40.0  # the grid ends where the integrand has fallen by exp(-DEPTH)
LOWEST, HIGHEST = -700.0, 20.0  # of u = ln w
HALVINGS = 80
MOST = 5  # replicas: the terms are m!


def log_moment(m: int, xi: float, spectrum: Spectrum, n: int) -> float:
    """ln <Z^m> / m, in total nats, exactly: for 1 <= m <= min(n, 5) replicas and xi > 0.

    To an absolute error of about 1e-13 times the logarithm itself. Raises ValueError for m outside
    that range, xi that is not positive, n < 1 or a spectrum that is not one.
    """
    n = validate.integer("n", n)
    m = validate.integer("m", m, high=min(n, MOST))
    unit, population = enter(spectrum)
    xi = validate.number("xi", unit.off("xi", validate.positive("xi", xi)))
    levels = population.seen.spectrum
    ratio = _log_integral(m, xi, levels, n) - _log_integral(m, xi, levels[:0], n)
    unseen = float((population.d - population.rank) * np.log(xi))
    return ratio / m - (unseen + unit.log(population.d)) / 2


def _log_integral(m: int, xi: float, levels: Array, n: int) -> float:
    """ln I[f], with a Vandermonde matrix of (w - w*) / width, whose powers do not cancel."""

    def log_weight(u: Array | float) -> Array:
        w = np.exp(u)
        modes = np.log(xi + np.multiply.outer(w, levels)).sum(axis=-1)
        return (n - m + 1) * u / 2 - n * w / 2 - modes / 2

    top, low, high = _range(log_weight)
    x, cumulative = _grid()
    u = low + (high - low) * (x + 1) / 2
    weight = np.exp(log_weight(u) - log_weight(top)) * (high - low) / 2
    width = np.exp(top) / np.sqrt(n)
    powers = ((np.exp(u) - np.exp(top)) / width)[:, None] ** np.arange(m)
    integral = 0.0
    for order in permutations(range(m)):
        inner = np.ones_like(u)
        for power in order:
            inner = cumulative @ (weight * powers[:, power] * inner)
        integral += _sign(order) * inner[-1]
    return float(m * log_weight(top) + m * (m - 1) / 2 * np.log(width) + np.log(integral))


def _range(log_weight: Callable[[Array | float], Array]) -> tuple[float, float, float]:
    """The maximum of a concave function, and where it has fallen by DEPTH on either side."""
    low, high = LOWEST, HIGHEST
    for _ in range(HALVINGS):
        left, right = low + (high - low) * np.array([0.382, 0.618])
        if log_weight(left) < log_weight(right):
            low = left
        else:
            high = right
    top = (low + high) / 2
    floor = log_weight(top) - DEPTH
    ends = np.array([[LOWEST, top], [HIGHEST, top]])
    for _ in range(HALVINGS):
        middle = ends.mean(axis=1)
        below = log_weight(middle) < floor
        ends[below, 0], ends[~below, 1] = middle[below], middle[~below]
    return float(top), float(ends[0, 0]), float(ends[1, 0])


@cache
def _grid() -> tuple[Array, Array]:
    """Chebyshev points in increasing order and the matrix that integrates from -1 to each."""
    x = chebyshev.chebpts2(NODES)
    to_coefficients = np.linalg.inv(chebyshev.chebvander(x, NODES - 1))
    integrals = chebyshev.chebint(np.eye(NODES), lbnd=-1, axis=0)
    return x, chebyshev.chebvander(x, NODES) @ integrals @ to_coefficients


def _sign(order: tuple[int, ...]) -> int:
    """The sign of a permutation."""
    pairs = [(a, b) for i, a in enumerate(order) for b in order[i + 1 :]]
    return 1 - 2 * (sum(a > b for a, b in pairs) % 2)
