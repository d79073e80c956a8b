"""Mixtures of round Gaussians in d dimensions, points among them: scores under noise.

What `modes` is on the line. Let mode k have weight w_k, mean M_k and deviation s_k in every
direction. At alpha_bar = a each mode is a round Gaussian still, with mean sqrt(a) M_k and variance
v_k = a s_k^2 + 1 - a, and the noised law has the score

    s*(x) = sum_k P(k | x) (sqrt(a) M_k - x) / v_k
    P(k | x) proportional to w_k v_k^(-d/2) exp( -|| x - sqrt(a) M_k ||^2 / (2 v_k) )

n equally likely points are n modes with deviation 0. Source: Bayes; Li et al. 2023, theorem 2, has
two such modes on the line.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lindiff_nb._base import units, validate
from lindiff_nb._base.types import Array
from lindiff_nb.exact.modes import Mixture


class IsotropicModes:
    """Round Gaussians with `means`, (k, d), `weights`, (k,), and `deviation`, (k,) or a number.

    Weights are equal and deviations 0 (points) if not given. Raises ValueError if there is no mode
    or no dimension, a number is not finite, a weight or a deviation is negative, or the weights do
    not sum to one.
    """

    def __init__(
        self, means: ArrayLike, weights: ArrayLike | None = None, deviation: ArrayLike = 0.0
    ) -> None:
        """Check the three; `Mixture` does all but the shape of the means."""
        self.means = units.squarable("means", validate.samples("means", means))
        checked = Mixture(self.means[:, 0], weights, deviation)
        self.weights, self.deviation = checked.weights, checked.deviation

    @property
    def d(self) -> int:
        """How many dimensions."""
        return self.means.shape[1]

    def draw(self, rng: np.random.Generator, n: int, mode: int | None = None) -> Array:
        """n independent points, (n, d), of all modes or of one. Raises ValueError for n < 1."""
        count, k = validate.integer("n", n), len(self.weights)
        chances = self.weights if mode is None else np.arange(k) == mode
        modes = validate.generator(rng).choice(k, size=count, p=chances)
        noise = rng.standard_normal((count, self.d))
        return self.means[modes] + self.deviation[modes, None] * noise

    def score(self, x: Array, alpha_bar: ArrayLike) -> Array:
        """s*(x), (N, d), at x, (N, d), under noise at alpha_bar, (N,) or a number, in (0, 1].

        Raises ValueError for x of another dimension or alpha_bar out of range; points need
        alpha_bar < 1.
        """
        at = validate.samples("x", x, self.d)
        given = (
            validate.alpha_bar(alpha_bar) if np.any(self.deviation) else validate.noisy(alpha_bar)
        )
        a, centre = np.reshape(given, (-1, 1)), self.means.mean(axis=0)
        signal = at / np.sqrt(a) - centre  # in its units, without the offset of the data
        z = units.squarable("x", signal)
        means = np.column_stack([self.means - centre, np.ones(len(self.means))])
        same = np.all(self.deviation == self.deviation[0])
        variance = np.square(self.deviation[: 1 if same else None]) + (1 - a) / a
        with np.errstate(divide="ignore"):  # a mode of weight zero
            front = np.log(self.weights) - self.d / 2 * np.log(variance)
        norms = np.sum(np.square(means[:, :-1]), axis=1) / 2
        pull = np.column_stack([z, -np.ones(len(z))]) @ np.column_stack([means[:, :-1], norms]).T
        pull -= np.sum(np.square(z), axis=1, keepdims=True) / 2
        pull /= variance
        pull += front
        pull -= pull.max(axis=1, keepdims=True)
        np.exp(pull, out=pull)
        pull /= pull.sum(axis=1, keepdims=True) * variance
        pulled = pull @ means
        return (pulled[:, :-1] - z * pulled[:, -1:]) / np.sqrt(a)
