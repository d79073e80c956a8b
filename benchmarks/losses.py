"""Test and training loss of every step, sample size and spectrum of a figure of the paper."""

from collections.abc import Iterator

import numpy as np

from benchmarks.effective_ridge import one_pass, root_finder
from benchmarks.timing import Row, at_most, faster, shortest
from lindiff_nb._types import Array
from lindiff_nb.exact import schedule, spectra
from lindiff_nb.predict import losses

D, EXPONENTS = 1000, (0.0, 0.5, 1.0, 1.5, 2.0, 2.5)
SIZES = np.unique(np.geomspace(50, 20_000, 40).astype(int))
PART = 50  # of the points the loop does one in so many
STEPS = 2  # of Newton's method, the least that a root can be had and checked in


def loop(spectrum: Array, alpha_bar: Array, wanted: Array) -> None:
    """Both losses at each step, by a root finder and the averages as they are derived."""
    s = (1 - alpha_bar) / alpha_bar
    for n, expected in zip(SIZES[:: PART // 10], wanted, strict=True):
        for at, kappa, known in zip(s, root_finder(s, spectrum, int(n)), expected, strict=True):
            df1 = (spectrum / (spectrum + kappa)).sum()
            q = (spectrum / (spectrum + kappa) ** 2).sum()
            rest = 1 - (spectrum**2 / (spectrum + kappa) ** 2).sum() / n
            train = df1 / D
            test = train + (kappa**2 / at * q / rest - at * q * at / at / rest) / D
            assert abs(test / known - 1) < 1e-6


def rows() -> Iterator[Row]:
    """6 exponents, 40 sample sizes, 1000 steps: one call for each exponent and loss."""
