"""What a score puts into cells on the line, by each of the three ways from scores to densities.

The ways are those of `score_divergence`: edges of cells (C + 1,) in, masses (..., C) out.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import solve_banded
from scipy.special import exprel, logsumexp

from lindiff_nb._base import validate
from lindiff_nb._base.digits import between
from lindiff_nb._base.types import Array
from lindiff_nb.exact.sde import Process

Score = Callable[[Array, float], Array]  # x (N,) and t -> (..., N); leading axes are seeds, times
IMPLICIT = 2  # first steps that damp what does not fit the cells
CELLS_A_STEP = 6  # of time: space and time are refined together
FAR = 1e8  # where a Gaussian has no mass: edges need go no further
LINES = 4  # straight lines a cell that stand for a score where it carries edges


def score_values(values: ArrayLike, shape: tuple[int, ...]) -> Array:
    """What a score gave, as float64. Raises ValueError unless it is finite and (..., *shape)."""
    wanted = f"finite and of shape (..., {', '.join(map(str, shape))})"
    found = validate.array("score", values, wanted)
    fits = found.dtype.kind in "iuf" and found.shape[-len(shape) :] == shape
    if not (fits and np.all(np.isfinite(found))):
        raise validate.fail("score", values, wanted)
    return found.astype(np.float64, copy=False)


def called(score: Score, x: Array, t: float) -> Array:
    """The score's values, checked."""
    if not callable(score):
        raise validate.fail("score", score, "a function of x and t")
    return score_values(score(x, float(t)), x.shape)


def by_potential(score: Score, edges: Array, process: Process) -> Array:
    """Density at the middle of each cell, up to a factor that makes the masses sum to one."""
    middle, width = (edges[1:] + edges[:-1]) / 2, edges[1] - edges[0]
    s = called(score, middle, process.start)
    rise = np.cumsum((s[..., 1:] + s[..., :-1]) / 2 * width, axis=-1)
    log_density = np.concatenate([np.zeros_like(s[..., :1]), rise], axis=-1)
    return np.exp(log_density - logsumexp(log_density, axis=-1, keepdims=True))


def by_ode(score: Score, edges: Array, process: Process) -> Array:
    """Edges carried from start to 1, where masses are those of a standard Gaussian."""
    grid, x = np.linspace(edges[0] - 1, edges[-1] + 1, LINES * len(edges)), edges

    def field(t: float) -> Callable[[Array], Array]:
        values, rate = called(score, grid, t), process.beta(t) / 2
        return lambda x: -rate * (x + _interpolated(values, grid, x))

    times = process.steps(max(1, len(edges) // CELLS_A_STEP))
    now = field(times[0])
    for t, end in pairwise(times):
        middle, later = field((t + end) / 2), field(end)
        x, now = _carried(x, end - t, now, middle, later), later
    return between(x)


def _carried(x: Array, step: float, *fields: Callable[[Array], Array]) -> Array:
    """One Runge-Kutta step of fourth order; velocities at its beginning, middle and end."""
    now, middle, later = fields
    k1 = now(x)
    k2 = middle(x + step / 2 * k1)
    k3 = middle(x + step / 2 * k2)
    k4 = later(x + step * k3)
    return np.clip(x + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4), -FAR, FAR)


def _interpolated(values: Array, grid: Array, x: Array) -> Array:
    """Values, (..., G), on an even grid at x, (..., N), by straight lines that go on outside it."""
    place = (x - grid[0]) / (grid[1] - grid[0])
    cell = np.clip(place, 0, len(grid) - 2).astype(int)
    cell = np.broadcast_to(cell, (*values.shape[:-1], x.shape[-1]))
    low, high = (np.take_along_axis(values, cell + k, axis=-1) for k in (0, 1))
    return low + (place - cell) * (high - low)


def by_sde(score: Score, edges: Array, process: Process) -> Array:
    """A standard Gaussian's masses led from 1 to start by the Fokker-Planck equation."""
    times = process.steps(max(1, len(edges) // CELLS_A_STEP))[::-1]
    width, faces = edges[1] - edges[0], edges[1:-1]
    q, pull = between(edges), faces + 2 * called(score, faces, times[0])
    for count, (t, end) in enumerate(pairwise(times)):
        diffusion = np.log(process.alpha_bar(end) / process.alpha_bar(t)) / 2 / width**2
        known = 0.0 if count < IMPLICIT else diffusion / 2
        q = q - known * _outflow(pull * width, q)
        pull = faces + 2 * called(score, faces, end)
        q = _implicit(pull * width, q, diffusion - known)
    return q


def _outflow(z: Array, q: Array) -> Array:
    """What leaves each cell, (..., C), where drift over diffusion carries z, (..., C - 1)."""
    flux = q[..., :-1] / exprel(-z) - q[..., 1:] / exprel(z)
    none = np.zeros_like(flux[..., :1])
    return np.diff(flux, axis=-1, prepend=none, append=none)


def _implicit(z: Array, q: Array, step: float) -> Array:
    """The q' with q' + step outflow(q') = q: one banded system of all leading axes."""
    lead = np.broadcast_shapes(z.shape[:-1], q.shape[:-1])
    q = np.broadcast_to(q, (*lead, q.shape[-1]))
    bands = np.zeros((3, *q.shape))
    right, left = step / exprel(-z), step / exprel(z)
    bands[0, ..., 1:], bands[2, ..., :-1] = -left, -right
    bands[1] = 1
    bands[1, ..., :-1] += right
    bands[1, ..., 1:] += left
    return solve_banded((1, 1), bands.reshape(3, -1), q.ravel()).reshape(q.shape)


METHODS = {"sde": by_sde, "ode": by_ode, "potential": by_potential}
