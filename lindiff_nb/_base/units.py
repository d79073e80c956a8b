"""Units: a power of two is taken off at the door and put back at the exit, which costs no bit.

Variances have a unit, and squares and fourth powers of them leave float64 long before they do. So a
function divides what has a unit by a power of two near its largest variance, works with numbers of
order one, and multiplies by the unit's power in its result:

    unit, spectrum = units.spectrum(spectrum)
    c = unit.off("c", c)
    return unit.on(result, power=1)

Both steps are exact. So with all arguments scaled by 2^k a function homogeneous of degree p gives
2^(kp) times the same bits, or it refuses by name: where an argument or a result is not a normal
number, or where an argument is so far from the largest variance that nothing is left of one beside
the other.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lindiff_nb._base import validate
from lindiff_nb._base.types import Array

SMALLEST = float(np.finfo(float).tiny)  # of the normal numbers
FAR = 1022  # an argument may be 2^FAR times the largest variance, or its inverse
SPREAD = 500  # a variance that counts may be 2^-SPREAD times the largest: squares stay normal
SQUARES = 300  # `far` for functions with cubes and fourth powers
_NEAR = "zero or within a factor {:.0e} of the largest variance"

Kept = TypeVar("Kept", bound=np.floating | np.complexfloating)


class Unit(NamedTuple):
    """The unit of variance, 2^exponent; powers may be any whole number, as 2 for a variance whose
    data has it.
    """

    exponent: int

    def off(self, name: str, value: NDArray[Kept], power: int = 1, far: int = FAR) -> NDArray[Kept]:
        """A real or complex argument divided by 2^(power exponent).

        Raises ValueError naming it where it is neither zero nor normal, or beyond 2^far or its
        inverse in the unit.
        """
        _check(name, value, value, (SMALLEST, np.inf), "zero or normal numbers")
        result = _shift(value, -power * self.exponent)
        _check(name, value, result, (2.0**-far, 2.0**far), _NEAR.format(2.0**far))
        return result

    def beside(self, name: str, value: Array, noise: Array, far: int = FAR) -> Array:
        """`off` for a ridge beside noise, of one shape: where that is, no ridge is too small."""
        self.off(name, np.where(noise > 0, 0.0, value))
        result = _shift(value, -self.exponent)
        _check(name, value, result, (0.0, 2.0**far), _NEAR.format(2.0**far))
        return result

    def log(self, times: int) -> float:
        """The logarithm of the unit, so many times."""
        return times * self.exponent * float(np.log(2))

    def noise(self, alpha_bar: Array, far: int = FAR, name: str = "alpha_bar") -> Array:
        """The variance (1 - alpha_bar) / alpha_bar of the noise, in the unit; raises as `off`."""
        _check(name, alpha_bar, alpha_bar, (SMALLEST, 1.0), "normal numbers")
        result = _shift((1 - alpha_bar) / alpha_bar, -self.exponent)
        wanted = "such that (1 - alpha_bar) / alpha_bar is " + _NEAR.format(2.0**far)
        _check(name, alpha_bar, result, (2.0**-far, 2.0**far), wanted, at=alpha_bar < 1)
        return result

    def on(self, value: NDArray[Kept], power: int = 1, name: str = "spectrum") -> NDArray[Kept]:
        """A result multiplied by 2^(power exponent), no array if it is one number.

        Zeros and infinities stay. Raises ValueError naming `name` where it is not a normal number.
        """
        result = _shift(value, power * self.exponent)
        ends, wanted = (SMALLEST, np.finfo(float).max), "in units that give normal numbers"
        _check(name, value, result, ends, wanted)
        return result[()]


def unit(*arrays: NDArray[Any]) -> Unit:
    """The largest power of two that is not above every one of the numbers; 1 if all are zero."""
    largest = max((float(np.max(np.abs(array), initial=0.0)) for array in arrays), default=0.0)
    return Unit(int(np.frexp(largest)[1]) - 1 if largest > 0 else 0)


def spectrum(
    value: ArrayLike, name: str = "spectrum", check: Callable[..., Array] = validate.spectrum
) -> tuple[Unit, Array]:
    """A checked spectrum in its own unit, so that its largest variance is in [1, 2).

    Raises ValueError as `check` does, and for variances below 2^-SPREAD of the largest.
    """
    checked = check(value, name)
    own = unit(checked)
    return own, own.off(name, checked, far=SPREAD)


def normal(name: str, value: Array) -> Array:
    """The numbers themselves; a ValueError naming them unless each is zero or a normal number."""
    return Unit(0).off(name, value)


def squarable(name: str, value: Array) -> Array:
    """The numbers themselves; a ValueError naming them where sums of squares would overflow."""
    if np.any(np.abs(value) > 2.0**SPREAD):
        raise validate.fail(name, value, f"at most {2.0**SPREAD:.0e}, since squares are taken")
    return value


def near_one(value: Array) -> tuple[Unit, Array]:
    """Points, or a matrix, in the unit of their largest entry; far below it entries may round."""
    own = unit(value)
    return own, np.ldexp(value, -own.exponent)


def varying(value: ArrayLike, name: str = "spectrum") -> tuple[Unit, Array]:
    """The same without what cannot be told from rounding, for answers that jump at zero."""
    return spectrum(value, name, validate.varying)


def same(given: Mapping[str, Any], points: Sequence[NDArray[Any]], apart: float = np.inf) -> None:
    """Refuse two sets of points, rows, in two units: pixels from 0 to 255 beside some from 0 to 1.

    ValueError naming both where the medians of their rows' largest entries are more than a factor
    `apart` from each other, or 2 if only one of the two, as `given`, holds integers and one stays
    within 1.
    """
    whole = [np.asarray(each).dtype.kind in "iu" for each in given.values()]
    sizes = [_typical(each) for each in points]
    apart = min(apart, 2) if whole[0] != whole[1] and min(sizes) <= 1 else apart
    if min(sizes) > 0 and max(sizes) > apart * min(sizes):
        kinds = [
            f"{'integers' if k else 'numbers'} of about {size:.3g}"
            for k, size in zip(whole, sizes, strict=True)
        ]
        raise ValueError(f"{' and '.join(given)} must be in one unit, got {' and '.join(kinds)}")


def _typical(points: NDArray[Any]) -> float:
    """The median over the points that are not zero of the largest entry."""
    largest = np.maximum(points.max(axis=1), -1.0 * points.min(axis=1))
    if not largest.any():
        return 0.0
    return float(np.quantile(largest[largest > 0], 0.5, method="lower"))


def _shift(value: NDArray[Kept], exponent: int) -> NDArray[Kept]:
    """value 2^exponent; not finite or not exact where that is not normal."""
    if not exponent:
        return value
    result = np.empty_like(value)
    parts = [(result.real, value.real)]
    parts += [(result.imag, value.imag)] if np.iscomplexobj(value) else []
    with np.errstate(over="ignore", under="ignore"):
        for out, part in parts:
            np.ldexp(part, exponent, out=out)
    return result


def _check(
    name: str,
    value: NDArray[Any],
    result: NDArray[Any],
    ends: tuple[float, float],
    wanted: str,
    at: NDArray[np.bool_] | bool = True,
) -> None:
    """Refuse a size outside the ends, of real and imaginary parts alike, where value is finite and
    not zero.
    """
    pairs = [(value.real, result.real)]
    pairs += [(value.imag, result.imag)] if np.iscomplexobj(value) else []
    for before, after in pairs:
        size = np.abs(after)
        outside = ((size < ends[0]) & (before != 0)) | ((size > ends[1]) & np.isfinite(before))
        if np.any(outside & at):
            raise validate.fail(name, value, wanted)
