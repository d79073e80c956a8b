"""The losses of a report: level by level, and as means over a schedule.

There is no formula for the deviations, the times to stop at and shrinkage if the mean of the data
is fitted: these are those of n - 1 images, which leave as many degrees of freedom, with it known.
"""

from typing import Generic, NamedTuple, TypeVar

import numpy as np

from lindiff_nb._base.types import Array
from lindiff_nb.predict import best_ridge, fluctuations, losses, shrinkage, training
from lindiff_nb.predict.population import Population

Number = TypeVar("Number", float, Array)


class Losses(NamedTuple, Generic[Number]):
    """At each noise level shown, (k,) each, or as means over all of them."""

    residual: Number  # with infinitely many images
    test: Number  # on new images, at the ridge asked for
    test_sd: Number  # mean known
    train: Number  # on the n images, at that ridge
    train_sd: Number  # mean known
    best_c: Number  # the ridge that is best for new images
    test_at_best_c: Number
    best_time: Number  # when to stop at the ridge asked for; infinite if never; mean known
    test_at_best_time: Number  # mean known


def at_levels(
    population: Population, n: int, alpha_bar: Array, c: float, fitted: bool
) -> Losses[Array]:
    """The losses at each alpha_bar, (k,), on its own."""
    return Losses(*_losses(population, n, alpha_bar, c, fitted, None))


def mean_losses(
    population: Population, n: int, alpha_bar: Array, share: Array, c: float, fitted: bool
) -> Losses[float]:
    """The means weighted by share over alpha_bar, (k,), with one ridge or time for all levels.

    No deviation of a mean is larger than the mean of the deviations; that is what is given.
    """
    values = _losses(population, n, alpha_bar, c, fitted, share)
    return Losses(*(float(share @ np.broadcast_to(value, share.shape)) for value in values))


def shrunk(population: Population, n: int, alpha_bar: Array, share: Array, fitted: bool) -> float:
    """The mean test loss of the best denoiser that keeps the training set's directions."""
    return float(share @ shrinkage.best_linear_loss(population, n - fitted, alpha_bar))


def _losses(
    population: Population, n: int, alpha_bar: Array, c: float, fitted: bool, share: Array | None
) -> tuple[Array, ...]:
    """Every field of `Losses`; with shares one best ridge and time for all levels."""
    best_c = best_ridge.for_test_loss(
        population, n, alpha_bar, weights=share, estimated_mean=fitted
    )
    test, train = losses.test_and_train_loss(population, n, alpha_bar, c, estimated_mean=fitted)
    known = population, n - fitted, alpha_bar, c
    return (
        losses.residual_loss(population, alpha_bar),
        test,
        fluctuations.test_loss_sd(*known),
        train,
        fluctuations.train_loss_sd(*known),
        best_c,
        losses.test_loss(population, n, alpha_bar, best_c, estimated_mean=fitted),
        *training.best_stopping(*known, weights=share),
    )
