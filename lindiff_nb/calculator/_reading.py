"""What numbers are: a list of variances or a covariance, however they are laid out.

    (d,), (d, 1), (1, d)   a list; the order is free
    (d, d)                 a covariance, if it is symmetric
    a list of d^2          a covariance row after row, if that is symmetric and without negative
                           eigenvalues, and the list does not rise or fall throughout as a spectrum
                           does; d itself may stand before it; where it is diagonal or d = 2 it
                           may as well be a list, and is refused
    half of one            a list in no order that may be what is on and below the diagonal, row
                           after row, or on and above it: refused

Anything else is refused with what it seems to be. Rounding noise is not variance: zero is what
cannot be told from it in the precision of the numbers (`validate`), and what is no larger
than the most negative of them. A negative number beyond single precision is no rounding.
"""

from math import isqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lindiff_nb._base import rounding
from lindiff_nb._base.errors import counted
from lindiff_nb._base.types import Array

MOST = 10**7  # eigenvalues in a file
LARGEST = 5000  # d of a covariance: its eigenvalues take d^3 steps
SINGLE = np.zeros(0, dtype=np.float32)  # the type of the coarsest numbers
LEAST = 5  # d of a covariance of which half is told from a list: 15 numbers
ROUNDED = 1e-3  # of the largest variance: more below zero is never rounding
OF_DATA = "for points or images x save lindiff_nb.exact.spectra.of_data(x)"
Numbers = NDArray[np.generic]
COMPLETE = "taken as complete (--dimension D says otherwise)"


class Found(NamedTuple):
    """A spectrum, largest first, and how it was understood, a line each."""

    spectrum: Array
    said: tuple[str, ...]


class Misfit(ValueError):
    """Numbers that are no spectrum; `entry` is the one to blame, counted from 0, if one is."""

    def __init__(self, message: str, entry: int | None = None) -> None:
        super().__init__(message)
        self.entry = entry


def understood(numbers: Numbers) -> Found:
    """The spectrum in an array of any shape; Misfit for what has none."""
    if numbers.dtype.kind not in "iuf":
        raise Misfit(f"an array of {numbers.dtype}, not of real numbers")
    if numbers.size > max(MOST, LARGEST**2):
        raise Misfit(f"{numbers.size} numbers; a list has up to {MOST}")
    values = numbers.astype(np.float64)
    broken = ~np.isfinite(values.ravel())
    if broken.any():
        first = int(broken.argmax())
        raise Misfit(f"{values.flat[first]} is not a finite number", first)
    if values.ndim == 2 and values.shape[0] == values.shape[1] > 1:
        return _covariance(values, numbers)
    if values.ndim == 0 or values.size not in values.shape or values.size == 0:
        raise Misfit(_shape(values.shape))
    return _list(values.ravel(), numbers)


def _shape(shape: tuple[int, ...]) -> str:
    """Why an array of this shape is no spectrum."""
    what = f"an array of shape {shape}, neither a spectrum (d,) nor a covariance (d, d)"
    return f"{what}; {OF_DATA}" if len(shape) > 1 else what


def _list(values: Array, source: Numbers) -> Found:
    """The spectrum in a list, which may hold a covariance."""
    for first, how in ((1, "after their number of rows, "), (0, "")):
        entries = values[first:]
        d = isqrt(entries.size)
        if 1 < d <= LARGEST and d * d == entries.size and not (first and values[0] != d):
            spectrum = _laid_out(entries.reshape(d, d))
            if spectrum is not None:
                told = f"one list of {entries.size} numbers, {how}read as a covariance {d} x {d}"
                return _found(spectrum, source, told)
    if values.size > MOST:
        raise Misfit(f"{values.size} numbers; a list has up to {MOST}")
    if half := _half(values):
        seems = f"seems to be half of a symmetric {half} x {half} matrix"
        raise Misfit(
            f"{seems}, or a list in no order: sort the list, or save {half} lines of {half}"
        )
    negative = values < -_limit(values)
    if negative.any():
        first = int(negative.argmax())
        raise Misfit(f"{values[first]} is negative; a variance is not", first)
    return _found(values, source, f"a list of {counted(values.size, 'number')}, {COMPLETE}")


