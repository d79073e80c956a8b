"""The Marchenko-Pastur law for any population: density, bulks, quantiles and overlaps.

It is where the eigenvalues of a sample covariance lie. For n points from N(0, Sigma) the resolvent
(Sigma_0 - x)^-1 acts in every fixed direction like (w / x) (Sigma - w)^-1, with

    x = w (1 + (1/n) sum_nu lambda_nu / (w - lambda_nu))

which is `ridge` with xi = -x and kappa = -w. At an eigenvalue x of Sigma_0, w is the one solution
with Im w > 0 (Silverstein & Bai 1995, doi:10.1006/jmva.1995.1051), and everything local follows:

    density      rho(x) = (n / (pi d)) Im w / |w|^2,  and an atom 1 - min(n, rank) / d at zero
    above x      (1/pi) [sum_nu (arg(w - lambda_nu) - arg w) + n arg w - n x Im w / |w|^2]
    overlaps     <(u_x . v_nu)^2> = lambda_nu |w|^2 / (n x |lambda_nu - w|^2)

The overlaps, of a sample eigenvector with the population's, are those of Ledoit & Peche 2011
(doi:10.1007/s00440-010-0298-3).
Separated or rapidly decaying population eigenvalues open gaps, and the law has several bulks; each
holds exactly as many eigenvalues as the population has in it.

Any solution in the upper half plane is the right one. Newton's method therefore needs no care
about branches: it starts from bisection along the curve on which x is real, where x increases,
and if it fails the bisection goes on. For Sigma = I `marchenko_pastur` has closed forms.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lindiff_nb._base import units, validate
from lindiff_nb._base.blocks import blocks
from lindiff_nb._base.types import Array, Reals, reals
from lindiff_nb._base.units import Unit
from lindiff_nb.predict import ridge
from lindiff_nb.predict._bulk import counts, support
from lindiff_nb.predict._bulk.support import Bulks, Complex

ROUNDS = 70  # halvings, until nothing is left of an interval
NEWTON_STEPS = 6  # tried after each of them
ON_CURVE = 1e-6  # how far from one D may be
Mask = NDArray[np.bool_]


def edges(spectrum: Array, n: int) -> Array:
    """The bulks, (k, 2): the lower and the upper end of each, increasing.

    Relative error about 1e-14, but next to zero (n close to the rank) relative to the smallest
    population eigenvalue. Raises ValueError for n < 1 or a spectrum that is not one, as all
    functions here do.
    """
    unit, at = _find(spectrum, n)
    return unit.on(at.x.copy())


def weights(spectrum: Array, n: int) -> Array:
    """The fraction of eigenvalues in each bulk, (k,); with the atom they sum to one.

    Whole numbers over d: what lies above a gap does so in the sample as in the population.
    """
    _, at = _find(spectrum, n)
    above = counts.above_bulks(at)
    return (above[:-1] - above[1:]) / len(spectrum)


def atom(spectrum: Array, n: int) -> float:
    """The fraction of eigenvalues that are zero: 1 - min(n, rank) / d.

    Raises ValueError for a spectrum that is not one, or n < 1.
    """
    spectrum, n = validate.varying(spectrum), validate.integer("n", n)
    filled = min(float(n), float(np.count_nonzero(spectrum)))
    return 1 - filled / len(spectrum)


def density(x: Reals, spectrum: Array, n: int) -> Reals:
    """The continuous part, (n / (pi d)) Im w / |w|^2, in the shape of x; zero outside the bulks.

    It integrates to 1 - atom. Where the gap to an edge is a fraction e of x the relative error is
    about 1e-15 / e. Raises ValueError also unless x is finite.
    """
    unit, at = _find(spectrum, n)
    x = unit.off("x", validate.numbers("x", x))
    inside = _inside(x.ravel(), at)
    result = np.zeros(x.size)
    w = _solve(x.ravel()[inside], at)
    result[inside] = n / (np.pi * len(spectrum)) * w.imag / np.abs(w) ** 2
    return reals(unit.on(result.reshape(x.shape), power=-1))


def cdf(x: Reals, spectrum: Array, n: int) -> Reals:
    """The fraction of eigenvalues <= x, the atom included, in the shape of x.

    In closed form from w, and in a gap between bulks a whole number over d. Raises ValueError also
    unless x is finite.
    """
    unit, at = _find(spectrum, n)
    x = unit.off("x", validate.numbers("x", x))
    flat = x.ravel()
    above = counts.above_bulks(at)[np.searchsorted(at.x[:, 1], flat, side="right")]
    above[flat < 0] = len(spectrum)
    inside = _inside(flat, at)
    above[inside] = counts.above(flat[inside], _solve(flat[inside], at), at)
    return reals(1 - above.reshape(x.shape) / len(spectrum))


def quantile(p: Reals, spectrum: Array, n: int) -> Reals:
    """The least x with cdf(x) >= p, in the shape of p: zero up to the atom, then through the bulks.

    With p = (k - 1/2) / d the typical position of the kth smallest eigenvalue. At the edges, where
    the density vanishes, rounding of p moves x by up to about 1e-10 of the bulk's width. Raises
    ValueError also unless 0 <= p <= 1.
    """
    p, (unit, at) = validate.nonnegative("p", p), _find(spectrum, n)
    if np.any(p > 1):
        raise validate.fail("p", p, "in [0, 1]")
    d, result = len(spectrum), np.zeros(p.shape)
    positive = p > atom(spectrum, n)
    result[positive] = counts.place(d * (1 - p[positive]), at)
    if atom(spectrum, n) == 0:
        result[p == 0] = at.x[0, 0]
    return reals(unit.on(result))


def overlaps(x: Reals, spectrum: Array, n: int) -> Array:
    """<(u . v_nu)^2> of the eigenvector at a sample eigenvalue x with each v_nu of the population.

    lambda_nu |w|^2 / (n x |lambda_nu - w|^2), in the shape of x and then (d,); the sum over nu is
    one. Raises ValueError also unless every x is inside a bulk. Source: Ledoit & Peche 2011.
    """
    (unit, at), (_, spectrum) = _find(spectrum, n), units.varying(spectrum)
    x = unit.off("x", validate.numbers("x", x))
    flat = x.ravel()
    if not np.all(_inside(flat, at)):
        raise validate.fail("x", x, "inside the bulks, see edges")
    w = _solve(flat, at)[:, None]
    found = spectrum / n * np.abs(w / (spectrum - w)) ** 2 / flat[:, None]
    return found.reshape(*x.shape, len(spectrum))


def null_overlaps(spectrum: Array, n: int) -> Array:
    """The part of each population eigenvector in the null space of the sample covariance, (d,).

    kappa / (lambda_nu + kappa) at xi = 0, and one where lambda_nu = 0; the sum over nu is the
    dimension of the null space.
    """
    _, spectrum = units.varying(spectrum)
    kappa = ridge.effective_ridge(0.0, spectrum, n)
    whole = spectrum + kappa
    return np.where(spectrum > 0, kappa / np.where(whole > 0, whole, 1), 1.0)


def _find(spectrum: Array, n: int) -> tuple[Unit, Bulks]:
    """The bulks in the spectrum's unit, kept for the next call: curves come a bulk at a time."""
    unit, spectrum = units.varying(spectrum)
    return unit, _kept(spectrum.tobytes(), validate.integer("n", n))


