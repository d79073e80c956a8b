"""When the training of one training set should stop: the least loss on new data along its flow.

A grid in log s, s = 2 eta tau, finds the valley of the loss of `training`; bisection of the slope

    dL_test / ds = -2 (1-a) < exp(-x) (q - a phi [v' Sigma v + (v' (mu - mu_0))^2]) >

finds its bottom. `predict.training` gives the same for a typical training set.
"""

import numpy as np

from lindiff_nb import _validate
from lindiff_nb._types import Array, Reals, reals
from lindiff_nb.exact import denoiser, training
from lindiff_nb.exact.denoiser import Modes

PER_DECADE = 6
HALVINGS = 34  # of a bracket two grid steps wide
SETTLED = 100.0  # an exponent beyond which nothing moves any more
ROUNDING = 1e-12  # stopping has to gain more than this share of the loss to count


def best_stopping_time(
    modes: Modes,
    alpha_bar: Reals,
    c: Reals = 0.0,
    eta: Reals = 1.0,
    *,
    weights: Array | None = None,
) -> Reals:
    """The time tau that minimises `training.test_loss`; infinite where stopping never helps.

    One time for each alpha_bar and c, in their common shape. With `weights`, in that shape, one
    time for all of them, which minimises the weighted mean of their losses. Raises ValueError as
    `training.test_loss` does, at alpha_bar = 1, and for weights that are negative, all zero or of
    another shape.
    """
    eta = _validate.positive("eta", eta)
    return reals(_best(modes, alpha_bar, c, weights)[0] / (2 * eta))


def best_stopped_loss(
    modes: Modes, alpha_bar: Reals, c: Reals = 0.0, *, weights: Array | None = None
) -> Reals:
    """`training.test_loss` at `best_stopping_time`; with weights their mean at the one time."""
    return reals(_best(modes, alpha_bar, c, weights)[1])


def risen(tau: Array, loss: Array, share: float) -> float:
    """The first time after its least value at which a curve has risen by this share of it.

    tau, increasing, and loss are (m,); infinite if the curve does not rise as far. Between two
    times of the grid log tau is interpolated. Raises ValueError for arrays that do not fit
    together, times or losses that are not positive, or a negative share.
    """
    tau = _validate.positive("tau", _validate.vector("tau", tau))
    loss = _validate.positive("loss", _validate.vector("loss", loss, len(tau)))
    if np.any(np.diff(tau) <= 0):
        raise _validate.fail("tau", tau, "increasing")
    lowest = int(loss.argmin())
    level = loss[lowest] * (1 + _validate.magnitude("share", share))
    above = np.flatnonzero(loss[lowest:] > level)
    if not above.size:
        return float(np.inf)
    ends = slice(lowest + above[0] - 1, lowest + above[0] + 1)
    return float(np.exp(np.interp(level, loss[ends], np.log(tau[ends]))))


def _best(modes: Modes, alpha_bar: Reals, c: Reals, weights: Array | None) -> tuple[Array, Array]:
    """The best s and the loss at it, in the shape of alpha_bar and c or one of each."""
    a = _validate.alpha_bar(alpha_bar)
    if np.any(a == 1):
        raise _validate.fail("alpha_bar", a, "below 1: without noise there is nothing to learn")
    a, ridge = _validate.broadcast(alpha_bar=a, c=_validate.nonnegative("c", c))
    shape, pool = a.shape if weights is None else (), _pool(weights, a.shape)
    waiting = np.asarray(denoiser.test_loss(modes, a, ridge)).ravel() @ pool
    a, ridge = a.ravel(), ridge.ravel()

    grid = _times(modes, a, ridge)
    curve = np.asarray(training.test_loss(modes, a, grid[:, None] / 2, ridge)) @ pool
    lowest = np.clip(curve.argmin(axis=0), 1, len(grid) - 2)
    low, high = np.log(grid[lowest - 1]), np.log(grid[lowest + 1])
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        falling = _slope(modes, a, np.exp(middle), ridge) @ pool < 0
        low, high = np.where(falling, middle, low), np.where(falling, high, middle)
    s = np.exp((low + high) / 2)
    loss = np.asarray(training.test_loss(modes, a, s / 2, ridge)) @ pool
    helps = loss < waiting * (1 - ROUNDING)
    return (
        np.where(helps, s, np.inf).reshape(shape),
        np.where(helps, loss, waiting).reshape(shape),
    )


def _pool(weights: Array | None, shape: tuple[int, ...]) -> Array:
    """Losses of all points @ pool = losses to minimise: each, or their weighted mean."""
    if weights is None:
        return np.eye(int(np.prod(shape)))
    weights = _validate.nonnegative("weights", weights)
    if weights.shape != shape or not weights.any():
        raise _validate.fail("weights", weights, f"positive somewhere and of shape {shape}")
    return weights.reshape(-1, 1) / weights.sum()


def _times(modes: Modes, a: Array, c: Array) -> Array:
    """From before the first mode moves to after the last has settled, increasing."""
    rate = a[:, None] * (modes.eigenvalues[[0, -1]] + c[:, None]) + (1 - a)[:, None]
    first, last = 0.1 / rate.max(), SETTLED / rate.min()
    return np.geomspace(first, last, int(np.ceil(PER_DECADE * np.log10(last / first))) + 1)


def _slope(modes: Modes, a: Array, s: Array, c: Array) -> Array:
    """dL_test / ds at each point, (p,); one s for all or one for each."""
    a, s, c = (values[:, None] for values in np.broadcast_arrays(a, s, c))
    decay, phi = training.response(modes.eigenvalues, a, s, c)
    kept = decay + a * (modes.eigenvalues + c) * phi
    seen = modes.population + modes.mean_shift
    gain = (decay * (kept - a * seen * phi)) @ modes.multiplicity
    return -2 * (1 - a)[:, 0] * gain / modes.multiplicity.sum()
