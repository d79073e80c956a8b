"""The replica calculation: quadratic forms of the resolvent from a partition function.

With n points from N(0, Sigma), Sigma_0 their covariance (mean known) and J diagonal with Sigma,

    Z(J) = integral dx (2 pi)^(-d/2) exp(-x'(Sigma_0 + xi + J) x / 2) = det(Sigma_0 + xi + J)^(-1/2)

so that <ln Z> generates the averages: <G_nu> = -2 d<ln Z> / dJ_nu, G = (Sigma_0 + xi)^-1. Of Z^m
the average over the points is elementary. With the overlaps Q_ab = x_a' Sigma x_b of m replicas

    <Z^m> = integral dx_1 .. dx_m exp(-sum_a x_a'(xi + J) x_a / 2) det(I + Q / n)^(-n/2)

Overlaps Q and conjugates Q^ make the integral over x Gaussian, and what is left is exp(m phi),

    2 m phi = Tr Q^ Q - n ln det(I + Q / n) - sum_nu ln det(xi + J_nu + lambda_nu Q^)

The replica-symmetric ansatz is Q = p + r U and Q^ = p_hat + r_hat U, with U the m x m matrix of
ones. Such matrices multiply by U^2 = m U and have two eigenvalues, p + m r once and p m - 1 times;
for m -> 0 they are dual numbers, U^2 = 0. So m may be any number >= 0 here. Both eigenvalues obey
one and the same pair of conditions,

    p_hat = 1 / (1 + p / n),    p = sum_nu lambda_nu / (xi + J_nu + lambda_nu p_hat)

or h(p_hat) = 1 with  h(q) = q + (1/n) sum_nu lambda_nu q / (xi + J_nu + lambda_nu q).  h increases
from 0, so the positive root q is unique: r = r_hat = 0, for every m. Source: Merger & Goldt,
appendix D, whose order parameter is q. Newton's method for h(q) = 1 needs no safeguard:

1. h is concave, so that a step from below stays below.
2. q |h''| <= 2 h', so that a step takes a relative error e to at most e^2, from any start below.

Nothing is shared with `ridge`, which finds kappa = xi / q.
"""

from typing import NamedTuple

import numpy as np

from lindiff_nb._base import validate
from lindiff_nb._base.types import Array, ArrayLike, Reals
from lindiff_nb._base.units import Unit
from lindiff_nb.predict import _replica_symmetric as symmetric
from lindiff_nb.predict.population import Population, Spectrum, enter, enter_varying

CLOSE = 1e-8  # a relative step this small leaves a relative error of about its square
MAX_STEPS = 2000  # each at least doubles q or squares its error: enough for all of float64


class Overlaps(NamedTuple):
    """A replica-symmetric point: Q = p + r U, and its conjugate Q^ = p_hat + r_hat U."""

    p: float
    r: float
    p_hat: float
    r_hat: float


def potential(
    at: Overlaps, m: float, xi: float, spectrum: Spectrum, n: int, source: ArrayLike = 0.0
) -> float:
    """phi, the logarithm of the replicated integrand per replica, at any replica-symmetric point.

        2 phi = p p_hat + p r_hat + r p_hat + m r r_hat
                - n [ln(1 + p / n) + L(r / (n + p))]
                - sum_nu [ln(D + lambda p_hat) + L(lambda r_hat / (D + lambda p_hat))]

    with D = xi + J_nu and L(x) = ln(1 + m x) / m, or x for m = 0. Its stationary value is the
    leading part of ln <Z^m> / m, and for m = 0 of <ln Z>, in total nats. `source` is J: a number or
    (d,). Raises ValueError unless m >= 0, xi >= 0, xi + J > 0, and all logarithms exist.
    """
    m, ridge, variances, n, unit = _checked(m, xi, spectrum, n, source)
    p, r, p_hat, r_hat = _point(at)
    own, conjugate = 1 + p / n, ridge + variances * p_hat
    if own <= 0 or own + m * r / n <= 0 or np.any(conjugate <= 0):
        raise validate.fail("at", at, "a point with 1 + Q / n and D + lambda Q^ positive")
    if np.any(conjugate + m * variances * r_hat <= 0):
        raise validate.fail("at", at, "a point with 1 + Q / n and D + lambda Q^ positive")
    product = p * p_hat + p * r_hat + r * p_hat + m * r * r_hat
    data = n * (np.log(own) + symmetric.log1p(m, r / (n + p)))
    modes = np.log(conjugate) + symmetric.log1p(m, variances * r_hat / conjugate)
    return float(product - data - modes.sum() - unit.log(len(variances))) / 2


