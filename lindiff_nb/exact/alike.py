"""Images that are nearly the same, found where the common directions are taken off.

Two pictures of one kind are alike in what all of them share; copies are alike in the rest. So
points are compared after whitening, by the Gram matrix H of the fit at a ridge that keeps a quarter
of the degrees of freedom, with the pair itself left out of that fit: with a = 1 - 1/n - h and
b_ij = 1/n + H_ij,

    own_ij = (a_j h_i + b_ij H_ij) / (a_i a_j - b_ij^2)
    R_ij   = (a H_ij + b_ij h) / (a_i a_j - b_ij^2) / sqrt(own_ij own_ji)

where a, h of the numerator are those of one of the two, averaged. R is one for copies. A pair is
alike if R > 0.9 and both have a tenth of the median energy or more: flat skies are no copies.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from scipy.optimize import brentq
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from lindiff_nb._base.blocks import blocks
from lindiff_nb._base.types import Index
from lindiff_nb.exact.left_out import Sample

CLOSE = 0.9
FLAT = 0.1  # of the median energy
KEPT = 4  # the ridge leaves a degree of freedom of so many
ROWS = 2**22  # numbers of a block of rows


def pairs(sample: Sample) -> Index:
    """Rows (i, j), i < j, of points that are alike, (p, 2), in order."""
    n, share = sample.n, np.square(sample.u)
    xi = _ridge(sample)
    weights = sample.lam / (sample.lam + xi)
    h = share @ weights
    a = 1 - 1 / n - h
    enough = FLAT * np.median(h / a)
    found = []
    for rows in blocks(n, n, ROWS):
        H = (sample.u[rows] * weights) @ sample.u.T
        b, hi, ai = 1 / n + H, h[rows, None], a[rows, None]
        det = ai * a - b**2
        own, other = (a * hi + b * H) / det, (ai * h + b * H) / det
        both = ((ai + a) * H + b * (hi + h)) / (2 * det)
        with np.errstate(all="ignore"):
            R = both / np.sqrt(own * other)
        i, j = np.nonzero((R > CLOSE) & (own > enough) & (other > enough))
        i = i + rows.start
        found.append(np.stack([i, j], axis=1)[i < j])
    return np.concatenate(found)


def _ridge(sample: Sample) -> float:
    """The xi at which sum h is a quarter of what it can be."""
    wanted = min(sample.n - 1, sample.d) / KEPT

    def excess(t: float) -> float:
        return float(np.sum(sample.lam / (sample.lam + np.exp(t)))) - wanted

    ends = np.log(sample.lam.max() * np.array([1e-12, sample.n]))
    return float(np.exp(brentq(excess, *ends))) if excess(ends[0]) > 0 else float(np.exp(ends[0]))


def clusters(n: int, alike: Index) -> list[Index]:
    """Rows joined by the pairs, directly or through others; every row is in one cluster."""
    graph = coo_array((np.ones(len(alike)), alike.T.reshape(2, -1)), shape=(n, n))
    label = connected_components(graph, directed=False)[1]
    order = np.argsort(label, kind="stable")
    return np.split(order, np.cumsum(np.bincount(label))[:-1])


def joined(n: int, *parts: Iterable[Sequence[int] | Index]) -> list[Index]:
    """The finest groups of n rows that keep together what any of the parts does."""
    links = [(group[0], other) for part in parts for group in part for other in group[1:]]
    return clusters(n, np.array(links, dtype=np.intp).reshape(-1, 2))
