"""What finite sets add to a Frechet distance, told from the sets themselves.

Let s_i be the singular values of S_x' S_y, where S S' are the covariances of n_1 and n_2 points
with fitted means. The distance of the truths is that of the sets less Tr S_x S_x' / n_1 +
Tr S_y S_y' / n_2, which the means add, and less 2 sum_i (r_i - s_i), with r_i what the s_i are for
endless sets. Their sum is known from

    D(t)     = sum_i s_i^2 / (s_i^2 + t)
    kappa(t) = t / prod_j (1 - D / (n_j - 1))
    2 sum r  = (2 / pi) int [D - ln(dt / dkappa) / 4] kappa^(-1/2) dkappa

In many dimensions D(t) is df_1(kappa) of the truth (`predict.frechet`, whose law this turns
around; for n_j > d so do Tiomoko & Couillet 2019, arXiv:1903.03447). The logarithm is the next
order: the fluctuations of ln det shift D by -(t / 2) d ln(dt / dkappa) / dt, and the sum
moves with D by (2 / pi) int delta D kappa^(1/2) / t dt.

Nothing of this asks whether the model is perfect, or what spectrum the features have. With fewer
points than dimensions D ends at the points: from D = JOIN n on the degrees of freedom are taken to
go on as d / (1 + (kappa / k)^b), with the value and the slope that they have. That is exact for
white features, and good to a tenth of the bias for power laws and n >= d / 4.
"""

from typing import NamedTuple

import numpy as np
from scipy.integrate import trapezoid
from scipy.special import stdtrit

from lindiff_nb._base.types import Array
from lindiff_nb.exact.divergence import frechet_of_roots
from lindiff_nb.fid.features import FeatureSet, Moments

STEP, LOW, HIGH = 0.1, 40.0, 60.0  # in ln t: from below the least square to above the largest
SEEN = 1e-7  # of the largest singular value: what is less is rounding
CLOSE = 1e-12  # of 1 - D / n
JOIN, STEEPEST = 0.7, 0.05  # of D / n, and of dln kappa / dln t: beyond, noise decides
EXTENT = 80.0  # in ln kappa, of what is continued
UNSURE = 0.1  # of the bias, where something is
GROUPS = 10  # left out in turn
FAR = 0.1  # of the bias: features whose halves are so much farther apart are not Gaussian ..
HALVES = 100  # .. and so many rows are needed to tell


class Bias(NamedTuple):
    """What finite sets add, and whether a part of it is continued beyond the points."""

    value: float
    continued: bool  # for want of points


class Corrected(NamedTuple):
    """A distance, what of it is bias, and what is left."""

    frechet: float
    bias: float
    value: float
    interval: tuple[float, float] | None  # 95 %
    factor: float  # on the bias of Gaussian features; 1 where they are near to it
    continued: bool


def frechet(x: Moments, y: Moments) -> float:
    """The Frechet distance of Gaussians with these moments, in total."""
    return frechet_of_roots(x.root, y.root) + float(np.sum((x.mean - y.mean) ** 2))


def corrected(x: FeatureSet | Moments, y: FeatureSet | Moments) -> Corrected:
    """The distance less its bias; the interval is from leaving out a tenth of both sets in turn.

    Where halves of the sets are farther apart than Gaussian ones would be, the bias is taken to be
    larger by as much. Of moments alone, and below four rows, there is neither. Both sizes have to
    be known.
    """
    whole = x.moments, y.moments
    known, factor, half = bias(*whole), 1.0, None
    if isinstance(x, FeatureSet) and isinstance(y, FeatureSet) and min(x.n, y.n) >= 4:
        factor, groups, left = _factor(x, y), min(GROUPS, x.n, y.n), []
        for at in range(groups):
            pair = x.without(x.group(at, groups)), y.without(y.group(at, groups))
            left.append(frechet(*pair) - factor * bias(*pair).value)
        half = stdtrit(groups - 1, 0.975) * np.std(left) * np.sqrt(groups - 1)
        half = float(half + UNSURE * known.continued * factor * known.value)
    distance, added = frechet(*whole), factor * known.value
    value = distance - added
    interval = None if half is None else (value - half, value + half)
    return Corrected(distance, added, value, interval, factor, known.continued)


