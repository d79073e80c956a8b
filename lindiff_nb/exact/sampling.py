"""Sampling: from pure noise back to data, one step at a time.

A denoiser is any callable eps_hat = denoiser(x, t), with points x, (N, d), and t counted down from
T to 1. It implies the data x_0_hat = (x_t - sqrt(1 - a_t) eps_hat) / sqrt(a_t), a_t = alpha_bar_t.

    ddpm    x_{t-1} = (x_t - beta_t / sqrt(1 - a_t) eps_hat) / sqrt(1 - beta_t) + sqrt(beta_t) z
    ddim    x_{t-1} = sqrt(a_{t-1}) x_0_hat + sqrt(1 - a_{t-1}) eps_hat

The mean and the covariance of what comes out are known exactly if the denoiser is affine: see
`recursion`, whose functions are also found here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from tqdm import tqdm

from lindiff_nb._base import validate
from lindiff_nb._base.types import Array
from lindiff_nb.exact import denoiser as affine_denoiser
from lindiff_nb.exact import schedule as schedules
from lindiff_nb.exact import spectra
from lindiff_nb.exact.recursion import (
    continuum_mean,
    continuum_variance,
    ddim_map,
    sampled_mean,
    sampled_variance,
)
from lindiff_nb.exact.schedule import Schedule

__all__ = [
    "Denoiser",
    "affine",
    "continuum_mean",
    "continuum_variance",
    "ddim",
    "ddim_map",
    "ddpm",
    "gaussian_jump",
    "sampled_mean",
    "sampled_variance",
]

Denoiser = Callable[[Array, int], Array]
PATIENCE = 1.0  # seconds a run may take before it shows a progress bar unasked


def ddpm(
    denoiser: Denoiser,
    x: Array,
    schedule: Schedule,
    rng: np.random.Generator,
    *,
    last_noise: bool = False,
    progress: bool | None = None,
) -> Array:
    """Turn noise x, (N, d), into samples, (N, d), with fresh noise of variance beta_t each step.

    The last step, t = 1, adds noise only if `last_noise`. `progress`: a bar, none, or (None) a
    bar on a terminal once a run takes longer than a second. Raises ValueError for bad arguments,
    or if the denoiser does not return finite numbers of the shape of x. Source: Ho et al. 2020,
    algorithm 2 with sigma_t^2 = beta_t.
    """
    points = _start(denoiser, x, schedule)
    validate.generator(rng)
    for t in _countdown(schedule, progress):
        beta, a = schedule.beta[t - 1], schedule.alpha_bar[t - 1]
        eps_hat = _guess(denoiser, points, t)
        points = (points - beta / np.sqrt(1 - a) * eps_hat) / np.sqrt(1 - beta)
        if t > 1 or last_noise:
            points = points + np.sqrt(beta) * rng.standard_normal(points.shape)
    return points


def ddim(
    denoiser: Denoiser, x: Array, schedule: Schedule, *, progress: bool | None = None
) -> Array:
    """Turn noise x, (N, d), into samples, (N, d), by a map without further noise.

    `progress` and errors as for `ddpm`. Source: Song et al. 2021, eq. 12 with sigma_t = 0.
    """
    points = _start(denoiser, x, schedule)
    for t in _countdown(schedule, progress):
        a, a_before = schedule.alpha_bar[t - 1], schedule.alpha_bar_before[t - 1]
        eps_hat = _guess(denoiser, points, t)
        data = (points - np.sqrt(1 - a) * eps_hat) / np.sqrt(a)
        points = np.sqrt(a_before) * data + np.sqrt(1 - a_before) * eps_hat
    return points


def affine(mean: Array, covariance: Array, schedule: Schedule, c: float = 0.0) -> Denoiser:
    """The optimal affine denoiser of every step, from one eigendecomposition.

    A callable (x, t) with x, (N, d), that returns x W_t' + b_t, (N, d), where W_t and b_t are
    `denoiser.optimal` at alpha_bar_t. Raises ValueError for moments that do not fit together or a
    negative c; the callable for x of another dimension or t outside 1..T.
    """
    mean = validate.vector("mean", mean)
    ridge = validate.ridge(c)
    alpha_bar = schedules.checked(schedule).alpha_bar
    eigenvalues, v = spectra.eigenpairs(covariance, d=len(mean))

    def eps_hat(x: Array, t: int) -> Array:
        a = alpha_bar[validate.integer("t", t, high=len(alpha_bar)) - 1]
        centred = validate.samples("x", x, len(mean)) - np.sqrt(a) * mean
        return (centred @ v * affine_denoiser.weights(eigenvalues, a, ridge)) @ v.T

    return eps_hat


def gaussian_jump(
    x: Array, mean: Array, covariance: Array, schedule: Schedule, t: int, c: float = 0.0
) -> Array:
    """Carry noise x = x_T, (N, d), to step t at once, as infinitely many ddim steps would.

        x_t = sqrt(a_t) mu_0 + V diag( sqrt(V_t / V_T) ) V' (x_T - sqrt(a_T) mu_0)

    with V_t = a_t (lambda + c) + 1 - a_t, for the optimal affine denoiser of these moments; t = 0
    is a sample. Any denoiser can go on from there. Raises ValueError for moments that do not fit
    together, x of another dimension, t outside 0..T or a negative c. Source: Wang & Vastola 2023.
    """
    mean = validate.vector("mean", mean)
    alpha_bar = schedules.checked(schedule).alpha_bar
    points = validate.samples("x", x, len(mean))
    to = validate.integer("t", t, low=0, high=schedule.steps)
    eigenvalues, v = spectra.eigenpairs(covariance, d=len(mean))
    floored = eigenvalues + validate.ridge(c)
    a, end = alpha_bar[to - 1] if to else 1.0, alpha_bar[-1]
    stretch = np.sqrt((a * floored + (1 - a)) / (end * floored + (1 - end)))
    return np.sqrt(a) * mean + ((points - np.sqrt(end) * mean) @ v * stretch) @ v.T


def _start(denoiser: Denoiser, x: Array, schedule: Schedule) -> Array:
    """The points to start from, once all arguments are checked."""
    schedules.checked(schedule)
    if not callable(denoiser):
        raise validate.fail("denoiser", denoiser, "a callable of (x, t)")
    return validate.samples("x", x)


def _countdown(schedule: Schedule, progress: bool | None) -> Iterable[int]:
    """t = T..1, with a progress bar on request, or on a terminal once it takes a second."""
    steps = range(schedule.steps, 0, -1)
    disable, delay = (None, PATIENCE) if progress is None else (not progress, 0.0)
    return tqdm(steps, desc="sampling", unit="step", disable=disable, delay=delay, leave=False)


def _guess(denoiser: Denoiser, x: Array, t: int) -> Array:
    """The denoiser's answer, checked."""
    name = f"denoiser(x, {t})"
    eps_hat = validate.numbers(name, denoiser(x, t))
    if eps_hat.shape != x.shape:
        raise ValueError(f"{name} must have the shape of x, {x.shape}, got {eps_hat.shape}")
    return eps_hat
