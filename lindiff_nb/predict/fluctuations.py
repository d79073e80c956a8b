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

which makes the losses linear in second derivatives of the one function (`_law.loss`).

What is linear in Sigma_0 needs no large d: tilting the density of the data by exp(-h n Tr Sigma_0 B
/ 2) moves Sigma^-1 to Sigma^-1 + h B, so that Cov(Tr B Sigma_0, f) = -(2/n) d<f> / dh at h = 0;
with B = Sigma^-1 and f the log-determinant it is (2/n) df_1.

The mean is known, unless it says otherwise. Losses and divergences are per dimension, so that their
deviations fall as 1/d. Source of the sums: `ridge`; a is df_2 / n, and h(a) = -a - ln(1 - a).
"""

from collections.abc import Callable

import numpy as np

from lindiff_nb import _moved
from lindiff_nb._base import units, validate
from lindiff_nb._base.digits import trigamma_rest
from lindiff_nb._base.types import Array, Reals, Wholes
from lindiff_nb.exact.divergence import POPULATION, SAMPLER
from lindiff_nb.predict._law import divergence, fit, loss, sizes
from lindiff_nb.predict._law.divergence import Law
from lindiff_nb.predict._law.fit import Fit
from lindiff_nb.predict.population import Spectrum, enter, enter_varying

__getattr__ = _moved.names(__name__)


def log_det(xi: Reals, spectrum: Spectrum, n: Wholes) -> Array:
    """Standard deviation of ln det(Sigma_0 + xi): sqrt(-2 ln(1 - df_2 / n)).

    In total nats, in the shape of xi >= 0 and n together; at xi = 0 of the product of the positive
    eigenvalues, which at n = rank is infinite (there it grows with d, like sqrt(ln d)). Raises
    ValueError for a negative xi, n < 1 or a spectrum that is not one, as all functions here do.
    """
    unit, population = enter_varying(spectrum)
    law = Law(unit.off("xi", validate.nonnegative("xi", xi)), population, n)
    with np.errstate(divide="ignore"):
        return np.sqrt(2 * (law.a + law.h()))


def resolvent_trace(xi: Reals, spectrum: Spectrum, n: Wholes) -> Array:
    """Standard deviation of Tr (Sigma_0 + xi)^-1, in the shape of xi > 0 and n together.

        variance = 2 [b_4 / (1 - a) + (b_3 / (1 - a))^2] / (1 - a)^2
        b_k      = (1/n) sum_nu lambda_nu^2 / (lambda_nu + kappa)^k,    a = b_2

    Raises ValueError for xi that is not positive, a spectrum that is not one, or n < 1.
    """
    unit, population = enter(spectrum)
    law = Law(unit.off("xi", validate.positive("xi", xi), far=units.SQUARES), population, n)
    b3 = law.average(lambda lam, k: (lam / (lam + k)) ** 2 / (lam + k))
    b4 = law.average(lambda lam, k: (lam / (lam + k) / (lam + k)) ** 2)
    deviation = np.sqrt(2 * (b4 / law.r + (b3 / law.r) ** 2)) / law.r
    return unit.on(deviation, power=-1)


def kl_sd(
    spectrum: Spectrum,
    n: Wholes,
    c: Reals,
    direction: str = SAMPLER,
    *,
    estimated_mean: bool = False,
) -> Array:
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
    return sizes.each(divergence.deviation, spectrum, n, c, direction, estimated_mean)


def wishart_kl_sd(
    d: int, n: int, direction: str = SAMPLER, *, estimated_mean: bool = False
) -> float:
    """The exact standard deviation beside `divergence.wishart_kl`, whatever d and n are.

    With m = n degrees of freedom, or m = n - 1 and l = 1 if the mean is estimated, W a Wishart
    matrix of m points and z = N(0, 1), the divergences in total are, but for constants, halves of

        (Tr W + l |z|^2) / n - ln det W        and        n Tr W^-1 + l z' W^-1 z + ln det W

    whose variances follow from those of Tr W and Tr W^-1 and, as det W tilts a density of m points
    to one of m + 2, from the slopes of their means, summed so that nothing cancels for n >> d. The
    second is infinite for m < d + 4. Raises ValueError as `divergence.wishart_kl` does.
    """
    d, lost = validate.integer("d", d), int(estimated_mean)
    n = validate.integer("n", n, low=1 + lost)
    to_population = validate.choice("direction", direction, (SAMPLER, POPULATION)) == SAMPLER
    m = n - lost
    if m < d + (0 if to_population else 4):
        return np.inf
    i = np.arange(d)
    rest = float(np.sum(trigamma_rest((m - i) / 2)))
    if to_population:
        more = np.sum((i + lost) / (m - i)) / n
    else:
        u, v, w, e = float(m - d), float(m - d - 1), float(m - d - 3), d + 1 + 2 * lost
        both = (d + 1) / w + (2 * e * (1 + d) + 2 + e**2 + (4 * e + d * e**2) / v) / w / v
        more = d * (both + (v + d) / v / w * lost) / u - np.sum((d + 1 - i) / (m - i)) / v
    return float(np.sqrt(rest + 2 * more)) / (2 * d)


def test_loss_sd(spectrum: Spectrum, n: Wholes, alpha_bar: Reals, c: Reals = 0.0) -> Array:
    """Standard deviation of the loss on new data over training sets, beside `losses.test_loss`.

    Per dimension, in the shape of n, alpha_bar and c broadcast together: the closed form of
    `_law.loss`, in sums over the modes. A limit of many dimensions and points, off by a relative
    few / min(n, d), and more without ridge close to n = d; of little use below ten. At
    alpha_bar = 1 infinite where the mean is, and zero elsewhere. Raises ValueError as that does.
    """
    at = fit.solve(spectrum, n, alpha_bar, c, far=units.SQUARES)
    infinite = (at.xi == 0) & (at.n <= at.population.varying.rank)
    return _deviation(loss.test_variance, at, np.where(infinite, np.inf, 0.0))


def train_loss_sd(spectrum: Spectrum, n: Wholes, alpha_bar: Reals, c: Reals = 0.0) -> Array:
    """Standard deviation of the loss on the training set, beside `losses.train_loss`.

    With g = lambda / (lambda + kappa), h = 1 - g, q = xi / kappa, r = 1 - df_2 / n and averages
    < > that are 1/n times the sum over modes, without ridge the variance in total is

        (2 q^2 / r^3) [<g^2 h^2> + <g^2 h>^2 / r]

    Shape and validity as for `test_loss_sd`; zero at alpha_bar = 1.
    """
    at = fit.solve(spectrum, n, alpha_bar, c, far=units.SQUARES)
    return _deviation(loss.train_variance, at, np.zeros(np.shape(at.n)))


def _deviation(variance: Callable[[Fit], Array], at: Fit, without: Array) -> Array:
    """Per dimension; where there is no noise the values that are given."""
    found, solved = without, (at.xi > 0) & (at.rho > 0)
    found[solved] = np.sqrt(variance(at.where(solved))) / at.d
    return found[()]