def conditions(
    at: Overlaps, m: float, xi: float, spectrum: Spectrum, n: int, source: ArrayLike = 0.0
) -> Array:
    """The four saddle-point conditions: twice the derivatives of `potential`, zero where it rests.

        by p:      p_hat + r_hat   - n / (n + p) + n r / ((n + p) (n + p + m r))
        by r:      p_hat + m r_hat - n / (n + p + m r)
        by p_hat:  p + r   - sum_nu [lambda / (D + lambda p_hat) - lambda^2 r_hat / (..)(..)]
        by r_hat:  p + m r - sum_nu lambda / (D + lambda (p_hat + m r_hat))

    with (..)(..) = (D + lambda p_hat) (D + lambda (p_hat + m r_hat)). Raises as `potential` does.
    """
    m, ridge, variances, n, _ = _checked(m, xi, spectrum, n, source)
    p, r, p_hat, r_hat = _point(at)
    own, overlap = (
        symmetric.inverse((1 + p / n, r / n), m),
        symmetric.overlap(p_hat, r_hat, m, ridge, variances),
    )
    return np.array(
        [
            p_hat + r_hat - (own[0] + own[1]),
            p_hat + m * r_hat - (own[0] + m * own[1]),
            p + r - (overlap[0] + overlap[1]),
            p + m * r - (overlap[0] + m * overlap[1]),
        ]
    )


def stationary_point(
    m: float, xi: float, spectrum: Spectrum, n: int, source: ArrayLike = 0.0
) -> Overlaps:
    """The stationary point of `potential` for m replicas, integer or not, or in the limit m = 0.

    Newton's method for  Q^ (I + Q / n) = I  with Q a function of Q^, in the numbers (p_hat, r_hat):
    one step acts on both eigenvalues of Q^ as the scalar step does, and both start below the
    root, apart from each other. That r and r_hat vanish is found, not assumed; but a single replica
    has no other to overlap with, and for m = 1 only p + r and p_hat + r_hat have a meaning.

    Raises ValueError unless m >= 0, xi >= 0 and xi + J > 0, and RuntimeError if 2000 steps do
    not suffice.
    """
    m, ridge, variances, n, _ = _checked(m, xi, spectrum, n, source)
    a = 1 / (1 + float(np.sum(variances / ridge)) / n)
    b = -a / (2 * max(m, 1.0))
    for _ in range(MAX_STEPS):
        step = symmetric.newton_step(a, b, m, ridge, variances, n)
        a, b = a + step[0], b + step[1]
        if abs(step[0]) + abs(step[1]) <= CLOSE * a:
            p, r = symmetric.overlap(a, b, m, ridge, variances)
            return Overlaps(p, r, a, b)
    raise RuntimeError(f"no convergence in {MAX_STEPS} Newton steps: {m=}, {xi=}, {n=}")


def order_parameter(xi: Reals, spectrum: Spectrum, n: int) -> Array:
    """q(xi): the root of  1 / q = 1 + (1/n) sum_nu lambda_nu / (xi + lambda_nu q), for xi >= 0.

    In [0, 1], in the shape of xi; xi / q is the effective ridge. At xi = 0 it is
    max(0, 1 - rank / n). The relative error is below 1e-12. Source: Merger & Goldt, eq. 12.

    Raises ValueError for a negative xi, n < 1 or a spectrum that is not one, and RuntimeError if
    2000 steps of Newton's method do not suffice.
    """
    unit, population = enter_varying(spectrum)
    return _order_parameter(unit.off("xi", validate.nonnegative("xi", xi)), population, n)[()]


def resolvent(xi: Reals, spectrum: Spectrum, n: int) -> Array:
    """<G_nu> = 1 / (xi + q lambda_nu), the average of G = (Sigma_0 + xi)^-1 along each direction.

    In the shape of xi and then (d,). Raises ValueError unless xi > 0, and as `order_parameter`.
    """
    unit, population = enter(spectrum)
    xi = unit.off("xi", validate.positive("xi", xi))
    q = _order_parameter(xi, population, n)
    return unit.on(1 / (xi[..., None] + q[..., None] * population.spectrum), power=-1)


