"""`measure.draws` for 1000 steps and 5 ridges at d = 1000, against its eigendecompositions."""

from collections.abc import Iterator

import numpy as np

from benchmarks.timing import Row, at_most, shortest
from lindiff_nb.exact import schedule, spectra
from lindiff_nb.measure import draws

D, RIDGES = 1000, np.array([0, 1e-4, 1e-3, 1e-2, 1e-1])[:, None]


def rows() -> Iterator[Row]:
    """Power law k = 1, below and above n = d; the smaller of covariance and Gram matrix counts."""
    spectrum, alpha_bar = spectra.power_law(D, 1.0), schedule.linear().alpha_bar
    for n in (D // 2, D, 2 * D):
        x = np.random.default_rng(0).standard_normal((n, D)) * np.sqrt(spectrum)
        matrix = (x @ x.T if n < D else x.T @ x) / n
        rng = np.random.default_rng(1)
        ours, eigen = shortest(
            5,
            lambda rng=rng, n=n: draws.losses(rng, spectrum, n, alpha_bar, RIDGES, draws=1),
            lambda matrix=matrix: np.linalg.eigh(matrix),
        )
        what = f"losses of one draw, 1000 steps, 5 ridges, d = {D}, n = {n}"
        yield at_most(1.5, f"{what}: ours / eigh", ours, eigen)
