"""Sums over the sample's positive eigenvalues, as integrals along the curve of `support`.

The number of eigenvalues in du and the variance delta of new data there (`curve`) are smooth
inside each bulk. An angle phi with u = low + (high - low) sin(phi / 2)^2 takes off the square roots
at the edges: what is integrated becomes a periodic function of phi, even and analytic.

For such functions the trapezoidal rule converges geometrically (Trefethen & Weideman 2014), so that
twice the points square the relative error. Nearly all bulks of a population that makes many have
settled after 8 or 16 points. The others, which are long or nearly part or nearly touch, are cut
into panels with Gauss's rule, halved until every integral has settled.
"""

from collections.abc import Callable

import numpy as np

from lindiff_nb._base.blocks import blocks
from lindiff_nb._base.types import Array, Index, Mask
from lindiff_nb.predict._bulk import curve, support
from lindiff_nb.predict._bulk.support import Bulks
from lindiff_nb.predict.population import Population

ORDER = 12
TOLERANCE = 1e-10  # of the whole integral, for each panel; of a bulk's, for a whole bulk
POINTS = 8, 16, 32  # of the trapezoidal rule on a bulk
ROUNDS = 60

Formula = Callable[[Array, Array], Array]  # delta, s -> what is summed


def sums(formula: Formula, s: Array, population: Population, n: int) -> Array:
    """sum over typical positive eigenvalues of formula(delta, s), for each s, (k,)."""
    bulks = support.find(population, n)
    probes, total, bulk = _probes(s), np.zeros(len(s)), np.arange(len(bulks.w))
    for points in POINTS:
        settled, delta, weight = _whole(formula, probes, bulk, points, bulks)
        for rows in blocks(int(settled.sum()), points * len(s)):
            some = delta[settled][rows], weight[settled][rows]
            total += _integrals(formula, s, *some).sum(axis=0)
        bulk = bulk[~settled]
        if not bulk.size:
            return total
    return total + _by_panels(formula, s, probes, bulk, bulks)


def _whole(
    formula: Formula, probes: Array, bulk: Index, points: int, bulks: Bulks
) -> tuple[Mask, Array, Array]:
    """The trapezoidal rule on whole bulks, and where it is settled.

    Half the points had three quarters of its digits. Half of them is what geometric convergence
    asks for, but an error may pass through zero on its way.
    """
    phi = np.broadcast_to(np.pi * np.arange(1, points) / points, (bulk.size, points - 1))
    delta, weight = _nodes(bulk, phi, np.pi / points, bulks)
    integral = _integrals(formula, probes, delta, weight)
    half = 2 * _integrals(formula, probes, delta[:, 1::2], weight[:, 1::2])
    near = np.abs(half - integral) <= TOLERANCE**0.75 * np.abs(integral)
    return np.all(near, axis=1), delta, weight


def _by_panels(formula: Formula, s: Array, probes: Array, bulk: Index, bulks: Bulks) -> Array:
    """Gauss's rule on panels of the bulks, halved where two halves differ from the whole."""
    low, high = np.zeros(len(bulk)), np.full(len(bulk), np.pi)
    total, scale = np.zeros(len(s)), np.zeros(0)
    coarse = _panels(bulk, low, high, bulks)
    for _ in range(ROUNDS):
        middle = (low + high) / 2
        bulk, low, high = np.tile(bulk, 2), np.append(low, middle), np.append(middle, high)
        fine = _panels(bulk, low, high, bulks)
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
    raise RuntimeError(f"no convergence after {ROUNDS} halvings: n={bulks.n}, {bulks.w[bulk][:3]=}")


def _probes(s: Array) -> Array:
    """Values of s that stand for all: zero, both ends, and three for each decade between."""
    positive, zero = s[s > 0], s[s == 0][:1]
    if not positive.size:
        return zero
    low, high = positive.min(), positive.max()
    decades = np.log10(high) - np.log10(low)
    return np.append(zero, np.geomspace(low, high, 2 + int(3 * decades)))


def _integrals(formula: Formula, s: Array, delta: Array, weight: Array) -> Array:
    """The integral over each panel for each s, (panels, k)."""
    return np.einsum("pgk,pg->pk", formula(delta[..., None], s), weight)


def _panels(bulk: Index, low: Array, high: Array, bulks: Bulks) -> tuple[Array, Array]:
    """`_nodes` of Gauss's rule on each panel, (panels, ORDER)."""
    nodes, weights = np.polynomial.legendre.leggauss(ORDER)
    half = (high - low)[:, None] / 2
    return _nodes(bulk, (low + high)[:, None] / 2 + half * nodes, half * weights, bulks)


def _nodes(bulk: Index, phi: Array, dphi: Array | float, bulks: Bulks) -> tuple[Array, Array]:
    """delta and the number of eigenvalues at each phi, (k, points)."""
    ends = bulks.w[bulk]
    length = (ends[:, 1] - ends[:, 0])[:, None]
    u = ends[:, :1] + length * np.sin(phi / 2) ** 2
    place = curve.local(u.ravel(), bulks)
    du = dphi * length * np.sin(phi) / 2
    return place.delta.reshape(u.shape), place.number.reshape(u.shape) * du
