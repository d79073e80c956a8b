"""The integrals behind `predict.frechet`; its module has the formulas.

They run over ln(kappa - kappa_0), or over ln t with a ridge, from LOW times the least scale to HIGH
times the largest, where what is left out is below rounding.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from lindiff_nb._base.digits import excess
from lindiff_nb._base.types import Array
from lindiff_nb.predict import ridge
from lindiff_nb.predict.population import Population

STEP = 0.25
LOW, HIGH = 1e-28, 1e10
PRECISION = 1e-12  # relative, of q


class Curve(NamedTuple):
    """t(kappa) above kappa_0 for sets of these sizes, in nodes; mu are the squared variances."""

    sizes: Array  # (sets,), degrees of freedom
    squares: Population
    start: float  # kappa_0
    kappa: Array  # (k,), with weights dkappa
    dkappa: Array
    df1: Array
    spread: Array  # df_1 - df_2
    log_factor: Array  # ln(t / kappa)
    log_slope: Array  # ln(dt / dkappa)

    def mean(self) -> float:
        """2 sum_nu H_nu, and its correction."""
        above = -np.expm1(self.log_factor / 2) * self.spread / np.sqrt(self.kappa) @ self.dkappa
        leading = 4 / np.pi * (self._below() @ self.squares.counts + above)
        return float(leading - self.log_slope @ self._measure() / (2 * np.pi))

    def variance(self) -> float:
        """The variance, for one set or two."""
        s, counts = np.sum(1 / self.sizes), self.squares.counts
        overlap, rest, other = self._overlaps()
        missing = [n - self.squares.rank + rest for n in self.sizes]  # n - B
        crossed, two = other * other.T, len(self.sizes) > 1
        more = two * (overlap**2 - crossed) / np.prod(self.sizes)
        slope = (np.prod(missing, axis=0) - two * crossed) / np.prod(self.sizes)
        pairs = 2 * (excess(more - s * overlap, slope) - more)
        weights = self._measure()
        squares = 2 * s * (self._hidden() ** 2 @ counts) + s**2 * self.squares.trace / 4
        return float(squares + weights @ pairs @ weights / np.pi**2)

    def _overlaps(self) -> tuple[Array, Array, Array]:
        """B, rank - B and df_1 - B for each pair of nodes, none by cancellation."""
        mu, k, counts = self.squares.levels, self.kappa[:, None], self.squares.counts
        seen, lost = mu / (mu + k), k / (mu + k)
        other = (seen * counts) @ lost.T
        return (seen * counts) @ seen.T, (lost @ counts)[:, None] + other, other

    def _hidden(self) -> Array:
        """H_nu for each level."""
        mu, weight = self.squares.levels, -np.expm1(self.log_factor / 2) * self.dkappa
        above = (weight * np.sqrt(self.kappa)) @ (mu / (mu + self.kappa[:, None]) ** 2)
        return 2 / np.pi * (self._below() + above)

    def _below(self) -> Array:
        """The integral of sqrt(kappa) mu / (mu + kappa)^2 up to kappa_0 for each level."""
        lam = np.sqrt(self.squares.levels)
        r = np.sqrt(self.start) / lam
        return lam * (np.arctan(r) - r / (1 + r**2))

    def _measure(self) -> Array:
        """dt / sqrt(t)."""
        return np.exp(self.log_slope - self.log_factor / 2) / np.sqrt(self.kappa) * self.dkappa


def curve(population: Population, sizes: Array) -> Curve:
    """For sets of these degrees of freedom, (sets,). Nothing cancels in 1 - df_1 / n_j:

    n_j - df_1 = n_j - df_1(kappa_0) + (kappa - kappa_0) sum mu / ((mu + kappa) (mu + kappa_0))
    """
    squares, n = population.squared, sizes[:, None]
    least = min(float(sizes.min()), squares.rank)
    start = float(ridge.effective_ridge(0.0, squares, int(least)))
    gap = _nodes(start or squares.levels[0], squares.trace)
    kappa = start + gap
    df1 = squares.total(lambda mu, k: mu / (mu + k), kappa)
    spread = squares.total(lambda mu, k: mu / (mu + k) * (k / (mu + k)), kappa)
    risen = squares.total(lambda mu, k: mu / (mu + k) / (mu + start), kappa)
    left, far = (n - least + gap * risen) / n, df1 < least / 2
    logs = np.where(far, np.log1p(-np.where(far, df1, 0.0) / n), np.log(left))
    log_factor = logs.sum(axis=0)
    near = log_factor + np.log1p(np.sum(spread / n / left, axis=0))
    log_slope = np.where(far, np.log1p(np.where(far, _slope(sizes, df1, spread), 0.0)), near)
    return Curve(sizes, squares, start, kappa, STEP * gap, df1, spread, log_factor, log_slope)


def _slope(sizes: Array, df1: Array, spread: Array) -> Array:
    """dt / dkappa - 1, of second order in 1 / kappa: what is of first order is df_2."""
    symmetric = np.poly(-1 / sizes)  # 1, e_1, e_2, .. of the 1 / n_j
    return sum(
        ((-1) ** k * e * df1 ** (k - 1) * (df1 - k * spread) for k, e in enumerate(symmetric) if k),
        start=np.zeros_like(df1),
    )


def _nodes(low: float, high: float) -> Array:
    """Where the trapezoidal rule in a logarithm has its nodes."""
    return np.exp(np.arange(np.log(LOW * low), np.log(HIGH * high), STEP))


def with_ridge(population: Population, n: int, c: float) -> float:
    """The mean of the distance at one ridge."""
    if not c:
        return curve(population, np.array([float(n)])).mean()
    lam = population.levels
    scale = lam[0] * min(c, lam[0])
    t = _nodes(scale, population.squared.trace + c * lam[-1])
    q = _left(population, n, c, t)

    def total(term: Callable[[Array, Array, Array], Array]) -> Array:
        return population.total(lambda lam, t, q: term(t + c * lam, lam**2, q), t, q)

    lost = total(lambda x, mu, q: q * mu / (x + q * mu)) / n  # 1 - q
    left = q + total(lambda x, mu, q: q * mu / (x + q * mu) * (x / (x + q * mu))) / n
    moved = total(lambda x, mu, q: mu / (x + mu) / (x + q * mu))
    squared = total(lambda x, mu, q: (q * mu / (x + q * mu)) ** 2) / n
    logs = np.where(
        squared < 0.5, np.log1p(-np.minimum(squared, 0.5)), np.log(left)
    )  # of one number
    integrand = 4 * t * lost * moved - logs
    added = (c / (np.sqrt(lam + c) + np.sqrt(lam))) ** 2 @ population.counts
    return float(added + integrand @ np.sqrt(t) * STEP / (2 * np.pi))


def _left(population: Population, n: int, c: float, t: Array) -> Array:
    """q at each t, by Newton's method: q - 1 + df_1 / n is concave, so it rises to the root.

    Of modes with q mu above x what is missing to one is summed: nothing cancels.
    """

    def total(term: Callable[[Array, Array], Array], q: Array) -> Array:
        return population.total(lambda lam, t, q: term(q * lam**2, t + c * lam), t, q)

    q = 1 / (1 + total(lambda seen, x: seen / x, np.ones_like(t)) / n)
    step = q
    while np.any(step > PRECISION * q):
        short = n - total(np.greater_equal, q) - total(_rest, q)
        turned = total(lambda seen, x: seen / (seen + x) * (x / (seen + x)), q)
        step = (short - n * q) / (n + turned / q)
        q = q + step
    return q


def _rest(seen: Array, hidden: Array) -> Array:
    """seen / (seen + hidden), less one where that is more than half."""
    return np.where(seen >= hidden, -hidden, seen) / (seen + hidden)
