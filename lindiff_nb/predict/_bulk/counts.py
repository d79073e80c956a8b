"""How many sample eigenvalues lie above a point of the curve of `support`, and where so many do.

In units of 1 / pi, sum_nu (arg(w - lambda_nu) - arg w) + n arg w - n x Im w / |w|^2 eigenvalues lie
above x(w). Between bulks it is a whole number.
"""

import numpy as np

from lindiff_nb._base.blocks import blocks
from lindiff_nb._base.types import Array
from lindiff_nb.predict._bulk import curve, support
from lindiff_nb.predict._bulk.support import Bulks, Complex, Index

WHOLE = 1e-12  # relative: a number this close to that of a gap is meant to be it


def above_bulks(at: Bulks) -> Array:
    """The number of eigenvalues above x = 0+, and above each bulk, (k + 1,)."""
    above = [at.counts[at.levels > end].sum() for end in at.w[:, 1]]
    return np.array([min(at.n, at.counts.sum()), *above], dtype=np.float64)


def above(x: Array, w: Complex, at: Bulks) -> Array:
    """The number of eigenvalues above each x inside a bulk, given its w."""
    angle = np.empty_like(x)
    for rows in blocks(x.size, 2 * at.levels.size):
        angle[rows] = np.angle(w[rows, None] - at.levels) @ at.counts
    rest = (at.n - at.counts.sum()) * np.angle(w) - at.n * x * w.imag / np.abs(w) ** 2
    return (angle + rest) / np.pi


def place(number: Array, at: Bulks) -> Array:
    """The least x with no more than each number of eigenvalues above it, (k,), number < all."""
    known = above_bulks(at)
    number = number.clip(0, known[0])
    bulk = np.argmax(known[1:] <= number[:, None] + WHOLE * known[0], axis=1)
    result = at.x[bulk, 1]
    inside = np.flatnonzero(number > known[1:][bulk] + WHOLE * known[0])
    for rows in blocks(inside.size, 4 * at.levels.size):
        some = inside[rows]
        result[some] = _solve(
            number[some], known[bulk[some]], known[1:][bulk[some]], at.w[bulk[some]], at
        )
    return result


def _solve(number: Array, first: Array, last: Array, ends: Array, at: Bulks) -> Array:
    """x inside bulks that hold the eigenvalues from `last` to `first`, counted from above."""

    def missing(u: Array, some: Index) -> tuple[Array, Array]:
        w = support.on_curve(u, at)
        return above(support.position(w, at).real, w, at) - number[some], _slope(w, at)

    phi = curve.angle(np.pi * (first - number) / (first - last), ends, missing)
    return support.position(support.on_curve(curve.through(phi, ends), at), at).real


def _slope(w: Complex, at: Bulks) -> Array:
    """dN / du along the curve: (n / pi) Im w / |w|^2 |x'(w)|^2 / Re x'(w), as x stays real."""
    share = at.levels / (w[:, None] - at.levels)
    slope = 1 - np.square(share) @ at.counts / at.n
    return at.n / np.pi * w.imag / np.abs(w) ** 2 * np.abs(slope) ** 2 / slope.real
