"""The loss with more images: its ratio to now as predicted, times the loss now.

The prediction is that of the population's spectrum and the images' energies, both read from the
same leverages: P(m) / P(n) times the loss now.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from lindiff_nb._base.types import Array
from lindiff_nb.advise.best_ridge import NOISE, WEIGHTS, best, grid_of, valley
from lindiff_nb.exact import left_out
from lindiff_nb.exact.inversion import Inverted
from lindiff_nb.exact.left_out import Sample
from lindiff_nb.predict import elliptical
from lindiff_nb.predict.elliptical import Levels

NO_END = 20  # units below which nothing is told of endless images
SPARSE = 50, 16  # fewer images than this and than d over that: 2n alone is told
QUANTILES = 500  # of the energies
ENDLESS = "endless"


class Forecast(NamedTuple):
    """The loss with so many images, and between what it is expected, None where it is not."""

    images: float
    loss: float
    interval: tuple[float, float] | None


def about(value: float, width: float) -> tuple[float, float]:
    """An interval of numbers that are not negative."""
    return max(0.0, value - width), value + width


def quantiles(e: Array) -> Array:
    """As many energies as matter."""
    if e.size <= QUANTILES:
        return e
    return np.quantile(e, (np.arange(QUANTILES) + 0.5) / QUANTILES)


class Ahead(NamedTuple):
    """What is predicted for other numbers of images."""

    sample: Sample
    found: Inverted
    energies: Array

    def best(self, m: float, energies: Array | None = None) -> float:
        """P(m): the loss with m images at the ridge that is best for them."""
        levels = Levels(self.found.lam, self.found.counts)
        e = self.energies if energies is None else energies
        if np.isinf(m):
            return float(WEIGHTS @ elliptical.test_loss(levels, m, NOISE, 0.0, e))
        d = levels.counts.sum()
        return valley(lambda xi: elliptical.traces(levels, m, xi, e), grid_of(self.sample), d).loss

    def images_for(self, ratio: float) -> float | None:
        """How many images bring the loss to this ratio of that of now; None if no number does."""
        n = self.sample.n
        limit = ratio * self.best(n)
        if not self.best(n / 8 + 1) > limit > self.best(1e6 * n):
            return None
        ends = np.log([n / 8 + 1, 1e6 * n])
        return float(np.exp(brentq(lambda t: self.best(np.exp(t)) - limit, *ends, xtol=1e-3)))

    def worth(self) -> float:
        """How many images of equal energies would have the loss of now."""
        n, one = self.sample.n, np.ones(1)
        limit = self.best(n)
        ends = np.log([2.0, 4.0 * n])
        if not self.best(2.0, one) > limit > self.best(4.0 * n, one):
            return float(n)
        return float(np.exp(brentq(lambda t: self.best(np.exp(t), one) - limit, *ends, xtol=1e-4)))


def forecasts(sample: Sample, ahead: Ahead, now: float, error: float) -> dict[str, Forecast]:
    """With twice and four times as many images and with endless ones, as far as can be told."""
    n, d, count = sample.n, sample.d, len(sample.groups)
    sizes = {"2n": 2.0 * n, "4n": 4.0 * n, ENDLESS: np.inf}
    if n < SPARSE[0] and n < d / SPARSE[1]:
        sizes = {"2n": 2.0 * n}
    elif count < NO_END:
        del sizes[ENDLESS]
    base, gain = ahead.best(n), _gain(sample, now)
    result = {}
    for name, m in sizes.items():
        loss = now * ahead.best(m) / base
        if np.isfinite(m):
            loss = max(loss, now - np.log2(m / n) * gain)
        width = 2 * np.hypot(error, (now - loss) / 4)
        result[name] = Forecast(m, loss, about(loss, width))
    return result


def _gain(sample: Sample, now: float) -> float:
    """What the last doubling brought: a forecast gains no more by the next."""
    order = np.random.default_rng(0).permutation(len(sample.groups))
    parts = np.array_split(order, 2)
    rows = [np.sort(np.concatenate([sample.groups[at] for at in part])) for part in parts]
    half = np.mean([best(left_out.part(sample, part)).loss for part in rows])
    return max(0.0, float(half) - now)
