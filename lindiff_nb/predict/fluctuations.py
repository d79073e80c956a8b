"""From one training set to the next: standard deviations that do not shrink with d.

Sums over all eigenvalues of Sigma_0 have a central limit theorem with a variance of order one
(Bai & Silverstein 2004, doi:10.1214/aop/1078415845). For Gaussian data it follows from one
covariance,

    Cov(ln det(Sigma_0 + xi_1), ln det(Sigma_0 + xi_2)) = -2 ln(1 - A)
    A = (1/n) sum_nu lambda_nu^2 / ((lambda_nu + kappa_1) (lambda_nu + kappa_2))

which is what the overlaps between replicas of two kinds add to `replica`, and holds with xi a
matrix diagonal with Sigma as well. By derivatives:

    Cov(Tr G(xi_1), Tr G(xi_2)) = d^2 / (dxi_1 dxi_2) of it,         G(xi) = (Sigma_0 + xi)^-1
    Tr G Sigma                  = d/dt of ln det(Sigma_0 + c + t Sigma) at t = 0

which makes the losses linear in second derivatives of the one function (`_loss_law`).

What is linear in Sigma_0 needs no large d: tilting the density of the data by exp(-h n Tr Sigma_0 B
/ 2) moves Sigma^-1 to Sigma^-1 + h B, so that Cov(Tr B Sigma_0, f) = -(2/n) d<f> / dh at h = 0;
with B = Sigma^-1 and f the log-determinant it is (2/n) df_1.

The mean is known, unless it says otherwise. Losses and divergences are per dimension, so that their
deviations fall as 1/d. Source of the sums: `ridge`; a is df_2 / n, and h(a) = -a - ln(1 - a).
"""

from collections.abc import Callable

import numpy as np
from scipy.special import polygamma

from lindiff_nb import _moved
from lindiff_nb._base import units, validate
from lindiff_nb._base.types import Array, Reals, Wholes, reals
from lindiff_nb.exact.divergence import POPULATION, SAMPLER
from lindiff_nb.predict import _circle, ridge
from lindiff_nb.predict._bulk import support
from lindiff_nb.predict._bulk.support import Complex
from lindiff_nb.predict._law import divergence, fit, loss, sizes
from lindiff_nb.predict._law.divergence import Law
from lindiff_nb.predict._law.fit import Fit
from lindiff_nb.predict._spectrum import distinct, total

__getattr__ = _moved.names(__name__)


def log_det(xi: Reals, spectrum: Array, n: int) -> Reals:
    """Standard deviation of ln det(Sigma_0 + xi): sqrt(-2 ln(1 - df_2 / n)), in the shape of xi.

    In total nats, for xi >= 0; at xi = 0 of the product of the positive eigenvalues, which at
    n = rank is infinite (there it grows with d, like sqrt(ln d)). Raises ValueError for a negative
    xi, n < 1 or a spectrum that is not one, as all functions here do.
    """
    unit, spectrum = units.varying(spectrum)
    at = Law(unit.off("xi", validate.nonnegative("xi", xi)), spectrum, n)
    with np.errstate(divide="ignore"):
        return reals(np.sqrt(2 * (at.a + at.h())))


def log_det_covariance(xi: Reals, other: Reals, spectrum: Array, n: int) -> Reals:
    """Covariance of ln det(Sigma_0 + xi) and ln det(Sigma_0 + other): -2 ln(1 - A), both > 0.

    Raises ValueError for a xi or other that is not positive, a spectrum that is not one, or n < 1.
    """
    xi, other = validate.positive("xi", xi), validate.positive("other", other)
    xi, other = validate.broadcast(xi=xi, other=other)
    unit, spectrum = units.spectrum(spectrum)
    both = unit.off("xi", xi), unit.off("other", other)
    kappas = [np.asarray(ridge.effective_ridge(x, spectrum, n)) for x in both]
    shared = total(
        lambda lam, k, o: lam / (lam + k) * (lam / (lam + o)), *distinct(spectrum), *kappas
    )
    return reals(-2 * np.log1p(-shared / n))


