"""Replica-symmetric matrices a + b U as pairs (a, b), U the m x m matrix of ones, U^2 = m U.

They commute, and nothing in their algebra asks for an integer m; at m = 0 they are dual numbers.
"""

import numpy as np

from lindiff_nb._base.types import Array, Reals


def times(x: tuple, y: tuple, m: float) -> tuple:
    """(a + b U) (c + e U)."""
    return x[0] * y[0], x[0] * y[1] + x[1] * y[0] + m * x[1] * y[1]


def inverse(x: tuple, m: float) -> tuple:
    """(a + b U)^-1."""
    return 1 / x[0], -x[1] / (x[0] * (x[0] + m * x[1]))


def overlap(p_hat: float, r_hat: float, m: float, ridge: Array, spectrum: Array) -> tuple:
    """Q = sum_nu lambda_nu (D + lambda_nu Q^)^-1."""
    g = inverse((ridge + spectrum * p_hat, spectrum * r_hat), m)
    return float(np.sum(spectrum * g[0])), float(np.sum(spectrum * g[1]))


def log1p(m: float, x: Reals) -> Reals:
    """ln(1 + m x) / m, continued to m = 0."""
    return np.log1p(m * x) / m if m > 0 else x


def newton_step(
    a: float, b: float, m: float, ridge: Array, spectrum: Array, n: int
) -> tuple[float, float]:
    """Newton's step at Q^ = a + b U for  I = Q^ + sum_nu S_nu / n.

    S_nu = lambda_nu Q^ (D + lambda_nu Q^)^-1 is I - D (D + lambda_nu Q^)^-1, which modes with
    lambda a >= D enter as, so that nothing cancels and what is left is an integer.
    """
    g = inverse((ridge + spectrum * a, spectrum * b), m)
    signal = times((spectrum * a, spectrum * b), g, m)
    kept = spectrum * a >= ridge
    small = [float(np.sum(np.where(kept, ridge * g[i], -signal[i]))) for i in (0, 1)]
    missing = (n - np.count_nonzero(kept) - n * a + small[0]) / n, (small[1] - n * b) / n
    slope = [float(np.sum(spectrum * ridge * part)) / n for part in times(g, g, m)]
    step = times(missing, inverse((1 + slope[0], slope[1]), m), m)
    return float(step[0]), float(step[1])
