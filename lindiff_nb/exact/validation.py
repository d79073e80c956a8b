"""What a denoiser would cost on new data, asked of its training set alone.

Leave a training point out, fit the others, see what is lost on the one: with the resolvent
G = (Sigma_0 + xi)^-1 no refit is needed, because x' G_out^2 x = x' G^2 x / (1 - h)^2 with
h = x' G x / n. Generalised cross-validation (Golub, Heath & Wahba 1979) puts the mean of h over
the training points in the place of each, and then the eigenvalues are enough:

    L = < [(lambda + c)^2 + s lambda / (1 - h)^2] / (lambda + xi)^2 >
    h = (1/n) sum_nu lambda_nu / (lambda_nu + xi),    s = (1-a) / a,    xi = s + c

Where n and d are large it is right for every ridge at once: 1 - h is then xi / kappa, and
(kappa / xi)^2 is the ratio of Tr G^2 Sigma to Tr G^2 Sigma_0 (`predict.losses`).
"""

import numpy as np
from numpy.typing import ArrayLike

from lindiff_nb import _validate
from lindiff_nb._types import Reals, reals
from lindiff_nb.exact import _mode_sums, spectra


def test_loss(
    eigenvalues: ArrayLike,
    n: int,
    alpha_bar: Reals,
    c: Reals = 0.0,
    *,
    estimated_mean: bool = False,
) -> Reals:
    """The loss on new data of the optimal denoiser with ridge c, estimated from its training set.

    eigenvalues, (d,), zeros included, are those of the training covariance, normalised by n. If
    its mean was subtracted, h has one more degree of freedom. Shape of alpha_bar and c broadcast
    together; infinite where a fit without ridge or noise leaves no point out. Raises ValueError for
    eigenvalues that are no spectrum or more than n of them positive (n - 1 with estimated mean),
    n < 1 (2), alpha_bar outside (0, 1] or a negative c.
    """
    n = _validate.integer("n", n, low=1 + estimated_mean)
    lam = spectra.resolved(_validate.spectrum(np.asarray(eigenvalues), "eigenvalues"))
    spare = n - estimated_mean - np.count_nonzero(lam)
    if spare < 0:
        raise _validate.fail("eigenvalues", lam, f"positive in no more than {n - estimated_mean}")
    a, ridge = _validate.broadcast(
        alpha_bar=_validate.alpha_bar(alpha_bar), c=_validate.nonnegative("c", c)
    )
    s, c = ((1 - a) / a).ravel(), ridge.ravel()
    xi = s + c
    vectors = np.stack([lam**2, lam, np.ones_like(lam), lam > 0], axis=1)
    square, first, one, seen = _mode_sums.squared_resolvent(lam, xi, vectors)
    left = (spare + xi * (first + xi * seen)) / n  # 1 - h
    leaked = np.full(left.shape, np.inf)
    np.divide(s * first, left**2, out=leaked, where=left > 0)
    loss = (square + 2 * c * first + c**2 * one + leaked) / lam.size
    return reals(loss.reshape(a.shape))
