"""The Marchenko-Pastur law: eigenvalues of the sample covariance of white data.

For n points in d dimensions, aspect = d / n, the eigenvalues fill the bulk [lo, hi] with
lo, hi = (1 -+ sqrt(aspect))^2; for d > n a fraction 1 - n/d of them, the atom, is zero besides.
The eigenvalues that are not zero are those of the n x n Gram matrix, so for aspect > 1 everything
follows from the law for 1 / aspect, on a scale larger by the factor aspect. Source: Marchenko &
Pastur 1967.

With q = sqrt(aspect) <= 1 an angle theta in [0, pi] runs through the bulk,

    x = 1 + q^2 - 2 q cos(theta) = lo + 4 q sin^2(theta / 2)
    rho(x) dx = (2 / pi) sin^2(theta) / x dtheta
    F(x) = [ theta + (q sin(theta) - (1 - q^2) phi) / q^2 ] / pi
    tan(phi) = q sin(theta) / (1 - q cos(theta))

For any other population `spectral_density` has the same functions, as solutions of an equation.
"""

import numpy as np

from lindiff_nb._base import validate
from lindiff_nb._base.types import Array, ArrayLike, Complex, Reals
from lindiff_nb.predict import white

HALVINGS = 60  # from [0, pi] to the resolution of float64
LARGEST = 1e300  # aspect, or its inverse


def edges(aspect: float) -> tuple[float, float]:
    """The ends lo, hi of the bulk. Raises ValueError unless aspect > 0, as all functions here."""
    aspect = _aspect(aspect)
    root = float(np.sqrt(aspect))
    return ((1 - aspect) / (1 + root)) ** 2, (1 + root) ** 2


def atom(aspect: float) -> float:
    """The fraction of eigenvalues that are zero: max(0, 1 - 1 / aspect)."""
    return max(0.0, 1 - 1 / _aspect(aspect))


def density(x: Reals, aspect: float) -> Array:
    """The continuous part, sqrt((hi - x) (x - lo)) / (2 pi aspect x), in the shape of x.

    Zero outside the bulk; it integrates to 1 - atom. Raises ValueError unless x is finite.
    """
    x, aspect = validate.numbers("x", x), _aspect(aspect)
    lo, hi = edges(aspect)
    return np.where((x > lo) & (x < hi), white.density(x.clip(lo, hi), aspect), 0.0)[()]


def cdf(x: Reals, aspect: float) -> Array:
    """The fraction of eigenvalues <= x, the atom at zero included, in the shape of x.

    Closed form, to an absolute error below 1e-14 / sqrt(min(aspect, 1 / aspect)). Raises
    ValueError unless x is finite.
    """
    x, aspect = validate.numbers("x", x), _aspect(aspect)
    scale, ratio = max(aspect, 1.0), min(aspect, 1 / aspect)
    lo, hi = edges(ratio)
    from_lo, to_hi = (np.sqrt(np.maximum(gap, 0)) for gap in (x / scale - lo, hi - x / scale))
    theta = 2 * np.arctan2(from_lo, to_hi)
    return np.where(x < 0, 0.0, atom(aspect) + _bulk(theta, ratio) / scale)[()]


def quantile(p: Reals, aspect: float) -> Array:
    """The x with cdf(x) = p, in the shape of p: zero up to the atom, then through the bulk.

    By bisection of the angle theta, in which the cdf increases: sixty halvings leave nothing. At
    the edges, where the density vanishes, rounding of p moves x by up to about 1e-10. Raises
    ValueError unless 0 <= p <= 1.
    """
    p, aspect = validate.nonnegative("p", p), _aspect(aspect)
    if np.any(p > 1):
        raise validate.fail("p", p, "in [0, 1]")
    scale, ratio = max(aspect, 1.0), min(aspect, 1 / aspect)
    wanted = (p - atom(aspect)) * scale
    low, high = np.where(p == 1, np.pi, 0.0), np.full(p.shape, np.pi)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        below = _bulk(middle, ratio) < wanted
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    x = scale * (edges(ratio)[0] + 4 * np.sqrt(ratio) * np.sin(high / 2) ** 2)
    return np.where((aspect > 1) & (wanted <= 0), 0.0, x)[()]


def stieltjes(z: ArrayLike, aspect: float) -> Array | Complex:
    """m(z) = average of 1 / (lambda - z), in the shape of z:  m(-xi) = <Tr (Sigma_0 + xi)^-1> / d.

    The root of  aspect z m^2 + (z + aspect - 1) m + 1 = 0  that decays as -1/z, with Im m of the
    sign of Im z. On the bulk a complex z stands for z + i0, where Im m / pi is the density. Raises
    ValueError unless z is finite, off the atom, and, if real, outside the bulk.
    """
    aspect = _aspect(aspect)
    lo, hi = edges(aspect)
    points = validate.array("z", z)
    if np.iscomplexobj(points):
        validate.numbers("z", points.real + points.imag)
    elif np.any((validate.numbers("z", points) >= lo) & (points <= hi)):
        raise validate.fail("z", z, f"outside [{lo:g}, {hi:g}] or complex")
    if aspect >= 1 and np.any(points == 0):
        raise validate.fail("z", z, "not 0, where eigenvalues accumulate")
    m = _decaying_root(points.astype(np.complex128), aspect, lo, hi)
    return (m if np.iscomplexobj(points) else m.real)[()]


def _decaying_root(z: Complex, aspect: float, lo: float, hi: float) -> Complex:
    """-2 / (b + root), or the same with numerator and denominator multiplied by b - root."""
    b, root = z + (aspect - 1), np.sqrt(z - lo) * np.sqrt(z - hi)
    add = np.abs(b + root) >= np.abs(b - root)
    direct = -2 / np.where(add, b + root, 1)
    return np.where(add, direct, (root - b) / np.where(add, 1, 2 * aspect * z))


def _bulk(theta: Array, ratio: float) -> Array:
    """The weight of the bulk below the angle theta, for ratio <= 1."""
    q = np.sqrt(ratio)
    gap = (1 - ratio) / (1 + q) + 2 * q * np.sin(theta / 2) ** 2  # 1 - q cos(theta)
    phi = np.arctan2(q * np.sin(theta), gap)
    return (theta + (q * np.sin(theta) - (1 - ratio) * phi) / ratio) / np.pi


def _aspect(value: float) -> float:
    """A checked aspect, which no overflow can follow from."""
    aspect = validate.number("aspect", value)
    if not 1 / LARGEST <= aspect <= LARGEST:
        raise validate.fail("aspect", value, f"positive, from {1 / LARGEST:g} to {LARGEST:g}")
    return aspect
