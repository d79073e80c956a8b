"""Sums over a spectrum, for many values of a parameter, in bounded memory."""

from collections.abc import Callable, Iterator

import numpy as np

from lindiff_nb._types import Array

BLOCK = 2**15  # numbers in a temporary: large enough to be fast, small enough for the cache


def distinct(spectrum: Array) -> tuple[Array, Array]:
    """The distinct positive eigenvalues, increasing, and how often each occurs."""
    levels, counts = np.unique(spectrum[spectrum > 0], return_counts=True)
    return levels, counts.astype(np.float64)


def blocks(rows: int, columns: int) -> Iterator[slice]:
    """Slices of the rows of a table, each of about BLOCK numbers or one row."""
    size = max(1, BLOCK // columns)
    return (slice(start, start + size) for start in range(0, rows, size))


def total(term: Callable[..., Array], levels: Array, counts: Array, *at: Array) -> Array:
    """sum_nu term(lambda_nu, ...) over positive lambda_nu, at each entry of the arrays `at`."""
    flat = [values.reshape(-1, 1) for values in at]
    result = np.empty(at[0].size)
    for rows in blocks(at[0].size, levels.size):
        result[rows] = term(levels, *(values[rows] for values in flat)) @ counts
    return result.reshape(at[0].shape)
