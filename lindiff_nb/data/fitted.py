"""One picture in the colours, the cut and the size that are wanted."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lindiff_nb.data import resize

LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as in `resize.gray`
Numbers = NDArray[Any]


class Wanted(NamedTuple):
    """What is to be done to every picture."""

    size: int | None
    crop: int | None
    gray: bool | None
    white: float | None
    largest: int


def fit(pixels: Numbers, wanted: Wanted) -> Numbers:
    """One picture in the colours, the cut and the size that are wanted, in its own numbers.

    Without size and gray it keeps its type; ValueError if it is smaller than the crop.
    """
    pixels = _coloured(pixels, wanted.gray)
    h, w = pixels.shape[:2]
    side = wanted.crop or (min(h, w) if wanted.size else 0)
    if side > min(h, w):
        raise ValueError(f"{h} x {w} pixels are too few for --crop {side}")
    if side:
        top, left = (h - side) // 2, (w - side) // 2
        pixels = pixels[top : top + side, left : left + side]
    if wanted.size in (None, side):
        return pixels
    A = resize.weights(side, wanted.size)
    planes = pixels if pixels.ndim == 2 else np.moveaxis(pixels, -1, 0)
    small = (A @ planes @ A.T).astype(np.float32)
    return small if pixels.ndim == 2 else np.moveaxis(small, 0, -1)


def _coloured(pixels: Numbers, gray: bool | None) -> Numbers:
    """A picture in gray or in colour; None: as it is, but gray if its colours are all the same."""
    if pixels.ndim == 2:
        return np.repeat(pixels[..., None], 3, axis=-1) if gray is False else pixels
    if gray is None and np.array_equal(pixels, np.broadcast_to(pixels[..., :1], pixels.shape)):
        return pixels[..., 0]
    if not gray:
        return pixels
    luma = pixels @ LUMA
    return luma if pixels.dtype.kind == "f" else np.rint(luma).astype(pixels.dtype)
