"""Denoisers that keep the training covariance's eigenvectors and are free in all else.

Such a denoiser takes the variance along each eigenvector v to be some delta, and has the optimal
weight for that, w = weights(delta, a). The training set's own eigenvalues are one choice (no
ridge), v' Sigma v is the best one, and estimates are in between. Of the null space only one delta
is asked for: its basis is arbitrary.
"""

import numpy as np

from lindiff_nb._base import validate
from lindiff_nb._base.types import Array, Reals
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