def resolvent_trace(xi: Reals, spectrum: Array, n: int) -> Reals:
    """Standard deviation of Tr (Sigma_0 + xi)^-1, in the shape of xi > 0.

        variance = 2 [b_4 / (1 - a) + (b_3 / (1 - a))^2] / (1 - a)^2
        b_k      = (1/n) sum_nu lambda_nu^2 / (lambda_nu + kappa)^k,    a = b_2

    Raises ValueError for xi that is not positive, a spectrum that is not one, or n < 1.
    """
    unit, spectrum = units.spectrum(spectrum)
    at = Law(unit.off("xi", validate.positive("xi", xi), far=units.SQUARES), spectrum, n)
    b3 = at.average(lambda lam, k: (lam / (lam + k)) ** 2 / (lam + k))
    b4 = at.average(lambda lam, k: (lam / (lam + k) / (lam + k)) ** 2)
    deviation = np.sqrt(2 * (b4 / at.rest + (b3 / at.rest) ** 2)) / at.rest
    return reals(unit.on(deviation, power=-1))


def kl_sd(
    spectrum: Array,
    n: Wholes,
    c: Reals,
    direction: str = SAMPLER,
    *,
    estimated_mean: bool = False,
) -> Reals:
    """Standard deviation of the divergence over training sets, per dimension.

    Beside the mean in `divergence.kl`, and in its shape. At kappa = kappa(c) the variance in total
    nats is

        sampler||population   [(1/n) sum_nu (kappa / (lambda_nu + kappa))^2 + h(a)] / 2
        population||sampler   [h(a) + a (1 - T)^2 + a (1 - a) V] / 2

    T and V are the mean and the variance over modes, with weights (lambda / (lambda + kappa))^2, of
    t = [lambda - kappa a / (1 - a)] / [(lambda + kappa) (1 - df_1 / n) (1 - a)].  For n >> d both
    deviations are d / 2n in total and 1 / 2n per dimension, beside a mean of d / 4n. Infinite where
    the mean is, and without ridge at n = rank.

    With `estimated_mean` Sigma_0 is (n-1)/n times a sample covariance of n - 1 points and mu_0
    independent of it: kappa and the averages (1/n) sum are those for n - 1 points at c n / (n-1),
    kappa / (lambda_nu + kappa) has 1 / n taken off, T and V have the factors w and w^2 with
    w = (n+1) / (n-1), and mu_0 itself adds rank / n^2 or a / [(n-1) (1 - df_1 / (n-1))^2 (1 - a)]
    to the bracket.

    Raises ValueError also for n < 2 if the mean is estimated, a negative c or an unknown direction.
    """
    total = sizes.each(divergence.deviation, spectrum, n, c, direction, estimated_mean)
    return reals(total / np.size(spectrum))


def wishart_kl_sd(
    d: int, n: int, direction: str = SAMPLER, *, estimated_mean: bool = False
) -> float:
    """The exact standard deviation beside `divergence.wishart_kl`, whatever d and n are.

    With m = n degrees of freedom, or m = n - 1 and l = 1 if the mean is estimated, W a Wishart
    matrix of m points and z = N(0, 1), the divergences in total are, but for constants, halves of

        (Tr W + l |z|^2) / n - ln det W        and        n Tr W^-1 + l z' W^-1 z + ln det W

    whose variances follow from those of Tr W and Tr W^-1 and, as det W tilts a density of m points
    to one of m + 2, from the slopes of their means. The second is infinite for m < d + 4. Raises
    ValueError as `divergence.wishart_kl` does.
    """
    d, lost = validate.integer("d", d), int(estimated_mean)
    n = validate.integer("n", n, low=1 + lost)
    to_population = validate.choice("direction", direction, (SAMPLER, POPULATION)) == SAMPLER
    m, both = n - lost, n + lost
    if m < d + (0 if to_population else 4):
        return np.inf
    variance = float(np.sum(polygamma(1, (m - np.arange(d)) / 2)))
    if to_population:
        return float(np.sqrt(variance - 2 * d / n)) / (2 * d)
    u, v, w = m - d, m - d - 1, m - d - 3
    variance += 2 * d * (m - 1) / (u * v * w) * (both**2 / v + lost) - 4 * both * d / v**2
    return float(np.sqrt(variance)) / (2 * d)


