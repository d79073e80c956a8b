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
cancellation. The integrands have no pole, so one contour (`_contour`), with kappa solved for on its
nodes, serves every alpha_bar, every tau and every c at once: a few hundred solutions, and then a
sum over them for each point.

Use this when only the population's spectrum and n are known. `exact.training` has the curve of a
training set that is at hand, `measure.experiments.training_losses` those of sets that are drawn.
"""

from collections.abc import Callable

import numpy as np

from lindiff_nb._base import units, validate, valley
from lindiff_nb._base.types import Array, Reals, reals
from lindiff_nb.exact import training
from lindiff_nb.predict import losses
from lindiff_nb.predict._flow import gradient_flow, stopping
from lindiff_nb.predict._flow.contours import Contour
from lindiff_nb.predict._flow.gradient_flow import Point


def test_loss(
    spectrum: Array, n: int, alpha_bar: Reals, tau: Reals, c: Reals = 0.0, eta: Reals = 1.0
) -> Reals:
    """The typical loss on new data after gradient flow for a time tau, to a relative 1e-10.

    Returns the shape of alpha_bar, tau, c and eta broadcast together; tau may be infinite:
    `losses.test_loss`. At alpha_bar = 1 and finite tau the limit, 1. Raises ValueError for a
    spectrum that is not one, n < 1, alpha_bar outside (0, 1], negative tau or c, or eta that is
    not positive.
    """
    spectrum, n = _population(spectrum), validate.integer("n", n)
    at = _near(training.grid(alpha_bar, tau, c, eta))
    return reals(_along(spectrum, n, at, gradient_flow.test_loss, losses.test_loss))


def train_loss(
    spectrum: Array, n: int, alpha_bar: Reals, tau: Reals, c: Reals = 0.0, eta: Reals = 1.0
) -> Reals:
    """The typical loss on the training set then, without the ridge's penalty.

    Shapes and errors as for `test_loss`.
    """
    spectrum, n = _population(spectrum), validate.integer("n", n)
    at = _near(training.grid(alpha_bar, tau, c, eta))
    return reals(_along(spectrum, n, at, gradient_flow.train_loss, losses.train_loss))


def best_stopping_time(
    spectrum: Array,
    n: int,
    alpha_bar: Reals,
    c: Reals = 0.0,
    eta: Reals = 1.0,
    *,
    weights: Array | None = None,
) -> Reals:
    """The time tau that minimises `test_loss`; infinite where stopping early never helps.

    One time for each alpha_bar and c, in the shape of the three arguments broadcast together. With
    `weights`, in the shape of alpha_bar and c, one time for all of them, which minimises the
    weighted mean of their losses. Stopping helps if it gains more than 1e-11 of the loss. Raises
    ValueError as `test_loss` does, at alpha_bar = 1, where there is no noise to guess, and for
    weights that are negative, all zero or of another shape.
    """
    eta, s = validate.positive("eta", eta), _best(spectrum, n, alpha_bar, c, weights)[0]
    with np.errstate(over="ignore"):
        tau = s / eta / 2
    if np.any(np.isinf(tau) & np.isfinite(s)):
        raise validate.fail("eta", eta, "large enough for a finite time")
    return reals(tau)


def best_stopped_loss(
    spectrum: Array, n: int, alpha_bar: Reals, c: Reals = 0.0, *, weights: Array | None = None
) -> Reals:
    """`test_loss` at `best_stopping_time`; with `weights` the weighted mean at the one time."""
    return reals(_best(spectrum, n, alpha_bar, c, weights)[1])


def _population(spectrum: Array) -> Array:
    """A checked spectrum, not too far from the noise: what is learnt in a time has no own unit."""
    unit, own = units.spectrum(spectrum)
    if abs(unit.exponent) > units.SQUARES:
        wanted = f"within a factor {2.0**units.SQUARES:.0e} of the noise, which has variance one"
        raise validate.fail("spectrum", np.asarray(spectrum), wanted)
    return unit.on(own)


def _near(point: tuple[Array, Array, Array]) -> Point:
    """alpha_bar, s and c, noise and ridge not too far from a variance of one either."""
    a, s, c = point
    noise = units.Unit(0).noise(a, units.SQUARES)
    return Point(a, s, units.Unit(0).beside("c", c, noise, units.SQUARES))


def _along(
    spectrum: Array,
    n: int,
    at: Point,
    formula: Callable[[Contour, Point], Array],
    after: Callable[[Array, int, Array, Array], Reals],
) -> Array:
    """The loss at each point: by the formula, or where training is over, as it is after that."""
    loss = np.ones(at.a.shape)
    over = gradient_flow.settled(at)
    if over.any():
        loss[over] = after(spectrum, n, at.a[over], at.c[over])
    moving = (at.a < 1) & (at.s > 0) & ~over
    if moving.any():
        points = Point(*(values[moving] for values in at))
        loss[moving] = formula(gradient_flow.contour(spectrum, n, points), points)
    return loss


def _best(
    spectrum: Array, n: int, alpha_bar: Reals, c: Reals, weights: Array | None
) -> tuple[Array, Array]:
    """The best s = 2 eta tau and the loss at it, in the shape of alpha_bar and c or one of each."""
    spectrum, n = _population(spectrum), validate.integer("n", n)
    a, c = validate.noise_and_ridge(alpha_bar, c, validate.noisy)
    a, _, c = _near((a, a, c))
    shape, pool = a.shape if weights is None else (), valley.pool(weights, a.shape)
    if not a.size:
        return a, a
    done = np.asarray(losses.test_loss(spectrum, n, a, c)).ravel()
    found = stopping.best(spectrum, n, a.ravel(), c.ravel(), done, pool)
    return found[0].reshape(shape), found[1].reshape(shape)
