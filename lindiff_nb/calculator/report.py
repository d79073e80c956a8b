"""Everything this package can say beforehand about n images with a given spectrum.

All numbers are typical values for Gaussian data (`predict`), with the standard deviation from
one training set to the next beside them. Losses are per dimension and per noise level,
divergences in nats per dimension. A ridge, like a variance, is in the units of the data squared as
they enter the network; the noise has variance one there. Times are learning rate times steps of
gradient descent on the loss summed over dimensions.
"""

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from lindiff_nb import _validate
from lindiff_nb._types import Array, Reals
from lindiff_nb.exact.averages import gauss_rule
from lindiff_nb.exact.divergence import POPULATION, SAMPLER
from lindiff_nb.predict import best_ridge, divergence, fluctuations, losses, training

MOST = 10**6  # eigenvalues
FEW = 10**4  # eigenvalues that are taken one by one
WIDTH = 1e-3  # in ln lambda, of the bins that more of them are sorted into

Number = TypeVar("Number", float, Array)


class Losses(NamedTuple, Generic[Number]):
    """At each noise level shown, (k,) each, or as means over all of them."""

    residual: Number  # with infinitely many images
    test: Number  # on new images, at the ridge asked for
    test_sd: Number
    train: Number  # on the n images, at that ridge
    train_sd: Number
    best_c: Number  # the ridge that is best for new images
    test_at_best_c: Number
    best_time: Number  # when to stop at the ridge asked for; infinite if never
    test_at_best_time: Number


class Samples(NamedTuple):
    """What the model draws with the ridge c, against the truth."""

    c: float
    kl: float  # of the samples from the truth
    kl_sd: float
    reverse_kl: float  # of the truth from the samples
    reverse_kl_sd: float


class Needed(NamedTuple):
    """How many images are enough; infinite if no number is."""

    loss_excess: float  # share of the residual loss ..
    n_for_loss: float  # .. that the mean test loss exceeds it by, at the ridge asked for
    kl: float  # nats per dimension ..
    n_for_kl: float  # .. of the samples from the truth, at the best ridge for each n


class Report(NamedTuple):
    """The answer to a spectrum, n, c and noise levels."""

    spectrum: Array  # (d,), largest first; `lumped` if it is long
    n: int
    c: float
    all_levels: Array  # alpha_bar of every step, (T,)
    step: Array  # those shown, counted from 1, (k,)
    alpha_bar: Array  # of them, (k,)
    levels: Losses[Array]
    mean: Losses[float]  # over all levels; for each deviation an upper bound
    samples: Samples
    best_samples: Samples
    needed: Needed


def report(
    spectrum: Array,
    n: int,
    alpha_bar: Array,
    c: float = 0.0,
    *,
    rows: int = 9,
    loss_excess: float = 0.1,
    kl: float = 0.01,
) -> Report:
    """All predictions for n images at ridge c and the noise levels alpha_bar, (T,), of a schedule.

    About `rows` of the levels are shown one by one. `loss_excess` and `kl` are the aims whose price
    in images is wanted. Divergences count the directions that vary. Means over more than 32 levels
    are Gauss's (`averages`), and a spectrum longer than 10^4 is `lumped`. Raises ValueError for a
    spectrum that is not one or longer than 10^6, n < 1, alpha_bar outside (0, 1), a negative c,
    rows < 1 or an aim that is not positive.
    """
    spectrum, n = _validate.spectrum(spectrum), _validate.integer("n", n)
    if spectrum.size > MOST:
        raise _validate.fail("spectrum", spectrum.shape, f"at most {MOST} long")
    c, rows = _validate.ridge(c), _validate.integer("rows", rows)
    for aim in (("loss_excess", loss_excess), ("kl", kl)):
        _validate.positive(*aim)
    every, share = gauss_rule(alpha_bar)
    spectrum, alpha_bar = np.sort(spectrum)[::-1], np.asarray(alpha_bar, dtype=np.float64)
    spectrum = lumped(spectrum) if spectrum.size > FEW else spectrum
    step = np.unique(np.rint(np.geomspace(1, alpha_bar.size, rows)).astype(int))
    shown = alpha_bar[step - 1]
    best_c = best_ridge.for_kl(spectrum[spectrum > 0], n)
    return Report(
        spectrum,
        n,
        c,
        alpha_bar,
        step,
        shown,
        at_levels(spectrum, n, shown, c),
        mean_losses(spectrum, n, every, share, c),
        samples(spectrum, n, c),
        samples(spectrum, n, best_c),
        needed(spectrum, alpha_bar, c, loss_excess=loss_excess, kl=kl),
    )


