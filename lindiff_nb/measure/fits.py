"""Training sets drawn from a pool, images or stand-ins for them, and what their denoisers cost.

`experiments` makes its own, Gaussian, training sets; here the points come from the caller.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from lindiff_nb._base import matrices, validate
from lindiff_nb._base.types import Array
from lindiff_nb.exact import denoiser
from lindiff_nb.exact.averages import gauss_rule


def sets(rng: np.random.Generator, pool: ArrayLike, n: int, draws: int) -> Array:
    """Training sets of n different points of the pool, each: (draws, n, d) of an (N, d) pool.

    The sets are independent of each other, so that they share points. Images (N, h, w) are
    flattened. Use this when the data are given; `experiments` draws Gaussian ones. Raises
    ValueError for a seed in place of a generator, a pool that is empty or not finite, n outside
    1..N, or draws < 1.
    """
    points, rng = validate.samples("pool", pool), validate.generator(rng)
    n = validate.integer("n", n, high=len(points))
    draws = validate.integer("draws", draws)
    return np.array([rng.choice(points, n, replace=False) for _ in range(draws)])


def mean_losses(sets: Iterable[Array], covariance: Array, alpha_bar: ArrayLike) -> Array:
    """Test and training loss of each set's optimal denoiser, averaged over alpha_bar, (sets, 2).

    The sets are (n, d), their true mean is zero and known; new data have the `covariance` (d, d).
    Without ridge, per dimension and per step. Raises ValueError for a covariance that is not one,
    points of another dimension or not finite, or alpha_bar outside (0, 1).
    """
    covariance = matrices.covariance("covariance", covariance)
    levels, weights = gauss_rule(np.atleast_1d(np.asarray(alpha_bar)))
    zero = np.zeros(len(covariance))
    result = []
    for points in sets:
        x = validate.samples("sets", points, len(zero))
        modes = denoiser.modes(zero, x.T @ x / len(x), zero, covariance)
        result.append([loss @ weights for loss in denoiser.losses(modes, levels)])
    return np.array(result, dtype=np.float64).reshape(-1, 2)


def on_rest(pool_loss: ArrayLike, train_loss: ArrayLike, share: ArrayLike) -> Array:
    """The loss on the images of a pool that were not drawn, from the loss on the whole pool.

    A test on all P images of a pool holds the n training images among them,

        pool_loss = share train_loss + (1 - share) rest_loss ,    share = n / P,

    exactly, for every single fit whose mean is known. The three broadcast. Use this where fits
    were tested on the pool that they come from: the rest are new images. Raises ValueError for a
    share outside [0, 1) or losses that are not finite.
    """
    share = validate.nonnegative("share", share)
    if np.any(share >= 1):
        raise validate.fail("share", share.max(), "below 1")
    pool, train = (
        validate.numbers("pool_loss", pool_loss),
        validate.numbers("train_loss", train_loss),
    )
    return (pool - share * train) / (1 - share)
