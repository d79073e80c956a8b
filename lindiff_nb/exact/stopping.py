"""When the training of one training set should stop: the least loss on new data along its flow.

A grid in ln s, s = 2 eta tau, finds the valley of the loss of `training`; bisection of the slope

    dL_test / ds = -2 (1-a) < exp(-x) (q - a phi [v' Sigma v + (v' (mu - mu_0))^2]) >

finds its bottom. `predict.training` gives the same for a typical training set.
"""

from typing import NamedTuple

import numpy as np

from lindiff_nb._base import validate, valley
from lindiff_nb._base.types import Array, Reals
from lindiff_nb.exact import denoiser, training
from lindiff_nb.exact._gradient_flow import response
from lindiff_nb.exact.denoiser import Modes

PER_DECADE = 6
PRECISION = 1e-10  # relative, of s
EARLY = 0.1  # an exponent up to which nothing has moved much
SETTLED = 100.0  # an exponent beyond which nothing moves any more
ROUNDING = 1e-12  # stopping has to gain more than this share of the loss to count


class Stopped(NamedTuple):
    """When to stop, and the loss then."""

    time: Array  # tau; infinite where stopping never helps
    loss: Array


def best_stopping(
    modes: Modes,
    alpha_bar: Reals,
    c: Reals = 0.0,
    eta: Reals = 1.0,
    *,
    weights: Array | None = None,
) -> Stopped:
    """The time tau that minimises `training.test_loss`, and the least loss.

    One time for each alpha_bar, c and eta, in their common shape. With `weights`, in the shape of
    alpha_bar and c, one time for all of them, which minimises the weighted mean of their losses.
    Raises ValueError as `training.test_loss` does, at alpha_bar = 1, and for weights that are
    negative, all zero or of another shape.
    """
    eta = validate.positive("eta", eta)
    a, ridge = validate.noise_and_ridge(alpha_bar, c, validate.noisy)
    shape, pool = a.shape if weights is None else (), valley.pool(weights, a.shape)
    a, ridge = a.ravel(), ridge.ravel()
    waiting = pool(denoiser.test_loss(modes, a, ridge))
    if not a.size:
        return Stopped(waiting.reshape(shape), waiting.reshape(shape))

    def loss(s: Array) -> Array:
        return pool(training.test_loss(modes, a, s / 2, ridge))

    def slope(s: Array) -> Array:
        return pool(_slope(modes, a, s, ridge))

    grid = _times(modes, a, ridge)
    s = valley.bottom(loss(grid[:, None]), slope, grid, PRECISION)
    stopped = loss(s)
    helps = stopped < waiting * (1 - ROUNDING)
    time, least = np.where(helps, s, np.inf), np.where(helps, stopped, waiting)
    return Stopped(time.reshape(shape) / (2 * eta), least.reshape(shape)[()])


def best_stopping_time(
    modes: Modes,
    alpha_bar: Reals,
    c: Reals = 0.0,
    eta: Reals = 1.0,
    *,
    weights: Array | None = None,
) -> Array:
    """The time of `best_stopping`."""
    return best_stopping(modes, alpha_bar, c, eta, weights=weights).time


def best_stopped_loss(
    modes: Modes, alpha_bar: Reals, c: Reals = 0.0, *, weights: Array | None = None
) -> Array:
    """The loss of `best_stopping`."""
    return best_stopping(modes, alpha_bar, c, weights=weights).loss


def risen(tau: Array, loss: Array, share: float) -> float:
    """The first time after its least value at which a curve has risen by this share of it.

    tau, increasing, and loss are (m,); infinite if the curve does not rise as far. Between two
    times of the grid log tau is interpolated. Raises ValueError for arrays that do not fit
    together, times or losses that are not positive, or a negative share.
    """
    tau = validate.positive("tau", validate.vector("tau", tau))
    loss = validate.positive("loss", validate.vector("loss", loss, len(tau)))
    if np.any(np.diff(tau) <= 0):
        raise validate.fail("tau", tau, "increasing")
    lowest = int(loss.argmin())
    level = loss[lowest] * (1 + validate.magnitude("share", share))
    above = np.flatnonzero(loss[lowest:] > level)
    if not above.size:
        return float(np.inf)
    ends = slice(lowest + above[0] - 1, lowest + above[0] + 1)
    return float(np.exp(np.interp(level, loss[ends], np.log(tau[ends]))))


def _times(modes: Modes, a: Array, c: Array) -> Array:
    """From where the loss still falls along every mode to where the last has settled, increasing.

    While s is below EARLY of 1 / (a (lambda + c) + 1 - a) and of 1 / (a variance of new data), both
    terms of the slope are within about EARLY of their start, 1 and 0. With a training set that
    varies much less than new data the second is what counts.
    """
    seen = modes.population + modes.mean_shift
    slowest, fastest = modes.eigenvalues.min(), max(modes.eigenvalues.max(), seen.max())
    first = EARLY / np.max(a * (fastest + c) + (1 - a))
    last = SETTLED / np.min(a * (slowest + c) + (1 - a))
    decades = np.log10(last) - np.log10(first)
    return np.geomspace(first, last, int(np.ceil(PER_DECADE * decades)) + 1)


def _slope(modes: Modes, a: Array, s: Array, c: Array) -> Array:
    """d / 2 times dL_test / ds at each point, (p,); one s for all or one for each."""
    a, s, c = (values[:, None] for values in np.broadcast_arrays(a, s, c))
    decay, phi = response(modes.eigenvalues, a, s, c)
    kept = decay + a * (modes.eigenvalues + c) * phi
    seen = modes.population + modes.mean_shift
    gain = (decay * (kept - a * seen * phi)) @ modes.multiplicity
    return (a - 1)[:, 0] * gain
