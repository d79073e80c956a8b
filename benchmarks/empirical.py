"""The sampler of the empirical optimum, against a loop over training images."""

from collections.abc import Iterator

import numpy as np

from benchmarks.timing import Row, faster, shortest
from lindiff_nb._base.types import Array
from lindiff_nb.exact import empirical, sampling, schedule

N, SAMPLES, D, STEPS = 2000, 64, 256, 10


def naive(points: Array, steps: schedule.Schedule) -> sampling.Denoiser:
    """The same denoiser, one training image after the other."""

    def denoise(x: Array, t: int) -> Array:
        a = steps.alpha_bar[t - 1]
        log_weights = np.empty((len(points), len(x)))
        for i, point in enumerate(points):
            log_weights[i] = -np.sum((x - np.sqrt(a) * point) ** 2, axis=1) / (2 * (1 - a))
        weights = np.exp(log_weights - log_weights.max(axis=0))
        mean = np.zeros_like(x)
        for weight, point in zip(weights / weights.sum(axis=0), points, strict=True):
            mean += weight[:, None] * point
        return (x - np.sqrt(a) * mean) / np.sqrt(1 - a)

    return denoise


def rows() -> Iterator[Row]:
    """Both draw the same samples from the same noise."""
    rng = np.random.default_rng(0)
    points, noise = rng.standard_normal((N, D)), rng.standard_normal((SAMPLES, D))
    steps = schedule.linear(STEPS, beta_end=0.5)
    ours, loop = (
        lambda make=make: sampling.ddim(make(points, steps), noise, steps, progress=False)
        for make in (empirical.optimal, naive)
    )
    assert np.allclose(ours(), loop(), atol=1e-6)
    what = f"empirical optimum, {SAMPLES} samples, {N} images, d = {D}, {STEPS} steps: loop / ours"
    yield faster(5, what, *shortest(3, ours, loop))
