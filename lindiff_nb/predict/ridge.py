"""Finite data acts like an extra ridge.

Take n samples in d dimensions with population covariance Sigma (eigenvalues `spectrum`)
and sample covariance Sigma_0. When n and d are both large, xi (Sigma_0 + xi)^-1 acts in every
fixed direction like the deterministic kappa (Sigma + kappa)^-1, with kappa >= xi fixed by

    df_p(kappa) = sum_nu (lambda_nu / (lambda_nu + kappa))^p
    xi          = kappa (1 - df_1(kappa) / n)

The right-hand side is convex in kappa, which is all the solver needs. With E = n - df_1 and
V = df_1 - df_2, Newton's step is

    kappa <- [n / (E + V)] xi + kappa V / (E + V)

and at and above the largest root r three facts hold.

1. A step from above stays above: the tangent of a convex function lies below it.
2. The residual f = kappa E / n - xi has 0 <= kappa f'' <= 2 f'. So a step takes off a third of
   the distance to r or more, from any start, and turns a relative error e into at most e^2.
3. kappa(xi) is concave, and the step is its tangent, a line in xi. The line at a solved xi gives
   its neighbours a start above their roots: a thousand values of xi cost about two steps each.

E and V are summed without cancellation: modes above kappa enter E through
1 - lambda / (lambda + kappa), modes below through lambda / (lambda + kappa), and what is left
is an integer. Both sums together are at most 2 V, so rounding moves kappa by a few units in
the last place, near n = d and inside a gap of the spectrum too.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from lindiff_nb._base import validate
from lindiff_nb._base.blocks import blocks
from lindiff_nb._base.types import Array, Integers, Reals, Wholes
from lindiff_nb.predict import _panels
from lindiff_nb.predict.population import Population, Spectrum, enter

MAX_STEPS = 2000  # each takes off a third of the error or more: enough for all of float64
CLOSE = 1e-7  # a relative step this small leaves a relative error of about its square


class Response(NamedTuple):
    """The effective ridge and the three sums that every average of the resolvent is made of."""

    kappa: Array
    df1: Array  # df_1(kappa)
    excess: Array  # E = n - df_1 = n xi / kappa
    spread: Array  # V = df_1 - df_2


def degrees_of_freedom(kappa: Reals, spectrum: Spectrum, power: int = 1) -> Array:
    """df_p(kappa) = sum_nu (lambda_nu / (lambda_nu + kappa))^p, for each kappa >= 0.

    For p = 1 the number of modes that a ridge kappa leaves alone; at kappa = 0 the rank of the
    population, where variance that cannot be told from rounding does not count. Returns the shape
    of kappa. Raises ValueError for a negative kappa, a spectrum that is not one, or p < 1.
    """
    unit, population = enter(spectrum)
    kappa = unit.off("kappa", validate.nonnegative("kappa", kappa))
    power = validate.integer("power", power)
    found = population.total(lambda lam, k: (lam / (lam + k)) ** power, kappa)
    return np.where(kappa > 0, found, population.varying.rank)[()]


def effective_ridge(xi: Reals, spectrum: Spectrum, n: Wholes) -> Array:
    """kappa(xi): the largest root of  xi = kappa (1 - df_1(kappa) / n), for each xi >= 0.

    Without explicit ridge kappa(0) > 0 if n is less than the rank of the population, else 0.
    The relative error is below 1e-12, for any spectrum, zero eigenvalues included. Returns the
    shape of xi and n broadcast together. Source: Merger & Goldt, eq. 12, whose order parameter is
    xi / kappa.

    Raises ValueError for a negative xi, n < 1 or a spectrum that is not one, and RuntimeError if
    2000 steps of Newton's method do not suffice.
    """
    (unit, population), (xi, sizes) = enter(spectrum), _broadcast(xi, n)
    return unit.on(_without_rounding(_solved, unit.off("xi", xi), sizes, population))


def response(xi: Reals, spectrum: Spectrum, n: Wholes) -> Response:
    """kappa, df_1, E = n - df_1 and V = df_1 - df_2 at each xi >= 0 and n, in their common shape.

    E is n xi / kappa, which loses no digits where df_1 is close to n. Raises as
    `effective_ridge` does.
    """
    (unit, population), (xi, n) = enter(spectrum), _broadcast(xi, n)
    kappa, *others = _without_rounding(_response, unit.off("xi", xi), n, population)
    return Response(unit.on(kappa), *(each[()] for each in others))


def _response(xi: Array, n: Integers, population: Population) -> Array:
    """`response` at checked arguments in the population's own unit, (4, ..)."""
    panels = _panels.span(xi, n, population)
    if panels is None:
        kappa = _solved(xi, n, population)
        df1, spread = _df1_and_spread(kappa.ravel(), population).reshape(2, *kappa.shape)
    else:
        found = _panels.solve(xi.ravel(), n.ravel().astype(np.float64), population, panels)
        kappa, df1, spread = found.reshape(3, *xi.shape)
    excess = np.array(np.maximum(n - population.rank, 0.0) / n)
    np.divide(xi, kappa, out=excess, where=xi > 0)
    return np.stack([kappa, df1, n * excess, spread])  # n xi may overflow