def lumped(spectrum: Array, width: float = WIDTH) -> Array:
    """The spectrum sorted into bins of `width` in ln lambda, each replaced by its mean.

    A prediction is made of sums of smooth functions of ln lambda, and keeps a relative precision of
    width^2; the trace stays as it is. What counts for time is then the number of bins, not d.
    """
    positive = spectrum > 0
    bins = np.floor(np.log(spectrum[positive]) / width)
    _, place, counts = np.unique(bins, return_inverse=True, return_counts=True)
    result = np.zeros_like(spectrum)
    result[positive] = (np.bincount(place, spectrum[positive]) / counts)[place]
    return result


def at_levels(spectrum: Array, n: int, alpha_bar: Array, c: float) -> Losses[Array]:
    """The losses at each alpha_bar, (k,), on its own."""
    best_c = best_ridge.for_test_loss(spectrum, n, alpha_bar)
    time = training.best_stopping_time(spectrum, n, alpha_bar, c)
    stopped = training.best_stopped_loss(spectrum, n, alpha_bar, c)
    values = *_at(spectrum, n, alpha_bar, c, best_c), time, stopped
    return Losses(*(np.asarray(value) for value in values))


def mean_losses(spectrum: Array, n: int, alpha_bar: Array, share: Array, c: float) -> Losses[float]:
    """The means weighted by share over alpha_bar, (k,), with one ridge or time for all levels.

    No deviation of a mean is larger than the mean of the deviations; that is what is given.
    """
    best_c = best_ridge.for_test_loss(spectrum, n, alpha_bar, weights=share)
    time = training.best_stopping_time(spectrum, n, alpha_bar, c, weights=share)
    stopped = training.best_stopped_loss(spectrum, n, alpha_bar, c, weights=share)
    values = *_at(spectrum, n, alpha_bar, c, best_c), time, stopped
    return Losses(*(float(share @ np.broadcast_to(value, share.shape)) for value in values))


def _at(spectrum: Array, n: int, alpha_bar: Array, c: float, best_c: Reals) -> tuple[Reals, ...]:
    """Every field of `Losses` but the last two."""
    return (
        losses.residual_loss(spectrum, alpha_bar),
        losses.test_loss(spectrum, n, alpha_bar, c),
        fluctuations.test_loss(spectrum, n, alpha_bar, c),
        losses.train_loss(spectrum, n, alpha_bar, c),
        fluctuations.train_loss(spectrum, n, alpha_bar, c),
        best_c,
        losses.test_loss(spectrum, n, alpha_bar, best_c),
    )


def samples(spectrum: Array, n: int, c: float) -> Samples:
    """Both divergences at ridge c in the directions that vary, per dimension of all."""
    varying = spectrum[spectrum > 0]
    part = varying.size / spectrum.size
    values = [
        part * float(np.asarray(what(varying, n, c, direction)))
        for direction in (SAMPLER, POPULATION)
        for what in (divergence.kl, fluctuations.kl)
    ]
    return Samples(c, *values)


def needed(
    spectrum: Array, alpha_bar: Array, c: float = 0.0, *, loss_excess: float = 0.1, kl: float = 0.01
) -> Needed:
    """The least n that reaches each aim; arguments and errors as for `report`."""
    spectrum, c = _validate.spectrum(spectrum), _validate.ridge(c)
    aims = (("loss_excess", loss_excess), ("kl", kl))
    loss_excess, kl = (float(_validate.positive(*aim)) for aim in aims)
    a, share = gauss_rule(alpha_bar)
    floor = share @ np.asarray(losses.residual_loss(spectrum, a))
    varying = spectrum[spectrum > 0]
    part = varying.size / spectrum.size

    def loss_is_reached(n: int) -> bool:
        test = share @ np.asarray(losses.test_loss(spectrum, n, a, c))
        return bool(test <= (1 + loss_excess) * floor)

    def kl_is_reached(n: int) -> bool:
        ridge = best_ridge.for_kl(varying, n)
        return part * float(np.asarray(divergence.kl(varying, n, ridge))) <= kl

    return Needed(loss_excess, least(loss_is_reached), kl, least(kl_is_reached))


def least(reached: Callable[[int], bool], most: int = 2**50) -> float:
    """The least whole number at which a condition holds that stays true; infinite above `most`."""
    low, high = 0, 1
    while not reached(high):
        if high >= most:
            return np.inf
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high
