"""The losses of a report: level by level, and as means over a schedule.

There is no formula for the deviations and for the times to stop at if the mean of the data is
fitted: these are those of n - 1 images, which leave as many degrees of freedom, with it known.
"""

from typing import Generic, NamedTuple, TypeVar

import numpy as np

from lindiff_nb._base.types import Array, Reals
from lindiff_nb.predict import best_ridge, fluctuations, losses, training

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


def at_levels(spectrum: Array, n: int, alpha_bar: Array, c: float, fitted: bool) -> Losses[Array]:
    """The losses at each alpha_bar, (k,), on its own."""
    best_c = best_ridge.for_test_loss(spectrum, n, alpha_bar, estimated_mean=fitted)
    time = training.best_stopping_time(spectrum, n - fitted, alpha_bar, c)
    stopped = training.best_stopped_loss(spectrum, n - fitted, alpha_bar, c)
    values = *_at(spectrum, n, alpha_bar, c, best_c, fitted), time, stopped
    return Losses(*(np.asarray(value) for value in values))


def mean_losses(
    spectrum: Array, n: int, alpha_bar: Array, share: Array, c: float, fitted: bool
) -> Losses[float]:
    """The means weighted by share over alpha_bar, (k,), with one ridge or time for all levels.

    No deviation of a mean is larger than the mean of the deviations; that is what is given.
    """
    best_c = best_ridge.for_test_loss(spectrum, n, alpha_bar, weights=share, estimated_mean=fitted)
    time = training.best_stopping_time(spectrum, n - fitted, alpha_bar, c, weights=share)
    stopped = training.best_stopped_loss(spectrum, n - fitted, alpha_bar, c, weights=share)
    values = *_at(spectrum, n, alpha_bar, c, best_c, fitted), time, stopped
    return Losses(*(float(share @ np.broadcast_to(value, share.shape)) for value in values))


def _at(
    spectrum: Array, n: int, alpha_bar: Array, c: float, best_c: Reals, fitted: bool
) -> tuple[Reals, ...]:
    """Every field of `Losses` but the last two."""
    at = spectrum, n, alpha_bar
    test, train = losses.test_and_train_loss(*at, c, estimated_mean=fitted)
    return (
        losses.residual_loss(spectrum, alpha_bar),
        test,
        fluctuations.test_loss_sd(spectrum, n - fitted, alpha_bar, c),
        train,
        fluctuations.train_loss_sd(spectrum, n - fitted, alpha_bar, c),
        best_c,
        losses.test_loss(*at, best_c, estimated_mean=fitted),
    )
