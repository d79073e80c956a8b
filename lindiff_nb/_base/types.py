"""Array types shared by every module."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Reals = float | Array  # a number, or an array that is broadcast over
Wholes = int | NDArray[np.int64]  # the same of whole numbers


def reals(array: Array) -> Reals:
    """The array itself, or a plain float if it holds one number: scalars in, float out."""
    return array if np.ndim(array) else float(array)
