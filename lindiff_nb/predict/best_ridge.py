"""Which ridge is best: for the loss at one noise level, for many levels at once, for the samples.

With g = 1 / (lambda + xi), xi = s + c and delta = v' Sigma v (`shrinkage`) the slope of the test
loss has two terms of opposite sign,

    (d / 2s) dL_test/dc = c <sum g^3> - <sum g^3 (delta - lambda)>

so that at a minimum c is a weighted mean of what the training set hides along its eigenvectors.
Hence every stationary point has 0 < c <= lambda_max. There may be several if the spectrum has
several scales. But as a function of ln c the loss is analytic within pi of the real axis, since a
resolvent has its poles at c < 0, so that a grid with four points a decade sees every valley; and
below s / 100 the weights g^3 are those at c = 0, so that no minimum is lower than both that and
what they ask for. Bisection of the slope then finds the bottom of the deepest valley.

With D, E, V and kappa as in `losses`, m = E / (E + V), P = sum_nu (kappa / (lambda + kappa))^3 over
all nu and U = sum_nu lambda kappa^2 / (lambda + kappa)^3,

    xi^3 <sum g^3>                  = P + (1 - m^3) U + (1 - m)^2 (1 + m) V
    xi^2 <sum g^3 (delta - lambda)> = (1 - m) (n + E) D / (2 E) [(1 - m) (1 + 2m) + m V / D
                                      + m n V / (E (n + E)) + 2 m^2 U / V]

These are derivatives of <Tr G^2> and of the gap between test and training loss, arranged such that
every term is positive.

If the mean is estimated, m = n - 1 and f = m / n, Sigma_0 is f times the covariance of m points.
With xi' = xi / f, c' = c / f and the averages for m points at xi' the slope is, up to 1 / f^2,

    c' <sum g^3> - <sum g^3 (delta - lambda)> - (2/m) <sum g^3 delta>

    xi'^2 <sum g^3 delta> = (m / (E + V))^2 [U + V^2 / E + V (V - U) / (E + V)]

of which the last is minus half the derivative of <Tr G Sigma G>. The best c is then at most
(1 + 1/n) lambda_max.

The divergence of the samples, KL(sampler || population), is convex in c, because -ln det is. It is
least where <Tr (Sigma_0 + c)^-1> = Tr Sigma^-1, and there c is at most the harmonic mean of the
spectrum, whether the mean is known or not.
"""

import numpy as np

from lindiff_nb._base import units, validate, valley
from lindiff_nb._base.types import Array, Reals
from lindiff_nb._base.valley import Pool
from lindiff_nb.predict import losses, ridge
from lindiff_nb.predict._law import fit
from lindiff_nb.predict.population import Population, Spectrum, enter, enter_varying

PER_DECADE = 4
PRECISION = 1e-6  # relative, of c
STEP = 16.0  # by which c falls until the divergence does, too


def for_test_loss(
    spectrum: Spectrum,
    n: int,
    alpha_bar: Reals,
    *,
    weights: Array | None = None,
    estimated_mean: bool = False,
) -> Array:
    """The c > 0 that minimises `losses.test_loss`, to a relative 1e-6, in the shape of alpha_bar.

    With `weights`, in the shape of alpha_bar, one c for all levels, which minimises the weighted
    mean of their losses. The mean is known, or estimated from the n points. Raises ValueError for a
    spectrum that is not one, n < 1 (n < 2 if the mean is estimated), alpha_bar outside (0, 1), for
    at 1 there is nothing to learn, and for weights that are negative, all zero or of another shape.
    """
    lost = int(estimated_mean)
    (unit, population), n = enter(spectrum), validate.integer("n", n, low=1 + lost)
    a = validate.noisy(alpha_bar)
    shape, pool = a.shape if weights is None else (), valley.pool(weights, a.shape)
    if not a.size:
        return a
    s = unit.noise(a, far=units.SQUARES).ravel()
    return unit.on(_best(population, n, s, pool, lost).reshape(shape))


def for_kl(spectrum: Spectrum, n: int, *, estimated_mean: bool = False) -> float:
    """The c that minimises `divergence.kl` of the sampler from the population, to a relative 1e-6.

    Zero if a variance is zero: there any ridge makes the divergence infinite. Raises ValueError for
    a spectrum that is not one or n < 1 (n < 2 if the mean is estimated).
    """
    lost = int(estimated_mean)
    (unit, population), n = enter_varying(spectrum), validate.integer("n", n, low=1 + lost)
    if population.rank < population.d:
        return 0.0

    def slope(c: Array) -> Array:
        """Tr Sigma^-1 - <Tr (Sigma_0 + c)^-1>, from terms in which nothing cancels."""
        at = ridge.response(c * (n / (n - lost)), population, n - lost)
        known = population.total(lambda lam, k: k / lam / (lam + k), at.kappa)
        seen = population.total(lambda lam, k: 1 / (lam + k), at.kappa)
        return known - (at.df1 + lost) / at.excess * seen

    low = high = np.array([1 / np.mean(1 / population.spectrum)])
    while slope(low) >= 0:
        low = low / STEP
    return float(unit.on(valley.root(slope, low, high, PRECISION))[0])


def _best(population: Population, n: int, s: Array, pool: Pool, lost: int) -> Array:
    """The c that minimises each pooled loss; the noise s = (1-a)/a is (p,)."""

    def slope(c: Array) -> Array:
        return pool(_slope(population, n, s, c, lost))

    cubes, hidden = _averages(population, n, s, lost)
    low = min(float(np.min(hidden * s / cubes)) / 10, float(s.min()) / 100)
    top = 2 * population.levels[-1]
    grid = np.geomspace(low, top, int(np.ceil(PER_DECADE * np.log10(top / low))) + 1)
    tried = fit.at_noise(population, np.asarray(n), s, grid[:, None], lost)
    return valley.bottom(pool(losses.of_fit(tried)), slope, grid, PRECISION)


def _slope(population: Population, n: int, s: Array, c: Array, lost: int = 0) -> Array:
    """dL_test / dc at each noise s, for c of shape (p,) or (1,)."""
    xi = s + c
    cubes, hidden = _averages(population, n, xi, lost)
    return 2 / population.d * (s / xi) / xi * (c / xi * cubes - hidden)


def _averages(population: Population, n: int, xi: Array, lost: int = 0) -> tuple[Array, Array]:
    """What c / xi weighs in the slope and what is taken off, (p,) each.

    They are xi^3 <sum g^3> and xi^2 <sum g^3 (delta - lambda)>, or what takes their place if the
    mean is estimated.
    """
    of, n = n, n - lost
    kappa, df1, excess, spread = ridge.response(xi * (of / n), population, n)
    cubes = (
        population.d
        - population.rank
        + population.total(lambda lam, k: (k / (lam + k)) ** 3, kappa)
    )
    mixed = population.total(lambda lam, k: lam / (lam + k) * (k / (lam + k)) ** 2, kappa)
    m, other = excess / (excess + spread), spread / (excess + spread)
    cubes += (1 + m + m**2) * other * mixed + other**2 * (1 + m) * spread
    bracket = other * (1 + 2 * m) + m * spread / df1
    bracket += m * n / (n + excess) * spread / excess + 2 * m**2 * mixed / spread
    hidden = other * (n + excess) * df1 / (2 * excess) * bracket
    if lost:
        seen = mixed + spread**2 / excess + other * (spread - mixed)
        hidden += 2 * n / (excess + spread) ** 2 * seen
    return cubes, hidden
