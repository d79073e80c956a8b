"""Everything this package can say beforehand about n images with a given spectrum.

All numbers are typical values for Gaussian data (`predict`), with the standard deviation from
one training set to the next beside them. The model fits the mean of the data to the same n images,
as every real one does, or with mean="known" is told it. There is no formula for the deviations of
the losses, for the times to stop at and for shrinkage with a fitted mean: these are those of n - 1
images, which leave as many degrees of freedom, with the mean known. Without ridge the divergences
and their deviations are exact in any number of dimensions.

Losses are per dimension and per noise level, divergences in nats per dimension. A ridge, like a
variance, is in the units of the data squared as they enter the network; the noise has variance one
there. Times are learning rate times steps of gradient descent on the loss summed over dimensions.
"""

from typing import NamedTuple

import numpy as np

from lindiff_nb._base import validate
from lindiff_nb._base.types import Array
from lindiff_nb.calculator import _frechet, _inputs, _needed
from lindiff_nb.calculator._frechet import Frechet
from lindiff_nb.calculator._losses import Losses, at_levels, mean_losses, shrunk
from lindiff_nb.calculator._needed import Needed
from lindiff_nb.exact.averages import gauss_rule
from lindiff_nb.exact.divergence import POPULATION, SAMPLER
from lindiff_nb.predict import best_ridge, divergence, fluctuations
from lindiff_nb.predict.population import Population

ROWS = 10**4  # noise levels shown


class Samples(NamedTuple):
    """What the model draws with the ridge c, against the truth."""

    c: float
    kl: float  # of the samples from the truth
    kl_sd: float
    reverse_kl: float  # of the truth from the samples
    reverse_kl_sd: float


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
    fitted: bool  # whether the mean comes from the n images too
    frechet: Frechet
    shrunk: float  # mean loss of the best denoiser with the training set's directions; mean known


def report(
    spectrum: Array,
    n: int,
    alpha_bar: Array,
    c: float = 0.0,
    *,
    rows: int = 9,
    loss_excess: float = 0.1,
    kl: float = 0.01,
    mean: str = "fitted",
    exact: bool = False,
) -> Report:
    """All predictions for n images at ridge c and the noise levels alpha_bar, (T,), of a schedule.

    About `rows` of the levels are shown one by one. `loss_excess` and `kl` are the aims whose price
    in images is wanted. `mean` is "fitted" to the n images or "known". Divergences count the
    directions that vary: what cannot be told from rounding is zero, unless the spectrum is known to
    be `exact`. Means over more than 32 levels are Gauss's (`averages`), and a spectrum longer than
    10^4 is `lumped`. Raises ValueError for a spectrum that is not one, is longer than 10^6 or spans
    more than a factor 10^150, n < 1, n = 1 if the mean is fitted, alpha_bar outside [1e-100, 1) or
    longer than 10^6, a negative c, rows outside 1 to 10^4, an aim that is not positive or another
    mean.
    """
    fitted = _inputs.is_fitted(mean)
    n = validate.integer("n", n)
    if fitted and n == 1:
        raise validate.fail("n", n, "an integer >= 2 where the mean is fitted")
    spectrum, alpha_bar = _inputs.spectrum(spectrum, exact), _inputs.levels(alpha_bar)
    c, rows = validate.ridge(c), validate.integer("rows", rows)
    if rows > ROWS:
        raise validate.fail("rows", rows, f"at most {ROWS}")
    aims = _needed.aims(loss_excess, kl)
    every, share = gauss_rule(alpha_bar)
    step = np.unique(np.rint(np.geomspace(1, alpha_bar.size, rows)).astype(int))
    shown = alpha_bar[step - 1]
    population = Population(spectrum)
    best_c = best_ridge.for_kl(population.seen, n, estimated_mean=fitted)
    return Report(
        spectrum,
        n,
        c,
        alpha_bar,
        step,
        shown,
        at_levels(population, n, shown, c, fitted),
        mean_losses(population, n, every, share, c, fitted),
        samples(population, n, c, fitted),
        samples(population, n, best_c, fitted),
        _needed.found(population, every, share, c, fitted, *aims),
        fitted,
        _frechet.expected(spectrum, n),
        shrunk(population, n, every, share, fitted),
    )


def samples(population: Population, n: int, c: float, fitted: bool) -> Samples:
    """Both divergences at ridge c in the directions that vary, per dimension of all."""
    varying, values = population.seen, []
    for way in (SAMPLER, POPULATION):
        for ridged, free in (
            (divergence.kl, divergence.wishart_kl),
            (fluctuations.kl_sd, fluctuations.wishart_kl_sd),
        ):
            if c > 0:
                values.append(float(ridged(varying, n, c, way, estimated_mean=fitted)))
            else:
                values.append(free(varying.d, n, way, estimated_mean=fitted))
    return Samples(c, *(varying.d / population.d * value for value in values))
