"""Typical losses when images differ in energy alone: each is Gaussian times a length of its own.

One image in a group of copies counts for all of them, a busy image for several, a flat one for
none. Energies e, of mean one, say for how many each counts; the population is its eigenvalues lam
and how often each occurs, w. For m images, the mean fitted, m' = m - 1 and xi' = xi m / m', find
q in (0, 1) and from it T and phi,

    1 = < e / (q + e D(xi'/q) / m') >,    D(k) = sum w lam / (lam + k)
    T = D / (m' q),    phi = < (e / (1 + e T))^2 >

and with g = 1 / (xi' + q lam), a_p = sum w lam^p g^2, v = (phi / m') / (1 - phi a_2 / m')

    Tr G = sum w g,    Tr G^2 = sum w g^2 + v a_1^2,    K = (a_1 + v a_2 a_1) (1 + 1/m)

each over (m'/m)^(1, 2, 2), make  L d = d - 2 s Tr G + s^2 Tr G^2 + s K.  Equal energies give
`losses.test_loss`; a table with rows e_i lambda gives `unequal_images`. Source: El Karoui 2009.
"""

from typing import NamedTuple

import numpy as np

from lindiff_nb._base import units, validate, valley
from lindiff_nb._base.types import Array, Reals
from lindiff_nb._base.units import Unit

PRECISION = 1e-10  # relative, of q


class Levels(NamedTuple):
    """A population's eigenvalues and how often each occurs, in fractions too; zeros included."""

    lam: Array
    counts: Array


class Traces(NamedTuple):
    """Averages over training sets, at each xi."""

    trace: Array
    square: Array
    leaked: Array  # K


def test_loss(levels: Levels, m: float, s: Reals, c: Reals, energies: Array) -> Array:
    """The typical loss on new images after m such images, in the shape of s and c together.

    s = (1 - alpha_bar) / alpha_bar is positive, c not negative. m > 1 may be infinite: then c = 0
    gives the residual loss, sum w lam / (lam + s) / d. Energies, (k,), are equally likely and are
    divided by their mean. Raises ValueError for anything else. Use this for what more images would
    bring; `unequal_images` takes energies that differ along each direction.
    """
    s, c = validate.broadcast(s=validate.positive("s", s), c=validate.nonnegative("c", c))
    unit, own = _in_its_unit(levels)
    s, c = (unit.off(name, part, far=units.SQUARES) for name, part in (("s", s), ("c", c)))
    trace, square, K = _traces(own, m, (s + c).ravel(), energies)
    ratio = s.ravel()
    return (1 + ratio * (ratio * square - 2 * trace + K) / levels.counts.sum()).reshape(s.shape)


def traces(levels: Levels, m: float, xi: Array, energies: Array) -> Traces:
    """<Tr G>, <Tr G^2> and <K> after m images at each xi > 0, (x,); raises as `test_loss` does."""
    unit, own = _in_its_unit(levels)
    xi = unit.off("xi", validate.positive("xi", xi), far=units.SQUARES)
    found = zip(_traces(own, m, xi, energies), (-1, -2, -1), strict=True)
    return Traces(*(unit.on(part, power, "levels") for part, power in found))


def _in_its_unit(levels: Levels) -> tuple[Unit, Levels]:
    """Checked levels, in the unit of the largest."""
    lam, w = (_vector(name, part) for name, part in levels._asdict().items())
    unit, w = units.unit(lam), validate.vector("counts", w, lam.size)
    return unit, Levels(unit.off("levels", lam, far=units.SPREAD), w)


def _vector(name: str, value: Array) -> Array:
    """Numbers >= 0 in a row, some above."""
    found = validate.vector(name, validate.nonnegative(name, value))
    if not found.any():
        raise validate.fail(name, value, "not all zero")
    return found


def _traces(levels: Levels, m: float, xi: Array, energies: Array) -> Traces:
    """`traces` for checked levels and xi in one unit."""
    (lam, w), e = levels, _vector("energies", energies)
    e = units.unit(e).off("energies", e)
    m = m if m == np.inf else validate.number("m", m)
    if not m > 1:
        raise validate.fail("m", m, "above 1")
    left = 1.0 if np.isinf(m) else (m - 1) / m
    xi = xi / left
    q, phi = _solved(lam, w, xi, m * left, e / e.mean())
    g = 1 / (xi[:, None] + q[:, None] * lam)
    a1, a2 = (g**2 @ (w * lam**p) for p in (1, 2))
    v = phi / (1 - phi * a2)
    K = a1 * (1 + v * a2) * (1 + 1 / m)
    return Traces(g @ w / left, (g**2 @ w + v * a1**2) / left**2, K / left**2)


def _solved(lam: Array, w: Array, xi: Array, m: float, e: Array) -> tuple[Array, Array]:
    """q and phi / m' at each xi; without end of images 1 and 0."""
    if np.isinf(m):
        return np.ones_like(xi), np.zeros_like(xi)

    def seen(q: Array) -> Array:
        return (lam / (lam + (xi / q)[:, None])) @ w / m

    def slope(q: Array) -> Array:
        """1 - <e / (q + e D / m')>: it rises, since D does."""
        return 1 - (e[:, None] / (q + np.outer(e, seen(q)))).mean(axis=0)

    least = (e[:, None] / (1 + np.outer(e, lam @ w / (xi * m)))).mean(axis=0)
    q = valley.root(slope, least / 2, np.ones_like(xi), PRECISION)
    return q, np.mean((e[:, None] / (1 + np.outer(e, seen(q) / q))) ** 2, axis=0) / m
