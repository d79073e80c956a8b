"""What gradient flow makes of a mode: the symbols of `training`."""

import numpy as np

from lindiff_nb._base.types import Array, Reals


def response(eigenvalues: Array, a: Reals, s: Array, c: Reals) -> tuple[Array, Array]:
    """exp(-x) and phi of each mode; a, s and c numbers, or columns against the eigenvalues.

    s may be infinite where M > 0.
    """
    rate = a * (eigenvalues + c) + (1 - a)
    with np.errstate(over="ignore"):  # as good as infinite
        x = s * rate
    phi = np.divide(-np.expm1(-x), rate, out=np.broadcast_to(s, x.shape).copy(), where=rate > 0)
    return np.exp(-x), phi
