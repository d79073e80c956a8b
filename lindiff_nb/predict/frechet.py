"""The Frechet distance that finite sets show, in the units of the spectrum.

The Frechet distance of two sets is the squared Wasserstein distance of the Gaussians with their
moments (`exact.divergence.frechet`; of features of a network it is called FID). A perfect model
shows one above zero, because its samples are finite, and so may be the reference or the images
that a model was fitted to. For Gaussian data of covariance Sigma and n_1, n_2, .. points let
mu_nu = lambda_nu^2, df_p = sum_nu (mu_nu / (mu_nu + kappa))^p and

    t(kappa) = kappa prod_j (1 - df_1 / n_j)                            a factor for every set

which is zero at kappa_0, the root that is largest, and counts as zero below. Then on average

    W2^2 = 2 sum_nu H_nu + (1 / 2 pi) int -ln(dt / dkappa) t^(-1/2) dt
    H_nu = (2 / pi) int sqrt(kappa) [1 - sqrt(t / kappa)] mu_nu / (mu_nu + kappa)^2 dkappa

of which the first is the limit of many dimensions and points, and the second, smaller by about the
effective dimension, the correction of Bai & Silverstein (2004, doi:10.1214/aop/1078415845). Both
come from sqrt(x) = (1 / pi) int x / (x + t) t^(-1/2) dt and the log-determinant of a product of
sample covariances: the distance is Tr Sigma_1 + Tr Sigma_2 minus twice the sum of the square roots
of its eigenvalues. As functions of ln(kappa - kappa_0) the integrands are analytic in a strip, so
that the trapezoidal rule converges geometrically.

Sample covariances are the unbiased ones. A mean that is estimated leaves n - 1 degrees of freedom
and adds Tr Sigma sum_j 1 / n_j exactly.
"""

import numpy as np
from scipy.optimize import minimize_scalar

from lindiff_nb._base import units, validate, valley
from lindiff_nb._base.types import Array, Reals
from lindiff_nb.predict._law import frechet as law
from lindiff_nb.predict.population import Spectrum, enter_varying

PER_DECADE = 2  # ridges tried


def distance(
    spectrum: Spectrum,
    n: int,
    *,
    reference: float = np.inf,
    fitted_to: float = np.inf,
    estimated_mean: bool = False,
) -> float:
    """The expected Frechet distance of n perfect samples, W2^2 in the units of the spectrum.

    From the truth, or from a `reference` of so many points; of a model that is perfect, or drawn
    from the Gaussian fitted to `fitted_to` points. Sizes are interchangeable: a fit to n points,
    known exactly, is as far from the truth as n perfect samples are. Off by about a per cent for a
    few points in many dimensions; in one by a relative 1 / (4 n), where it is most. Use this when
    you want to know which part of a measured distance is there because the sets are finite.

    Raises ValueError for a spectrum that is not one, sizes that are neither whole nor infinite, or
    below 1 (2 if the mean is estimated). Source: the module.
    """
    sizes = _sizes(n, reference, fitted_to, estimated_mean)
    unit, population = enter_varying(spectrum)
    of_means = estimated_mean * population.trace * np.sum(1 / sizes)
    found = law.curve(population, sizes - estimated_mean).mean()
    return float(unit.on(np.array(found + of_means)))


def distance_sd(
    spectrum: Spectrum, n: int, *, reference: float = np.inf, estimated_mean: bool = False
) -> float:
    """The standard deviation beside `distance`, from one pair of sets to the next.

    With s = sum_j 1 / n_j and B = sum_nu mu_nu^2 / ((mu_nu + kappa) (mu_nu + kappa')) the variance
    is

        2 s sum_nu H_nu^2 + s^2 Tr Sigma^2 / 4
        + (1 / pi^2) int int [-2 ln((t - t') / (kappa - kappa')) - 2 s B] dt dt' / sqrt(t t')

    and an estimated mean adds 2 s^2 Tr Sigma^2. Raises ValueError as `distance` does.
    """
    sizes = _sizes(n, reference, np.inf, estimated_mean)
    unit, population = enter_varying(spectrum)
    of_means = 2 * estimated_mean * np.sum(1 / sizes) ** 2 * population.squared.trace
    found = law.curve(population, sizes - estimated_mean).variance()
    return float(unit.on(np.sqrt(np.array(found + of_means))))


