"""What the optimal denoiser of n typical samples costs, on them and on new data.

With s = (1-a)/a the noise ratio, xi = s + c the explicit ridge, rho = s / xi (1 without c) and
kappa the effective ridge at xi (`ridge`), put

    D = df_1(kappa),    V = df_1(kappa) - df_2(kappa),    E = n - D = n xi / kappa

The averages of the resolvent G = (Sigma_0 + xi)^-1 over training sets,

    xi <Tr G>         = d - D
    xi^2 <Tr G^2>     = d - D - E V / (E + V)
    xi <Tr G Sigma G> = n^2 V / (E (E + V))

then combine into sums of non-negative terms, so that nothing cancels as s -> 0 or n -> infinity:

    L_train = (1 - rho)^2 + [rho (2 - rho) D + rho (1 - rho) E V / (E + V)] / d
    L_test  = L_train + rho D V (n + E) / (d E (E + V))

Without ridge the training loss is D / d, and what new data cost beyond it is the second line.
Every loss is per dimension and per step. A loss at a = 1 is the limit a -> 1.

The mean of the data is known. Where it is estimated from the same n points (`estimated_mean`), they
leave m = n - 1 degrees of freedom: Sigma_0 is m/n times a sample covariance of m points with known
mean, and mu_0 is off by Sigma / n, independently. So D, V, E and kappa are those of m points at
xi n / m, E = m - D, and with the rho of s and c nothing else changes but that

    L_test  gains  2 rho m V / (d E (E + V))

This is exact in the same limit of many dimensions, whatever n is.
"""

import numpy as np

from lindiff_nb._base import validate
from lindiff_nb._base.types import Array, Reals, Wholes
from lindiff_nb.predict import ridge
from lindiff_nb.predict._law import fit
from lindiff_nb.predict._law.fit import Fit, ratio
from lindiff_nb.predict.population import Spectrum, enter


def test_loss(
    spectrum: Spectrum, n: Wholes, alpha_bar: Reals, c: Reals = 0.0, *, estimated_mean: bool = False
) -> Array:
    """The typical loss on new data of the denoiser fitted to n samples with ridge c.

    The mean is known, or with `estimated_mean` that of the n samples. Returns the shape of n,
    alpha_bar and c broadcast together. Infinite at alpha_bar = 1 without ridge if n (n - 1 if the
    mean is estimated) does not exceed the rank of the population. Raises ValueError for a spectrum
    that is not one, n < 1 (n < 2 if the mean is estimated), alpha_bar outside (0, 1] or a negative
    c. Source: Merger & Goldt, eq. 13.
    """
    return of_fit(fit.solve(spectrum, n, alpha_bar, c, estimated_mean=estimated_mean))


def train_loss(
    spectrum: Spectrum, n: Wholes, alpha_bar: Reals, c: Reals = 0.0, *, estimated_mean: bool = False
) -> Array:
    """The typical loss of that denoiser on its own n samples, without the ridge's penalty.

    Shapes and errors as for `test_loss`. Source: Merger & Goldt, eq. D.18.
    """
    return _train(fit.solve(spectrum, n, alpha_bar, c, estimated_mean=estimated_mean))


def test_and_train_loss(
    spectrum: Spectrum, n: Wholes, alpha_bar: Reals, c: Reals = 0.0, *, estimated_mean: bool = False
) -> tuple[Array, Array]:
    """(`test_loss`, `train_loss`) for the price of one."""
    at = fit.solve(spectrum, n, alpha_bar, c, estimated_mean=estimated_mean)
    train = _train(at)
    return train + _gap(at), train


def gap(
    spectrum: Spectrum, n: Wholes, alpha_bar: Reals, c: Reals = 0.0, *, estimated_mean: bool = False
) -> Array:
    """test_loss - train_loss = rho D V (2n - D) / (d (n - D) (n - D + V)), without cancellation.

    Shapes, errors and the mean as for `test_loss`.
    """
    return _gap(fit.solve(spectrum, n, alpha_bar, c, estimated_mean=estimated_mean))


