"""Mixtures of Gaussians on the line: a law with modes and a set of points, by the same formulas.

Let mode k have weight w_k, mean M_k and deviation s_k. Under noise each mode stays a Gaussian,

    law of sqrt(a) x_0 + sqrt(1-a) z:   w_k,   sqrt(a) M_k,   sqrt(a s_k^2 + 1 - a)

and n equally likely points are n modes with deviation 0, so the data and the population that they
came from differ in numbers only. Arrays have the modes as their last axis, and whatever comes
before it (one training set per seed, say) is carried along.

Moments above a threshold c, which is where a rectified linear unit is active, are elementary: with
z = (c - M)/s, Q the chance that a standard Gaussian exceeds z and f its density there, a mode has

    E 1(x > c) = Q,   E x 1(x > c) = M Q + s f,   E x^2 1(x > c) = (M^2 + s^2) Q + s (c + M) f .

Source: integration by parts; the setting is Li et al. 2023, section 2 and theorem 2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp, ndtr

from lindiff_nb._base import units, validate
from lindiff_nb._base.digits import between
from lindiff_nb._base.types import Array
from lindiff_nb._base.units import Unit

WIDE = 8.0  # deviations beyond which 1e-15 of a mode is left
ROUNDED = 1e-9  # what the weights may miss a sum of one by


class Mixture:
    """Modes with `means`, `weights` (equal if not given) and `deviation` (0 if not given: points).

    Each (..., modes), or what broadcasts to it. Raises ValueError if there is no mode, a number is
    not finite, a weight or a deviation is negative, or the weights do not sum to one.
    """

    def __init__(
        self, means: ArrayLike, weights: ArrayLike | None = None, deviation: ArrayLike = 0.0
    ) -> None:
        """Check the three, and give them one shape."""
        at = units.squarable("means", np.atleast_1d(validate.numbers("means", means)))
        if at.size == 0:
            raise validate.fail("means", means, "one mode or more")
        equal = np.full(at.shape[-1], 1 / at.shape[-1])
        share = equal if weights is None else validate.nonnegative("weights", weights)
        self.means, self.weights, self.deviation = validate.broadcast(
            means=at, weights=share, deviation=validate.nonnegative("deviation", deviation)
        )
        Unit(0).off("deviation", self.deviation, far=units.SPREAD)
        if np.any(np.abs(np.sum(self.weights, axis=-1) - 1) > ROUNDED):
            raise validate.fail("weights", weights, "numbers, one a mode, that sum to one")

    def at(self, alpha_bar: ArrayLike) -> Mixture:
        """The law of sqrt(alpha_bar) x_0 + sqrt(1 - alpha_bar) z, alpha_bar in (0, 1]."""
        a = validate.signal(alpha_bar)
        spread = np.sqrt(a * np.square(self.deviation) + 1 - a)
        return Mixture(np.sqrt(a) * self.means, self.weights, spread)

    def density(self) -> Mixture:
        """The law itself; points have no density and raise ValueError."""
        if np.any(self.deviation == 0):
            raise validate.fail("deviation", self.deviation, "positive: points have no density")
        return self

    def draw(self, rng: np.random.Generator, n: int, seeds: tuple[int, ...] = ()) -> Array:
        """n independent points for each of the seeds, (*seeds, n).

        Raises ValueError for n < 1 or a law with leading axes.
        """
        shape = *seeds, validate.integer("n", n)
        if self.means.ndim > 1:
            raise validate.fail("law", self.means.shape, "one mixture, without leading axes")
        mode = validate.generator(rng).choice(self.means.size, size=shape, p=self.weights)
        return self.means[mode] + self.deviation[mode] * rng.standard_normal(shape)

    def logpdf(self, x: ArrayLike) -> Array:
        """The logarithm of the density, (..., N), at x, (N,). Raises ValueError for points."""
        return logsumexp(self._log_parts(x), axis=-1)

    def score(self, x: ArrayLike) -> Array:
        """The derivative of `logpdf`, (..., N), at x, (N,). Raises ValueError for points.

        s(x) = sum_k P(mode k | x) (M_k - x) / s_k^2.
        """
        parts = self._log_parts(x)
        share = np.exp(parts - logsumexp(parts, axis=-1, keepdims=True))
        slopes = (self.means[..., None, :] - np.asarray(x)[:, None]) / self._variance()
        return np.sum(share * slopes, axis=-1)

    def masses(self, edges: ArrayLike) -> Array:
        """The chance of each cell, (..., C), between increasing edges, (C + 1,).

        Raises ValueError for other edges, and for points.
        """
        at = validate.vector("edges", edges)
        if np.any(np.diff(at) < 0):
            raise validate.fail("edges", edges, "increasing")
        z = (at[:, None] - self.means[..., None, :]) / np.sqrt(self._variance())
        return np.einsum("...cn,...n->...c", between(z, axis=-2), self.weights)

    def moments(self) -> Array:
        """E x^p for p = 0, 1, 2, (..., 3)."""
        return np.sum(self._powers(), axis=-2)

    def above(self, c: ArrayLike) -> Array:
        """E x^p 1(x > c) for p = 0, 1, 2, (..., C, 3), with finite thresholds c, (..., C)."""
        c = validate.numbers("c", c)
        z = (self.means[..., None, :] - c[..., None]) / np.sqrt(self._variance())
        tail = ndtr(z)
        z *= z
        z /= -2
        edge = np.exp(z, out=z) / np.sqrt(2 * np.pi)
        rim = self.weights * self.deviation
        first, second = np.moveaxis(edge @ np.stack([rim, rim * self.means], axis=-1), -1, 0)
        moments = tail @ self._powers()
        moments[..., 1] += first
        moments[..., 2] += second + c * first
        return moments

    def range(self, deviations: float = WIDE) -> tuple[float, float]:
        """The ends of the interval that holds every mode to so many deviations."""
        reach = deviations * self.deviation
        return float(np.min(self.means - reach)), float(np.max(self.means + reach))

    def rule(self, points: int = 2000) -> tuple[Array, Array]:
        """Nodes x, (points,), and weights, (..., points), of a mean over the law: trapezoidal."""
        x = np.linspace(*self.range(), validate.integer("points", points, low=2))
        return x, np.exp(self.logpdf(x)) * (x[1] - x[0])

    def fisher(self) -> Array:
        """The Fisher information E s(x)^2, (...). Raises ValueError for points."""
        x, weights = self.rule()
        return np.sum(weights * np.square(self.score(x)), axis=-1)

    def _powers(self) -> Array:
        """w, w M, w (M^2 + s^2): the modes' parts of the moments, (..., modes, 3)."""
        square = np.square(self.means) + np.square(self.deviation)
        return self.weights[..., None] * np.stack(
            [np.ones_like(square), self.means, square], axis=-1
        )

    def _log_parts(self, x: ArrayLike) -> Array:
        """log of weight times density of each mode, (..., N, modes)."""
        at = validate.vector("x", x)
        square = np.square(at[:, None] - self.means[..., None, :]) / self._variance()
        with np.errstate(divide="ignore"):  # a mode of weight zero
            front = np.log(self.weights)[..., None, :] - np.log(2 * np.pi * self._variance()) / 2
        return front - square / 2

    def _variance(self) -> Array:
        """s_k^2, (..., 1, modes), of a law with a density."""
        return np.square(self.density().deviation)[..., None, :]
