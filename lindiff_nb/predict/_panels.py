"""The effective ridge at very many xi and n: the sums over the population, interpolated.

df_1 and V are functions of ln kappa alone, whatever xi and n are, and analytic within pi of the
real axis. So on panels of two e-folds polynomials through 18 Chebyshev nodes have them to rounding:
the error falls as 6.4^-order (Trefethen 2013, theorem 8.2). Each panel has a cut of its own between
the modes above and below kappa, so that E = n - df_1 is an integer and two interpolated sums that
do not cancel (`ridge`), and Newton's method falls to the root from the panel's upper end.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.polynomial import chebyshev

from lindiff_nb._base.types import Array, Integers
from lindiff_nb.predict.population import Population

WIDTH, ORDER = 2.0, 18
LEVELS, POINTS = 100, 4  # it pays from so many levels and points for each node on
STEPS = 100
CLOSE = 1e-7  # a relative step this small leaves a relative error of about its square


class Panel(NamedTuple):
    """A stretch of ln kappa: the modes counted above it, and the sums over others, (ORDER, 3)."""

    low: float
    number: float
    sums: Array

    def at(self, kappa: Array) -> tuple[Array, Array]:
        """number - df_1 and V."""
        place = 2 * (np.log(kappa) - self.low) / WIDTH - 1
        above, below, spread = chebyshev.chebval(place, self.sums)
        return above - below, spread


def span(xi: Array, n: Integers, population: Population) -> range | None:
    """The panels in which kappa lies at all points, or none where they would not pay."""
    if population.levels.size < LEVELS or xi.size < POINTS * ORDER:
        return None
    least = np.maximum(xi, population.levels[0] * (population.rank - n) / n).min()
    if least <= 0:
        return None
    ends = np.log([least, (xi + population.trace / n).max()]) / WIDTH
    found = range(int(np.floor(ends[0])), int(np.floor(ends[1])) + 1)
    return found if xi.size >= POINTS * ORDER * len(found) else None


def solve(xi: Array, n: Array, population: Population, panels: range) -> Array:
    """kappa, df_1 and V at each xi and n, (3, k)."""
    result, todo = np.empty((3, xi.size)), np.ones(xi.size, dtype=bool)
    for panel in _planted(population, panels):
        end = np.exp(panel.low + WIDTH)
        excess = n - panel.number + panel.at(np.array(end))[0]
        here = todo & (end * excess >= n * xi)
        result[:, here] = _newton(panel, end, xi[here], n[here])
        todo &= ~here
    if todo.any():
        raise RuntimeError(f"no effective ridge between its bounds: xi={xi[todo][:5]}")
    return result


def _planted(population: Population, panels: range) -> Iterator[Panel]:
    """The panels, from below."""
    angles = np.pi * (np.arange(ORDER) + 0.5) / ORDER
    weights = 2 / ORDER * np.cos(np.outer(np.arange(ORDER), angles))
    weights[0] /= 2
    for index in panels:
        kappa = np.exp(WIDTH * (index + (1 + np.cos(angles)) / 2))
        middle = np.exp(WIDTH * (index + 0.5))
        terms = (
            lambda lam, k, cut=middle: np.where(lam >= cut, k / (lam + k), 0),
            lambda lam, k, cut=middle: np.where(lam < cut, lam / (lam + k), 0),
            lambda lam, k: lam / (lam + k) * (k / (lam + k)),
        )
        sums = [weights @ population.total(term, kappa) for term in terms]
        number = float(population.counts[population.levels >= middle].sum())
        yield Panel(WIDTH * index, number, np.stack(sums, axis=1))


def _newton(panel: Panel, start: float, xi: Array, n: Array) -> Array:
    """kappa, df_1 and V at points whose root is in the panel, (3, p)."""
    kappa, moving = np.full(xi.shape, start), xi.size > 0
    for _ in range(STEPS):
        missing, spread = panel.at(kappa)
        if not moving:
            return np.stack([kappa, panel.number - missing, spread])
        excess = n - panel.number + missing
        new = (kappa * spread + n * xi) / (excess + spread)
        moving, kappa = bool(np.any(np.abs(new - kappa) > CLOSE * new)), new
    raise RuntimeError(f"no convergence in {STEPS} Newton steps: {n[:5]=}, {xi[:5]=}")
