"""Checks on square matrices, as `validate` has them for numbers and vectors."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lindiff_nb._base import rounding, validate
from lindiff_nb._base.types import Array

LOOSE = 1e-10  # asymmetry and negative variance that float64 work on data may leave, relative


def symmetric(name: str, value: ArrayLike, d: int | None = None) -> Array:
    """A square matrix, symmetric up to rounding; its symmetric part is returned."""
    found = validate.numbers(name, value)
    if found.ndim != 2 or found.shape[0] != found.shape[1] or found.size == 0:
        raise validate.fail(name, value, "a square matrix")
    if d is not None and len(found) != d:
        raise validate.fail(name, value, f"a {d} x {d} matrix")
    rounded = max(len(found), rounding.FEW) * rounding.epsilon(value)
    allowed = max(LOOSE, rounded) * float(np.abs(found).max())
    if not np.allclose(found, found.T, rtol=0, atol=allowed):
        raise validate.fail(name, value, "symmetric")
    return found / 2 + found.T / 2


def semidefinite(name: str, value: ArrayLike, eigenvalues: NDArray[np.floating]) -> None:
    """Refuse a symmetric matrix whose eigenvalues fall below zero by more than rounding.

    Rounding may cost LOOSE sqrt(d) of the largest eigenvalue, as it does when a singular
    covariance is computed from data, or what the type of the matrix resolves if that is more.
    """
    size, lowest = np.abs(eigenvalues), float(eigenvalues.min())
    loose = LOOSE * math.sqrt(size.size) * float(size.max())
    if lowest < -max(loose, rounding.resolution(size, value)):
        share = f"its lowest eigenvalue is {lowest / float(size.max()):.3g} of the largest"
        raise validate.fail(name, value, f"positive semi-definite ({share})")


def covariance(name: str, value: ArrayLike, d: int | None = None) -> Array:
    """A symmetric positive semi-definite matrix, up to rounding; its symmetric part is returned."""
    found = symmetric(name, value, d)
    semidefinite(name, value, np.linalg.eigvalsh(found))
    return found
