"""The best affine denoiser of a training set, and what it costs on data it has not seen.

Noise a point,  x_t = sqrt(a) x_0 + sqrt(1-a) eps  with a = alpha_bar_t, and guess the noise by
W x_t + b. The loss is per dimension and per step, so predicting nothing costs 1:

    L(W, b) = E || eps - W x_t - b ||^2 / d

A ridge c adds c a || W ||^2 during training. All optimal denoisers of one training set, for every
a and every c, share the eigenvectors v of its covariance, so every loss below comes from one
eigendecomposition: `modes`. A loss at a = 1 is the limit a -> 1.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lindiff_nb import _validate
from lindiff_nb._types import Array, Reals, reals
from lindiff_nb.exact import spectra

BLOCK = 2**22  # numbers per temporary array, 32 MiB


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
    mean: ArrayLike, covariance: ArrayLike, alpha_bar: float, c: float = 0.0
) -> tuple[Array, Array]:
    """W, (d, d), and b, (d,), that minimise  L(W, b) + c a || W ||^2 / d.

        W = sqrt(1-a) [a (Sigma_0 + c I) + (1-a) I]^-1,    b = -sqrt(a) W mu_0

    At a = 1 there is no noise to guess: W = 0. Raises ValueError for moments that do not fit
    together, alpha_bar outside (0, 1] or a negative c. Source: Merger & Goldt, eq. 8.
    """
    mean = _validate.vector("mean", mean)
    a, c = _validate.signal(alpha_bar), _validate.ridge(c)
    eigenvalues, v = spectra.eigenpairs(covariance, d=len(mean))
    w = weights(eigenvalues, a, c) if a < 1 else np.zeros(len(mean))
    weight = (v * w) @ v.T
    return weight, -np.sqrt(a) * weight @ mean


def loss(
    W: ArrayLike, b: ArrayLike, mean: ArrayLike, covariance: ArrayLike, alpha_bar: float
) -> float:
    """The loss of any affine denoiser on any data with the given moments.

        L d = || I - sqrt(1-a) W ||^2 + a Tr W Sigma W' + || sqrt(a) W mu + b ||^2

    Shapes (d, d), (d,), (d,), (d, d). Raises ValueError for shapes or numbers that do not fit
    together, or alpha_bar outside (0, 1].
    """
    mean = _validate.vector("mean", mean)
    d = len(mean)
    W, b = _validate.matrix("W", W, (d, d)), _validate.vector("b", b, d)
    covariance = _validate.covariance("covariance", covariance, d)
    a = _validate.signal(alpha_bar)
    missed_noise = np.sum((np.eye(d) - np.sqrt(1 - a) * W) ** 2)
    leaked_data = a * np.sum((W @ covariance) * W)
    offset = np.sum((np.sqrt(a) * W @ mean + b) ** 2)
    return float(missed_noise + leaked_data + offset) / d


def modes(
    mean: ArrayLike,
    covariance: ArrayLike,
    population_mean: ArrayLike,
    population_covariance: ArrayLike,
) -> Modes:
    """The one eigendecomposition: of the training covariance, with the population in its basis.

    Shapes (d,), (d, d), (d,), (d, d). Raises ValueError if they do not fit together, or if a
    covariance is not symmetric and positive semi-definite up to rounding.
    """
    mean = _validate.vector("mean", mean)
    d = len(mean)
    shift = _validate.vector("population_mean", population_mean, d) - mean
    sigma = _validate.covariance("population_covariance", population_covariance, d)
    eigenvalues, v = spectra.eigenpairs(covariance, d=d)
    population = np.sum(v * (sigma @ v), axis=0).clip(min=0)
    return Modes(eigenvalues, v, population, (shift @ v) ** 2, np.ones(d))


def weights(eigenvalue: ArrayLike, alpha_bar: ArrayLike, c: ArrayLike = 0.0) -> Reals:
    """sqrt(1-a) / (a (lambda + c) + 1 - a), the optimal W's eigenvalue; all arguments broadcast.

    It tends to zero as a -> 1, and to infinity where lambda = c = 0. Raises ValueError for
    negative eigenvalues or c, or alpha_bar outside (0, 1].
    """
    lam, a, ridge = _validate.broadcast(
        eigenvalue=_validate.nonnegative("eigenvalue", eigenvalue),
        alpha_bar=_validate.alpha_bar(alpha_bar),
        c=_validate.nonnegative("c", c),
    )
    variance = a * (lam + ridge) + (1 - a)
    infinite = np.full(variance.shape, np.inf)
    return reals(np.divide(np.sqrt(1 - a), variance, out=infinite, where=variance > 0))


def test_loss(modes: Modes, alpha_bar: ArrayLike, c: ArrayLike = 0.0) -> Reals:
    """The optimal denoiser's loss on new data; shape of alpha_bar and c broadcast together.

        L_test = < (1 - sqrt(1-a) w)^2 + a w^2 [v' Sigma v + (v' (mu - mu_0))^2] >

    averaged over the modes, w = weights(lambda, a, c). Infinite at a = 1 without ridge if the
    population varies where the training set does not. Raises ValueError for alpha_bar outside
    (0, 1] or a negative c.
    """
    modes = _checked(modes)
    return _loss(modes, modes.population + modes.mean_shift, alpha_bar, c)


def train_loss(modes: Modes, alpha_bar: ArrayLike, c: ArrayLike = 0.0) -> Reals:
    """The optimal denoiser's loss on its own training data, without the ridge's penalty.

        L_train = < (1 - sqrt(1-a) w)^2 + a w^2 lambda >

    Notation, shapes and errors as for `test_loss`.
    """
    modes = _checked(modes)
    return _loss(modes, modes.eigenvalues, alpha_bar, c)


def residual_loss(spectrum: Array, alpha_bar: ArrayLike) -> Reals:
    """The loss nobody can beat: that of the population's own optimum, shape of alpha_bar.

        L = < a lambda / (a lambda + 1 - a) >

    averaged over the population's spectrum. Raises ValueError for a spectrum that is not one, or
    alpha_bar outside (0, 1]. Source: Merger & Goldt, eq. 9.
    """
    spectrum = _validate.spectrum(spectrum)
    everything = Modes(spectrum, None, spectrum, np.zeros_like(spectrum), np.ones_like(spectrum))
    return train_loss(everything, alpha_bar)


def gap_by_mode(modes: Modes, alpha_bar: ArrayLike, c: ArrayLike = 0.0) -> Array:
    """Where the gap between test and training loss comes from, shape (..., m).

        gap = a w^2 [v' Sigma v - lambda + (v' (mu - mu_0))^2],  w = weights(lambda, a, c)

    for each mode; weighted with the multiplicities and divided by d it sums to
    test_loss - train_loss. The leading shape is that of alpha_bar and c broadcast together.
    Raises ValueError as `test_loss` does. Source: Merger & Goldt, eq. 10.
    """
    modes = _checked(modes)
    a, ridge = (part[..., None] for part in _grid(alpha_bar, c))
    excess = modes.population + modes.mean_shift - modes.eigenvalues
    w = np.asarray(weights(modes.eigenvalues, a, ridge))
    return np.multiply(a * w**2, excess, out=np.zeros(w.shape), where=excess != 0)


def _loss(modes: Modes, variance: Array, alpha_bar: ArrayLike, c: ArrayLike) -> Reals:
    """< (1 - sqrt(1-a) w)^2 + a w^2 variance > in sums of squares, so that nothing cancels.

    With r = w / sqrt(1-a) it is  < a^2 (lambda + c)^2 r^2 + a (1-a) variance r^2 >: on the grid of
    a and c, r^2 times a few vectors.
    """
    grid = _grid(alpha_bar, c)
    a, ridge = (part.ravel() for part in grid)
    lam, counts = modes.eigenvalues, modes.multiplicity
    vectors = np.stack([lam**2, 2 * lam, np.ones_like(lam), variance], axis=1) * counts[:, None]
    square, double, one, spread = _squared_resolvent(lam, a, ridge, vectors)
    total = a**2 * (square + ridge * double + ridge**2 * one) + a * (1 - a) * spread
    unseen = variance[(lam == 0) & (counts > 0)].any()
    total = np.where((a == 1) & (ridge == 0) & unseen, np.inf, total) / counts.sum()
    return reals(total.reshape(grid[0].shape))


def _squared_resolvent(lam: Array, a: Array, c: Array, vectors: Array) -> Array:
    """sum_m r_m^2 vectors_m, (k, points), r = 1/(a (lambda + c) + 1 - a), and 0 for 1/0."""
    sums = np.empty((len(a), vectors.shape[1]))
    rows = max(1, BLOCK // len(lam))
    for start in range(0, len(a), rows):
        block = slice(start, start + rows)
        r = np.multiply.outer(a[block], lam) + (a * c + (1 - a))[block, None]
        np.divide(1, r, out=r, where=r > 0)
        sums[block] = np.square(r, out=r) @ vectors
    return sums.T


def _grid(alpha_bar: ArrayLike, c: ArrayLike) -> tuple[Array, ...]:
    """The checked alpha_bar and c in their common shape."""
    a, ridge = _validate.alpha_bar(alpha_bar), _validate.nonnegative("c", c)
    return _validate.broadcast(alpha_bar=a, c=ridge)


def _checked(modes: Modes) -> Modes:
    """Modes whose numbers can be eigenvalues, variances and counts, one of each per mode."""
    m = np.size(modes.eigenvalues)
    for name in ("eigenvalues", "population", "mean_shift", "multiplicity"):
        entry = f"modes.{name}"
        _validate.nonnegative(entry, _validate.vector(entry, getattr(modes, name), m))
    if not np.any(modes.multiplicity):
        raise _validate.fail("modes.multiplicity", modes.multiplicity, "positive somewhere")
    return modes