def _half(values: Array) -> int:
    """The d of a covariance of which the list may be a half, row after row; 0 if it is a list.

    Then each entry is less than the geometric mean of the variances that it belongs to.
    """
    d = (isqrt(8 * values.size + 1) - 1) // 2
    if d < LEAST or d * (d + 1) != 2 * values.size or _ordered(values):
        return 0
    i, j = np.tril_indices(d)
    for entries in (values, values[::-1]):
        root = np.sqrt(np.maximum(entries[i == j], 0.0))
        below = i > j
        if np.any(entries[below]) and np.all(np.abs(entries) < (root[i] * root[j]), where=below):
            return d
    return 0


def _laid_out(matrix: Array) -> Array | None:
    """The spectrum of a list's entries row after row, if they are a covariance; else None."""
    d, entries = len(matrix), matrix.ravel()
    diagonal = np.count_nonzero(matrix) <= np.count_nonzero(np.diag(matrix))
    close = np.allclose(matrix, matrix.T, rtol=1e-5, atol=1e-14 * float(np.abs(matrix).max()))
    if _ordered(entries) or not close or (diagonal and d == 2):
        return None
    spectrum = _eigenvalues(matrix)
    seems = f"seems to be a symmetric {d} x {d} matrix, row after row"
    if spectrum[-1] < -_limit(spectrum):
        if entries.min() < -_limit(entries):
            raise Misfit(f"{seems}, but its lowest eigenvalue is {spectrum[-1]:.3g}")
        return None
    if diagonal or d == 2:
        raise Misfit(f"{seems}, or a list in no order: sort the list, or save {d} lines of {d}")
    return spectrum


def _covariance(matrix: Array, source: Numbers) -> Found:
    """The spectrum of a covariance, (d, d)."""
    d = len(matrix)
    if d > LARGEST:
        raise Misfit(f"a matrix {d} x {d}; a covariance has up to {LARGEST} x {LARGEST}")
    if not _is_symmetric(matrix):
        counts = np.array_equal(np.diff(matrix[:, 0]), np.ones(d - 1))
        index = " (its first column counts the rows: an index?)" if counts else ""
        raise Misfit(f"a {d} x {d} matrix that is not symmetric{index}; {OF_DATA}")
    spectrum = _eigenvalues(matrix)
    if spectrum[-1] < -_limit(spectrum):
        raise Misfit(
            f"a symmetric {d} x {d} matrix that is not positive semi-definite (its lowest "
            f"eigenvalue is {spectrum[-1]:.3g})"
        )
    return _found(spectrum, source, f"a covariance {d} x {d}")


def _found(values: Array, source: Numbers, told: str) -> Found:
    """The variances without what rounding made of them."""
    if not np.any(values > 0):
        raise Misfit("no eigenvalue is positive")
    limit = max(rounding.resolution(values, source), -float(values.min()))
    kept = np.where(values > limit, values, 0.0)
    noise = int(np.count_nonzero((values != 0) & (kept == 0)))
    zero = (f"{noise} within {limit:.2g} of zero, which is rounding, count as zero",)
    return Found(np.sort(kept)[::-1], (told, *zero * (noise > 0)))


def _limit(values: Array) -> float:
    """How far below zero rounding may have moved a variance."""
    largest = float(np.abs(values).max(initial=0.0))
    return min(rounding.resolution(values, SINGLE), ROUNDED * largest)


def _ordered(values: Array) -> bool:
    """Whether they rise or fall throughout."""
    steps = np.diff(values)
    return bool(np.all(steps <= 0) or np.all(steps >= 0))


def _is_symmetric(matrix: Array) -> bool:
    limit = rounding.resolution(np.abs(matrix).ravel(), SINGLE) / len(matrix)
    return bool(np.all(np.abs(matrix - matrix.T) <= limit))


def _eigenvalues(matrix: Array) -> Array:
    """Largest first."""
    return np.asarray(np.linalg.eigvalsh((matrix + matrix.T) / 2)[::-1], dtype=np.float64)
