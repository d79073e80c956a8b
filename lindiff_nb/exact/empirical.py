"""The denoiser that memorises: optimal for the empirical distribution of a set of points.

Among all denoisers, not only the affine ones, the one that minimises the training loss on points
p_1..p_n answers with the posterior mean under their empirical distribution,

    E[x_0 | x_t] = sum_i w_i p_i
    w_i proportional to exp( - || x_t - sqrt(a) p_i ||^2 / (2 (1-a)) )

and a sampler that follows it ends on the points themselves. Source: Karras et al. 2022,
appendix B.3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from lindiff_nb._base import units, validate
from lindiff_nb._base.blocks import blocks
from lindiff_nb._base.types import Array
from lindiff_nb.exact import schedule as schedules
from lindiff_nb.exact.schedule import Schedule

BLOCK = 2**22  # weights held at once, 32 MiB


class _Points(NamedTuple):
    """Points about their mean, so that distances between them lose no digits to their offset."""

    mean: Array  # (d,)
    centred: Array  # (n, d)
    half_norms: Array  # (n,) || centred ||^2 / 2


def posterior_mean(points: Array, x: Array, alpha_bar: float) -> Array:
    """E[x_0 | x_t = x], (N, d), for queries x, (N, d), under the points, (n, d), one weight each.

    At alpha_bar = 1 it is the nearest point (or the mean of the equally near). So many queries are
    answered at a time as hold 32 MiB of weights. Rounding moves log weights by about
    1e-16 || p ||^2 / (1 - alpha_bar). Raises ValueError for empty or non-finite points, dimensions
    that differ, or alpha_bar outside (0, 1].
    """
    prepared = _prepare(points)
    queries = units.squarable("x", validate.samples("x", x, len(prepared.mean)))
    return _average(prepared, queries, validate.signal(alpha_bar))


def optimal(points: Array, schedule: Schedule) -> Callable[[Array, int], Array]:
    """The denoiser eps_hat = (x - sqrt(a_t) E[x_0 | x_t = x]) / sqrt(1 - a_t), callable as (x, t).

    `points` as for `posterior_mean`. Raises ValueError as it does; the callable for x
    of another dimension or t outside 1..T.
    """
    prepared = _prepare(points)
    alpha_bar = schedules.checked(schedule).alpha_bar

    def eps_hat(x: Array, t: int) -> Array:
        a = float(alpha_bar[validate.integer("t", t, high=len(alpha_bar)) - 1])
        queries = units.squarable("x", validate.samples("x", x, len(prepared.mean)))
        return (queries - np.sqrt(a) * _average(prepared, queries, a)) / np.sqrt(1 - a)

    return eps_hat


def coordinatewise(points: Array, schedule: Schedule) -> Callable[[Array, int], Array]:
    """`optimal` of each coordinate by itself: nothing else is best if coordinates are independent.

    It knows the law of every coordinate, (n,) equally likely values, and nothing of how they go
    together. `points`, the callable and errors as for `optimal`.
    """
    columns = validate.samples("points", points).T
    each = [optimal(column[:, None], schedule) for column in columns]

    def eps_hat(x: Array, t: int) -> Array:
        queries = validate.samples("x", x, len(each))
        return np.hstack([one(queries[:, [j]], t) for j, one in enumerate(each)])

    return eps_hat


def _prepare(points: Array) -> _Points:
    """The points, checked and centred."""
    checked = units.squarable("points", validate.samples("points", points))
    mean = checked.mean(axis=0)
    centred = checked - mean
    return _Points(mean, centred, np.einsum("nd,nd->n", centred, centred) / 2)


def _average(points: _Points, queries: Array, a: float) -> Array:
    """The posterior mean, a block of queries at a time."""
    means = np.empty_like(queries)
    for block in blocks(len(queries), len(points.centred), BLOCK):
        shifted = np.sqrt(a) * queries[block] - a * points.mean
        weights = _weights(shifted @ points.centred.T, a, points.half_norms)
        means[block] = points.mean + weights @ points.centred
    return means


def _weights(products: Array, a: float, half_norms: Array) -> Array:
    """Softmax over the points of (sqrt(a) x p - a || p ||^2 / 2) / (1 - a), in the same memory."""
    log_weights = np.subtract(products, a * half_norms, out=products)
    log_weights -= log_weights.max(axis=1, keepdims=True)
    if a < 1:
        log_weights /= 1 - a
        weights = np.exp(log_weights, out=log_weights)
    else:
        weights = (log_weights == 0).astype(float)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights
