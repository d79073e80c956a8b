"""What the denoisers of given training sets cost, images or stand-ins for them.

`draws` makes its own, Gaussian, training sets; here they come from the caller.
"""

from collections.abc import Iterable

import numpy as np

from lindiff_nb import _validate
from lindiff_nb._types import Array, Reals
from lindiff_nb.exact import denoiser


def mean_losses(sets: Iterable[Array], covariance: Array, alpha_bar: Reals) -> Array:
    """Test and training loss of each set's optimal denoiser, averaged over alpha_bar, (sets, 2).

    The sets are (n, d), their true mean is zero and known; new data have the `covariance` (d, d).
    Without ridge, per dimension and per step. Raises ValueError for a covariance that is not one,
    points of another dimension or not finite, or alpha_bar outside (0, 1].
    """
    covariance = _validate.covariance("covariance", covariance)
    alpha_bar = _validate.alpha_bar(alpha_bar)
    zero = np.zeros(len(covariance))
    result = []
    for points in sets:
        x = _validate.samples("sets", points, len(zero))
        modes = denoiser.modes(zero, x.T @ x / len(x), zero, covariance)
        result.append([np.mean(loss) for loss in denoiser.losses(modes, alpha_bar)])
    return np.array(result, dtype=np.float64).reshape(-1, 2)
