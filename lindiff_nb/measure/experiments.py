"""Gaussian training sets: draw them, fit, and see what comes out.

n points from N(0, Sigma), Sigma = diag(spectrum). A diagonal Sigma is no loss of generality:
a rotation of the data rotates Sigma, Sigma_0 and the denoiser alike, and neither losses nor
divergences notice. The mean is known to be zero, or with `estimated_mean` it is that of the n
points.

One eigendecomposition a draw serves every alpha_bar and every c; with fewer points than
dimensions it is that of the n x n Gram matrix. Every function takes a generator and returns raw
draws, first axis first, so that the caller owns means and error bars. But for `sample_modes`, n may
be an array of sizes: all sets of one size are drawn before those of the next, and the axes of n
come behind that of the draws. All raise ValueError for a seed in place of a generator, a spectrum
that is not one, n < 1 (n < 2 if the mean is estimated) or draws < 1.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from lindiff_nb._base import units, validate
from lindiff_nb._base.types import Array, Reals, Wholes
from lindiff_nb.exact import denoiser, training
from lindiff_nb.exact.denoiser import Modes
from lindiff_nb.exact.divergence import POPULATION, SAMPLER
from lindiff_nb.measure import _divergence as divergence
from lindiff_nb.measure import _training_set as training_set
from lindiff_nb.measure._training_set import TrainingSet


class Losses(NamedTuple):
    """Losses per dimension and per step, (draws, *shape of n, ...)."""

    test: Array
    train: Array


def sample_modes(
    rng: np.random.Generator, spectrum: Array, n: int, *, estimated_mean: bool = False
) -> Modes:
    """One training set, and its population, in the eigenbasis of the training covariance.

    Eigenvalues decrease. The null space of the training covariance, if any, is the last entry,
    with its dimension as multiplicity. No eigenvectors are kept.
    """
    rng, spectrum = _checked(rng, spectrum)
    n = validate.integer("n", n, low=1 + estimated_mean)
    unit, spectrum = units.varying(spectrum)
    found = training_set.modes(training_set.draw(rng, spectrum, n, estimated_mean))
    return found._replace(
        eigenvalues=unit.on(found.eigenvalues),
        population=unit.on(found.population),
        mean_shift=unit.on(found.mean_shift),
    )


def eigenvalues(rng: np.random.Generator, spectrum: Array, n: Wholes, draws: int = 1) -> Array:
    """Eigenvalues of sample covariances, (draws, *shape of n, d), decreasing, zeros included.

    Raises ValueError for a spectrum that is not one, or n or draws < 1.
    """
    rng, spectrum = _checked(rng, spectrum)
    unit, spectrum = units.varying(spectrum)
    sets = _sets(rng, spectrum, n, draws)
    result = np.empty((draws, *np.shape(n), len(spectrum)))
    for place, points in sets:
        result[place] = training_set.eigenvalues(points)
    return unit.on(result)


def losses(
    rng: np.random.Generator,
    spectrum: Array,
    n: Wholes,
    alpha_bar: Reals,
    c: Reals = 0.0,
    draws: int = 10,
    *,
    estimated_mean: bool = False,
) -> Losses:
    """Test and training loss of the optimal denoiser, (draws, *shape of n, *of alpha_bar and c).

    Exact averages over new data and noise: only the training set is drawn. Raises ValueError also
    for alpha_bar outside (0, 1] or a negative c.
    """
    rng, spectrum = _checked(rng, spectrum)
    a, c = validate.noise_and_ridge(alpha_bar, c)
    sets = _sets(rng, spectrum, n, draws, estimated_mean)
    result = Losses(*np.empty((2, draws, *np.shape(n), *a.shape)))
    for place, points in sets:
        result.test[place], result.train[place] = denoiser.losses(training_set.modes(points), a, c)
    return result


def training_losses(
    rng: np.random.Generator,
    spectrum: Array,
    n: Wholes,
    alpha_bar: Reals,
    tau: Reals,
    c: Reals = 0.0,
    eta: Reals = 1.0,
    draws: int = 10,
    *,
    estimated_mean: bool = False,
) -> Losses:
    """Test and training loss after gradient flow for a time tau, as in `exact.training`.

    Use this when the scatter from one training set to the next is wanted, or to test
    `predict.training`, which has the typical curve; `exact.training` has that of one set. Each
    (draws, *shape of n, *of alpha_bar, tau, c and eta). Raises ValueError also for alpha_bar
    outside (0, 1], negative tau or c, or eta that is not positive.
    """
    rng, spectrum = _checked(rng, spectrum)
    a, _, _ = training.grid(alpha_bar, tau, c, eta)
    sets = _sets(rng, spectrum, n, draws, estimated_mean)
    result = Losses(*np.empty((2, draws, *np.shape(n), *a.shape)))
    for place, points in sets:
        modes = training_set.modes(points)
        result.test[place], result.train[place] = training.losses(modes, alpha_bar, tau, c, eta)
    return result


def kl(
    rng: np.random.Generator,
    spectrum: Array,
    n: Wholes,
    c: Reals,
    draws: int = 10,
    direction: str = SAMPLER,
    *,
    estimated_mean: bool = False,
) -> Array:
    """Divergence of the sampler's N(mu_0, Sigma_0 + c) from the truth, (draws, *shape of n, *of c).

    In nats per dimension. Without ridge, directions in which the population does not vary do not
    count, and the divergence is infinite unless the training set spans the others; with ridge
    they make it infinite. Raises ValueError also for a negative c or an unknown direction.
    """
    rng, spectrum = _checked(rng, spectrum)
    unit, spectrum = units.varying(spectrum)
    c = unit.off("c", validate.nonnegative("c", c))
    to_population = validate.choice("direction", direction, (SAMPLER, POPULATION)) == SAMPLER
    sets = _sets(rng, spectrum, n, draws, estimated_mean)
    result = np.empty((draws, *np.shape(n), *c.shape))
    for place, points in sets:
        result[place] = _kl(points, c.ravel(), to_population).reshape(c.shape)
    return result / len(spectrum)


def _kl(points: TrainingSet, c: Array, to_population: bool) -> Array:
    """Total divergence at each c, (k,)."""
    result = np.full(c.shape, np.inf)
    if np.any(c == 0):
        result[c == 0] = divergence.without_ridge(points)[0 if to_population else 1]
    if np.any(c > 0) and points.d == len(points.variances):
        formula = (
            divergence.sampler_to_population if to_population else divergence.population_to_sampler
        )
        result[c > 0] = formula(points, c[c > 0])
    return result


def _sets(
    rng: np.random.Generator, spectrum: Array, n: Wholes, draws: int, estimated_mean: bool = False
) -> Iterator[tuple[tuple[int, ...], TrainingSet]]:
    """All training sets, each with its place, (draw, *index of n): one size after the other."""
    sizes = validate.integers("n", n, low=1 + estimated_mean)
    draws = validate.integer("draws", draws)
    return (
        ((draw, *index), training_set.draw(rng, spectrum, int(size), estimated_mean))
        for index, size in np.ndenumerate(sizes)
        for draw in range(draws)
    )


def _checked(rng: np.random.Generator, spectrum: Array) -> tuple[np.random.Generator, Array]:
    """The arguments that every function takes."""
    spectrum = validate.varying(spectrum)
    return validate.generator(rng), spectrum
