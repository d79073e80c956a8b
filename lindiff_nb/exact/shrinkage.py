"""Denoisers that keep the training covariance's eigenvectors and are free in all else.

Such a denoiser takes the variance along each eigenvector v to be some delta, and has the optimal
weight for that, w = weights(delta, a). The training set's own eigenvalues are one choice (no
ridge), v' Sigma v is the best one, and estimates are in between. Of the null space only one delta
is asked for: its basis is arbitrary.
"""

import numpy as np

from lindiff_nb._base import units, validate
from lindiff_nb._base.types import Array, ArrayLike, Reals
from lindiff_nb.exact import _mode_sums
from lindiff_nb.exact.denoiser import Modes


def test_loss(modes: Modes, delta: Array, alpha_bar: Reals) -> Array:
    """The loss on new data of the denoiser that takes delta, (m,), to be the variances.

    Shape of alpha_bar. Raises ValueError for a delta that is not a variance for each mode, or
    alpha_bar outside (0, 1].
    """
    delta = validate.nonnegative("delta", validate.vector("delta", delta, len(modes.eigenvalues)))
    a = validate.alpha_bar(alpha_bar)
    variance = (modes.population + modes.mean_shift)[None]
    (loss,) = _mode_sums.losses(delta, modes.multiplicity, variance, a, np.zeros_like(a))
    return loss[()]


def best_loss(modes: Modes, alpha_bar: Reals) -> Array:
    """The least that any denoiser with these eigenvectors costs on new data.

        L = < delta / (delta + (1-a) / a) >,    delta = v' Sigma v + (v' (mu - mu_0))^2

    Shape of alpha_bar. Raises ValueError for alpha_bar outside (0, 1].
    """
    return test_loss(modes, modes.population + modes.mean_shift, alpha_bar)


def merge_null_space(modes: Modes) -> Modes:
    """The same modes with the null space, if any, as one last entry that holds its averages.

    The eigenvectors of the null space are arbitrary, so a training set can tell nothing apart
    there; `best_loss` of modes that keep them one by one would know what it cannot.
    """
    seen = modes.eigenvalues > 0
    if seen.all():
        return modes
    counts, hidden = modes.multiplicity[~seen], modes.multiplicity[~seen].sum()
    return Modes(
        np.append(modes.eigenvalues[seen], 0.0),
        None,
        np.append(modes.population[seen], modes.population[~seen] @ counts / hidden),
        np.append(modes.mean_shift[seen], modes.mean_shift[~seen] @ counts / hidden),
        np.append(modes.multiplicity[seen], hidden),
    )


def ledoit_wolf(x: ArrayLike) -> float:
    """How far to shrink the covariance S of x, (n, d) or (n, h, w), towards its mean variance m.

        rho = min(1, beta / |S - m|^2),    beta = (1/n^2) sum_i |x_i x_i' - S|^2,    S = x' x / n

    Among all (1 - rho) S + rho m this comes near the best in mean square, for any distribution
    (Ledoit & Wolf 2004, section 3). The mean is known to be zero. Raises ValueError if x is empty
    or not finite.
    """
    _, points = units.near_one(validate.samples("x", x))
    n, d = points.shape
    covariance = points.T @ points / n
    square = np.sum(covariance**2)
    delta = square - np.trace(covariance) ** 2 / d
    beta = (np.mean(np.sum(points**2, axis=1) ** 2) - square) / n
    return float(np.clip(beta / delta, 0.0, 1.0)) if delta > 0 else 1.0


def oas(eigenvalues: ArrayLike, n: int) -> float:
    """How far `ledoit_wolf` would shrink S if the n data were Gaussian, from its eigenvalues, (d,).

        rho = min(1, (Tr S^2 + Tr(S)^2) / ((n + 1) (Tr S^2 - Tr(S)^2 / d)))

    The oracle approximating shrinkage of Chen, Wiesel, Eldar & Hero (2010), eq. 23, without its
    terms of order 1/d. Zeros are included. Raises ValueError for eigenvalues that are no spectrum,
    or n < 1.
    """
    n = validate.integer("n", n)
    _, lam = units.varying(eigenvalues, "eigenvalues")
    square, trace = np.sum(lam**2), np.sum(lam)
    spread = (n + 1) * (square - trace**2 / lam.size)
    return float(min(1.0, (square + trace**2) / spread)) if spread > 0 else 1.0
