"""Learning one affine denoiser at one noise level by gradient descent, with torch.

Nothing here knows the closed form; that both end at the same W, at the same pace, is the test.
"""

from collections.abc import Iterator
from itertools import count
from typing import NamedTuple

import numpy as np

from lindiff_nb._base import extras, validate
from lindiff_nb._base.machine import one_thread
from lindiff_nb._base.types import Array

with extras.of("networks"):
    import torch


class State(NamedTuple):
    """Where gradient descent stands after `step` steps."""

    step: int
    W: Array  # (d, d)
    b: Array  # (d,)
    loss: float  # training loss at W, b, per dimension, without the ridge's penalty


def gradient_descent(
    x: Array,
    alpha_bar: float,
    *,
    eta: float,
    c: float = 0.0,
    steps: int | None = None,
    noise: torch.Generator | None = None,
) -> Iterator[State]:
    """States 0, 1, .. of full-batch gradient descent from W = 0, b = 0 on the points x, (n, d).

    The objective is the loss not divided by d, with the ridge's penalty,

        d L + c a || W ||^2,    d L = || I - sqrt(1-a) W ||^2 + < || sqrt(a) W x + b ||^2 >_x

    so that for centred points the mode with eigenvalue lambda relaxes at the rate
    2 eta (a (lambda + c) + 1 - a) per step. The average over the noise is exact, or with a
    generator `noise` taken afresh at each step over one draw per point. Ends after `steps` steps;
    None goes on for ever.

    Raises ValueError for bad points or numbers, and for a learning rate eta at which gradient
    descent on the objective diverges: eta times the largest eigenvalue of
    [[a <x x'> + (1 - a + c a) I, sqrt(a) <x>], [sqrt(a) <x'>, 1]] must be < 1.
    """
    points = validate.samples("x", x)
    a, c = validate.signal(alpha_bar), validate.ridge(c)
    eta = validate.number("eta", validate.positive("eta", eta))
    if steps is not None:
        steps = validate.integer("steps", steps, low=0)
    if noise is not None and not isinstance(noise, torch.Generator):
        raise validate.fail("noise", noise, "a torch.Generator or None")
    bound = largest_eta(points, a, c)
    if eta >= bound:
        raise validate.fail("eta", eta, f"below {bound:.6g}, where gradient descent diverges")
    return _descend(torch.as_tensor(points), a, c, eta, steps, noise)


def largest_eta(x: Array, alpha_bar: float, c: float = 0.0) -> float:
    """The learning rate from which gradient descent on these points diverges.

    Raises ValueError for bad points, alpha_bar outside (0, 1] or a negative c.
    """
    points = validate.samples("x", x)
    a, c = validate.signal(alpha_bar), validate.ridge(c)
    n, d = points.shape
    inputs = np.hstack([np.sqrt(a) * points, np.ones((n, 1))])
    curvature = inputs.T @ inputs / n
    curvature[np.arange(d), np.arange(d)] += 1 - a + c * a
    return 1 / float(np.linalg.eigvalsh(curvature)[-1])


def _descend(
    x: torch.Tensor,
    a: float,
    c: float,
    eta: float,
    steps: int | None,
    noise: torch.Generator | None,
) -> Iterator[State]:
    """The training loop."""
    d = x.shape[1]
    W = torch.zeros(d, d, dtype=x.dtype, requires_grad=True)
    b = torch.zeros(d, dtype=x.dtype, requires_grad=True)
    for step in count() if steps is None else range(steps + 1):
        with one_thread(torch):
            error = _error(W, b, x, a, noise)
            slopes = torch.autograd.grad(error + c * a * W.square().sum(), (W, b))
        yield State(step, W.detach().numpy().copy(), b.detach().numpy().copy(), error.item() / d)
        with one_thread(torch), torch.no_grad():  # torch.optim takes seconds to import
            W -= eta * slopes[0]
            b -= eta * slopes[1]


def _error(
    W: torch.Tensor, b: torch.Tensor, x: torch.Tensor, a: float, noise: torch.Generator | None
) -> torch.Tensor:
    """d L, averaged over the noise exactly, or over one draw for each point."""
    if noise is None:
        missed = torch.eye(len(b), dtype=x.dtype) - np.sqrt(1 - a) * W
        leaked = np.sqrt(a) * x @ W.T + b
        return missed.square().sum() + leaked.square().sum(dim=1).mean()
    eps = torch.randn(x.shape, generator=noise, dtype=x.dtype)
    noised = np.sqrt(a) * x + np.sqrt(1 - a) * eps
    return (eps - noised @ W.T - b).square().sum(dim=1).mean()
