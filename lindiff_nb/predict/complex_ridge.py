"""The effective ridge at complex xi, and why the root found is the right one.

The resolvent of the sample covariance at a point z off the real axis is its ridge estimate at
xi = -z, so every average that `ridge` gives for xi > 0 continues to complex xi once

    xi = kappa (1 - df_1(kappa) / n)    or  kappa = xi + (1/n) sum lambda kappa / (lambda + kappa)

is solved there. Of its many roots one is meant: the one that continues the positive root. Let xi
lie in the upper half-plane H (the lower one follows by conjugation). Then

1. The right root lies in H, and is the only one there. Im xi = Im kappa (1 - P) with
   P = (1/n) sum |lambda / (lambda + kappa)|^2, so a root in H has P < 1; but for two roots k1, k2
   the equation gives 1 = (1/n) sum lambda^2 / ((lambda + k1) (lambda + k2)), which Cauchy and
   Schwarz bound by sqrt(P1 P2) < 1. (Silverstein & Bai 1995, doi:10.1006/jmva.1995.1051, say the
   same of 1 / kappa.)
2. The map on the right of the second form takes H to where Im kappa >= Im xi, and that to a bounded
   part of it. So its iterates converge to that root from every start in H (Earle & Hamilton 1970,
   A fixed point theorem for holomorphic mappings, Proc. Sympos. Pure Math. 16). Newton's method
   does so much faster.

Hence the solver: Newton's steps, but one that would leave H is replaced by that map; and what has
converged in H is the root, whatever way it came. Nothing else is ever returned. Close to the axis
the map is slow. There the way is from above, by points whose height falls fourfold: kappa maps H
to itself and so (Schwarz and Pick) moves no further than they do in H's own metric, ln 4 a step,
and each root is a good start for the next. The modes above and
below |kappa| (of neighbours' mean |kappa|: the order of magnitude counts) are summed apart, as in
`ridge`, so that neither n - df_1 nor Im kappa is left over from a cancellation, however much
smaller than kappa they are.
"""

from typing import NamedTuple

import numpy as np

from lindiff_nb._base import validate
from lindiff_nb._base.blocks import blocks
from lindiff_nb._base.types import ArrayLike, Complex, Index, Mask
from lindiff_nb.predict.population import Population, Spectrum, enter

REALS = 2  # a complex number counts for two in a block
TABLES = 2  # temporaries of the size of a block
MAX_STEPS = 500
DIRECT = 50  # steps before points close to the axis are approached from above
CLOSE = 1e-7  # a relative step of Newton's this small leaves an error of about its square


class Root(NamedTuple):
    """The effective ridge and its degrees of freedom, (m,)."""

    kappa: Complex
    df1: Complex


def effective_ridge(xi: ArrayLike, spectrum: Spectrum, n: int) -> Complex:
    """kappa(xi) off the real axis: the root with Im kappa of the sign of Im xi, shape of xi.

    Raises ValueError for xi that is real or not finite, n < 1 or a spectrum that is not one, and
    RuntimeError after 500 steps without convergence, or if the branch is lost.
    """
    points = np.asarray(validate.array("xi", xi), dtype=np.complex128)
    validate.numbers("xi", points.real + points.imag)
    if np.any(points.imag == 0):
        raise validate.fail("xi", xi, "off the real axis")
    (unit, population), n = enter(spectrum), validate.integer("n", n)
    found = solve(unit.off("xi", points.ravel()), population, n).kappa
    return unit.on(found.reshape(points.shape))


def along(xi: Complex, population: Population, n: int) -> Root:
    """`solve` for points in order on a smooth curve: neighbours give each other a start.

    Every eighth point starts alone, the others from the interpolation of log kappa in between.
    """
    root = Root(np.zeros_like(xi), np.zeros_like(xi))
    start = xi + population.trace / n
    stride, todo = 8, np.arange(0, xi.size, 8)
    while True:
        found = solve(xi[todo], population, n, start=start[todo])
        root.kappa[todo], root.df1[todo] = found
        stride //= 2
        if not stride:
            return root
        todo = np.arange(stride, xi.size, 2 * stride)
        inner = todo[todo + stride < xi.size]
        logs = np.log(root.kappa[:: 2 * stride])
        padded = np.concatenate([logs[:1], logs, logs[-1:]])
        middle = (9 * (padded[1:-2] + padded[2:-1]) - padded[:-3] - padded[3:]) / 16
        start[inner] = np.exp(middle)


