"""Types shared by every module; at run time each is but its name, which is what help() prints.

A result that is one number is a np.float64, which is a float, and else an array of such.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from numpy.typing import ArrayLike as ArrayLike

    Array = NDArray[np.float64]
    Complex = NDArray[np.complex128]
    Index = NDArray[np.intp]
    Integers = NDArray[np.int64]
    Mask = NDArray[np.bool_]
else:
    Array, ArrayLike, Complex, Index, Integers, Mask = (
        type(name, (), {"__module__": "builtins"})
        for name in ("Array", "ArrayLike", "Complex", "Index", "Integers", "Mask")
    )
Reals = float | Array  # an argument: a number, or an array that is broadcast over
Wholes = int | Integers  # the same of whole numbers
