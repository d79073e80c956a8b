"""The best denoiser of images that differ in how busy they are.

An image is Gaussian, N(mu, r^2 Sigma), and r^2 one of a few numbers, equally likely. Given r the
best denoiser is linear. Given only the noisy image it is the average of these linear ones, each
weighted by how likely its r makes what is seen:

    eps_hat = sum_r p(r | x_t) W_r (x_t - sqrt(a) mu)
    W_r = sqrt(1-a) [a (r^2 Sigma + c I) + (1-a) I]^-1

which is not linear: the filter adapts to the image. Source: Portilla, Strela, Wainwright &
Simoncelli 2003, who do so patch by patch.
"""

import numpy as np
from scipy.special import softmax

from lindiff_nb._base import units, validate
from lindiff_nb._base.types import Array
from lindiff_nb.exact import schedule as schedules
from lindiff_nb.exact import spectra
from lindiff_nb.exact.sampling import Denoiser
from lindiff_nb.exact.schedule import Schedule


def optimal(
    mean: Array, covariance: Array, squares: Array, schedule: Schedule, c: float = 0.0
) -> Denoiser:
    """That denoiser for r^2 in `squares`, (k,), as a callable (x, t); one square, 1, is linear.

    Raises ValueError for moments that do not fit together, squares that are negative, or a
    negative c; the callable for x of another dimension or t outside 1..T.
    """
    mean = validate.vector("mean", mean)
    squares = validate.nonnegative("squares", validate.vector("squares", squares))
    ridge, alpha_bar = validate.ridge(c), schedules.checked(schedule).alpha_bar
    eigenvalues, v = spectra.eigenpairs(covariance, d=len(mean))
    scaled = np.multiply.outer(squares, eigenvalues) + ridge

    def eps_hat(x: Array, t: int) -> Array:
        a = alpha_bar[validate.integer("t", t, high=len(alpha_bar)) - 1]
        y = (units.squarable("x", validate.samples("x", x, len(mean))) - np.sqrt(a) * mean) @ v
        precision = 1 / (a * scaled + 1 - a)
        log_likelihood = (np.log(precision).sum(axis=1) - y**2 @ precision.T) / 2
        averaged = softmax(log_likelihood, axis=1) @ precision
        return np.asarray(np.sqrt(1 - a) * (y * averaged) @ v.T)

    return eps_hat