def solve(xi: Complex, population: Population, n: int, *, start: Complex | None = None) -> Root:
    """The root at each of the points xi, (m,), none of them real."""
    kappa = xi + population.trace / n if start is None else start.copy()
    df1 = np.zeros_like(kappa)
    late = _newton(Root(kappa, df1), xi, population, n, DIRECT)
    if late.size:
        kappa[late], df1[late] = _descend(xi[late], population, n)
    return certified(Root(kappa, df1), xi)


def _descend(xi: Complex, population: Population, n: int) -> Root:
    """The root at each xi, by way of points above it, each a quarter as high as the one before."""
    root, height = Root(xi + population.trace / n, np.zeros_like(xi)), np.abs(xi)
    while np.any(height > np.abs(xi.imag)):
        height = np.maximum(height / 4, np.abs(xi.imag))
        above = xi.real + 1j * np.sign(xi.imag) * height
        late = _newton(root, above, population, n, MAX_STEPS)
        if late.size:
            raise RuntimeError(f"no convergence in {MAX_STEPS} steps: {n=}, xi={xi[late][:3]}")
    return root


def _newton(root: Root, xi: Complex, population: Population, n: int, steps: int) -> Index:
    """Solve from kappa as it is, in place; the points that have not converged are returned."""
    active = np.arange(xi.size)
    for _ in range(steps):
        if not active.size:
            break
        old, point = root.kappa[active], xi[active]
        sums, excess, spread = _sums(old, population, n)
        new = (point + old * (spread / n)) * (n / (excess + spread))
        outside = ~_same_side(new, point)
        new[outside] = (point + old * sums / n)[outside]
        root.kappa[active], root.df1[active] = new, sums - spread * (new - old) / old
        active = active[outside | ~(np.abs(new - old) <= CLOSE * np.abs(new))]
    return active


def certified(root: Root, xi: Complex) -> Root:
    """The root, if it is in the half-plane of xi, where there is no other; else RuntimeError."""
    lost = ~_same_side(root.kappa, xi)
    if lost.any():
        where = f"xi={xi[lost][:3]}: {root.kappa[lost][:3]}"
        raise RuntimeError(f"kappa left the half-plane of {where}")
    return root


def _same_side(kappa: Complex, xi: Complex) -> Mask:
    """Whether both are in the same open half-plane; a NaN is in none."""
    return (kappa.imag * np.sign(xi.imag)) > 0


def _sums(kappa: Complex, population: Population, n: int) -> tuple[Complex, Complex, Complex]:
    """df_1, E = n - df_1 and V = df_1 - df_2 at each kappa, none by cancellation.

    With kappa = |kappa| (cos + i sin) and x = lambda / |kappa|, 1 / (x + cos + i sin) is real -
    i sin inverse and its square inverse - 2 (sin inverse)^2 - 2 i sin inverse real: real numbers,
    which numpy divides and multiplies several times faster.
    """
    df1, excess, spread = np.empty((3, kappa.size), dtype=np.complex128)
    levels, counts, traces = population.levels, population.counts, population.traces
    for rows in blocks(kappa.size, TABLES * levels.size):
        size = np.abs(kappa[rows])
        cut = int(np.searchsorted(levels, np.exp(np.log(size).mean())))
        number, turn = counts[cut:].sum(), kappa[rows] / size
        sine = turn.imag
        real = levels * (1 / size)[:, None] + turn.real[:, None]
        inverse = np.reciprocal(np.square(real) + np.square(sine)[:, None])
        real *= inverse
        above = real[:, cut:] @ counts[cut:] - 1j * sine * (inverse[:, cut:] @ counts[cut:])
        below = real[:, :cut] @ traces[:cut] - 1j * sine * (inverse[:, :cut] @ traces[:cut])
        df1[rows] = number - turn * above + below / size
        excess[rows] = n - number + turn * above - below / size
        real *= inverse
        square = inverse @ traces - 2j * sine * (real @ traces)
        square -= 2 * sine**2 * (np.square(inverse, out=inverse) @ traces)
        spread[rows] = turn * square / size
    return df1, excess, spread
