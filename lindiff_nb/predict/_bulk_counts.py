"""How many sample eigenvalues lie above a point of the curve of `_bulks`, and where so many do.

In units of 1 / pi, sum_nu (arg(w - lambda_nu) - arg w) + n arg w - n x Im w / |w|^2 eigenvalues lie
above x(w). Between bulks it is a whole number.
"""

import numpy as np

from lindiff_nb._types import Array
from lindiff_nb.predict import _bulks
from lindiff_nb.predict._bulks import Bulks, Complex
from lindiff_nb.predict._spectrum import blocks

NEWTON_STEPS, HALVINGS = 10, 60
CLOSE = 1e-9  # a relative step of Newton's this small leaves less than rounding
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
    """x inside bulks that hold the eigenvalues from `last` to `first`, counted from above.

    Newton's method in a bracket for the angle phi of Re w = low + (high - low) sin(phi / 2)^2, in
    which nothing is singular; where that is slow, halvings until nothing is left of it.
    """
    low, high = np.zeros(number.size), np.full(number.size, np.pi)
    phi = np.pi * (first - number) / (first - last)
    todo = np.arange(number.size)
    for step in range(NEWTON_STEPS + HALVINGS):
        old, length = phi[todo], (ends[:, 1] - ends[:, 0])[todo]
        w = _on_curve(old, ends[todo], at)
        missing = above(_bulks.position(w, at).real, w, at) - number[todo]
        low[todo] = np.where(missing > 0, old, low[todo])
        high[todo] = np.where(missing < 0, old, high[todo])
        with np.errstate(divide="ignore", invalid="ignore"):
            move = missing / (_slope(w, at) * length * np.sin(old) / 2)
        close = np.abs(move) <= CLOSE * np.minimum(old, np.pi - old)
        inside = (old + move > low[todo]) & (old + move < high[todo]) & (step < NEWTON_STEPS)
        phi[todo] = np.where(inside | close, old + move, (low[todo] + high[todo]) / 2)
        todo = todo[~close]
        if not todo.size:
            break
    return _bulks.position(_on_curve(phi, ends, at), at).real


def _on_curve(phi: Array, ends: Array, at: Bulks) -> Complex:
    """w at the angle phi through the bulk with these ends."""
    return _bulks.on_curve(ends[:, 0] + (ends[:, 1] - ends[:, 0]) * np.sin(phi / 2) ** 2, at)


def _slope(w: Complex, at: Bulks) -> Array:
    """dN / du along the curve: (n / pi) Im w / |w|^2 |x'(w)|^2 / Re x'(w), as x stays real."""
    share = at.levels / (w[:, None] - at.levels)
    slope = 1 - np.square(share) @ at.counts / at.n
    return at.n / np.pi * w.imag / np.abs(w) ** 2 * np.abs(slope) ** 2 / slope.real
