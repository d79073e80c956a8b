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

HALVINGS = 120
MAX_STEPS = 2000
Complex = NDArray[np.complex128]


class Bulks(NamedTuple):
    """The population, n, and the ends of the bulks as w and as x, (k, 2) each, increasing."""

    levels: Array
    counts: Array
    n: int
    w: Array
    x: Array


def find(spectrum: Array, n: int) -> Bulks:
    """All bulks, by bisection of D = 1 between bounds that hold the root."""
    levels, counts = distinct(spectrum)
    reach = np.sqrt(levels**2 @ counts / n)  # beyond the outermost levels D < 1
    own = levels * np.sqrt(counts / n)  # so near to its level that level alone makes D >= 1
    low = _crossing(levels[:1] - own[:1], levels[:1] - 1.01 * reach, levels, counts, n)
    high = _crossing(levels[-1:] + own[-1:], levels[-1:] + 1.01 * reach, levels, counts, n)
    left, right, middle = _gaps(levels, counts, n)
    lower = _crossing(levels[left] + own[left], middle, levels, counts, n)
    upper = _crossing(levels[right] - own[right], middle, levels, counts, n)
    w = np.sort(np.concatenate([low, lower, upper, high])).reshape(-1, 2)
    if n == counts.sum():
        w[0, 0] = 0.0
    x = w * (1 + total(lambda lam, at: lam / (at - lam), levels, counts, w) / n)
    return Bulks(levels, counts, n, w, np.maximum(x, 0))


def position(w: Complex, at: Bulks) -> Complex:
    """x(w) for a vector of w."""
    share: Complex = at.levels / (w[:, None] - at.levels)
    return w * (1 + share @ at.counts / at.n)


def on_curve(u: Array, at: Bulks) -> Complex:
    """The w above each u where x(w) is real, (k,): D(u + i sqrt(s)) = 1.

    1 / D is concave in s, so Newton's method for 1 / D = 1 rises to the root from any s below it:
    from 0, or from where one level alone makes D >= 1.
    """
    weight, square = at.counts * at.levels**2 / at.n, (u[:, None] - at.levels) ** 2
    s = np.max(weight - square, axis=1).clip(min=0)
    for _ in range(MAX_STEPS):
        near = square + s[:, None]
        density = weight / near
        f = density.sum(axis=1)
        step = f * (f - 1) / np.sum(density / near, axis=1)
        s = np.maximum(s + step, 0)
        if np.all(step <= 1e-12 * s + 1e-30):
            return u + 1j * np.sqrt(s)
    raise RuntimeError(f"no convergence in {MAX_STEPS} Newton steps: n={at.n}, {u[:5]=}")


def _gaps(levels: Array, counts: Array, n: int) -> tuple[NDArray[np.intp], NDArray[np.intp], Array]:
    """The gaps between levels that stay open: their ends as indices, and where D is least.

    The two levels at its ends alone have (a^(1/3) + b^(1/3))^3 / gap^2 as their least D, with
    a and b = counts lambda^2 / n; most gaps are closed by that alone.
    """
    root = np.cbrt(counts * levels**2 / n)
    open_yet = (root[1:] + root[:-1]) ** 3 < np.diff(levels) ** 2
    left = np.flatnonzero(open_yet)
    low, high = levels[left], levels[left + 1]
    for _ in range(HALVINGS if left.size else 0):
        middle = (low + high) / 2
        rises = total(lambda lam, w: lam**2 / (lam - w) ** 3, levels, counts, middle) > 0
        low, high = np.where(rises, low, middle), np.where(rises, middle, high)
    middle = (low + high) / 2
    stays = _d(middle, levels, counts, n) < 1 if left.size else left > 0
    return left[stays], left[stays] + 1, middle[stays]


def _crossing(inside: Array, outside: Array, levels: Array, counts: Array, n: int) -> Array:
    """D = 1 between D >= 1 and D < 1, one root each."""
    for _ in range(HALVINGS if inside.size else 0):
        middle = (inside + outside) / 2
        above = _d(middle, levels, counts, n) >= 1
        inside, outside = np.where(above, middle, inside), np.where(above, outside, middle)
    return outside


def _d(w: Array, levels: Array, counts: Array, n: int) -> Array:
    return total(lambda lam, at: (lam / (at - lam)) ** 2, levels, counts, w) / n
