"""Losses of the optimal denoisers as sums over modes, on a whole grid of noise levels and ridges.

With s = (1-a)/a, xi = s + c and the resolvent g = 1/(lambda + xi) the optimal weight is
w = sqrt(1-a) g / a, and a loss is a sum of squares in which nothing cancels:

    < (1 - sqrt(1-a) w)^2 + a w^2 variance > = < [(lambda + c)^2 + s variance] g^2 >

that is, g^2 on the grid times a few vectors over the modes.
"""

from __future__ import annotations

import numpy as np

from lindiff_nb._blocks import blocks
from lindiff_nb._types import Array


def losses(lam: Array, counts: Array, variances: Array, a: Array, c: Array) -> Array:
    """The loss for each of the variances, (k, m), as the limit where a = 1: (k, *a.shape).

    lam and counts, (m,), are eigenvalues and multiplicities; a and c have one shape.
    """
    shape, a, c = a.shape, a.ravel(), c.ravel()
    s = (1 - a) / a
    vectors = np.vstack([lam**2, 2 * lam, np.ones_like(lam), variances]) * counts
    square, double, one, *spread = squared_resolvent(lam, s + c, vectors.T)
    total = square + c * double + c**2 * one + s * np.array(spread)
    unseen = variances[:, (lam == 0) & (counts > 0)].any(axis=1)
    total[np.ix_(unseen, (a == 1) & (c == 0))] = np.inf
    return total.reshape(len(total), *shape) / counts.sum()


def squared_resolvent(lam: Array, xi: Array, vectors: Array) -> Array:
    """sum_m g_m^2 vectors_m, (k, points), where 1/0 counts as 0."""
    sums = np.empty((len(xi), vectors.shape[1]))
    for block in blocks(len(xi), len(lam)):
        g = np.add.outer(xi[block], lam)
        if not xi[block].all():
            g[g == 0] = np.inf
        np.reciprocal(g, out=g)
        sums[block] = np.square(g, out=g) @ vectors
    return sums.T
