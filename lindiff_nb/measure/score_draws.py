"""Scores in d dimensions: trained, and how far from the truth, by draws of the noised law.

On the line all averages over noise are in closed form (`random_features`, `score_divergence`). In
d dimensions moments of pairs of rectified features are not, so the averages are means over draws.
Each draw has a time of its own: v = (i + U) / N, one in each of N strata, and
t = start + (1 - start) v^2 with weight 2 v. A rule with few nodes in t would be fitted at the nodes
and nowhere else.

A random-feature score is

    s(x, t) = sum_j a_j max(0, w_j . x + u_j . e(t)) / sqrt(m)        a_j in R^d

trained by gradient flow as in `random_features`. Given x_t, the mean of -z / sigma is the score of
the noised points, which is known: the regression is on that. It has the same expectation, and no
noise is left for the features to fit but the points' own.

    bound = (1/2) int beta E_{p_t} || s - s* ||^2 dt

is KL(p_start || end of the reverse equation) - KL(p_1 || N(0, I)) or more, as in one dimension.
Source: Li et al. 2023, eqs. 5, 9, 12; Song et al. 2021 (maximum likelihood), theorem 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lindiff_nb._base import validate
from lindiff_nb._base.types import Array
from lindiff_nb.exact.isotropic import IsotropicModes
from lindiff_nb.exact.sde import END, VP, VariancePreserving
from lindiff_nb.measure._score_masses import score_values
from lindiff_nb.measure.random_features import EMBEDDED, coefficients
from lindiff_nb.measure.score_divergence import Nats

DRAWS = 2**17
BLOCK = 2**11  # draws held at once, with their features
Score = Callable[[Array, Array], Array]  # x (N, d) and t (N,) -> (..., N, d)


class VectorFeatures(NamedTuple):
    """Frozen weights of the point, (m, d), and of e(t), (m, k)."""

    w: Array
    u: Array

    def values(self, x: Array, t: Array) -> Array:
        """max(0, w . x + u . e(t)), (N, m), at x, (N, d), and t, (N,)."""
        embedded = np.cos(np.pi * np.arange(self.u.shape[1]) * t[:, None])
        return np.maximum(x @ self.w.T + embedded @ self.u.T, 0)


class Along(NamedTuple):
    """`bound` after training times tau, (T,), for each seed. On noised points, too."""

    tau: Array
    new: Array  # (seeds, T), of what was learned, on the population
    own: Array  # (seeds, T), of what was learned, on the training points
    truth: Array  # (seeds,), of the true score, on the training points

    @property
    def copied(self) -> Array:
        """own / truth, (seeds, T): below one the points are fitted better than by the truth."""
        return self.own / self.truth[:, None]


def draw(rng: np.random.Generator, m: int, d: int) -> VectorFeatures:
    """m random features: Gaussian (w, u), divided by |w|_1 + |u|_1. ValueError if m or d < 1."""
    shape = validate.integer("m", m), validate.integer("d", d) + EMBEDDED
    v = validate.generator(rng).standard_normal(shape)
    v /= np.abs(v).sum(axis=1, keepdims=True)
    return VectorFeatures(v[:, :d], v[:, d:])


def train(
    rng: np.random.Generator,
    features: VectorFeatures,
    law: IsotropicModes,
    tau: ArrayLike,
    draws: int = DRAWS,
    process: VariancePreserving = VP,
) -> Array:
    """a, (T, d, m), after training times tau, (T,), on points or on a population.

    The loss weighs time by the variance of the noise. Raises ValueError for tau < 0, draws < 1, or
    a law of another dimension than the features.
    """
    m, d = features.w.shape
    if law.d != d:
        raise validate.fail("law", law.means.shape, f"in {d} dimensions, as the features are")
    K, b = np.zeros((m, m)), np.zeros((d, m))
    for t, x, share in _noised(rng, law, draws, process):
        phi, pull = features.values(x, t), (share * process.noise(t))[:, None]
        K += phi.T @ (pull * phi) / m
        b += law.score(x, process.alpha_bar(t)).T @ (pull * phi) / np.sqrt(m)
    return np.moveaxis(coefficients(K, b, tau), 0, 1)


def score(features: VectorFeatures, a: Array) -> Score:
    """The score with a, (..., d, m), as a function of x, (N, d), and t, (N,): (..., N, d)."""
    scaled = a / np.sqrt(len(features.w))
    return lambda x, t: np.swapaxes(scaled @ features.values(x, t).T, -1, -2)


def bound(
    rng: np.random.Generator,
    score: Score,
    law: IsotropicModes,
    *,
    mode: int | None = None,
    draws: int = DRAWS,
    process: VariancePreserving = VP,
) -> Nats:
    """(1/2) int beta E_{p_t} || s - s* ||^2 dt in nats, (...), and the standard error of the mean.

    `score` takes x, (N, d), and t, (N,), and gives (..., N, d), of which ... is kept. With `mode`
    the mean is over that mode alone; the bound is the weighted mean of its modes'. Raises
    ValueError for draws < 2 or a score that is not finite or of another shape.
    """
    count, total, square = validate.integer("draws", draws, low=2), np.zeros(()), np.zeros(())
    for t, x, share in _noised(rng, law, count, process, mode):
        values = score_values(score(x, t), x.shape)
        off = np.sum(np.square(values - law.score(x, process.alpha_bar(t))), axis=-1)
        off *= share * process.girsanov(t)
        total, square = total + off.sum(axis=-1), square + count * np.sum(off**2, axis=-1)
    return Nats(total, np.sqrt(np.maximum(square - total**2, 0) / count))


def along_training(
    rng: np.random.Generator,
    law: IsotropicModes,
    m: int,
    n: int,
    tau: ArrayLike,
    seeds: int = 1,
    draws: int = 2**15,
) -> Along:
    """Train m features on n points, both drawn anew for each seed; measure on new and own points.

    An eighth of the draws judges. Raises ValueError for m, n, seeds < 1, draws < 16 or tau < 0.
    """
    judges = validate.integer("draws", draws, low=16) // 8
    truth, times = _true(law), validate.times(tau)
    found = []
    for _ in range(validate.integer("seeds", seeds)):
        features, points = draw(rng, m, law.d), IsotropicModes(law.draw(rng, n))
        learned = score(features, train(rng, features, points, times, draws))
        judge = int(rng.integers(2**32))  # the same draws for all: a ratio without noise
        judged = ((learned, law), (learned, points), (truth, points))
        rngs = [np.random.default_rng(judge) for _ in judged]
        found.append([bound(g, *of, draws=judges).nats for g, of in zip(rngs, judged, strict=True)])
    return Along(times, *map(np.array, zip(*found, strict=True)))


def _true(law: IsotropicModes, process: VariancePreserving = VP) -> Score:
    """The score of the noised law."""
    return lambda x, t: law.score(x, process.alpha_bar(t))


def _noised(
    rng: np.random.Generator,
    law: IsotropicModes,
    draws: int,
    process: VariancePreserving,
    mode: int | None = None,
) -> Iterator[tuple[Array, Array, Array]]:
    """Times, points of the noised law and shares of a mean over t, a block at a time."""
    count = validate.integer("draws", draws)
    order = validate.generator(rng).permutation(count)
    for block in np.array_split(order, -(-count // BLOCK)):
        v = (block + rng.random(len(block))) / count
        t = process.start + (END - process.start) * v**2
        noise = np.sqrt(process.noise(t))[:, None] * rng.standard_normal((len(t), law.d))
        signal = np.sqrt(process.alpha_bar(t))[:, None]
        yield t, signal * law.draw(rng, len(t), mode) + noise, 2 * v / count