@lru_cache(maxsize=8)
def _kept(spectrum: bytes, n: int) -> Bulks:
    return support.find(np.frombuffer(spectrum), n)


def _inside(x: Array, at: Bulks) -> Mask:
    """Whether each x lies within a bulk."""
    place = np.minimum(np.searchsorted(at.x[:, 1], x), len(at.x) - 1)
    return (at.x[place, 0] < x) & (x < at.x[place, 1])


def _solve(x: Array, at: Bulks) -> Complex:
    """w with Im w > 0 at each x inside a bulk, (k,)."""
    w = np.empty(x.size, dtype=np.complex128)
    nodes, known = _known(at)
    for rows in blocks(x.size, at.levels.size):
        place = np.searchsorted(known, x[rows]).clip(1, nodes.size - 1)
        w[rows] = _bracketed(x[rows], nodes[place - 1], nodes[place], at)
    return w


def _known(at: Bulks, most: int = 64) -> tuple[Array, Array]:
    """Re w and x, increasing, at the edges and at population eigenvalues, which all have D > 1."""
    u = at.levels[:: max(1, at.levels.size // most)]
    x = [support.position(support.on_curve(part[None], at), at)[0].real for part in u]
    nodes = np.concatenate([at.w.ravel(), u])
    order = np.argsort(nodes)
    return nodes[order], np.maximum.accumulate(np.concatenate([at.x.ravel(), x])[order])


def _bracketed(x: Array, low: Array, high: Array, at: Bulks) -> Complex:
    """Bisection in Re w, and from every midpoint a few of Newton's steps."""
    w = np.empty(x.size, dtype=np.complex128)
    todo = np.arange(x.size)
    for _ in range(ROUNDS):
        middle = (low[todo] + high[todo]) / 2
        w[todo] = start = support.on_curve(middle, at)
        left = support.position(start, at).real < x[todo]
        low[todo], high[todo] = (
            np.where(left, middle, low[todo]),
            np.where(left, high[todo], middle),
        )
        found, good = _newton(start, x[todo], at)
        w[todo[good]], todo = found[good], todo[~good]
        if not todo.size:
            break
    return w


def _newton(w: Complex, x: Array, at: Bulks) -> tuple[Complex, Mask]:
    """Some steps, and whether they ended at rounding error in the upper half plane.

    There D(w) = 1 (`support`); at other roots, on the real axis, rounding may make Im w positive.
    """
    w = w.copy()
    for _ in range(NEWTON_STEPS):
        share = at.levels / (w[:, None] - at.levels)
        residual = w * (1 + share @ at.counts / at.n) - x
        step = residual / (1 - share**2 @ at.counts / at.n)
        w -= step
    share = at.levels / (w[:, None] - at.levels)
    sums = share @ at.counts, np.abs(share) @ at.counts
    rounding = 1e-15 * (x + np.abs(w) * (1 + sums[1] / at.n))
    residual = w * (1 + sums[0] / at.n) - x
    on_curve = np.abs(np.square(np.abs(share)) @ at.counts / at.n - 1) <= ON_CURVE
    return w, (w.imag > 0) & on_curve & (np.abs(residual) <= 4 * rounding)
