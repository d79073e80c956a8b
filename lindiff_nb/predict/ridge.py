"""Finite data acts like an extra ridge.

Take n samples in d dimensions with population covariance Sigma (eigenvalues `spectrum`)
and sample covariance Sigma_0. When n and d are both large, xi (Sigma_0 + xi)^-1 acts like
the deterministic kappa (Sigma + kappa)^-1, with kappa >= xi fixed by

    df_p(kappa) = sum_nu (lambda_nu / (lambda_nu + kappa))^p
    xi          = kappa (1 - df_1(kappa) / n)

The right-hand side is convex where it is positive, which is all the solver needs. With
E = n - df_1 and V = df_1 - df_2, Newton's step from kappa is

    kappa <- (n xi + kappa V) / (E + V)

and three facts hold above the root, written r, where E >= 0:

1. A step from above stays above (the tangent of a convex function lies below it).
2. With f = kappa E / n - xi,  kappa f'' <= 2 f'. Hence a step takes off at least a third of
   the distance to r, from any start; and a relative error e becomes at most e^2.
3. kappa(xi) is concave, so the tangent at any solved xi gives a start above the root for its
   neighbours: a thousand values of xi cost little more than two steps each.

E and V are summed without cancellation: modes above kappa enter E through
1 - lambda / (lambda + kappa), modes below through lambda / (lambda + kappa), and what is left
is an integer. Both parts together are at most 2 V, so rounding moves kappa by a few units in
the last place, near n = d and inside a gap of the spectrum too.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from lindiff_nb import _validate as validate
from lindiff_nb._types import Array, Reals

CLOSE = 1e-7  # a relative step this small leaves a relative error of its square
BLOCK = 2**15  # numbers in a temporary: large enough to be fast, small enough for the cache


def degrees_of_freedom(kappa: ArrayLike, spectrum: ArrayLike, power: int = 1) -> Reals:
    """df_p(kappa) = sum_nu (lambda_nu / (lambda_nu + kappa))^p, for each kappa >= 0.

    The number of modes that a ridge kappa leaves alone: at kappa = 0 the rank of the
    population. Returns the shape of kappa.
    """
    kappa = validate.nonnegative("kappa", kappa)
    spectrum = validate.spectrum(spectrum)
    power = validate.integer("power", power)
    levels, counts = _levels(spectrum)
    flat = kappa.ravel()
    result = np.empty_like(flat)
    for rows in blocks(flat.size, levels.size):
        result[rows] = (levels / (levels + flat[rows, None])) ** power @ counts
    return result.reshape(kappa.shape)[()]


def effective_ridge(
    xi: ArrayLike, spectrum: ArrayLike, n: int, *, max_steps: int = 2000
) -> Reals:
    """kappa(xi): the largest root of  xi = kappa (1 - df_1(kappa) / n), for each xi >= 0.

    Without explicit ridge kappa(0) > 0 if n is less than the rank of the population, else 0.
    The relative error is below 1e-12, for any spectrum, zero eigenvalues included. Returns the
    shape of xi. Merger & Goldt, eq. 12, with kappa = xi / q.

    Raises ValueError on bad arguments, and RuntimeError after `max_steps` Newton steps: as each
    takes off a third of the error or more, the default covers the whole range of float64.
    """
    xi = validate.nonnegative("xi", xi)
    spectrum = validate.spectrum(spectrum)
    n = validate.integer("n", n)
    levels, counts = _levels(spectrum)
    grid, place = np.unique(xi, return_inverse=True)
    kappa = np.zeros_like(grid)
    first = int(grid.size > 0 and grid[0] == 0 and n >= counts.sum())  # there kappa(0) = 0
    kappa[first:] = _solve(grid[first:], levels, counts, n, max_steps)
    return kappa[place].reshape(xi.shape)[()]


def blocks(rows: int, columns: int) -> Iterator[slice]:
    """Slices of a table of rows x columns, each of about BLOCK numbers or one row."""
    size = max(1, BLOCK // columns)
    return (slice(start, start + size) for start in range(0, rows, size))


def _levels(spectrum: Array) -> tuple[Array, Array]:
    """Distinct positive eigenvalues, increasing, and how often each occurs."""
    levels, counts = np.unique(spectrum[spectrum > 0], return_counts=True)
    return levels, counts.astype(np.float64)


def _solve(grid: Array, levels: Array, counts: Array, n: int, max_steps: int) -> Array:
    """kappa at each value of an increasing grid, from coarse to fine."""
    kappa, slope = np.empty_like(grid), np.empty_like(grid)
    above = grid + levels @ counts / n
    stride = 1 << grid.size.bit_length()
    todo = np.arange(min(grid.size, 1))
    start = above[todo]
    while todo.size:
        kappa[todo], slope[todo] = _newton(start, grid[todo], levels, counts, n, max_steps)
        stride //= 2
        todo = np.arange(stride, grid.size, 2 * stride) if stride else todo[:0]
        left = todo - stride
        right = np.where(todo + stride < grid.size, todo + stride, left)
        tangents = [kappa[at] + (grid[todo] - grid[at]) * slope[at] for at in (left, right)]
        start = np.minimum(above[todo], np.minimum(*tangents))
    return kappa


def _newton(
    kappa: Array, xi: Array, levels: Array, counts: Array, n: int, max_steps: int
) -> tuple[Array, Array]:
    """Newton's method from above; also the slope d kappa / d xi of the last tangent."""
    kappa, slope = kappa.copy(), np.empty_like(kappa)
    active = np.arange(kappa.size)
    for _ in range(max_steps):
        old = kappa[active]
        excess, spread = _excess_and_spread(old, levels, counts, n)
        new = (n * xi[active] + old * spread) / (excess + spread)
        kappa[active], slope[active] = new, n / (excess + spread)
        active = active[np.abs(old - new) > CLOSE * new]
        if not active.size:
            return kappa, slope
    raise RuntimeError(f"no convergence in {max_steps} Newton steps: {n=}, xi={xi[active][:5]}")


def _excess_and_spread(
    kappa: Array, levels: Array, counts: Array, n: int
) -> tuple[Array, Array]:
    """E = n - df_1 and V = df_1 - df_2 at each kappa, neither by cancellation."""
    below = np.concatenate([[0.0], np.cumsum(counts)])
    excess, spread = np.full_like(kappa, n - below[-1]), np.empty_like(kappa)
    if n < below[-1]:
        excess += below[np.searchsorted(levels, kappa)]
    for rows in blocks(kappa.size, levels.size):
        column = kappa[rows, None]
        resolvent = np.reciprocal(levels + column)
        part = column if n >= below[-1] else np.where(levels >= column, column, -levels)
        excess[rows] += (part * resolvent) @ counts
        spread[rows] = kappa[rows] * (np.square(resolvent, out=resolvent) @ (levels * counts))
    return excess, spread
