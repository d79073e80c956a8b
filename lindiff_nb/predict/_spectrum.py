"""Sums over a spectrum, for many values of a parameter, in bounded memory."""

from collections.abc import Callable

import numpy as np

from lindiff_nb._base.blocks import blocks
from lindiff_nb._base.types import Array


def distinct(spectrum: Array) -> tuple[Array, Array]:
    """The distinct positive eigenvalues, increasing, and how often each occurs."""
    levels, counts = np.unique(spectrum[spectrum > 0], return_counts=True)
    return levels, counts.astype(np.float64)


def total(term: Callable[..., Array], levels: Array, counts: Array, *at: Array) -> Array:
    """sum_nu term(lambda_nu, ...) over positive lambda_nu, at each entry of the arrays `at`."""
    flat = [values.reshape(-1, 1) for values in at]
    result = np.empty(at[0].size)
    for rows in blocks(at[0].size, levels.size):
        result[rows] = term(levels, *(values[rows] for values in flat)) @ counts
    return result.reshape(at[0].shape)
