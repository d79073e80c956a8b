"""Rectified linear features of a point on the line and the time, and their moments in closed form.

Feature j of a noised point x at time t is

    phi_j(x, t) = max(0, w_j x + h_j(t))  h_j(t) = u_j . e(t)   e(t) = (1, cos pi t, cos 2 pi t, ..)

with w_j and u_j frozen. It bends at c_j = -h_j / w_j and is active above it if w_j > 0, below it
if w_j < 0. Both cases in one: where it is active the indicator o_j + s_j 1(x > c_j) is one, with
o = 0, s = 1 in the first case and o = 1, s = -1 in the second. In a product of two features only
the higher threshold survives, and with

    A_j = s_j E (w_j x + h_j) 1(x > c_j)        B_j = s_j E x (w_j x + h_j) 1(x > c_j)

E phi_i phi_j is, if c_i >= c_j, the sum of

    s_j (w_j B_i + h_j A_i)                                     both thresholds
    o_j (w_j B_i + h_j A_i) + o_i (w_i B_j + h_i A_j)           one
    o_i o_j E (w_i x + h_i) (w_j x + h_j)                       none

and E d phi_j / dx = w_j (o_j + s_j P(x > c_j)). For Gaussian mixtures A and B are elementary, so a
matrix of all pairs costs a few outer products. Source: Li et al. 2023, eq. 12, for the features;
the moments are ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lindiff_nb._base import validate
from lindiff_nb._base.types import Array
from lindiff_nb.exact.modes import Mixture


@dataclass(frozen=True, eq=False)
class Features:
    """Features with weights w, (..., m), of the point and u, (..., m, k), of e(t), (k,).

    Raises ValueError if there is no feature, a number is not finite, a w is zero (that feature
    does not see the point) or the shapes do not fit.
    """

    w: Array
    u: Array

    def __post_init__(self) -> None:
        """Check the weights."""
        w, u = validate.numbers("w", self.w), validate.numbers("u", self.u)
        if w.ndim == 0 or w.size == 0 or np.any(w == 0):
            raise validate.fail("w", self.w, "one feature or more, none of them zero")
        if u.shape[:-1] != w.shape or u.size == 0:
            raise validate.fail("u", self.u, f"of shape {(*w.shape, 'k')}")
        object.__setattr__(self, "w", w)
        object.__setattr__(self, "u", u)

    def __getitem__(self, seeds: int | slice) -> Features:
        """Those of some seeds of a leading axis."""
        return Features(self.w[seeds], self.u[seeds])

    @property
    def m(self) -> int:
        """How many features."""
        return self.w.shape[-1]

    def offsets(self, t: float) -> Array:
        """h_j(t), (..., m)."""
        return self.u @ np.cos(np.pi * np.arange(self.u.shape[-1]) * validate.number("t", t))

    def values(self, x: ArrayLike, t: float) -> Array:
        """phi_j(x, t), (..., m, N), at x, (N,)."""
        lines = self.w[..., None] * validate.vector("x", x)
        lines += self.offsets(t)[..., None]
        return np.maximum(lines, 0, out=lines)

    def moments(self, law: Mixture, t: float) -> tuple[Array, Array]:
        """E phi phi', (..., m, m), and E d phi/dx, (..., m), under a law of the noised point at t.

        Leading axes of features and law broadcast. Raises ValueError for points without noise.
        """
        w, h = self.w, self.offsets(t)
        validate.broadcast(features=w[..., 0], law=law.means[..., 0])
        c, s, o = -h / w, np.sign(w)[..., None], (w < 0)[..., None]
        over, whole = law.above(c), law.moments()
        line = np.stack([w, h], axis=-1)
        tails = s * (line[..., :1] * over[..., 2:0:-1] + line[..., 1:] * over[..., 1::-1])
        higher, below = tails @ (s * line).mT, o * line
        low_rank = np.concatenate(np.broadcast_arrays(tails, below), axis=-1)
        halves = whole[..., [[2, 1], [1, 0]]]
        others = np.concatenate(np.broadcast_arrays(below, tails + below @ halves), axis=-1)
        pairs = low_rank @ others.mT
        pairs += np.where(c[..., :, None] >= c[..., None, :], higher, higher.mT)
        return pairs, w * (o + s * over[..., :1])[..., 0]
