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

Any solution in the upper half plane is the right one, so Newton's method needs no care about
branches: it starts on the curve on which x is real, where `_bulk.curve` found x, next to the root.
For Sigma = I `marchenko_pastur` has closed forms.
"""

import numpy as np

from lindiff_nb._base import validate
from lindiff_nb._base.blocks import blocks
from lindiff_nb._base.types import Array, Complex, Mask, Reals
from lindiff_nb._base.units import Unit
from lindiff_nb.predict._bulk import counts, curve, support
from lindiff_nb.predict._bulk.support import Bulks
from lindiff_nb.predict.population import Spectrum, enter_varying

NEWTON_STEPS = 40  # where a gap all but opens each one but halves the error
ROUNDING = 4e-15  # in x, relative to its terms


def edges(spectrum: Spectrum, n: int) -> Array:
    """The bulks, (k, 2): the lower and the upper end of each, increasing.

    Relative error about 1e-14, but next to zero (n close to the rank) relative to the smallest
    population eigenvalue. Raises ValueError for n < 1 or a spectrum that is not one, as all
    functions here do.
    """
    unit, bulks = _find(spectrum, n)
    return unit.on(bulks.x.copy())


def weights(spectrum: Spectrum, n: int) -> Array:
    """The fraction of eigenvalues in each bulk, (k,); with the atom they sum to one.

    Whole numbers over d: what lies above a gap does so in the sample as in the population.
    """
    _, bulks = _find(spectrum, n)
    above = counts.above_bulks(bulks)
    return (above[:-1] - above[1:]) / bulks.population.d


def atom(spectrum: Spectrum, n: int) -> float:
    """The fraction of eigenvalues that are zero: 1 - min(n, rank) / d.

    Raises ValueError for a spectrum that is not one, or n < 1.
    """
    (_, population), n = enter_varying(spectrum), validate.integer("n", n)
    return 1 - min(n, population.rank) / population.d


def density(x: Reals, spectrum: Spectrum, n: int) -> Array:
    """The continuous part, (n / (pi d)) Im w / |w|^2, in the shape of x; zero outside the bulks.

    It integrates to 1 - atom. Where the gap to an edge is a fraction e of x the relative error is
    about 1e-15 / e. Raises ValueError also unless x is finite.
    """
    unit, bulks = _find(spectrum, n)
    x = unit.off("x", validate.numbers("x", x))
    inside = _inside(x.ravel(), bulks)
    result = np.zeros(x.size)
    w = _solve(x.ravel()[inside], bulks)
    result[inside] = n / (np.pi * bulks.population.d) * w.imag / np.abs(w) ** 2
    return unit.on(result.reshape(x.shape), power=-1)


def cdf(x: Reals, spectrum: Spectrum, n: int) -> Array:
    """The fraction of eigenvalues <= x, the atom included, in the shape of x.

    In closed form from w, and in a gap between bulks a whole number over d. Raises ValueError also
    unless x is finite.
    """
    unit, bulks = _find(spectrum, n)
    x, d = unit.off("x", validate.numbers("x", x)), bulks.population.d
    flat = x.ravel()
    above = counts.above_bulks(bulks)[np.searchsorted(bulks.x[:, 1], flat, side="right")]
    above[flat < 0] = d
    inside = _inside(flat, bulks)
    above[inside] = counts.above(flat[inside], _solve(flat[inside], bulks), bulks)
    return 1 - above.reshape(x.shape) / d


def quantile(p: Reals, spectrum: Spectrum, n: int) -> Array:
    """The least x with cdf(x) >= p, in the shape of p: zero up to the atom, then through the bulks.

    With p = (k - 1/2) / d the typical position of the kth smallest eigenvalue. At the edges, where
    the density vanishes, rounding of p moves x by up to about 1e-10 of the bulk's width. Raises
    ValueError also unless 0 <= p <= 1.
    """
    p, (unit, bulks) = validate.nonnegative("p", p), _find(spectrum, n)
    if np.any(p > 1):
        raise validate.fail("p", p, "in [0, 1]")
    empty, result = atom(bulks.population, n), np.zeros(p.shape)
    positive = p > empty
    result[positive] = counts.place(bulks.population.d * (1 - p[positive]), bulks)
    if empty == 0:
        result[p == 0] = bulks.x[0, 0]
    return unit.on(result)


def overlaps(x: Reals, spectrum: Spectrum, n: int) -> Array:
    """<(u . v_nu)^2> of the eigenvector at a sample eigenvalue x with each v_nu of the population.

    lambda_nu |w|^2 / (n x |lambda_nu - w|^2), in the shape of x and then (d,); the sum over nu is
    one. Raises ValueError also unless every x is inside a bulk. Source: Ledoit & Peche 2011.
    """
    unit, bulks = _find(spectrum, n)
    x, variances = unit.off("x", validate.numbers("x", x)), bulks.population.spectrum
    flat = x.ravel()
    if not np.all(_inside(flat, bulks)):
        raise validate.fail("x", x, "inside the bulks, see edges")
    w = _solve(flat, bulks)[:, None]
    found = variances / n * np.abs(w / (variances - w)) ** 2 / flat[:, None]
    return found.reshape(*x.shape, variances.size)


def _find(spectrum: Spectrum, n: int) -> tuple[Unit, Bulks]:
    """The unit of the population, and its bulks in that."""
    unit, population = enter_varying(spectrum)
    return unit, support.find(population, validate.integer("n", n))


def _inside(x: Array, bulks: Bulks) -> Mask:
    """Whether each x lies within a bulk."""
    place = np.minimum(np.searchsorted(bulks.x[:, 1], x), len(bulks.x) - 1)
    return (bulks.x[place, 0] < x) & (x < bulks.x[place, 1])


def _solve(x: Array, bulks: Bulks) -> Complex:
    """w with Im w > 0 at each x inside a bulk, (k,): from the curve, by Newton's method to the bit.

    The curve is seen from afar (`views`), so close to the root that no other one attracts.
    """
    u, w = curve.back(x, bulks), np.empty(x.size, dtype=np.complex128)
    for rows in blocks(x.size, bulks.levels.size):
        w[rows] = support.on_curve(u[rows], bulks)
        for _ in range(NEWTON_STEPS):
            share = bulks.levels / (w[rows, None] - bulks.levels)
            missing = w[rows] * (1 + share @ bulks.counts / bulks.n) - x[rows]
            size = x[rows] + np.abs(w[rows]) * (1 + np.abs(share) @ bulks.counts / bulks.n)
            if np.all(np.abs(missing) <= ROUNDING * size):
                break
            w[rows] -= missing / (1 - share**2 @ bulks.counts / bulks.n)
        else:
            raise RuntimeError(f"no convergence in {NEWTON_STEPS} Newton steps: {x[rows][:5]=}")
    return w
