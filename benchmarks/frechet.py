"""The Frechet distance of 2,048 features, against the square root of a matrix product; its law
against draws.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np
from scipy.linalg import sqrtm

from benchmarks.timing import Row, faster, shortest
from lindiff_nb._base.types import Array
from lindiff_nb.exact import divergence, spectra
from lindiff_nb.predict import frechet

D, FEW, MANY, DRAWS = 2048, 800, 10_000, 50
SPECTRUM = spectra.power_law(D, 1.0)
LAW_D, LAW_N = 500, 250


def centred(rng: np.random.Generator, n: int, spectrum: Array = SPECTRUM) -> Array:
    """A root of the covariance of n points: (d, n)."""
    points = rng.standard_normal((n, len(spectrum))) * np.sqrt(spectrum)
    return (points - points.mean(axis=0)).T / np.sqrt(n - 1)


def usual(p: Array, q: Array) -> float:
    """Through sqrtm of the product, as most tools do."""
    cov_p, cov_q = p @ p.T, q @ q.T
    root = sqrtm(cov_p @ cov_q)
    return float(np.trace(cov_p) + np.trace(cov_q) - 2 * np.trace(root).real)


def ours(p: Array, q: Array) -> float:
    """From the points where they are few, else from the covariances."""
    if p.shape[1] < D:
        return divergence.frechet_of_roots(p, q)
    return divergence.frechet(np.zeros(D), p @ p.T, np.zeros(D), q @ q.T)


def drawn(rng: np.random.Generator) -> float:
    """The mean of a few draws of what `predict.frechet` knows."""
    spectrum = spectra.power_law(LAW_D, 1.0)
    truth = np.diag(np.sqrt(spectrum))
    sets = (centred(rng, LAW_N, spectrum) for _ in range(DRAWS))
    return float(np.mean([divergence.frechet_of_roots(points, truth) for points in sets]))


def rows() -> Iterator[Row]:
    """One run of each that is slow."""
    rng = np.random.default_rng(0)
    for n, limit in ((FEW, 20), (MANY, 3)):
        sets = centred(rng, n), centred(rng, n)
        here, there = shortest(1, partial(ours, *sets), partial(usual, *sets))
        yield faster(limit, f"Frechet distance, n = {n:,}, d = {D:,}: to sqrtm", here, there)
    law = partial(frechet.distance, spectra.power_law(LAW_D, 1.0), LAW_N, estimated_mean=True)
    here, there = shortest(1, law, partial(drawn, rng))
    yield faster(100, f"its mean, n = {LAW_N}, d = {LAW_D}: to {DRAWS} draws", here, there)