def spectrum_free(xi: Reals, trace: Reals, d: int, n: int) -> Array:
    """q = 1 - (d/n) (1 - xi S) from xi and S = <Tr G> / d alone, whatever the spectrum.

    Arguments xi >= 0 and trace = S >= 0 broadcast; S may be measured. Source: Merger & Goldt,
    eq. D.16. Raises ValueError for negative or non-broadcasting arguments, d < 1 or n < 1.
    """
    xi, trace = validate.nonnegative("xi", xi), validate.nonnegative("trace", trace)
    xi, trace = validate.broadcast(xi=xi, trace=trace)
    d, n = validate.integer("d", d), validate.integer("n", n)
    return 1 - d / n * (1 - xi * trace)


def log_moment(
    m: float, xi: Reals, spectrum: Spectrum, n: int, *, fluctuations: bool = True
) -> Array:
    """ln <Z^m> / m, in total nats, or <ln Z> for m = 0, in the shape of xi > 0.

        phi - (m + 1)/4 ln(1 - df_2 / n),    2 phi = n (1 - q) + n ln q - sum_nu ln(xi + q lambda)
        df_2 = sum_nu (q lambda_nu / (xi + q lambda_nu))^2

    phi is the stationary potential, of order d and the same for every m. The rest is of order one:
    each of the m (m + 1)/2 overlaps fluctuates about the saddle point and gives a factor
    (1 - df_2 / n)^(-1/2). Read as m <ln Z> + m^2 Var(ln Z) / 2, it says that
    Var ln det(Sigma_0 + xi) = -2 ln(1 - df_2 / n). What is left is of order 1/n.
    `fluctuations=False` leaves the second term out. Raises ValueError unless m >= 0 and xi > 0.
    """
    m, (unit, population) = validate.magnitude("m", m), enter(spectrum)
    xi, spectrum = unit.off("xi", validate.positive("xi", xi)), population.spectrum
    q = _order_parameter(xi, population, n)
    modes, df2 = np.empty(xi.shape), np.empty(xi.shape)
    for i in np.ndindex(xi.shape):
        whole = xi[i] + q[i] * spectrum
        modes[i], df2[i] = np.log(whole).sum(), np.sum((q[i] * spectrum / whole) ** 2)
    phi = (n * (1 - q) + n * np.log(q) - modes - unit.log(population.d)) / 2
    return phi - (m + 1) / 4 * np.log1p(-df2 / n) if fluctuations else phi


def _order_parameter(xi: Array, population: Population, n: int) -> Array:
    """q at each xi, in the population's unit."""
    n, levels = validate.integer("n", n), population.seen.spectrum
    return np.array([_solve(x, levels, n) for x in xi.flat]).reshape(xi.shape)


def _solve(xi: float, levels: Array, n: int) -> float:
    """Newton's method for h(q) = 1, with n (1 - h) summed without cancellation."""
    if xi == 0:
        return max(0.0, 1 - levels.size / n)
    q = xi / (xi + levels.sum() / n)
    for _ in range(MAX_STEPS):
        signal, whole = q * levels, xi + q * levels
        kept = signal >= xi
        missing = n - np.count_nonzero(kept) - n * q + np.sum(np.where(kept, xi, -signal) / whole)
        step = missing / (n + np.sum(levels / whole * (xi / whole)))
        q += step
        if abs(step) <= CLOSE * q:
            return float(q)
    raise RuntimeError(f"no convergence in {MAX_STEPS} Newton steps: {xi=}, {n=}")


def _point(at: Overlaps) -> tuple[float, float, float, float]:
    """Four checked numbers."""
    p, r, p_hat, r_hat = validate.vector("at", at, 4)
    return float(p), float(r), float(p_hat), float(r_hat)


def _checked(
    m: float, xi: float, spectrum: Spectrum, n: int, source: ArrayLike
) -> tuple[float, Array, Array, int, Unit]:
    """m, D = xi + J (d,) and the spectrum in its unit, n, and the unit."""
    m, xi = validate.magnitude("m", m), validate.magnitude("xi", xi)
    (unit, population), n = enter(spectrum), validate.integer("n", n)
    shifts = validate.numbers("source", source)
    if shifts.ndim:
        shifts = validate.vector("source", shifts, population.d)
    ridge = xi + shifts + np.zeros(population.d)
    if np.any(ridge <= 0):
        raise validate.fail("xi + source", ridge, "positive")
    return m, unit.off("xi + source", ridge), population.spectrum, n, unit
