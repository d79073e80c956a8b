"""Where the eigenvalues of a sample covariance lie: the map x(w) and its critical points.

    x(w) = w (1 + (1/n) sum_nu lambda_nu / (w - lambda_nu))
    D(w) = (1/n) sum_nu lambda_nu^2 / |w - lambda_nu|^2

On the real axis x'(w) = 1 - D(w), and the eigenvalues leave free exactly the x(w) with D(w) < 1
(Silverstein & Choi 1995). Between neighbouring population eigenvalues D is convex and infinite at
both ends, so it crosses one twice or never; outside them it is monotone and crosses it once.
Off the axis Im x(w) = 0 where D(w) = 1, and D falls with Im w: one height above each point of the
axis where D > 1. Along this curve x increases (Biane 1997), from edge to edge of a bulk.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lindiff_nb._types import Array
from lindiff_nb.predict._spectrum import distinct, total

MAX_STEPS = 2000
ROUNDING = 1e-14  # in D where it is one
Complex = NDArray[np.complex128]
Index = NDArray[np.intp]


class Bulks(NamedTuple):
    """The population, n, and the ends of the bulks as w and as x, (k, 2) each, increasing."""

    levels: Array
    counts: Array
    n: int
    w: Array
    x: Array


def find(spectrum: Array, n: int) -> Bulks:
    """All bulks: two ends outside the spectrum, and two in every gap that D = 1 leaves open."""
    levels, counts = distinct(spectrum)
    last = levels.size - 1
    left = _gaps_that_may_open(levels, counts, n)
    low = _crossing(np.array([0]), -1, levels, counts, n)
    high = _crossing(np.array([last]), 1, levels, counts, n)
    upper, lower = _crossing(left, 1, levels, counts, n), _crossing(left + 1, -1, levels, counts, n)
    is_open = upper < lower  # not a number where D > 1 all through
    w = np.sort(np.concatenate([low, upper[is_open], lower[is_open], high])).reshape(-1, 2)
    if n == counts.sum():
        w[0, 0] = 0.0
    x = w * (1 + total(lambda lam, at: lam / (at - lam), levels, counts, w) / n)
    return Bulks(levels, counts, n, w, np.maximum(x, 0))


def position(w: Complex, at: Bulks) -> Complex:
    """x(w) for a vector of w."""
    share: Complex = at.levels / (w[:, None] - at.levels)
    return w * (1 + share @ at.counts / at.n)


def on_curve(u: Array, at: Bulks) -> Complex:
    """The w above each u where x(w) is real, (k,): D(w) = 1, or w = u where D(u) <= 1."""
    return u + 1j * np.sqrt(height_squared(np.square(u[:, None] - at.levels), at))


def height_squared(square: Array, at: Bulks) -> Array:
    """The s >= 0 with D(u + i sqrt(s)) = 1, (k,), or zero, given (u - levels)^2, (k, levels).

    g = 1 / D - 1 is concave in s, so Newton's method rises to the root from any s below it: from 0,
    or from where one level alone makes D >= 1. |g| g' falls fourfold with each step and g' lies
    between 1 / sum(weight) and 1 / min(weight), so |g| comes down to rounding in
    log4(sum(weight) / min(weight) / ROUNDING) steps. There a row is done and left
    alone: at an edge s vanishes, and steps that are rounding do not become small beside it.
    """
    weight = at.counts * at.levels**2 / at.n
    s = np.max(weight - square, axis=1).clip(min=0)
    todo = np.arange(s.size)
    for _ in range(MAX_STEPS):
        near = square[todo] + s[todo, None]
        density = weight / near
        f = density.sum(axis=1)
        step = f * (f - 1) / np.sum(density / near, axis=1)
        s[todo] = np.maximum(s[todo] + step, 0)
        todo = todo[(f - 1 > ROUNDING) & (step > 1e-13 * s[todo])]
        if not todo.size:
            return s
    raise RuntimeError(f"no convergence in {MAX_STEPS} Newton steps: n={at.n}, {s[todo][:5]=}")


def _gaps_that_may_open(levels: Array, counts: Array, n: int) -> Index:
    """The lower ends of the gaps that their own two levels leave open, as indices.

    These alone have (a^(1/3) + b^(1/3))^3 / gap^2 as their least D, a and b = counts lambda^2 / n.
    """
    root = np.cbrt(counts * levels**2 / n)
    return np.flatnonzero((root[1:] + root[:-1]) ** 3 < np.diff(levels) ** 2)


def _crossing(near: Index, side: int, levels: Array, counts: Array, n: int) -> Array:
    """Where D falls to 1 on one side of each level `near`; not a number if it does not.

    In a gap D^(-1/2) is a power mean of distances, with exponent -2, and so concave in w. Newton's
    method for D^(-1/2) = 1, from where one level alone makes D >= 1, does not pass the root; if
    there is none, it arrives where D^(-1/2) falls or at the other end of the gap.
    """
    end = np.append(levels, np.inf)[near + side] if side > 0 else np.append(-np.inf, levels)[near]
    away = levels[near] * np.sqrt(counts[near] / n)
    todo = np.arange(near.size)
    for _ in range(MAX_STEPS):
        w = levels[near[todo]] + side * away[todo]
        d, cube = (_power_sum(w, p, levels, counts, n) for p in (2, 3))
        with np.errstate(divide="ignore", invalid="ignore"):
            step = d * (np.sqrt(d) - 1) / (side * cube)
            new = np.where((step < 0) & (d > 1), np.nan, away[todo] + np.maximum(step, 0))
            new = np.where(side * (levels[near[todo]] + side * new - end[todo]) < 0, new, np.nan)
        moving = new > away[todo] * (1 + 4e-16)
        away[todo], todo = new, todo[moving]
        if not todo.size:
            return levels[near] + side * away
    raise RuntimeError(f"no convergence in {MAX_STEPS} Newton steps: {n=}, {levels[near[todo]]=}")


def _power_sum(w: Array, power: int, levels: Array, counts: Array, n: int) -> Array:
    """(1/n) sum_nu lambda_nu^2 / (w - lambda_nu)^power."""
    return total(lambda lam, at: lam**2 / (at - lam) ** power, levels, counts, w) / n
