"""Spatial frequencies of images, in periods per side.

An image of side h has Fourier coefficients at integer frequencies k = (k_y, k_x), each between
-h/2 and h/2. A ring f holds those with |k| in [f - 1/2, f + 1/2).
"""

import numpy as np

from lindiff_nb._base import units, validate
from lindiff_nb._base.types import Array


def radial_power(images: Array) -> Array:
    """The share of each image's power in each ring f = 0, 1, .., (N, rings); rows sum to one.

    Images are (N, h, h). Raises ValueError for another shape, or an image that is zero.
    """
    power, frequency = _power(images)
    ring = np.floor(frequency + 0.5).astype(int)
    rings = np.arange(ring.max() + 1)
    return power @ (ring.ravel()[:, None] == rings)


def mean_frequency(images: Array) -> Array:
    """The mean of |k|, weighted with an image's power, (N,). Raises as `radial_power` does."""
    power, frequency = _power(images)
    return power @ frequency.ravel()


def _power(images: Array) -> tuple[Array, Array]:
    """Shares of power, (N, h^2), and the frequencies that they are at, (h, h)."""
    stack = units.near_one(validate.numbers("images", images))[1]
    if stack.ndim != 3 or stack.size == 0 or stack.shape[1] != stack.shape[2]:
        raise validate.fail("images", stack.shape, "square images of shape (N, h, h)")
    power = np.abs(np.fft.fft2(stack)).reshape(len(stack), -1) ** 2
    total = power.sum(axis=1, keepdims=True)
    if not np.all(total > 0):
        raise validate.fail("images", stack, "without an image that is zero")
    k = np.fft.fftfreq(stack.shape[1]) * stack.shape[1]
    return power / total, np.hypot(k[:, None], k)
