"""What lies along the curve of `support` on which x(w) is real, and the way from x back to it.

At w = u + i y with D(w) = 1, new data have the variance delta = |w|^2 / x along the eigenvectors of
the sample covariance with eigenvalue x. x increases along the curve, and dN eigenvalues lie in du:

    S_k   = (1/n) sum lambda^2 (u - lambda)^k / |w - lambda|^4
    dx/du = 2 (y^2 S_0 + S_1^2 / S_0)
    dN/du = (n / pi) (y / |w|^2) dx/du
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from lindiff_nb._base.types import Array, Index
from lindiff_nb.predict._bulk import support
from lindiff_nb.predict._bulk.support import Bulks
from lindiff_nb.predict._bulk.views import View

NEWTON_STEPS, HALVINGS = 20, 60
CLOSE = 1e-9  # a relative step of Newton's this small leaves less than rounding

Missing = Callable[[Array, Index], tuple[Array, Array]]  # u, points -> value, minus its slope


class Local(NamedTuple):
    """What is at each u, (k,) each."""

    x: Array
    slope: Array  # dx / du
    number: Array  # dN / du
    delta: Array


def local(u: Array, bulks: Bulks) -> Local:
    """The curve above each u inside a bulk, ends included, (k,) in any order."""
    order = np.argsort(u)
    u, found = u[order], np.empty((len(Local._fields), u.size))
    for rows, seen in support.stretches(u, u, bulks.tree):
        found[:, order[rows]] = _seen(u[rows], seen, bulks.n)
    return Local(*found)


def _seen(u: Array, seen: View, n: int) -> Local:
    """The curve above each u, from what is seen of the population from there."""
    apart = u[:, None] - seen.levels
    square = support.height_squared(np.square(apart), seen, n)
    near = seen.levels / (np.square(apart) + square[:, None])
    s0 = np.square(near) @ seen.counts / n
    s1 = (np.square(near) * apart) @ seen.counts / n
    slope = 2 * (square * s0 + s1**2 / s0)
    size = u**2 + square
    x = u * (1 + (near * apart) @ seen.counts / n) + square * (near @ seen.counts) / n
    with np.errstate(divide="ignore", invalid="ignore"):
        number, delta = n / np.pi * np.sqrt(square) / size * slope, size / x
    return Local(x, slope, number, delta)


def delta(x: Array, bulks: Bulks) -> Array:
    """delta at each x > 0; between the bulks and beyond them that of the nearest edge, (k,)."""
    return local(back(x, bulks), bulks).delta


def back(x: Array, bulks: Bulks) -> Array:
    """u at each x > 0; between the bulks and beyond them that of the nearest edge, (k,).

    Solves for the angle phi of `through`, unless x is at an edge or outside.
    """
    after = np.searchsorted(bulks.x[:, 0], x).clip(1, len(bulks.x) - 1) if len(bulks.x) > 1 else 0
    before = np.maximum(after - 1, 0)
    bulk = np.where(x - bulks.x[before, 1] < bulks.x[after, 0] - x, before, after)
    ends = bulks.x[bulk]
    portion = ((x - ends[:, 0]) / (ends[:, 1] - ends[:, 0])).clip(0, 1)
    phi = 2 * np.arcsin(np.sqrt(portion))
    inside = np.flatnonzero((portion > 0) & (portion < 1))

    def missing(u: Array, some: Index) -> tuple[Array, Array]:
        here = local(u, bulks)
        return x[inside[some]] - here.x, here.slope

    phi[inside] = angle(phi[inside], bulks.w[bulk[inside]], missing)
    return through(phi, bulks.w[bulk])


def angle(phi: Array, ends: Array, missing: Missing) -> Array:
    """The angle phi of `through` at which nothing is missing, from a first guess, (k,).

    Newton's method in a bracket; where that is slow, halvings until nothing is left of it. A step
    that is small beside the way to the edges is the last one, though it may end outside: the
    bracket may be as narrow as rounding.
    """
    low, high, todo = np.zeros(phi.size), np.full(phi.size, np.pi), np.arange(phi.size)
    phi = phi.copy()
    for step in range(NEWTON_STEPS + HALVINGS):
        old, length = phi[todo], (ends[:, 1] - ends[:, 0])[todo]
        with np.errstate(divide="ignore", invalid="ignore"):  # at an edge there is no slope
            value, slope = missing(through(old, ends[todo]), todo)
            move = value / (slope * length * np.sin(old) / 2)
        low[todo] = np.where(value > 0, old, low[todo])
        high[todo] = np.where(value < 0, old, high[todo])
        close = np.abs(move) <= CLOSE * np.minimum(old, np.pi - old)
        inside = (old + move > low[todo]) & (old + move < high[todo]) & (step < NEWTON_STEPS)
        phi[todo] = np.where(inside | close, old + move, (low[todo] + high[todo]) / 2)
        todo = todo[~close]
        if not todo.size:
            break
    return phi


def through(phi: Array, ends: Array) -> Array:
    """u at the angle phi, from 0 to pi, through the bulk with these ends, (k, 2)."""
    return ends[:, 0] + (ends[:, 1] - ends[:, 0]) * np.sin(phi / 2) ** 2