def effective_dimension(spectrum: Spectrum) -> float:
    """d_h = 2 sum_(i, j) h_ij / Tr Sigma with h_ij = lambda_i lambda_j / (lambda_i + lambda_j).

    For n far above it the expected distance is Tr Sigma (d_h + 1) / (4 n), or with an estimated
    mean Tr Sigma (d_h + 5) / (4 n); it is d for a white population and never more. Use this when
    you need to know how many samples a Frechet distance takes. Raises ValueError for a spectrum
    that is not one.
    """
    _, population = enter_varying(spectrum)
    pairs = population.total(lambda lam, other: lam * other / (lam + other), population.levels)
    return float(2 * (pairs @ population.counts) / population.trace)


def with_ridge(spectrum: Spectrum, n: int, c: Reals) -> Array:
    """The expected distance from the truth of N(mu, Sigma_0 + c), fitted to n points, per c.

    In the shape of c; the mean is known. With x_nu = t + c lambda_nu and q(t) the root of
    q = 1 - (1/n) sum_nu g_nu, where g_nu = q mu_nu / (x_nu + q mu_nu),

        W2^2 = sum_nu (sqrt(lambda_nu + c) - sqrt(lambda_nu))^2
               + (2 / pi) int sqrt(t) (1 - q) sum_nu mu_nu / ((x_nu + mu_nu) (x_nu + q mu_nu)) dt
               - (1 / 2 pi) int ln(1 - sum_nu g_nu^2 / n) t^(-1/2) dt

    Raises ValueError for a spectrum that is not one, n < 1 or a negative c.
    """
    (unit, population), n = enter_varying(spectrum), validate.integer("n", n)
    own = unit.off("c", validate.nonnegative("c", c), far=units.SQUARES)
    values = [law.with_ridge(population, n, float(each)) for each in own.ravel()]
    return unit.on(np.reshape(values, own.shape))


def best_ridge(spectrum: Spectrum, n: int) -> float:
    """The c > 0 that minimises `with_ridge`, to a relative 1e-4: the valley is flat.

    Raises ValueError for a spectrum that is not one or n < 1.
    """
    (unit, population), n = enter_varying(spectrum), validate.integer("n", n)
    low, high = population.levels[0] / (100 * n), 2 * population.levels[-1]
    grid = np.linspace(np.log(low), np.log(high), int(PER_DECADE * np.log10(high / low)) + 2)

    def loss(log_c: float) -> float:
        return law.with_ridge(population, n, float(np.exp(log_c)))

    at = int(np.argmin([loss(each) for each in grid]))
    ends = grid[max(at - 1, 0)], grid[min(at + 1, len(grid) - 1)]
    found = minimize_scalar(loss, bounds=ends, method="bounded", options={"xatol": 1e-5})
    return float(unit.on(np.exp(np.array(found.x))))


def needed(
    spectrum: Spectrum, share: float, *, reference: float = np.inf, estimated_mean: bool = False
) -> float:
    """The least n whose expected distance is at most this share of Tr Sigma; infinite if none is.

    Raises ValueError for a share that is not positive, and as `distance` does.
    """
    population = enter_varying(spectrum)[1]
    wanted = validate.number("share", validate.positive("share", share)) * population.trace

    def reached(n: int) -> bool:
        found = distance(population, n, reference=reference, estimated_mean=estimated_mean)
        return found <= wanted

    return valley.least(reached, 1 + estimated_mean)


def _sizes(n: int, reference: float, fitted_to: float, estimated_mean: bool) -> Array:
    """The sizes of the sets that are finite."""
    low, sizes = 1 + int(estimated_mean), [validate.integer("n", n, low=1 + int(estimated_mean))]
    for name, size in (("reference", reference), ("fitted_to", fitted_to)):
        if size != np.inf:
            sizes.append(validate.integer(name, size, low=low))
    return np.array(sizes, dtype=np.float64)
