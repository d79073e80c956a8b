"""The variances of d L_test and d L_train over training sets, at points of noise and ridge.

With F = ln det(Sigma_0 + x + t Sigma) and its derivatives at x = xi, t = 0 the losses are

    d L_test  = d - 2 s F_x - s F_xt - s^2 F_xx,        d L_train = d - s F_x + s c F_xx

The covariance of F at (x1, t1) and at (x2, t2) is -2 ln(1 - <u1, u2>), where <.,.> is 1/n times
the sum over modes and

    u = q lambda / (q lambda + x + t lambda),     q = 1 - (1/n) sum_nu u

that is u = g = lambda / (lambda + kappa) and q = xi / kappa at t = 0. A loss is l . F' + Q : F''
in its first and second derivatives by (x, t). So with r = 1 - <u, u> its variance is

    (2/r) <W, W> + (2/r^2) <W, u>^2 + (4/r^2) Tr (Q N)^2
    W = l . u' + Q : u'' + (2/r) (Q p) . u',    p = <u', u>,    N = <u', u'> + p p' / r

three terms >= 0. Put h = 1 - g, v = <g, h>, b = <g, g h>, f = 1 - q, rho = s / xi, g_ and m2 for
the means of g and of delta^2 with weights g. Then r = q + v, and

    s u_x = -(rho q / r) g h       -s^2 u_xx - 2 s u_x = 2 (rho q / r^2) g h (r - rho q [h + b / r])
    u_t   = -(1/r) g (delta + g_)  s u_xt = (rho / r^2) g {delta [v + q (2 h + f g_)] + 2 q h e}
    delta = (g - g_) / q           e = (g_ + f q m2) / r

delta is found without that difference, and r - rho q h summed as v + q (c / xi + rho g): so no
digits are lost without ridge for nearly white data, where delta is zero, nor in strong noise.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from lindiff_nb._base.blocks import blocks
from lindiff_nb._base.types import Array
from lindiff_nb.predict._law.fit import Fit
from lindiff_nb.predict.population import Population

TABLES = 4  # temporaries of the size of a block


class _Modes(NamedTuple):
    """The population as seen by some fits: per fit, (p, 1), and per level of it, (p, m)."""

    population: Population
    n: Array
    rho: Array  # s / xi
    rest: Array  # c / xi
    kappa: Array
    q: Array  # xi / kappa
    r: Array  # 1 - df_2 / n
    g: Array
    h: Array

    def mean(self, *factors: Array) -> Array:
        """<.,.> of two factors or more, (p, 1)."""
        product = factors[0] * factors[1]
        for factor in factors[2:]:
            product *= factor
        return (product @ self.population.counts)[:, None] / self.n


def test_variance(at: Fit) -> Array:
    """The variance of d L_test, in the shape of the fit; with noise."""
    return _by_rows(_test, at)


def train_variance(at: Fit) -> Array:
    """The variance of d L_train, in the shape of the fit; with noise."""
    return _by_rows(_train, at)


def _train(of: _Modes) -> Array:
    _, _, rho, rest, _, q, r, g, h = of
    b = of.mean(g, g, h)
    ux = rho * q / r * (g * h)
    w = ux * (1 + 2 * rest * q / r * (h + 2 * b / r))
    quadratic = rho * rest * (q / r) ** 2 * (of.mean(g, g, h, h) + b**2 / r)
    return 2 / r * (of.mean(w, w) + of.mean(w, g) ** 2 / r + 2 * quadratic**2 / r)


def _test(of: _Modes) -> Array:
    _, _, rho, rest, _, q, r, g, h = of
    f, v, b, g_ = of.mean(g, np.ones(1)), of.mean(g, h), of.mean(g, g, h), of.mean(g, g)
    g_ = g_ / f
    delta = v / (f * q) * _from_mean(of)
    e = (g_ + q * of.mean(g, delta, delta)) / r
    ux, ut = -rho * q / r * (g * h), -g * (delta + g_) / r
    uxt = rho / r**2 * g * (delta * (v + q * (2 * h + f * g_)) + 2 * q * h * e)
    bent = 2 * rho * q / r**2 * (g * h) * (v + q * (rest + rho * (g - b / r)))
    px, pt = of.mean(ux, g), of.mean(ut, g)
    w = bent - uxt - (2 * px + pt) / r * ux - px / r * ut
    nx = of.mean(ux, ux) + px**2 / r
    nt = of.mean(ut, ut) + pt**2 / r
    nxt = of.mean(ux, ut) + px * pt / r
    quadratic = (nx + nxt) ** 2 + np.maximum(nx * nt - nxt**2, 0) / 2
    return 2 / r * (of.mean(w, w) + of.mean(w, g) ** 2 / r + 2 * quadratic / r)


def _from_mean(of: _Modes) -> Array:
    """(lambda - mean of lambda) / (lambda + kappa), the mean with weights g h.

    Measured from a level close to the mean, so that it is exact where one level is all that counts.
    """
    levels, weight = of.population.levels, of.g * of.h * of.population.counts
    weight /= weight.sum(axis=1, keepdims=True)
    close = np.abs(levels - (weight @ levels)[:, None]).argmin(axis=1)
    apart = levels - levels[close, None]
    return (apart - np.sum(weight * apart, axis=1, keepdims=True)) / (levels + of.kappa)


def _by_rows(formula: Callable[[_Modes], Array], fit: Fit) -> Array:
    """The formula at each point, in bounded memory."""
    levels, r = fit.population.levels, (fit.excess + fit.spread) / fit.n
    points = [values.ravel() for values in (fit.n, fit.rho, fit.rest, fit.kappa)]
    points += [(fit.excess / fit.n).ravel(), r.ravel()]
    result = np.empty(fit.kappa.size)
    for rows in blocks(result.size, TABLES * levels.size):
        n, rho, rest, kappa, q, r = (values[rows, None] for values in points)
        whole = levels + kappa
        modes = _Modes(fit.population, n, rho, rest, kappa, q, r, levels / whole, kappa / whole)
        result[rows] = formula(modes)[:, 0]
    return result.reshape(fit.kappa.shape)
