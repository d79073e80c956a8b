"""Checks on arguments: each returns the checked value, or raises ValueError naming it.

Every public function calls these before it works, so that a bad number is reported where it
came in and not as a NaN three chapters later.
"""

import math
from collections.abc import Callable
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lindiff_nb._types import Array

LARGEST = 2**63 - 1  # what an array index, and so a count, can be


def fail(name: str, value: object, wanted: str) -> ValueError:
    """The error to raise for an argument `name` that is not what was `wanted`."""
    if isinstance(value, int) and abs(value) > LARGEST:
        text = "one beyond 64 bits"
    else:
        text = np.array2string(value, threshold=8) if isinstance(value, np.ndarray) else repr(value)
    return ValueError(f"{name} must be {wanted}, got {text[:200]}")


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
    if not isinstance(value, np.ndarray | list | tuple):
        return np.asarray(integer(name, value, low))
    try:
        array = np.asarray(value)
    except ValueError as ragged:
        raise fail(name, value, f"integers >= {low}") from ragged
    if array.dtype.kind not in "iu" or np.any(array < low) or np.any(array > LARGEST):
        raise fail(name, value, f"integers >= {low}")
    return array.astype(np.int64)


def numbers(name: str, value: ArrayLike) -> Array:
    """An array of finite real numbers, as float64."""
    try:
        array = np.asarray(value)
    except ValueError as ragged:
        raise fail(name, value, "an array of numbers") from ragged
    if array.dtype.kind not in "iuf" or not np.all(np.isfinite(array)):
        raise fail(name, value, "finite real numbers")
    return array.astype(np.float64)


def number(name: str, value: ArrayLike) -> float:
    """One finite real number."""
    array = numbers(name, value)
    if array.ndim:
        raise fail(name, value, "one number")
    return float(array)


def nonnegative(name: str, value: ArrayLike) -> Array:
    """Finite numbers >= 0."""
    array = numbers(name, value)
    if np.any(array < 0):
        raise fail(name, value, "non-negative")
    return array


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
    array = numbers(name, value)
    if np.any(array <= 0):
        raise fail(name, value, "positive")
    return array


def alpha_bar(value: ArrayLike, name: str = "alpha_bar") -> Array:
    """Signal fractions, in (0, 1]."""
    array = numbers(name, value)
    if np.any((array <= 0) | (array > 1)):
        raise fail(name, value, "in (0, 1]")
    return array


def noisy(value: ArrayLike, name: str = "alpha_bar") -> Array:
    """Signal fractions that leave room for noise, in (0, 1)."""
    array = alpha_bar(value, name)
    if np.any(array == 1):
        raise fail(name, value, "below 1: without noise there is nothing to learn")
    return array


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
    """Eigenvalues of a covariance: one-dimensional, not empty, >= 0, not all zero, not huge."""
    array = np.asarray(value)
    if array.ndim != 1 or array.size == 0:
        raise fail(name, value, "a non-empty one-dimensional array")
    array = nonnegative(name, array)
    if not array.any():
        raise fail(name, value, "a spectrum with at least one positive eigenvalue")
    if array.max() > np.finfo(float).max / array.size:
        raise fail(name, value, "a spectrum with a finite sum")
    return array


def vector(name: str, value: ArrayLike, d: int | None = None) -> Array:
    """A finite vector, of length d if given."""
    array = numbers(name, value)
    if array.ndim != 1 or array.size == 0 or (d is not None and array.size != d):
        raise fail(name, value, f"a vector of length {d}" if d else "a non-empty vector")
    return array


def matrix(name: str, value: ArrayLike, shape: tuple[int, int]) -> Array:
    """A finite matrix of the given shape."""
    array = numbers(name, value)
    if array.shape != shape:
        raise fail(name, value, f"a {shape[0]} x {shape[1]} matrix")
    return array


def symmetric(name: str, value: ArrayLike, d: int | None = None) -> Array:
    """A square matrix, symmetric up to rounding; its symmetric part is returned."""
    array = numbers(name, value)
    if array.ndim != 2 or array.shape[0] != array.shape[1] or array.size == 0:
        raise fail(name, value, "a square matrix")
    if d is not None and len(array) != d:
        raise fail(name, value, f"a {d} x {d} matrix")
    if not np.allclose(array, array.T, rtol=0, atol=1e-10 * float(np.abs(array).max())):
        raise fail(name, value, "symmetric")
    return (array + array.T) / 2


def semidefinite(name: str, value: Array, eigenvalues: NDArray[np.floating]) -> None:
    """Refuse a symmetric matrix whose eigenvalues fall below zero by more than rounding.

    Rounding may cost 1e-10 sqrt(d) of the largest eigenvalue, as it does when a singular
    covariance is computed from data.
    """
    lowest, highest = float(eigenvalues.min()), float(np.abs(eigenvalues).max())
    if lowest < -1e-10 * highest * math.sqrt(len(eigenvalues)):
        raise fail(name, value, f"positive semi-definite (its lowest eigenvalue is {lowest:.3g})")


def covariance(name: str, value: ArrayLike, d: int | None = None) -> Array:
    """A symmetric positive semi-definite matrix, up to rounding; its symmetric part is returned."""
    array = symmetric(name, value, d)
    semidefinite(name, array, np.linalg.eigvalsh(array))
    return array


def samples(name: str, value: ArrayLike, d: int | None = None) -> Array:
    """Points as rows, (N, d), N >= 1; images (N, h, w) are flattened."""
    array = numbers(name, value)
    if array.ndim < 2 or array.size == 0:
        raise fail(name, value, "an array of points, one per row")
    array = array.reshape(len(array), -1)
    if d is not None and array.shape[1] != d:
        raise ValueError(f"{name} must have points of dimension {d}, got {array.shape[1]}")
    return array


def choice(name: str, value: object, allowed: tuple[str, ...]) -> str:
    """One of the `allowed` words."""
    if not isinstance(value, str) or value not in allowed:
        raise fail(name, value, "one of " + ", ".join(map(repr, allowed)))
    return str(value)


def generator(value: object, name: str = "rng") -> np.random.Generator:
    """A numpy random generator; a seed is refused, so that randomness is always handed over."""
    if not isinstance(value, np.random.Generator):
        raise fail(name, value, "a numpy.random.Generator")
    return value
