"""Advice from 2,000 colour images of 64 x 64, against the eigenvectors of their covariance.

A direct decomposition at d = 12288 runs for minutes, so it is timed at a quarter of that d and
scaled by d^2.5: its operations grow as d^3, and between d = 3072 and 6075 it took a power of 2.74
when it was measured. What is printed is less than the whole ratio.
"""

from collections.abc import Iterator

import numpy as np

from benchmarks.timing import Row, faster, shortest
from lindiff_nb.advise import advise
from lindiff_nb.advise.sample import of_images
from lindiff_nb.data import Images

N, SIDE, SMALL = 2000, 64, 32
SCALED = (SIDE / SMALL) ** (2 * 2.5)


def made(side: int) -> Images:
    """Bytes at random: what is in the images does not matter for the time."""
    pixels = np.random.default_rng(0).integers(0, 256, (N, side, side, 3), dtype=np.uint8)
    return Images(pixels, (0.0, 255.0), tuple(map(str, range(N))), (), ())


def direct(images: Images) -> None:
    """Mean, covariance, eigenvalues and eigenvectors."""
    points = images.floats(low=-1.0, high=1.0).reshape(N, -1)
    np.linalg.eigh(np.cov(points.T, bias=True))


def rows() -> Iterator[Row]:
    """The whole advice: Gram matrix, ridge, forecasts, look-alikes, runs."""
    large, small = made(SIDE), made(SMALL)
    ours, other = shortest(1, lambda: advise(of_images(large)[0]), lambda: direct(small))
    what = f"advice from {N} images {SIDE} x {SIDE} x 3 ({ours:.1f} s): covariance, scaled / ours"
    yield faster(20, what, ours, SCALED * other)
