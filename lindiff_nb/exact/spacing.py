"""Schedules given by their noise levels: where to put few steps.

A sampler sees of a schedule only the noise per signal s_t = (1 - alpha_bar_t) / alpha_bar_t at
which it stops, increasing in t = 1..T; it ends at s_0 = 0. Any such levels are a schedule, with

    beta_t = (s_t - s_{t-1}) / (1 + s_t)

How much of a mode's variance the levels cost is a matter of angles. A mode of variance lambda
stands at theta = arctan sqrt(s / lambda), and each ddim step keeps the share cos^2 of the angle
that it turns (`recursion` multiplied out). All modes at once turn along a path of length

    L = integral of sqrt( sum_nu lambda_nu / (lambda_nu + sigma^2)^2 ) dsigma,    s = sigma^2

and T equal pieces of it lose the least log variance, L^2 / T in the sum over modes. For a single
variance this is what Sabour et al. 2024 find for Gaussian data, and for variance one it is the
cosine schedule of Nichol & Dhariwal 2021, but for its offset. Sun, Poor & Zhang 2026 minimise the
leading term of the divergence instead (arXiv:2601.13602).

For the Frechet distance of the samples, in place of their divergence, a mode weighs lambda times as
much: the path has lambda_nu^2 for lambda_nu under the root.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lindiff_nb._base import units, validate
from lindiff_nb._base.blocks import blocks
from lindiff_nb._base.types import Array, ArrayLike
from lindiff_nb._base.units import Unit
from lindiff_nb.exact import schedule as schedules
from lindiff_nb.exact.schedule import Schedule

KL, W2 = "kl", "w2"  # what the levels are best for
ENDING = 1e-4  # alpha_bar_T of a schedule made for a spectrum, unless told otherwise
NODES = 4096  # of the path's length; the levels are then right to about 1e-6


def from_noise(noise_ratio: ArrayLike) -> Schedule:
    """The schedule whose steps stop at these s_t, (T,), positive and increasing.

    Raises ValueError if they are not, or nearer to each other, or to zero, than a schedule can
    tell (`schedule.LEAST`).
    """
    levels = validate.vector("noise_ratio", noise_ratio)
    if np.any(np.diff(levels, prepend=0.0) <= 0):
        raise validate.fail("noise_ratio", levels, "positive and increasing")
    return _through(levels, "noise_ratio", noise_ratio)


def respaced(schedule: Schedule, kept: ArrayLike) -> Schedule:
    """The schedule that visits only the steps `kept`, (k,), integers increasing within 1..T.

    The noise levels are those of the long schedule, so that one denoiser serves both. Raises
    ValueError for anything else. Source: Song et al. 2021 (ddim), section 4.2.
    """
    steps = schedules.checked(schedule).steps
    chosen = _whole("kept", kept)
    if np.any(np.diff(chosen) < 1) or chosen[0] < 1 or chosen[-1] > steps:
        raise validate.fail("kept", chosen, f"increasing from 1 or more to {steps} at most")
    return from_noise(schedule.noise_ratio[chosen - 1])


def evenly(schedule: Schedule, steps: int) -> Schedule:
    """`respaced` to the steps round(T i / steps), i = 1..steps; the last, T, is always kept.

    Raises ValueError for steps < 1 or > T.
    """
    length = schedules.checked(schedule).steps
    steps = validate.integer("steps", steps, high=length)
    return respaced(schedule, np.rint(length * np.arange(1, steps + 1) / steps).astype(int))


def karras(
    steps: int, sigma_min: float = 0.002, sigma_max: float = 80.0, rho: float = 7.0
) -> Schedule:
    """sqrt(s_t)^(1/rho) evenly spaced from sigma_min at t = 1 to sigma_max at t = T.

    rho = 7 is the choice of the source. One step goes to sigma_max. Raises ValueError unless
    steps >= 1, 0 < sigma_min < sigma_max and rho > 0. Source: Karras et al. 2022, eq. 5.
    """
    steps, low, high = _range(steps, sigma_min, sigma_max)
    power = 1 / validate.number("rho", validate.positive("rho", rho))
    share = np.linspace(0, 1, steps) if steps > 1 else np.ones(1)
    # low^p + share (high^p - low^p), in units of high, so that no large rho loses digits
    bracket = share + (1 - share) * (low / high) ** power
    return _through((high * bracket ** (1 / power)) ** 2, "sigma_min", sigma_min)


def log_uniform(steps: int, sigma_min: float = 0.002, sigma_max: float = 80.0) -> Schedule:
    """log s_t evenly spaced, from sigma_min^2 at t = 1 to sigma_max^2 at t = T.

    The limit of `karras` for large rho. One step goes to sigma_max. Raises ValueError unless
    steps >= 1 and 0 < sigma_min < sigma_max.
    """
    steps, low, high = _range(steps, sigma_min, sigma_max)
    levels = np.geomspace(low, high, steps) if steps > 1 else np.array([high])
    return _through(levels**2, "sigma_min", sigma_min)


def for_spectrum(
    spectrum: Array, steps: int, alpha_bar_T: float = ENDING, *, aim: str = KL
) -> Schedule:
    """T levels that divide the path of the spectrum into equal pieces, ending at alpha_bar_T.

    Of all schedules with this end and many steps it has the smallest sum of log variances lost by
    ddim; with aim "w2" in place of "kl" it serves the Frechet distance (`sampler_error.sampler_w2`)
    and is bad for the divergence, as the other is for the distance. Even with ten steps no other
    levels with this end do better by more than 6 %; an earlier end can, by a quarter. Zero
    eigenvalues do not count.
    Raises ValueError for a bad spectrum, one so small that a schedule cannot tell its levels,
    steps < 1, alpha_bar_T outside (0, 1) or another aim.
    """
    steps = validate.integer("steps", steps)
    unit, sigma, length = _path(spectrum, alpha_bar_T, aim)
    goals = length[-1] * np.arange(1, steps + 1) / steps
    levels = unit.on(np.interp(goals, length, sigma) ** 2)
    return _through(levels, "spectrum", spectrum)


def path_length(spectrum: Array, alpha_bar_T: float = ENDING, *, aim: str = KL) -> float:
    """L from no noise to alpha_bar_T; the best T steps of ddim lose L^2 / T of log variance.

    One mode turns by less than pi/2, d equal ones by less than sqrt(d) pi/2. With aim "w2" each
    mode's loss counts lambda_nu times, and L^2 is in units of the spectrum. Raises ValueError as
    `for_spectrum`.
    """
    unit, _, length = _path(spectrum, alpha_bar_T, aim)
    return float(length[-1] if aim == KL else np.sqrt(unit.on(length[-1:] ** 2))[0])


def _through(levels: Array, name: str, value: object) -> Schedule:
    """The schedule through increasing levels; the argument is named if it cannot tell them."""
    beta = np.diff(levels, prepend=0.0) / (1 + levels)
    if np.any(beta < schedules.LEAST):
        wanted = f"of noise levels that differ by {schedules.LEAST:g} (1 + level) or more"
        raise validate.fail(name, value, wanted)
    return Schedule(beta)


def _path(spectrum: Array, alpha_bar_T: float, aim: str) -> tuple[Unit, Array, Array]:
    """The unit, noise levels sigma in it, from 0 to the end, and the length up to each."""
    power = 1 + (validate.choice("aim", aim, (KL, W2)) == W2)
    unit, levels = units.varying(spectrum)
    levels = levels[levels > 0]
    a = validate.signal(alpha_bar_T, "alpha_bar_T")
    if a == 1:
        raise validate.fail("alpha_bar_T", alpha_bar_T, "in (0, 1)")
    # even in sigma below the smallest deviation and in log sigma above, as the integrand is
    least, end = np.sqrt(levels.min()), np.sqrt(unit.noise(np.array(a), name="alpha_bar_T"))
    x = np.linspace(0, np.arcsinh(end / least), NODES)
    sigma = least * np.sinh(x)
    speed = _speed(sigma, levels, power) * least * np.cosh(x)
    pieces = (speed[1:] + speed[:-1]) / 2 * np.diff(x)
    return unit, sigma, np.concatenate([[0.0], np.cumsum(pieces)])


def _speed(sigma: Array, levels: Array, power: int) -> Array:
    """sqrt( sum_nu lambda_nu^power / (lambda_nu + sigma^2)^2 ) at each sigma."""
    levels, counts = np.unique(levels, return_counts=True)
    squares = np.empty_like(sigma)
    for block in blocks(len(sigma), len(levels)):
        squares[block] = np.add.outer(sigma[block] ** 2, levels) ** -2.0 @ (levels**power * counts)
    return np.sqrt(squares)


def _range(steps: int, sigma_min: float, sigma_max: float) -> tuple[int, float, float]:
    """The number of steps and the two ends, checked."""
    steps = validate.integer("steps", steps)
    low = validate.number("sigma_min", validate.positive("sigma_min", sigma_min))
    high = validate.number("sigma_max", validate.positive("sigma_max", sigma_max))
    if low >= high:
        raise validate.fail("sigma_max", sigma_max, f"above sigma_min, {low:g}")
    return steps, low, high


def _whole(name: str, value: ArrayLike) -> NDArray[np.intp]:
    """A non-empty vector of whole numbers."""
    whole = validate.array(name, value)
    if whole.ndim != 1 or whole.size == 0 or whole.dtype.kind not in "iu":
        raise validate.fail(name, value, "a non-empty vector of integers")
    return whole.astype(np.intp)
