"""Checks on arguments: each returns the checked value, or raises ValueError naming it.

Every public function calls these before it works, so that a bad number is reported where it
came in and not as a NaN three chapters later.
"""

from collections.abc import Callable
from numbers import Integral
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lindiff_nb._base import rounding
from lindiff_nb._base.errors import nearest
from lindiff_nb._base.types import Array

LARGEST = 2**63 - 1  # what an array index, and so a count, can be
T = TypeVar("T")


def fail(name: str, value: object, wanted: str) -> ValueError:
    """The error to raise for an argument `name` that is not what was `wanted`."""
    if isinstance(value, int) and abs(value) > LARGEST:
        text = "one beyond 64 bits"
    else:
        text = np.array2string(value, threshold=8) if isinstance(value, np.ndarray) else repr(value)
    return ValueError(f"{name} must be {wanted}, got {text[:200]}")


def array(name: str, value: ArrayLike, wanted: str = "an array of numbers") -> NDArray[Any]:
    """The value as an array of the type that it has; truth values in one count as 0 and 1.

    An array with a mask is refused, also in a list: the numbers under it are no numbers.
    """
    if _masked(value):
        raise ValueError(f"{name} must be {wanted} without a mask, got a masked array")
    try:
        found = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as unfit:
        raise fail(name, value, wanted) from unfit
    return found.astype(np.float64) if found.dtype == bool and found.ndim else found


def _masked(value: object) -> bool:
    """Whether the value is an array with a mask, or a list that holds one."""
    if isinstance(value, list | tuple):
        return any(map(_masked, value))
    return isinstance(value, np.ma.MaskedArray)


def integer(name: str, value: object, low: int = 1, high: int | None = None) -> int:
    """A whole number from low to high; True and 3.0 are refused, numpy integers are not."""
    wanted = f"an integer >= {low}" if high is None else f"an integer from {low} to {high}"
    if isinstance(value, bool | np.bool_) or not isinstance(value, Integral):
        raise fail(name, value, wanted)
    whole = int(value)
    if whole < low or whole > (LARGEST if high is None else high):
        raise fail(name, value, wanted)
    return whole


def integers(name: str, value: ArrayLike, low: int = 1) -> NDArray[np.int64]:
    """Whole numbers >= low: one, as `integer` takes it, or an array of numpy integers."""
    wanted = f"integers >= {low}"
    if not isinstance(value, np.ndarray | list | tuple):
        return np.asarray(integer(name, value, low))
    whole = array(name, value, wanted)
    if whole.dtype.kind not in "iu" or np.any(whole < low) or np.any(whole > LARGEST):
        raise fail(name, value, wanted)
    return whole.astype(np.int64)


def numbers(name: str, value: ArrayLike) -> Array:
    """An array of finite real numbers, as float64; a truth value alone is refused."""
    found = array(name, value)
    if found.dtype.kind not in "iuf":
        raise fail(name, value, "finite real numbers")
    with np.errstate(over="ignore"):
        doubles = found.astype(np.float64)
    if not np.all(np.isfinite(doubles)):
        raise fail(name, value, "finite real numbers")
    return doubles


def number(name: str, value: ArrayLike) -> float:
    """One finite real number."""
    found = numbers(name, value)
    if found.ndim:
        raise fail(name, value, "one number")
    return float(found)


def nonnegative(name: str, value: ArrayLike) -> Array:
    """Finite numbers >= 0."""
    found = numbers(name, value)
    if np.any(found < 0):
        raise fail(name, value, "non-negative")
    return found


def magnitude(name: str, value: ArrayLike) -> float:
    """One finite number >= 0."""
    return number(name, nonnegative(name, value))


def ridge(value: ArrayLike, name: str = "c") -> float:
    """One ridge, finite and >= 0."""
    return magnitude(name, value)


def signal(value: ArrayLike, name: str = "alpha_bar") -> float:
    """One signal fraction, in (0, 1]."""
    return number(name, alpha_bar(value, name))


def positive(name: str, value: ArrayLike) -> Array:
    """Finite numbers > 0."""
    found = numbers(name, value)
    if np.any(found <= 0):
        raise fail(name, value, "positive")
    return found


def alpha_bar(value: ArrayLike, name: str = "alpha_bar") -> Array:
    """Signal fractions, in (0, 1]."""
    found = numbers(name, value)
    if np.any((found <= 0) | (found > 1)):
        raise fail(name, value, "in (0, 1]")
    return found


