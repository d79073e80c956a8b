"""The population's spectrum, as far as its sample shows it, read from leave-one-out leverages.

A fit to n points with ridge xi acts like the population's with a larger ridge kappa. Both, and the
population's degrees of freedom there, are seen in the sample: with T_B = H_B M_B (`left_out`),

    D(kappa) = sum_nu lam_nu / (lam_nu + kappa) = sum_B tr H_B
    kappa    = xi sum_B tr T_B / sum_B tr H_B

For points of equal leverage h that is the usual xi / (1 - <h>); where they differ, as images do,
the mean of h / (1 - h) is right and the mean of h is not. D(s) / d is also what endless images
would leave of the loss at noise ratio s: for s above the least kappa it is known without
any inversion. What lies below is extrapolated: counts w >= 0 on a grid of eigenvalues that
reproduce D, the trace and d, and are smooth. The energies of the points, for how many equal ones
each counts, are the eigenvalues of the symmetric parts of all T_B over their mean, and

    N_eff = (sum_B tr T_B)^2 / sum_B |T_B|^2 = n / <e^2>
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import nnls

from lindiff_nb._base import validate
from lindiff_nb._base.types import Array
from lindiff_nb.exact.left_out import Sample, chunks, forms, ridges

RIDGES = 60  # values of xi, and eigenvalues of the grid
EQUATIONS = 30  # of D
SURE = 0.01  # relative error of what the sample says
SMOOTH = 0.6  # weight of second differences, over sqrt(d)
BELOW = 100.0  # the grid ends at kappa_min / BELOW, or AWAY kappa_max
SHALLOW, FULL = 1000.0, 50.0  # least eigenvalue over least xi, for n <= d and n > d; not below
AWAY = 1e-9  # of the largest: rounding decides there what is left of a direction of one point
ABOVE = 30.0  # the largest over the largest eigenvalue


class Seen(NamedTuple):
    """Effective ridges, increasing, and the population's degrees of freedom there."""

    kappa: Array
    freedom: Array


class Inverted(NamedTuple):
    """Eigenvalues of the population with their counts, zero first, and what they come from."""

    lam: Array
    counts: Array
    seen: Seen


def effective_ridges(sample: Sample, xi: Array) -> Seen:
    """kappa and D at each xi > 0, (x,); raises ValueError for others."""
    xi = ridges(xi)
    held, left = np.zeros(xi.size), np.zeros(xi.size)
    for at in chunks(sample, xi):
        for H, M, _, _ in forms(sample, xi[at]):
            held[at] += np.trace(H, axis1=-2, axis2=-1).sum(axis=1)
            left[at] += np.einsum("xmbc,xmcb->x", H, M)
    return Seen(xi * left / held, held)


def inverted(sample: Sample) -> Inverted:
    """The population's spectrum: D at `RIDGES` effective ridges, and counts that fit it."""
    lam, d = sample.lam, sample.d
    least = max(lam.min() / (FULL if sample.n > d else SHALLOW), AWAY * lam.max())
    seen = effective_ridges(sample, np.geomspace(least, ABOVE * lam.max(), RIDGES))
    low, high = seen.kappa[0], seen.kappa[-1]
    grid = np.geomspace(max(low / BELOW, AWAY * high), high, RIDGES)
    kappa = np.geomspace(low, high, EQUATIONS)
    freedom = np.exp(np.interp(np.log(kappa), np.log(seen.kappa), np.log(seen.freedom)))
    variance = float(high * seen.freedom[-1])
    rows = np.concatenate([grid / (grid + kappa[:, None]), [grid, np.ones(RIDGES)]])
    wanted = np.concatenate([freedom, [variance, d]])
    fits = np.pad(rows / wanted[:, None], ((0, 0), (1, 0)))
    fits[-1, 0] = 1 / d  # the bin of zeros
    bends = np.pad(np.diff(np.eye(RIDGES), n=2, axis=0), ((0, 0), (1, 0))) * SMOOTH / np.sqrt(d)
    both = np.concatenate([fits / SURE, bends])
    counts, _ = nnls(both, np.concatenate([np.full(len(fits), 1 / SURE), np.zeros(len(bends))]))
    counts[1:] *= min(1.0, d / counts[1:].sum())
    counts[0] = max(0.0, d - counts[1:].sum())
    return Inverted(np.concatenate([[0.0], grid]), counts, seen)


def energies(sample: Sample, xi: float) -> Array:
    """For how many equal points each counts, (n,), of mean one: copies give 2 and 0.

    Raises ValueError unless xi > 0.
    """
    parts = []
    for H, M, _, _ in forms(sample, ridges([validate.number("xi", xi)])):
        T = H[0] @ M[0]
        parts.append(np.linalg.eigvalsh(T + T.swapaxes(-1, -2)).ravel())
    e = np.concatenate(parts).clip(min=0)
    return e / e.mean()


def worth(e: Array) -> float:
    """N_eff: how many equal points these are worth for the samples; ValueError for e < 0."""
    e = validate.vector("e", validate.nonnegative("e", e))
    return float(e.size * np.mean(e) ** 2 / np.mean(e**2))