def bias(x: Moments, y: Moments) -> Bias:
    """What is there because the sets are finite, for Gaussian features; both sizes are known."""
    sizes = np.array([each.n or np.inf for each in (x, y)])
    of_means = float(np.sum([x.trace, y.trace] / sizes))
    found = singular(x, y)
    squares = found[found > SEEN * found.max(initial=0.0)] ** 2
    if not squares.size:
        return Bias(of_means, False)
    truth, continued = _roots(squares, sizes - 1, len(x.mean))
    return Bias(of_means + truth - 2 * float(found.sum()), continued)


def singular(x: Moments, y: Moments) -> Array:
    """The singular values of S_x' S_y."""
    return np.asarray(np.linalg.svd(x.root.T @ y.root, compute_uv=False), dtype=np.float64)


def _roots(squares: Array, sizes: Array, d: int) -> tuple[float, bool]:
    """2 sum r, and whether a part of it is continued."""
    log_t = np.arange(np.log(squares.min()) - LOW, np.log(squares.max()) + HIGH, STEP)
    seen = squares / (squares + np.exp(log_t)[:, None])
    freedom, steep = seen.sum(axis=1), (seen * (1 - seen)).sum(axis=1)  # D, -dD / dln t
    room = (1 - freedom[:, None] / sizes).clip(min=CLOSE)
    slope = 1 - (steep[:, None] / sizes / room).sum(axis=1)  # dln kappa / dln t
    told = (freedom <= JOIN * sizes.min()) & (slope > STEEPEST)
    first = 0 if told.all() else len(told) - int(np.argmin(told[::-1]))
    freedom, steep, slope = freedom[first:], steep[first:], slope[first:]
    widened = -np.log(room[first:]).sum(axis=1)  # ln(kappa / t)
    root = np.exp((log_t[first:] + widened) / 2)
    more = (np.log(slope) + widened) / 4  # a quarter of -ln(dt / dkappa)
    total = float(trapezoid((freedom + more) * root * slope, dx=STEP))
    if first:
        total += root[0] * (more[0] * 2 + _continued(freedom[0], steep[0] / slope[0], d))
    return 2 / np.pi * total, first > 0


def _continued(freedom: float, steep: float, d: int) -> float:
    """The integral of D kappa^(-1/2) up to kappa = 1, with D and -dD / dln kappa there."""
    b = min(steep / (freedom * (1 - freedom / d)), 1.0)
    below = np.arange(0.0, EXTENT, STEP)  # -ln kappa
    curve = d / (1 + (d / freedom - 1) * np.exp(-b * below))
    return float(trapezoid(curve * np.exp(-below / 2), dx=STEP))


def _factor(x: FeatureSet, y: FeatureSet) -> float:
    """By how much halves of the sets are farther apart than Gaussian ones; 1 if not by much."""
    ratios, unsure = [1.0, 1.0], 0.0
    for which, each in enumerate((x, y)):
        if each.n >= HALVES:
            halves = [each.without(each.group(at, 2)) for at in (0, 1)]
            expected = bias(*halves)
            ratios[which] = frechet(*halves) / expected.value
            unsure = max(unsure, UNSURE * expected.continued + 3 * _spread(each.moments))
    factor = float(np.average(ratios, weights=[1 / x.n, 1 / y.n]))
    return factor if abs(factor - 1) > FAR + unsure else 1.0


def _spread(x: Moments) -> float:
    """The deviation of the distance of two halves over its mean, to first order (`predict`)."""
    variances = np.linalg.svd(x.root, compute_uv=False) ** 2
    variances = variances[variances > 0]
    h = 1 / np.add.outer(1 / variances, 1 / variances)
    square = np.sum(h**2) + 2.25 * np.sum(variances**2)
    return float(np.sqrt(square) / (np.sum(h) / 2 + 1.25 * np.sum(variances)))