def noisy(value: ArrayLike, name: str = "alpha_bar") -> Array:
    """Signal fractions that leave room for noise, in (0, 1)."""
    found = alpha_bar(value, name)
    if np.any(found == 1):
        raise fail(name, value, "below 1: without noise there is nothing to learn")
    return found


def broadcast(**arrays: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """The named arrays in their common shape."""
    try:
        return tuple(np.broadcast_arrays(*arrays.values()))
    except ValueError as error:
        shapes = " and ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValueError(f"{shapes} must have shapes that broadcast") from error


def noise_and_ridge(
    alpha: ArrayLike, c: ArrayLike, check: Callable[[ArrayLike], Array] = alpha_bar
) -> tuple[Array, Array]:
    """alpha_bar, in (0, 1] unless another `check` is given, and c >= 0, in their common shape."""
    a, ridge = broadcast(alpha_bar=check(alpha), c=nonnegative("c", c))
    return a, ridge


def spectrum(value: ArrayLike, name: str = "spectrum") -> Array:
    """Eigenvalues of a covariance: one-dimensional, not empty, >= 0, not all zero, not huge.

    What is below zero within the `resolution` is zero; float32 tells nothing within it from zero.
    """
    found = array(name, value, "a non-empty one-dimensional array")
    if found.ndim != 1 or found.size == 0:
        raise fail(name, value, "a non-empty one-dimensional array")
    levels, noise = numbers(name, found), rounding.resolution(found)
    if np.any(levels < -noise):
        raise fail(name, value, "non-negative")
    levels = rounding.resolved(found) if rounding.single(found) else levels.clip(min=0)
    if not levels.any():
        raise fail(name, value, "a spectrum with at least one positive eigenvalue")
    if levels.max() > np.finfo(float).max / levels.size:
        raise fail(name, value, "a spectrum with a finite sum")
    return levels


def varying(value: ArrayLike, name: str = "spectrum") -> Array:
    """The same with all that is within the `resolution` exactly zero, in float64 too."""
    return rounding.resolved(spectrum(value, name))


def vector(name: str, value: ArrayLike, d: int | None = None) -> Array:
    """A finite vector, of length d if given."""
    found = numbers(name, value)
    if found.ndim != 1 or found.size == 0 or (d is not None and found.size != d):
        raise fail(name, value, f"a vector of length {d}" if d else "a non-empty vector")
    return found


def times(value: ArrayLike, name: str = "tau") -> Array:
    """Training times, (T,): finite numbers >= 0, of which one alone counts as (1,)."""
    return vector(name, np.atleast_1d(nonnegative(name, value)))


def matrix(name: str, value: ArrayLike, shape: tuple[int, int]) -> Array:
    """A finite matrix of the given shape."""
    found = numbers(name, value)
    if found.shape != shape:
        raise fail(name, value, f"a {shape[0]} x {shape[1]} matrix")
    return found


def samples(name: str, value: ArrayLike, d: int | None = None) -> Array:
    """Points as rows, (N, d), N >= 1; images (N, h, w) are flattened."""
    found = numbers(name, value)
    if found.ndim < 2 or found.size == 0:
        raise fail(name, value, "an array of points, one per row")
    found = found.reshape(len(found), -1)
    if d is not None and found.shape[1] != d:
        raise ValueError(f"{name} must have points of dimension {d}, got {found.shape[1]}")
    return found


def choice(name: str, value: object, allowed: tuple[str, ...]) -> str:
    """One of the `allowed` words; the error names the nearest."""
    if not isinstance(value, str) or value not in allowed:
        wanted = "one of " + ", ".join(map(repr, allowed)) + nearest(str(value), allowed)
        raise fail(name, value, wanted)
    return str(value)


def made(name: str, value: object, kind: type[T]) -> T:
    """What was made as an object of a class of ours."""
    if not isinstance(value, kind):
        raise fail(name, value, f"a {kind.__name__}")
    return value


def generator(value: object, name: str = "rng") -> np.random.Generator:
    """A numpy random generator; a seed is refused, so that randomness is always handed over."""
    if not isinstance(value, np.random.Generator):
        raise fail(name, value, "a numpy.random.Generator")
    return value
