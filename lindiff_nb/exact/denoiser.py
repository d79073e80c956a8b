"""The best affine denoiser of a training set, and what it costs on data it has not seen.

Noise a point,  x_t = sqrt(a) x_0 + sqrt(1-a) eps  with a = alpha_bar_t, and guess the noise by
W x_t + b. The loss is per dimension and per step, so predicting nothing costs 1:

    L(W, b) = E || eps - W x_t - b ||^2 / d

A ridge c adds c a || W ||^2 during training. All optimal denoisers of one training set, for every
a and every c, share the eigenvectors v of its covariance, so every loss below comes from one
eigendecomposition: `modes`. A loss at a = 1 is the limit a -> 1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lindiff_nb._base import matrices, rounding, validate
from lindiff_nb._base.types import Array, Reals
from lindiff_nb.exact import _mode_sums, spectra


class Modes(NamedTuple):
    """A training covariance in its eigenbasis, and the population seen from there.

    The null space may be collapsed into one entry that holds averages over it and counts with
    its dimension; the multiplicities sum to d.
    """

    eigenvalues: Array  # (m,) lambda of the training covariance
    eigenvectors: Array | None  # (d, m) columns v; None where only the losses are wanted
    population: Array  # (m,) v' Sigma v
    mean_shift: Array  # (m,) (v' (mu - mu_0))^2
    multiplicity: Array  # (m,) directions that share the entry


def optimal(
    mean: Array, covariance: Array, alpha_bar: float, c: float = 0.0
) -> tuple[Array, Array]:
    """W, (d, d), and b, (d,), that minimise  L(W, b) + c a || W ||^2 / d.

        W = sqrt(1-a) [a (Sigma_0 + c I) + (1-a) I]^-1,    b = -sqrt(a) W mu_0

    At a = 1 there is no noise to guess: W = 0. Raises ValueError for moments that do not fit
    together, alpha_bar outside (0, 1] or a negative c. Source: Merger & Goldt, eq. 8.
    """
    mean = validate.vector("mean", mean)
    a, c = validate.signal(alpha_bar), validate.ridge(c)
    eigenvalues, v = spectra.eigenpairs(covariance, d=len(mean))
    w = weights(eigenvalues, a, c) if a < 1 else np.zeros(len(mean))
    W = (v * w) @ v.T
    return W, -np.sqrt(a) * W @ mean


def loss(W: Array, b: Array, mean: Array, covariance: Array, alpha_bar: float) -> float:
    """The loss of any affine denoiser on any data with the given moments.

        L d = || I - sqrt(1-a) W ||^2 + a Tr W Sigma W' + || sqrt(a) W mu + b ||^2

    Shapes (d, d), (d,), (d,), (d, d). Raises ValueError for shapes or numbers that do not fit
    together, or alpha_bar outside (0, 1].
    """
    mean = validate.vector("mean", mean)
    d = len(mean)
    W, b = validate.matrix("W", W, (d, d)), validate.vector("b", b, d)
    covariance = matrices.covariance("covariance", covariance, d)
    a = validate.signal(alpha_bar)
    missed_noise = np.sum((np.eye(d) - np.sqrt(1 - a) * W) ** 2)
    leaked_data = a * np.sum((W @ covariance) * W)
    offset = np.sum((np.sqrt(a) * W @ mean + b) ** 2)
    return float(missed_noise + leaked_data + offset) / d


def modes(
    mean: Array,
    covariance: Array,
    population_mean: Array,
    population_covariance: Array,
) -> Modes:
    """The one eigendecomposition: of the training covariance, with the population in its basis.

    Shapes (d,), (d, d), (d,), (d, d). Raises ValueError if they do not fit together, or if a
    covariance is not symmetric and positive semi-definite up to rounding.
    """
    mean = validate.vector("mean", mean)
    d = len(mean)
    shift = validate.vector("population_mean", population_mean, d) - mean
    sigma = matrices.covariance("population_covariance", population_covariance, d)
    eigenvalues, v = spectra.eigenpairs(covariance, d=d)
    population = spectra.resolved(np.sum(v * (sigma @ v), axis=0))
    return Modes(eigenvalues, v, population, (shift @ v) ** 2, np.ones(d))


def weights(eigenvalue: Reals, alpha_bar: Reals, c: Reals = 0.0) -> Array:
    """sqrt(1-a) / (a (lambda + c) + 1 - a), the optimal W's eigenvalue; all arguments broadcast.

    It tends to zero as a -> 1, and to infinity where lambda = c = 0. Raises ValueError for
    negative eigenvalues or c, or alpha_bar outside (0, 1].
    """
    lam, a, ridge = validate.broadcast(
        eigenvalue=validate.nonnegative("eigenvalue", eigenvalue),
        alpha_bar=validate.alpha_bar(alpha_bar),
        c=validate.nonnegative("c", c),
    )
    variance = a * (lam + ridge) + (1 - a)
    infinite = np.full(variance.shape, np.inf)
    return np.divide(np.sqrt(1 - a), variance, out=infinite, where=variance > 0)[()]


def test_loss(modes: Modes, alpha_bar: Reals, c: Reals = 0.0) -> Array:
    """The optimal denoiser's loss on new data; shape of alpha_bar and c broadcast together.

        L_test = < (1 - sqrt(1-a) w)^2 + a w^2 [v' Sigma v + (v' (mu - mu_0))^2] >

    averaged over the modes, w = weights(lambda, a, c). Infinite at a = 1 without ridge if the
    population varies where the training set does not. Raises ValueError for alpha_bar outside
    (0, 1] or a negative c.
    """
    return losses(modes, alpha_bar, c)[0]


def train_loss(modes: Modes, alpha_bar: Reals, c: Reals = 0.0) -> Array:
    """The optimal denoiser's loss on its own training data, without the ridge's penalty.

        L_train = < (1 - sqrt(1-a) w)^2 + a w^2 lambda >

    Notation, shapes and errors as for `test_loss`.
    """
    return losses(modes, alpha_bar, c)[1]


def losses(modes: Modes, alpha_bar: Reals, c: Reals = 0.0) -> tuple[Array, Array]:
    """(`test_loss`, `train_loss`) for the price of one; raises what they do."""
    modes = _checked(modes)
    variances = np.stack([modes.population + modes.mean_shift, modes.eigenvalues])
    grid = validate.noise_and_ridge(alpha_bar, c)
    test, train = _mode_sums.losses(modes.eigenvalues, modes.multiplicity, variances, *grid)
    return test[()], train[()]


def residual_loss(spectrum: Array, alpha_bar: Reals) -> Array:
    """The loss nobody can beat: that of the population's own optimum, shape of alpha_bar.

        L = < a lambda / (a lambda + 1 - a) >

    averaged over the population's spectrum; at alpha_bar = 1 the share of directions that vary by
    more than rounding. Raises ValueError for a spectrum that is not one, or alpha_bar outside
    (0, 1]. Source: Merger & Goldt, eq. 9.
    """
    spectrum = validate.spectrum(spectrum)
    everything = Modes(spectrum, None, spectrum, np.zeros_like(spectrum), np.ones_like(spectrum))
    loss = train_loss(everything, alpha_bar)
    without = np.count_nonzero(rounding.resolved(spectrum)) / len(spectrum)
    return np.where(np.equal(alpha_bar, 1), without, loss)[()]


def loss_on_data(loss: Reals, alpha_bar: Reals) -> Array:
    """The squared error per dimension of the data that a denoiser of this loss implies.

        < || x_0 - x_0_hat ||^2 > / d = loss (1-a) / a,
        x_0_hat = (x_t - sqrt(1-a) eps_hat) / sqrt(a)

    Exact for every denoiser, linear or not. At a = 1, where x_t is the data, zero. The arguments
    broadcast. Raises ValueError for a loss that is negative or infinite, or alpha_bar outside
    (0, 1].
    """
    loss, a = validate.broadcast(
        loss=validate.nonnegative("loss", loss), alpha_bar=validate.alpha_bar(alpha_bar)
    )
    return loss * (1 - a) / a


def gap_by_mode(modes: Modes, alpha_bar: Reals, c: Reals = 0.0) -> Array:
    """Where the gap between test and training loss comes from, shape (..., m).

        gap = a w^2 [v' Sigma v - lambda + (v' (mu - mu_0))^2],  w = weights(lambda, a, c)

    for each mode; weighted with the multiplicities and divided by d it sums to
    test_loss - train_loss. The leading shape is that of alpha_bar and c broadcast together.
    Raises ValueError as `test_loss` does. Source: Merger & Goldt, eq. 10.
    """
    modes = _checked(modes)
    a, ridge = (part[..., None] for part in validate.noise_and_ridge(alpha_bar, c))
    excess = modes.population + modes.mean_shift - modes.eigenvalues
    w = np.asarray(weights(modes.eigenvalues, a, ridge))
    return np.multiply(a * w**2, excess, out=np.zeros(w.shape), where=excess != 0)


def _checked(modes: Modes) -> Modes:
    """Modes whose numbers can be eigenvalues, variances and counts, one of each per mode.

    Variances that rounding left below zero are zero, as those of a spectrum are.
    """
    m = np.size(modes.eigenvalues)
    rounded = {}
    for name in ("eigenvalues", "population"):
        entry = validate.vector(f"modes.{name}", getattr(modes, name), m)
        if np.any(entry < -rounding.resolution(entry)):
            raise validate.fail(f"modes.{name}", entry, "non-negative")
        rounded[name] = entry.clip(min=0)
    for name in ("mean_shift", "multiplicity"):
        entry = validate.vector(f"modes.{name}", getattr(modes, name), m)
        validate.nonnegative(f"modes.{name}", entry)
    if not np.any(modes.multiplicity):
        raise validate.fail("modes.multiplicity", modes.multiplicity, "positive somewhere")
    return modes._replace(**rounded)
