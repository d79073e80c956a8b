"""Area averages: a pixel of the new image is the mean of the old one over the area it covers.

The old image is taken as constant on each of its pixels. Along one axis, new pixel i covers
[i, i + 1] n / size of the old axis and so gives old pixel j the weight

    A_ij = | [i, i + 1] n / size  intersected with  [j, j + 1] | size / n ,   rows summing to one,

and an image X becomes A X A^T. The sizes need not divide: from 28 to 16 every new pixel covers
1.75 old ones. (Pillow's BOX filter takes one or two whole pixels instead; the total variance of
MNIST at 16 x 16 is then 11% larger.) Enlarging is the same formula. The mean of the image is kept,
and values stay within their range.
"""

from functools import lru_cache

import numpy as np

from lindiff_nb._base import memory
from lindiff_nb._base.types import Array
from lindiff_nb.data.imageset import Bytes

BLOCK = 4096  # images converted to float at a time


@lru_cache(maxsize=64)
def weights(n: int, size: int) -> Array:
    """The matrix A (size, n) above, kept for the next call and so read-only."""
    edges = np.arange(size + 1)[:, None] * (n / size)
    pixel = np.arange(n)
    overlap = np.minimum(edges[1:], pixel + 1) - np.maximum(edges[:-1], pixel)
    A = np.clip(overlap, 0, None) * (size / n)
    A.flags.writeable = False
    return A


def blank(count: int, size: int) -> Array:
    """An empty stack (count, size, size); raises MemoryError beforehand if it is too large.

    A stack is worked on in copies, so twice its bytes must be free.
    """
    memory.require(16 * count * size**2, f"{size=} for {count:,} images")
    return np.empty((count, size, size))


def area(images: Bytes | Array, size: int) -> Array:
    """Square images (N, n, n), uint8 or in [0, 1], as (N, size, size) floats in [0, 1]."""
    scale = 255.0 if images.dtype == np.uint8 else 1.0
    out = blank(len(images), size)
    A = weights(images.shape[1], size)
    for i in range(0, len(images), BLOCK):
        block = images[i : i + BLOCK] / scale
        out[i : i + BLOCK] = block if len(A) == block.shape[1] else A @ block @ A.T
    return np.clip(out, 0.0, 1.0, out=out)


def gray(rgb: Bytes) -> Array:
    """Luma of ITU-R BT.601, in [0, 1], of colour images (..., 3); gray ones pass through."""
    if rgb.ndim == 2:
        return rgb / 255.0
    return np.clip(rgb @ (np.array([0.299, 0.587, 0.114]) / 255), 0.0, 1.0)
