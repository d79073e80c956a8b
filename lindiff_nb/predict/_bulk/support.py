"""Where the eigenvalues of a sample covariance lie: the map x(w) and its critical points.

    x(w) = w (1 + (1/n) sum_nu lambda_nu / (w - lambda_nu))
    D(w) = (1/n) sum_nu lambda_nu^2 / |w - lambda_nu|^2

On the real axis x'(w) = 1 - D(w), and the eigenvalues leave free exactly the x(w) with D(w) < 1
(Silverstein & Choi 1995, doi:10.1006/jmva.1995.1058). Between neighbouring population eigenvalues D
is convex and infinite at both ends, so it crosses one twice or never; outside them it is monotone
and crosses it once. Off the axis Im x(w) = 0 where D(w) = 1, and D falls with Im w: one height
above each point of the axis where D > 1. Along this curve x increases (Biane 1997,
doi:10.1512/iumj.1997.46.1467), from edge to edge of a bulk.

There may be as many bulks as levels, so the sums are taken over what is seen of the population from
where they are wanted (`views`), a stretch of the axis at a time.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from lindiff_nb._base.blocks import blocks
from lindiff_nb._base.types import Array, Complex, Index
from lindiff_nb.predict._bulk import views
from lindiff_nb.predict._bulk.views import Tree, View
from lindiff_nb.predict.population import Population

MAX_STEPS = 2000
ROUNDING = 1e-14  # in D where it is one
STRETCH = 256  # points that see the population alike
FINE, COARSE = 20, 12  # order of `views`: for the edges, for the curve between them


class Bulks(NamedTuple):
    """The population, n, and the ends of the bulks as w and as x, (k, 2) each, increasing."""

    population: Population
    n: int
    w: Array
    x: Array
    tree: Tree

    @property
    def levels(self) -> Array:
        """Those of the population."""
        return self.population.levels

    @property
    def counts(self) -> Array:
        """Those of the population."""
        return self.population.counts


@lru_cache(maxsize=8)
def find(population: Population, n: int) -> Bulks:
    """All bulks: two ends outside the spectrum, and two in every gap that D = 1 leaves open.

    They are kept for the next call: curves come a bulk at a time.
    """
    levels, counts = population.levels, population.counts
    tree, last = views.plant(levels, counts, FINE), levels.size - 1
    left = _gaps_that_may_open(levels, counts, n)
    low, high = _crossings(np.array([0]), -1, tree, n), _crossings(np.array([last]), 1, tree, n)
    upper, lower = _crossings(left, 1, tree, n), _crossings(left + 1, -1, tree, n)
    is_open = upper < lower  # not a number where D > 1 all through
    w = np.sort(np.concatenate([low, upper[is_open], lower[is_open], high]))
    if n == population.rank:
        w[0] = 0.0
    x = np.empty_like(w)
    for rows, seen in stretches(w, w, tree):
        x[rows] = w[rows] * (1 + (seen.levels / (w[rows, None] - seen.levels)) @ seen.counts / n)
    ends, tree = np.maximum(x, 0).reshape(-1, 2), views.plant(levels, counts, COARSE)
    return Bulks(population, n, w.reshape(-1, 2), ends, tree)


def stretches(low: Array, high: Array, tree: Tree) -> Iterator[tuple[slice, View]]:
    """Slices of points in order, (k,), and what is seen from anywhere between their low and high.

    STRETCH of them see alike; a slice has no more of them than a block of numbers holds.
    """
    for start in range(0, low.size, STRETCH):
        end = min(start + STRETCH, low.size)
        seen = views.view(low[start:end].min(), high[start:end].max(), tree)
        for rows in blocks(end - start, seen.levels.size):
            yield slice(start + rows.start, min(start + rows.stop, end)), seen


def position(w: Complex, bulks: Bulks) -> Complex:
    """x(w) for a vector of w."""
    share: Complex = bulks.levels / (w[:, None] - bulks.levels)
    return w * (1 + share @ bulks.counts / bulks.n)


def on_curve(u: Array, bulks: Bulks) -> Complex:
    """The w above each u where x(w) is real, (k,): D(w) = 1, or w = u where D(u) <= 1."""
    everything = View(bulks.levels, bulks.counts, bulks.levels.size)
    return u + 1j * np.sqrt(
        height_squared(np.square(u[:, None] - bulks.levels), everything, bulks.n)
    )


def height_squared(square: Array, seen: View, n: int) -> Array:
    """The s >= 0 with D(u + i sqrt(s)) = 1, (k,), or zero, given (u - levels)^2, (k, levels).

    From below: from where one level alone makes D >= 1 to where the near ones do, and then all.
    """
    weight, own = seen.counts * seen.levels**2 / n, slice(seen.own)
    s = np.max(weight[own] - square[:, own], axis=1, initial=0)
    if 0 < seen.own < weight.size:
        s = _rise(s, square[:, own], weight[own])
    return _rise(s, square, weight)


def _rise(s: Array, square: Array, weight: Array) -> Array:
    """From s with D >= 1, or from zero, to where D = 1.

    g = 1 / D - 1 is concave in s, so Newton's method rises to the root from any s below it. |g| g'
    falls fourfold with each step and g' lies between 1 / sum(weight) and 1 / min(weight), so |g|
    comes down to rounding in log4(sum(weight) / min(weight) / ROUNDING) steps. There a row is done
    and left alone: at an edge s vanishes, and rounding steps do not become small beside it.
    """
    s, todo = s.copy(), np.arange(s.size)
    for _ in range(MAX_STEPS):
        near = np.add(square, s[todo, None])
        np.reciprocal(near, out=near)
        d = near @ weight
        step = d * (d - 1) / (np.square(near, out=near) @ weight)
        s[todo] = np.maximum(s[todo] + step, 0)
        moving = (d - 1 > ROUNDING) & (step > 1e-13 * s[todo])
        if not moving.any():
            return s
        if not moving.all():
            todo, square = todo[moving], square[moving]
    raise RuntimeError(f"no convergence in {MAX_STEPS} Newton steps: {s[todo][:5]=}")


def _gaps_that_may_open(levels: Array, counts: Array, n: int) -> Index:
    """The lower ends of the gaps that their own two levels leave open, as indices.

    These alone have (a^(1/3) + b^(1/3))^3 / gap^2 as their least D, a and b = counts lambda^2 / n.
    """
    root = np.cbrt(counts * levels**2 / n)
    return np.flatnonzero((root[1:] + root[:-1]) ** 3 < np.diff(levels) ** 2)


def _crossings(near: Index, side: int, tree: Tree, n: int) -> Array:
    """Where D falls to 1 on one side of each level `near`; not a number if it does not."""
    ends = np.concatenate([[-np.inf], tree.levels, [np.inf]])
    start, end = tree.levels[near], ends[near + 1 + side]
    own = tree.levels[near] * np.sqrt(tree.counts[near] / n)
    result = np.empty(near.size)
    for rows, seen in stretches(np.minimum(start, end), np.maximum(start, end), tree):
        result[rows] = _crossing(start[rows], end[rows], own[rows], side, seen, n)
    return result


def _crossing(start: Array, end: Array, away: Array, side: int, seen: View, n: int) -> Array:
    """The crossings between each start and end, `away` from the start or further.

    In a gap D^(-1/2) is a power mean of distances, with exponent -2, and so concave in w. Newton's
    method for D^(-1/2) = 1, from where one level alone makes D >= 1, does not pass the root; if
    there is none, it arrives where D^(-1/2) falls or at the other end of the gap. Once a step is
    no more than rounding of D, it stays.
    """
    away, todo, weight = away.copy(), np.arange(away.size), seen.counts * seen.levels**2 / n
    apart, length = start[:, None] - seen.levels, side * (end - start)
    for _ in range(MAX_STEPS):
        with np.errstate(divide="ignore", invalid="ignore"):
            near = np.reciprocal(apart + side * away[todo, None])
            square = np.square(near)
            d, cube = square @ weight, np.multiply(square, near, out=near) @ weight
            step = d * (np.sqrt(d) - 1) / (side * cube)
        new = np.where((step < 0) & (d > 1), np.nan, away[todo] + np.maximum(step, 0))
        new = np.where(new > length[todo], np.nan, new)
        moving = new > away[todo] * (1 + ROUNDING / 10)
        away[todo] = new
        if not moving.any():
            return start + side * away
        if not moving.all():
            todo, apart = todo[moving], apart[moving]
    raise RuntimeError(f"no convergence in {MAX_STEPS} Newton steps: {n=}, {start[todo][:5]=}")