def test_loss_sd(spectrum: Array, n: Wholes, alpha_bar: Reals, c: Reals = 0.0) -> Reals:
    """Standard deviation of the loss on new data over training sets, beside `losses.test_loss`.

    Per dimension, in the shape of n, alpha_bar and c broadcast together: the closed form of
    `_loss_law`, in sums over the modes. A limit of many dimensions and points, off by a relative
    few / min(n, d), and more without ridge close to n = d; of little use below ten. At
    alpha_bar = 1 infinite where the mean is, and zero elsewhere. Raises ValueError as that does.
    """
    at = fit.solve(spectrum, n, alpha_bar, c, far=units.SQUARES)
    infinite = (at.xi == 0) & (at.n <= np.count_nonzero(at.spectrum))
    return _deviation(loss.test_variance, at, np.where(infinite, np.inf, 0.0))


def train_loss_sd(spectrum: Array, n: Wholes, alpha_bar: Reals, c: Reals = 0.0) -> Reals:
    """Standard deviation of the loss on the training set, beside `losses.train_loss`.

    With g = lambda / (lambda + kappa), h = 1 - g, q = xi / kappa, r = 1 - df_2 / n and averages
    < > that are 1/n times the sum over modes, without ridge the variance in total is

        (2 q^2 / r^3) [<g^2 h^2> + <g^2 h>^2 / r]

    Shape and validity as for `test_loss`; zero at alpha_bar = 1.
    """
    at = fit.solve(spectrum, n, alpha_bar, c, far=units.SQUARES)
    return _deviation(loss.train_variance, at, np.zeros(at.n.shape))


def linear_statistic(
    f: Callable[[Complex], Complex], spectrum: Array, n: int, above: float = 0.0
) -> Reals:
    """Standard deviation of sum_i f(x_i) over the positive eigenvalues x_i of Sigma_0.

        variance = -(1 / 4 pi^2) contour integrals of f(x(w)) f(x(v)) d^2/dwdv [-2 ln(1 - A(w, v))]
        A(w, v)  = (1/n) sum_nu lambda_nu^2 / ((lambda_nu - w) (lambda_nu - v))

    with x(w) as in `spectral_density`. f takes complex numbers (k,) and returns (.., k): the result
    has the shape that precedes. It must be real on the real axis and analytic off the real axis
    at and below `above` <= 0, as ln(x + c) is for above = -c. Both contours are one circle around
    the bulks; on it A(w, w*) is at most its larger value on the real axis, and so less than one.
    The trapezoidal rule converges geometrically, to 1e-10 of the largest |f| on the circle, with
    about 23 sqrt(b / a) nodes, a and b the distances of the bulks' ends from the w of `above`.

    Raises ValueError also unless above <= 0, above < 0 if n is the rank, if f returns another
    shape, or if 2048 nodes do not suffice: choose above lower if f allows it.
    """
    unit, spectrum = units.varying(spectrum)
    n, above = validate.integer("n", n), validate.number("above", above)
    if above > 0 or (above == 0 and n == np.count_nonzero(spectrum)):
        raise validate.fail("above", above, "<= 0, and < 0 if n is the rank of the population")
    at, nearest = support.find(spectrum, n), unit.off("above", np.asarray(-above))
    kappa = float(np.asarray(ridge.effective_ridge(nearest, spectrum, n)))
    w, weight = _circle.around(-kappa, at.w)
    value = np.asarray(f(unit.on(support.position(w, at))))
    if value.shape[-1:] != w.shape:
        raise validate.fail("f", value.shape, f"a function from {w.shape} to (.., {w.size})")
    if not np.all(np.isfinite(value)):
        raise validate.fail("f", value, f"finite around the bulks, with {above=}")
    u = np.sqrt(at.counts / n) * at.levels / (at.levels - w[:, None])
    v = u / (at.levels - w[:, None])
    rest, slope = 1 - u @ u.T, v @ u.T
    kernel = 2 * (v @ v.T + slope * slope.T / rest) / rest
    size = units.unit(value)
    value = size.off("f", value, far=units.FAR) * weight
    variance = -np.einsum("...i,ij,...j->...", value, kernel, value, optimize=True).real
    return reals(size.on(np.sqrt(np.maximum(variance, 0)) / (2 * np.pi), name="f"))


def _deviation(variance: Callable[[Fit], Array], at: Fit, without: Array) -> Reals:
    """Per dimension; where there is no noise the values that are given."""
    found, solved = without, at.noisy
    found[solved] = np.sqrt(variance(at.where(solved))) / at.d
    return reals(found)
