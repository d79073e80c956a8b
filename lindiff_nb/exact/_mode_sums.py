"""Losses of the optimal denoisers as sums over modes, on a whole grid of noise levels and ridges.

With s = (1-a)/a, xi = s + c and the resolvent g = 1/(lambda + xi) the optimal weight is
w = sqrt(1-a) g / a, and a loss is a sum of squares in which nothing cancels:

    < (1 - sqrt(1-a) w)^2 + a w^2 variance > = < [(lambda + c)^2 + s variance] g^2 >

that is, g^2 on the grid times a few vectors over the modes. All variances are in units of a power
of two near the largest. Where xi is above that, g is taken in units of 1/p with p a power of two
near xi, so that no product leaves float64; the null space is added in closed form.
"""

from __future__ import annotations

import numpy as np

from lindiff_nb._base import units
from lindiff_nb._base.blocks import blocks
from lindiff_nb._base.types import Array


def losses(lam: Array, counts: Array, variances: Array, a: Array, c: Array) -> Array:
    """The loss for each of the variances, (k, m), as the limit where a = 1: (k, *a.shape).

    lam and counts, (m,), are eigenvalues and multiplicities; a and c have one shape.
    """
    unit = units.unit(lam, variances)
    lam = unit.off("eigenvalues", lam, far=units.SPREAD)
    variances = np.ldexp(variances, -unit.exponent)
    shape, s = a.shape, unit.noise(a)
    s, c = s.ravel(), unit.beside("c", c, s).ravel()
    seen, xi = lam > 0, s + c
    p = above_one(xi)
    vectors = np.vstack([lam**2, 2 * lam, np.ones_like(lam), variances]) * counts
    square, double, one, *spread = squared_resolvent(lam[seen], xi, p, vectors[:, seen].T)
    inverse = np.divide(1, xi, out=np.zeros(xi.shape), where=xi > 0)
    missed = square / p / p + c / p * (double / p) + (c / p) ** 2 * one
    missed += counts[~seen].sum() * (c * inverse) ** 2
    rest = np.outer(variances[:, ~seen] @ counts[~seen], inverse)
    total = missed + s / p * (np.array(spread) / p) + s * inverse * rest
    unseen = variances[:, (lam == 0) & (counts > 0)].any(axis=1)
    total[np.ix_(unseen, xi == 0)] = np.inf
    return total.reshape(len(total), *shape) / counts.sum()


def above_one(xi: Array) -> Array:
    """The largest power of two that is not above xi, or one if xi is below that."""
    return np.ldexp(1.0, (np.frexp(xi)[1] - 1).clip(min=0))


def squared_resolvent(lam: Array, xi: Array, p: Array, vectors: Array) -> Array:
    """sum_m (p g_m)^2 vectors_m, (k, points), with a p from `above_one`, for positive lam."""
    sums = np.empty((len(xi), vectors.shape[1]))
    for block in blocks(len(xi), max(len(lam), 1)):
        g = np.add.outer(xi[block], lam)
        np.reciprocal(g, out=g)
        if np.any(p[block] > 1):
            g *= p[block, None]
        sums[block] = np.square(g, out=g) @ vectors
    return sums.T
