"""Losses along gradient flow, and their slope in time, as sums over the nodes of a contour.

The formulas are those of `training`, in s = 2 eta tau. One contour serves all points given.
"""

from typing import NamedTuple

import numpy as np

from lindiff_nb._base.blocks import blocks
from lindiff_nb._base.types import Array, Complex, Mask
from lindiff_nb.predict._flow import contours
from lindiff_nb.predict._flow.contours import Contour
from lindiff_nb.predict.complex_ridge import REALS
from lindiff_nb.predict.population import Population

SETTLED = 100.0  # exponents beyond which nothing moves any more


class Point(NamedTuple):
    """Noise levels, times s = 2 eta tau and ridges: (p,) each, or (p, 1) against nodes."""

    a: Array
    s: Array
    c: Array


def settled(at: Point) -> Mask:
    """Where even the slowest mode has converged, s [a c + 1 - a] > SETTLED, (p,)."""
    with np.errstate(divide="ignore", over="ignore"):
        last = SETTLED / (at.a * at.c + (1 - at.a))
    return np.isinf(at.s) | (at.s > last)


def contour(population: Population, n: int, at: Point) -> Contour:
    """The contour that serves all the points, the population beside noise of variance one."""
    xi = (1 - at.a) / at.a + at.c
    with np.errstate(divide="ignore", over="ignore"):
        near = np.maximum(2 / (at.a * at.s), xi).min()
    return contours.around(population, n, float(near), float(xi.max()))


def test_loss(around: Contour, at: Point) -> Array:
    """L_test = q(0)^2 + Im sum share [q^2 - a (1-a) kappa phi^2], (p,)."""
    return _losses(around, at, -around.kappa)


def train_loss(around: Contour, at: Point) -> Array:
    """L_train = q(0)^2 + Im sum share [q^2 + a (1-a) z phi^2], (p,)."""
    return _losses(around, at, around.z)


def test_slope(around: Contour, at: Point) -> Array:
    """dL_test / ds = -2 (1-a) {q(0) e(0) + Im sum share e (q + a kappa phi)}, e = exp(-x), (p,)."""
    result = np.empty(at.a.size)
    for rows in blocks(at.a.size, REALS * around.z.size):
        block = Point(*(values[rows, None] for values in at))
        decay, phi, kept = _response(around.z, block)
        moving = (decay * (kept + block.a * around.kappa * phi)) @ around.share
        decay, _, kept = _response(np.zeros(1), block)
        result[rows] = (kept * decay)[:, 0].real + moving.imag
    return -2 * (1 - at.a) * result


def _losses(around: Contour, at: Point, variance: Complex) -> Array:
    """q(0)^2 + Im sum share [q^2 + a (1-a) variance phi^2], (p,)."""
    result = np.empty(at.a.size)
    for rows in blocks(at.a.size, REALS * around.z.size):
        block = Point(*(values[rows, None] for values in at))
        _, phi, kept = _response(around.z, block)
        leaked = np.square(phi) @ (around.share * variance)
        inside = np.square(kept) @ around.share + (block.a * (1 - block.a))[:, 0] * leaked
        _, _, kept = _response(np.zeros(1), block)
        result[rows] = np.square(kept)[:, 0].real + inside.imag
    return result


def _response(z: Complex | Array, at: Point) -> tuple[Complex | Array, ...]:
    """exp(-x), phi = (1 - exp(-x)) / M and q = exp(-x) + a (z + c) phi, where a < 1."""
    learnt = at.a * (z + at.c)
    rate = learnt + (1 - at.a)
    gone = np.expm1(-at.s * rate)
    phi, decay = -gone / rate, 1 + gone
    return decay, phi, decay + learnt * phi
