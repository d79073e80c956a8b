"""`measure.experiments` for 1000 steps, 5 ridges, d = 1000, against its eigendecompositions."""

from collections.abc import Iterator

import numpy as np

from benchmarks.timing import Row, at_most, shortest
from lindiff_nb.exact import schedule, spectra
from lindiff_nb.measure import experiments

D, RIDGES = 1000, np.array([0, 1e-4, 1e-3, 1e-2, 1e-1])[:, None]
SIZES = (D // 2, D, 2 * D)


def rows() -> Iterator[Row]:
    """Power law k = 1, one draw below, at and above n = d, and the three together.

    The yardstick is numpy's eigh of the smaller of covariance and Gram matrix. Of little use below
    n = d, where that is cheap and the grid of steps and ridges is not: so the sweep is judged.
    """
    spectrum, alpha_bar = spectra.power_law(D, 1.0), schedule.linear().alpha_bar
    ours, eigen = np.empty((2, len(SIZES)))
    for k, n in enumerate(SIZES):
        x = np.random.default_rng(0).standard_normal((n, D)) * np.sqrt(spectrum)
        matrix = (x @ x.T if n < D else x.T @ x) / n
        rng = np.random.default_rng(1)
        ours[k], eigen[k] = shortest(
            9,
            lambda rng=rng, n=n: experiments.losses(rng, spectrum, n, alpha_bar, RIDGES, draws=1),
            lambda matrix=matrix: np.linalg.eigh(matrix),
        )
        what = f"losses of one draw, 1000 steps, 5 ridges, d = {D}, n = {n}: ours / eigh"
        yield Row(what, ours[k] / eigen[k], "", True)
    what = f"losses of one draw each, n = {', '.join(map(str, SIZES))}: ours / eigh"
    yield at_most(1.5, what, ours.sum(), eigen.sum())
