"""How many sample eigenvalues lie above a point of the curve of `support`, and where so many do.

In units of 1 / pi, sum_nu (arg(w - lambda_nu) - arg w) + n arg w - n x Im w / |w|^2 eigenvalues lie
above x(w). Between bulks it is a whole number.
"""

import numpy as np

from lindiff_nb._base.blocks import blocks
from lindiff_nb._base.types import Array, Complex, Index
from lindiff_nb.predict._bulk import curve, support
from lindiff_nb.predict._bulk.support import Bulks

WHOLE = 1e-12  # relative: a number this close to that of a gap is meant to be it


def above_bulks(bulks: Bulks) -> Array:
    """The number of eigenvalues above x = 0+, and above each bulk, (k + 1,)."""
    above = [bulks.counts[bulks.levels > end].sum() for end in bulks.w[:, 1]]
    return np.array([min(bulks.n, bulks.population.rank), *above], dtype=np.float64)


def above(x: Array, w: Complex, bulks: Bulks) -> Array:
    """The number of eigenvalues above each x inside a bulk, given its w."""
    angle = np.empty_like(x)
    for rows in blocks(x.size, 2 * bulks.levels.size):
        angle[rows] = np.angle(w[rows, None] - bulks.levels) @ bulks.counts
    own = (bulks.n - bulks.population.rank) * np.angle(w) - bulks.n * x * w.imag / np.abs(w) ** 2
    return (angle + own) / np.pi


def place(number: Array, bulks: Bulks) -> Array:
    """The least x with no more than each number of eigenvalues above it, (k,), number < all."""
    known = above_bulks(bulks)
    number = number.clip(0, known[0])
    bulk = np.argmax(known[1:] <= number[:, None] + WHOLE * known[0], axis=1)
    result = bulks.x[bulk, 1]
    inside = np.flatnonzero(number > known[1:][bulk] + WHOLE * known[0])
    for rows in blocks(inside.size, 4 * bulks.levels.size):
        some = inside[rows]
        ends = known[bulk[some]], known[1:][bulk[some]], bulks.w[bulk[some]]
        result[some] = _solve(number[some], *ends, bulks)
    return result


def _solve(number: Array, first: Array, last: Array, ends: Array, bulks: Bulks) -> Array:
    """x inside bulks that hold the eigenvalues from `last` to `first`, counted from above."""

    def missing(u: Array, some: Index) -> tuple[Array, Array]:
        w = support.on_curve(u, bulks)
        return above(support.position(w, bulks).real, w, bulks) - number[some], _slope(w, bulks)

    phi = curve.angle(np.pi * (first - number) / (first - last), ends, missing)
    return support.position(support.on_curve(curve.through(phi, ends), bulks), bulks).real


def _slope(w: Complex, bulks: Bulks) -> Array:
    """dN / du along the curve: (n / pi) Im w / |w|^2 |x'(w)|^2 / Re x'(w), as x stays real."""
    share = bulks.levels / (w[:, None] - bulks.levels)
    slope = 1 - np.square(share) @ bulks.counts / bulks.n
    return bulks.n / np.pi * w.imag / np.abs(w) ** 2 * np.abs(slope) ** 2 / slope.real
