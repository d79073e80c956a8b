"""The loss along training, in closed form: no training set, no simulation.

Gradient flow (`exact.training`) turns an eigenvalue lambda of the training covariance Sigma_0 into
entire functions of it. With M = a (z + c) + 1 - a, x = 2 eta tau M and

    phi(z) = (1 - exp(-x)) / M,    q(z) = exp(-x) + a (z + c) phi(z)

the losses are <q^2> + a (1-a) <phi^2 v' Sigma v> on new data and <q^2 + a (1-a) lambda phi^2> on
the training set. The mean over a typical training set's spectrum is a contour integral of the
resolvent's: with kappa the effective ridge at the complex xi = -z (`complex_ridge`), and
<Tr (z - Sigma_0)^-1> = (d - df_1) / z, <Tr (z - Sigma_0)^-1 Sigma> = kappa df_1 / z,

    L_test  = q(0)^2 + (1 / 2 pi i d) contour integral of  df_1 / z [a (1-a) phi^2 kappa - q^2] dz
    L_train = q(0)^2 - (1 / 2 pi i d) contour integral of  df_1 / z [a (1-a) phi^2 z + q^2] dz

q grows with z >= 0, so q(0)^2 is no more than the loss and nothing is left over from a
cancellation. The integrands have no pole, so one contour (`_flow`), with kappa solved for on its
nodes, serves every alpha_bar, every tau and every c at once: a few hundred solutions, and then a
sum over them for each point.

Use this when only the population's spectrum and n are known. `exact.training` has the curve of a
training set that is at hand, `measure.experiments.training_losses` those of sets that are drawn.
"""

from collections.abc import Callable

import numpy as np

from lindiff_nb._base import units, validate, valley
from lindiff_nb._base.types import Array, Reals
from lindiff_nb.exact import training
from lindiff_nb.exact.stopping import Stopped
from lindiff_nb.predict import losses
from lindiff_nb.predict._flow import gradient_flow, stopping
from lindiff_nb.predict._flow.contours import Contour
from lindiff_nb.predict._flow.gradient_flow import Point
from lindiff_nb.predict.population import Population, Spectrum, known


def test_loss(
    spectrum: Spectrum, n: int, alpha_bar: Reals, tau: Reals, c: Reals = 0.0, eta: Reals = 1.0
) -> Array:
    """The typical loss on new data after gradient flow for a time tau, to a relative 1e-10.

    Returns the shape of alpha_bar, tau, c and eta broadcast together; tau may be infinite:
    `losses.test_loss`. At alpha_bar = 1 and finite tau the limit, 1. Raises ValueError for a
    spectrum that is not one, n < 1, alpha_bar outside (0, 1], negative tau or c, or eta that is
    not positive.
    """
    point = alpha_bar, tau, c, eta
    return _along(spectrum, n, point, gradient_flow.test_loss, losses.test_loss)


def train_loss(
    spectrum: Spectrum, n: int, alpha_bar: Reals, tau: Reals, c: Reals = 0.0, eta: Reals = 1.0
) -> Array:
    """The typical loss on the training set then, without the ridge's penalty.

    Shapes and errors as for `test_loss`.
    """
    point = alpha_bar, tau, c, eta
    return _along(spectrum, n, point, gradient_flow.train_loss, losses.train_loss)


def best_stopping(
    spectrum: Spectrum,
    n: int,
    alpha_bar: Reals,
    c: Reals = 0.0,
    eta: Reals = 1.0,
    *,
    weights: Array | None = None,
) -> Stopped:
    """The time tau that minimises `test_loss`, and the least loss.

    One time for each alpha_bar, c and eta, in their common shape. With `weights`, in the shape of
    alpha_bar and c, one time for all of them, which minimises the weighted mean of their losses.
    Stopping helps if it gains more than 1e-11 of the loss. Raises ValueError as `test_loss` does,
    at alpha_bar = 1, where there is no noise to guess, and for weights that are negative, all zero
    or of another shape. `exact.stopping` has the same for one training set.
    """
    eta = validate.positive("eta", eta)
    population, n = known(spectrum), validate.integer("n", n)
    near = population.beside_noise
    a, c = validate.noise_and_ridge(alpha_bar, c, validate.noisy)
    a, _, c = _near((a, a, c))
    shape, pool = a.shape if weights is None else (), valley.pool(weights, a.shape)
    if not a.size:
        return Stopped(a, a)
    done = losses.test_loss(population, n, a, c).ravel()
    s, loss = stopping.best(near, n, a.ravel(), c.ravel(), done, pool)
    with np.errstate(over="ignore"):
        tau = s.reshape(shape) / eta / 2
    if np.any(np.isinf(tau) & np.isfinite(s.reshape(shape))):
        raise validate.fail("eta", eta, "large enough for a finite time")
    return Stopped(tau, loss.reshape(shape)[()])


def best_stopping_time(
    spectrum: Spectrum,
    n: int,
    alpha_bar: Reals,
    c: Reals = 0.0,
    eta: Reals = 1.0,
    *,
    weights: Array | None = None,
) -> Array:
    """The time of `best_stopping`."""
    return best_stopping(spectrum, n, alpha_bar, c, eta, weights=weights).time


def best_stopped_loss(
    spectrum: Spectrum, n: int, alpha_bar: Reals, c: Reals = 0.0, *, weights: Array | None = None
) -> Array:
    """The loss of `best_stopping`."""
    return best_stopping(spectrum, n, alpha_bar, c, weights=weights).loss


def _near(point: tuple[Array, Array, Array]) -> Point:
    """alpha_bar, s and c, noise and ridge not too far from a variance of one either."""
    a, s, c = point
    noise = units.Unit(0).noise(a, units.SQUARES)
    return Point(a, s, units.Unit(0).beside("c", c, noise, units.SQUARES))


def _along(
    spectrum: Spectrum,
    n: int,
    point: tuple[Reals, Reals, Reals, Reals],
    formula: Callable[[Contour, Point], Array],
    after: Callable[[Population, int, Array, Array], Array],
) -> Array:
    """The loss at alpha_bar, tau, c, eta: by the formula, or as after training once it is over."""
    population, n = known(spectrum), validate.integer("n", n)
    near, at = population.beside_noise, _near(training.grid(*point))
    loss = np.ones(at.a.shape)
    over = gradient_flow.settled(at)
    if over.any():
        loss[over] = after(population, n, at.a[over], at.c[over])
    moving = (at.a < 1) & (at.s > 0) & ~over
    if moving.any():
        points = Point(*(values[moving] for values in at))
        loss[moving] = formula(gradient_flow.contour(near, n, points), points)
    return loss[()]