def _without_rounding(
    solve: Callable[[Array, Integers, Population], Array],
    xi: Array,
    n: Integers,
    population: Population,
) -> Array:
    """solve(xi, n, population); at xi = 0 answers jump where a variance vanishes, and rounding
    noise is none.
    """
    zero = xi == 0
    if not zero.any() or population.varying.rank == population.rank:
        return solve(xi, n, population)
    result = solve(np.where(zero, 1.0, xi), n, population)
    result[..., zero] = solve(xi[zero], n[zero], population.varying)
    return result


def _df1_and_spread(kappa: Array, population: Population) -> Array:
    """df_1 and V at each kappa, (2, k)."""
    levels, traces = population.levels, population.traces
    result = np.empty((2, kappa.size))
    for rows in blocks(kappa.size, levels.size):
        resolvent = np.reciprocal(levels + kappa[rows, None])
        result[0, rows] = resolvent @ traces
        resolvent *= kappa[rows, None] * resolvent
        result[1, rows] = resolvent @ traces
    return result


def _broadcast(xi: Reals, n: Wholes) -> tuple[Array, Integers]:
    """The checked xi and n in their common shape."""
    xi, n = validate.broadcast(xi=validate.nonnegative("xi", xi), n=validate.integers("n", n))
    return xi, n


def _solved(xi: Array, n: Integers, population: Population) -> Array:
    """kappa at each xi and n, in their shape."""
    kappa = np.empty(xi.shape)
    for size in np.unique(n):
        here = n == size
        kappa[here] = _for_one_n(xi[here], population, int(size))
    return kappa


def _for_one_n(xi: Array, population: Population, n: int) -> Array:
    """kappa at each xi, (k,): equal ones are solved once, increasing."""
    grid, place = np.unique(xi, return_inverse=True)
    kappa = np.zeros_like(grid)
    first = int(grid.size > 0 and grid[0] == 0 and n >= population.rank)  # there kappa(0) = 0
    kappa[first:] = _solve(grid[first:], population, n)
    return kappa[place]


def _solve(grid: Array, population: Population, n: int) -> Array:
    """kappa at each value of an increasing grid: the first, the middle one, the quarters, .."""
    at_zero, slope = np.empty_like(grid), np.empty_like(grid)
    start = grid + population.trace / n
    todo, stride = np.arange(grid.size)[:1], 2 ** max(grid.size - 1, 0).bit_length()
    while todo.size:
        tangent = _newton(start[todo], grid[todo], population, n)
        at_zero[todo], slope[todo] = tangent
        stride //= 2
        todo = np.arange(stride, grid.size, 2 * stride) if stride else todo[:0]
        left, right = todo - stride, todo + stride
        for solved in (left, np.where(right < grid.size, right, left)):
            bound = at_zero[solved] + slope[solved] * grid[todo]
            start[todo] = np.minimum(start[todo], bound)
    return at_zero + slope * grid


def _newton(kappa: Array, xi: Array, population: Population, n: int) -> tuple[Array, Array]:
    """The tangents of kappa(xi) at which Newton's method from above ends: value at 0, and slope."""
    at_zero, slope, kappa = np.empty_like(kappa), np.empty_like(kappa), kappa.copy()
    active = np.arange(kappa.size)
    for _ in range(MAX_STEPS):
        old = kappa[active]
        excess, spread = _excess_and_spread(old, population, n)
        at_zero[active] = old * (spread / (excess + spread))
        slope[active] = n / (excess + spread)
        kappa[active] = new = at_zero[active] + slope[active] * xi[active]
        active = active[np.abs(old - new) > CLOSE * new]
        if not active.size:
            return at_zero, slope
    raise RuntimeError(f"no convergence in {MAX_STEPS} Newton steps: {n=}, xi={xi[active][:5]}")


def _excess_and_spread(kappa: Array, population: Population, n: int) -> tuple[Array, Array]:
    """E and V at each kappa, neither by cancellation."""
    levels, counts, rank = population.levels, population.counts, population.rank
    excess, spread = np.full_like(kappa, n - rank), np.empty_like(kappa)
    if n < rank:
        excess += population.below[np.searchsorted(levels, kappa)]
    for rows in blocks(kappa.size, levels.size):
        column = kappa[rows, None]
        resolvent = np.reciprocal(levels + column)
        part = column if n >= rank else np.where(levels >= column, column, -levels)
        excess[rows] += (part * resolvent) @ counts
        spread[rows] = kappa[rows] * (np.square(resolvent, out=resolvent) @ population.traces)
    return excess, spread
