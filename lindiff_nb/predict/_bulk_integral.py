"""Sums over the sample's positive eigenvalues, as integrals along the curve of `_bulks`.

The number of eigenvalues in du and the variance delta of new data there (`_bulk_curve`) are smooth
inside each bulk.

An angle phi with u = low + (high - low) sin(phi / 2)^2 takes off the square roots at the edges.
Gauss's rule then runs on panels in phi that are halved until every integral has settled.
"""

from collections.abc import Callable

import numpy as np

from lindiff_nb._types import Array
from lindiff_nb.predict import _bulk_curve, _bulks
from lindiff_nb.predict._bulks import Bulks, Index
from lindiff_nb.predict._spectrum import blocks

ORDER = 12
TOLERANCE = 1e-10  # of the whole integral, for each panel
ROUNDS = 60

Formula = Callable[[Array, Array], Array]  # delta, s -> what is summed


def sums(formula: Formula, s: Array, spectrum: Array, n: int) -> Array:
    """sum over typical positive eigenvalues of formula(delta, s), for each s, (k,)."""
    at = _bulks.find(spectrum, n)
    probes = _probes(s)
    bulk = np.arange(len(at.w))
    low, high = np.zeros(len(bulk)), np.full(len(bulk), np.pi)
    total, scale = np.zeros(len(s)), np.zeros(0)
    coarse = _panels(bulk, low, high, at)
    for _ in range(ROUNDS):
        middle = (low + high) / 2
        bulk, low, high = np.tile(bulk, 2), np.append(low, middle), np.append(middle, high)
        fine = _panels(bulk, low, high, at)
        half = len(bulk) // 2
        rough, better = (_integrals(formula, probes, *part) for part in (coarse, fine))
        scale = scale if scale.size else better.sum(axis=0)
        error = np.abs(rough - better[:half] - better[half:])
        bad = np.tile(np.any(error > TOLERANCE * scale, axis=1), 2)
        for rows in blocks(int(np.sum(~bad)), ORDER * len(s)):
            total += _integrals(formula, s, fine[0][~bad][rows], fine[1][~bad][rows]).sum(axis=0)
        if not bad.any():
            return total
        bulk, low, high, coarse = bulk[bad], low[bad], high[bad], (fine[0][bad], fine[1][bad])
    raise RuntimeError(f"no convergence after {ROUNDS} halvings: {n=}, bulks {at.w[bulk][:3]}")


def _probes(s: Array) -> Array:
    """Values of s that stand for all: zero, both ends, and three for each decade between."""
    positive, zero = s[s > 0], s[s == 0][:1]
    if not positive.size:
        return zero
    low, high = positive.min(), positive.max()
    return np.append(zero, np.geomspace(low, high, 2 + int(3 * np.log10(high / low))))


def _integrals(formula: Formula, s: Array, delta: Array, weight: Array) -> Array:
    """The integral over each panel for each s, (panels, k)."""
    return np.einsum("pgk,pg->pk", formula(delta[..., None], s), weight)


def _panels(bulk: Index, low: Array, high: Array, at: Bulks) -> tuple[Array, Array]:
    """delta and the number of eigenvalues at Gauss's nodes of each panel, (panels, ORDER)."""
    nodes, weights = np.polynomial.legendre.leggauss(ORDER)
    phi = (low + high)[:, None] / 2 + (high - low)[:, None] / 2 * nodes
    ends = at.w[bulk]
    length = (ends[:, 1] - ends[:, 0])[:, None]
    u = ends[:, :1] + length * np.sin(phi / 2) ** 2
    du = (high - low)[:, None] / 2 * weights * length * np.sin(phi) / 2
    delta, number = np.empty(u.size), np.empty(u.size)
    for rows in blocks(u.size, 4 * at.levels.size):
        place = _bulk_curve.local(u.ravel()[rows], at)
        delta[rows], number[rows] = place.delta, place.number
    return delta.reshape(u.shape), number.reshape(u.shape) * du
