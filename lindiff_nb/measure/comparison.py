"""Side by side: draws and what predicts them; denoisers, by their answers to the same noisy points.

A denoiser is any callable eps_hat = denoiser(x, t). Points are noised once, at a few steps, and all
denoisers see the same noise, so that their differences are known far better than their losses.
Arrays are (steps, points, ...): the caller owns means and error bars.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lindiff_nb._base import units, validate
from lindiff_nb._base.types import Array
from lindiff_nb._base.units import Unit
from lindiff_nb.exact import schedule as schedules
from lindiff_nb.exact.sampling import Denoiser
from lindiff_nb.exact.schedule import Schedule


class Noised(NamedTuple):
    """The same points at each of a few steps, with noise of their own at each."""

    t: NDArray[np.intp]  # (L,) from 1
    x: Array  # (L, N, d) sqrt(a_t) x_0 + sqrt(1 - a_t) eps
    eps: Array  # (L, N, d)


def noised(rng: np.random.Generator, x: ArrayLike, schedule: Schedule, t: ArrayLike) -> Noised:
    """The points x, (N, d) or images (N, h, w), noised at the steps t, (L,).

    Raises ValueError for a seed in place of a generator, points that are empty or not finite, or
    steps that are not integers increasing within 1..T.
    """
    points, steps = validate.samples("x", x), schedules.checked(schedule).steps
    kept = _increasing(t, steps)
    eps = validate.generator(rng).standard_normal((len(kept), *points.shape))
    a = schedule.alpha_bar[kept - 1, None, None]
    return Noised(kept, np.sqrt(a) * points + np.sqrt(1 - a) * eps, eps)


def answers(denoiser: Denoiser, points: Noised) -> Array:
    """eps_hat at all of them, (L, N, d)."""
    return np.array([denoiser(x, int(t)) for t, x in zip(points.t, points.x, strict=True)])


def losses(denoiser: Denoiser, points: Noised) -> Array:
    """(1/d) | eps_hat - eps |^2 for every point, (L, N): the loss before any mean."""
    return distance(answers(denoiser, points), points.eps)


def distance(first: Array, second: Array) -> Array:
    """(1/d) | first - second |^2 for every point, (L, N); from the noise itself it is the loss.

    Raises ValueError unless both are (L, N, d).
    """
    unit, first, second = _pair(first, second)
    return unit.on(np.asarray(np.mean((first - second) ** 2, axis=2)), 2, "first")


def by_mode(first: Array, second: Array, eigenvectors: Array) -> tuple[Array, Array]:
    """(v_nu (first - second))^2 and (v_nu second)^2 for every point, each (L, N, d).

    The eigenvectors are columns. The ratio of the two means over points is the relative distance
    of `first` from `second` in each mode. Raises ValueError unless the shapes fit. Source: Merger
    & Goldt, eq. 16.
    """
    unit, first, second = _pair(first, second)
    v = validate.matrix("eigenvectors", eigenvectors, (first.shape[2], first.shape[2]))
    squares = ((first - second) @ v) ** 2, (second @ v) ** 2
    return unit.on(squares[0], 2, "first"), unit.on(squares[1], 2, "second")


def error(draws: ArrayLike, predicted: ArrayLike) -> float:
    """max | mean(draws) / predicted - 1 |: the largest relative error of a prediction.

    `draws` is (draws, ...), `predicted` of the shape of one draw, or broadcasts with it; their
    scatter is part of the error. Raises ValueError for what is not finite, no draw, a prediction
    of zero, or shapes that do not fit.
    """
    seen, line = validate.numbers("draws", draws), validate.numbers("predicted", predicted)
    if not seen.ndim or not len(seen):
        raise validate.fail("draws", seen.shape, "of shape (draws, ...), at least one draw")
    if not np.all(line):
        raise validate.fail("predicted", predicted, "different from zero")
    mean, line = validate.broadcast(draws=seen.mean(axis=0), predicted=line)
    return float(np.max(np.abs(mean / line - 1)))


def _increasing(t: ArrayLike, last: int) -> NDArray[np.intp]:
    """Steps that increase within 1..last."""
    kept = validate.array("t", t)
    wrong = kept.ndim != 1 or kept.size == 0 or kept.dtype.kind not in "iu"
    if wrong or kept[0] < 1 or kept[-1] > last or np.any(np.diff(kept) < 1):
        raise validate.fail("t", t, f"integers increasing within 1 to {last}")
    return kept.astype(np.intp)


def _pair(first: Array, second: Array) -> tuple[Unit, Array, Array]:
    """Two sets of answers, (L, N, d), in their unit."""
    first, second = validate.numbers("first", first), validate.numbers("second", second)
    if first.ndim != 3 or first.shape != second.shape:
        shapes = f"{first.shape} and {second.shape}"
        raise ValueError(f"first and second must both be (steps, points, d), got {shapes}")
    unit = units.unit(first, second)
    return unit, np.ldexp(first, -unit.exponent), np.ldexp(second, -unit.exponent)
