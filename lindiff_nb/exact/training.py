"""Gradient flow, mode by mode: what a training set's denoiser costs at any time on the way.

Gradient flow on the loss not divided by d, with the ridge's penalty, starts from W = 0 and keeps
the eigenvectors v of the training covariance. The weight of the mode with eigenvalue lambda is

    w(tau) = sqrt(1-a) phi,  phi = (1 - exp(-x)) / M,  x = 2 eta tau M,  M = a (lambda + c) + 1 - a

and the bias follows it as b = -sqrt(a) W mu_0, the best for that W. With v' Sigma v the variance
that new data have along v, the losses are sums in which nothing cancels,

    q = 1 - sqrt(1-a) w = exp(-x) + a (lambda + c) phi
    L_test  = < q^2 + a (1-a) phi^2 [v' Sigma v + (v' (mu - mu_0))^2] >
    L_train = < q^2 + a (1-a) phi^2 lambda >

per dimension and per step. tau may be infinite: the optimum, with all that `denoiser` says of it.

q is the share of x_t / sqrt(a) that the denoiser takes for data. From W = 0 all of it, q = 1. A
network that predicts something else than the noise, from zero, has the same rates and another
`start`: 0 for the data x_0, and a for the velocity sqrt(a) eps - sqrt(1-a) x_0. In general

    q = start exp(-x) + a (lambda + c) phi,    1 - q = (1 - start) exp(-x) + (1-a) phi

and a (1-a) phi^2 above becomes a (1-q)^2 / (1-a).

Use this when the training set is at hand: its curve, exactly. `predict.training` has the curve that
n samples of a population typically give, and `measure.experiments.training_losses` those of sets
that are drawn, whose mean and scatter test it.
"""

from __future__ import annotations

import numpy as np

from lindiff_nb._base import validate
from lindiff_nb._base.blocks import blocks
from lindiff_nb._base.types import Array, ArrayLike, Reals
from lindiff_nb.exact import denoiser
from lindiff_nb.exact._gradient_flow import response
from lindiff_nb.exact.denoiser import Modes


def test_loss(
    modes: Modes,
    alpha_bar: Reals,
    tau: Reals,
    c: Reals = 0.0,
    eta: Reals = 1.0,
    *,
    start: Reals = 1.0,
) -> Array:
    """The loss on new data after training for a time tau, all arguments broadcast together.

    Raises ValueError for alpha_bar outside (0, 1], or 1 with another start than 1, negative tau
    or c, eta that is not positive, or modes that are not modes. Source: Merger & Goldt, on
    learning dynamics.
    """
    return losses(modes, alpha_bar, tau, c, eta, start=start)[0]


def train_loss(
    modes: Modes,
    alpha_bar: Reals,
    tau: Reals,
    c: Reals = 0.0,
    eta: Reals = 1.0,
    *,
    start: Reals = 1.0,
) -> Array:
    """The loss on the training data then, without the ridge's penalty; else as `test_loss`."""
    return losses(modes, alpha_bar, tau, c, eta, start=start)[1]


def losses(
    modes: Modes,
    alpha_bar: Reals,
    tau: Reals,
    c: Reals = 0.0,
    eta: Reals = 1.0,
    *,
    start: Reals = 1.0,
) -> tuple[Array, Array]:
    """(`test_loss`, `train_loss`) for little more than the price of one."""
    a, s, ridge, begin = _grid_and_start(alpha_bar, tau, c, eta, start)
    result = np.array(denoiser.losses(modes, a, ridge)).reshape(2, a.size)
    finite = np.flatnonzero(np.isfinite(s))
    points = [values.ravel()[finite] for values in (a, s, ridge, begin)]
    for block in blocks(finite.size, len(modes.eigenvalues)):
        result[:, finite[block]] = _block(modes, *(values[block] for values in points))
    test, train = result.reshape(2, *a.shape)
    return test[()], train[()]


def grid(alpha_bar: Reals, tau: Reals, c: Reals, eta: Reals) -> tuple[Array, Array, Array]:
    """alpha_bar, s = 2 eta tau (which may be infinite) and c in their common shape.

    Raises ValueError for what `test_loss` refuses.
    """
    tau = time("tau", tau)
    a, tau, c, eta = validate.broadcast(
        alpha_bar=validate.alpha_bar(alpha_bar),
        tau=tau,
        c=validate.nonnegative("c", c),
        eta=validate.positive("eta", eta),
    )
    with np.errstate(over="ignore"):  # what is beyond all numbers is infinite
        return a, 2 * eta * tau, c


def time(name: str, value: ArrayLike) -> Array:
    """Training times: numbers >= 0, infinity included; else it raises ValueError."""
    times = validate.array(name, value)
    if times.dtype.kind not in "iuf" or np.any(np.isnan(times)) or np.any(times < 0):
        raise validate.fail(name, value, "a non-negative time, which may be infinite")
    return times.astype(np.float64)


def _grid_and_start(
    alpha_bar: Reals, tau: Reals, c: Reals, eta: Reals, start: Reals
) -> tuple[Array, ...]:
    """`grid`, and the checked start, in their common shape."""
    a, s, ridge = grid(alpha_bar, tau, c, eta)
    begin = validate.numbers("start", start)
    a, s, ridge, begin = validate.broadcast(alpha_bar=a, tau=s, c=ridge, start=begin)
    if np.any((a == 1) & (begin != 1)):
        raise validate.fail("start", start, "1 where alpha_bar is 1: there is nothing but data")
    return a, s, ridge, begin


def _block(modes: Modes, a: Array, s: Array, c: Array, start: Array) -> Array:
    """Test and training loss at finite times, (2, points)."""
    a, s, c, start = (values[:, None] for values in (a, s, c, start))
    decay, phi = response(modes.eigenvalues, a, s, c)
    kept = start * decay + a * (modes.eigenvalues + c) * phi
    root = np.sqrt(1 - a)
    early = np.divide(1 - start, root, out=np.zeros_like(root), where=start != 1)
    leaked = a * np.square(root * phi + early * decay)
    missed = np.square(kept) @ modes.multiplicity
    seen = modes.population + modes.mean_shift
    variances = np.stack([seen, modes.eigenvalues]) * modes.multiplicity
    return (missed + (leaked @ variances.T).T) / modes.multiplicity.sum()
