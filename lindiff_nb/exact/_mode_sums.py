"""Losses of the optimal denoisers as sums over modes, on a whole grid of noise levels and ridges.

With r = 1/(a (lambda + c) + 1 - a) the optimal weight is w = sqrt(1-a) r, and a loss is a sum of
squares in which nothing cancels:

    < (1 - sqrt(1-a) w)^2 + a w^2 variance > = < [a^2 (lambda + c)^2 + a (1-a) variance] r^2 >

that is, r^2 on the grid times a few vectors over the modes.
"""

from __future__ import annotations

import numpy as np

from lindiff_nb._types import Array

BLOCK = 2**15  # values of r held at once; 256 KiB stay in a core's cache


def losses(lam: Array, counts: Array, variances: Array, a: Array, c: Array) -> Array:
    """The loss for each of the variances, (k, m), as the limit where a = 1: (k, *a.shape).

    lam and counts, (m,), are eigenvalues and multiplicities; a and c have one shape.
    """
    shape, a, c = a.shape, a.ravel(), c.ravel()
    vectors = np.vstack([lam**2, 2 * lam, np.ones_like(lam), variances]) * counts
    square, double, one, *spread = _squared_resolvent(lam, a, c, vectors.T)
    missed = a**2 * (square + c * double + c**2 * one)
    total = missed + a * (1 - a) * np.array(spread)
    unseen = variances[:, (lam == 0) & (counts > 0)].any(axis=1)
    total[np.ix_(unseen, (a == 1) & (c == 0))] = np.inf
    return total.reshape(-1, *shape) / counts.sum()


def _squared_resolvent(lam: Array, a: Array, c: Array, vectors: Array) -> Array:
    """sum_m r_m^2 vectors_m, (k, points), where 1/0 counts as 0."""
    sums = np.empty((len(a), vectors.shape[1]))
    floor = a * c + (1 - a)
    rows = max(1, BLOCK // len(lam))
    for start in range(0, len(a), rows):
        block = slice(start, start + rows)
        r = np.multiply.outer(a[block], lam)
        r += floor[block, None]
        if not floor[block].all():
            r[r == 0] = np.inf
        np.reciprocal(r, out=r)
        sums[block] = np.square(r, out=r) @ vectors
    return sums.T