def residual_loss(spectrum: Spectrum, alpha_bar: Reals) -> Array:
    """The loss left with infinitely many samples and no ridge: df_1(s) / d, shape of alpha_bar.

    Raises ValueError for a spectrum that is not one, or alpha_bar outside (0, 1]. Source: Merger &
    Goldt, eq. 9.
    """
    (unit, population), a = enter(spectrum), validate.alpha_bar(alpha_bar)
    return ridge.degrees_of_freedom(unit.noise(a), population) / population.d


def alignment(
    spectrum: Spectrum, n: Wholes, alpha_bar: Reals, *, estimated_mean: bool = False
) -> Array:
    """Delta^2 = test_loss - residual_loss without ridge, to full relative precision.

    The mean square distance, per dimension, between what the fitted and the population's own
    denoiser answer to the same noised data:

        Delta^2 d = D V (n + E) / (E (E + V)) - (kappa - s) sum lambda / ((lambda+kappa) (lambda+s))

    and with `estimated_mean` 2 m V / (E (E + V)) more. Shape of n and alpha_bar together. Raises
    ValueError as `test_loss` does.
    """
    at = fit.solve(spectrum, n, alpha_bar, 0.0, estimated_mean=estimated_mean)
    saved = at.population.total(
        lambda lam, k, s: (lam / (lam + s)) * (k / (lam + k)), at.kappa, at.xi
    )
    hidden = (at.df1 + at.lost) / (at.n + at.lost)  # 1 - s / kappa
    return _gap(at) - hidden * saved / at.d


def scatter(
    spectrum: Spectrum, n: Wholes, alpha_bar: Reals, c: Reals = 0.0, *, estimated_mean: bool = False
) -> Array:
    """What test_loss owes to chance: the part that averaging many such denoisers would remove.

    It is the mean square distance, per dimension, between what a fitted denoiser and the average
    one answer to the same noised data, half of that between two denoisers of disjoint sets:

        scatter d = rho V (df_2 n / E + rho V) / (E + V)

    and with `estimated_mean` rho V (m + df_2) / (E (E + V)) more. Shapes and errors as for
    `test_loss`.
    """
    at = fit.solve(spectrum, n, alpha_bar, c, estimated_mean=estimated_mean)
    both, df2 = at.excess + at.spread, at.df1 - at.spread
    seen = df2 * at.n + at.lost * (at.n + df2)
    top = at.rho * at.spread * (seen + at.rho * at.spread * at.excess)
    return ratio(top, at.d * at.excess * both, np.inf)


def mean_error(spectrum: Spectrum, n: Wholes, alpha_bar: Reals, c: Reals = 0.0) -> Array:
    """What test_loss, alignment and scatter each gain if the mean comes from the same n samples.

        (1/d) < |W (mu_0 - mu)|^2 > a = rho n V / (d E (E + V))

    to leading order in 1/n; with `estimated_mean` these functions have it to all orders. Shapes and
    errors as for `test_loss`.
    """
    at = fit.solve(spectrum, n, alpha_bar, c)
    return ratio(at.rho * at.n * at.spread, at.d * at.excess * (at.excess + at.spread), np.inf)


def of_fit(at: Fit) -> Array:
    """`test_loss` of a solved fit."""
    return _train(at) + _gap(at)


def _train(at: Fit) -> Array:
    """L_train."""
    shared = ratio(at.excess * at.spread, at.excess + at.spread, 0.0)
    return at.rest**2 + at.rho * ((1 + at.rest) * at.df1 + at.rest * shared) / at.d


def _gap(at: Fit) -> Array:
    """L_test - L_train."""
    top = at.rho * at.spread * (at.df1 * (at.n + at.excess) + 2 * at.lost * at.n)
    return ratio(top, at.d * at.excess * (at.excess + at.spread), np.inf)
