"""Images, features or latents in an array's file, .npy or .npz: which axis is which, which scale.

    (n, h, w)                        gray images
    (n, h, w, 3), (n, 3, h, w)       images in colour; of one channel: gray
    (n, d), and any other (n, ...)   features, latents, or images row by row: points without a shape

bytes are 0 to 255, truth values 0 or 1, other whole numbers bytes or 16 bits if they fit; floats
are in [0, 1], or else in [-1, 1], or bytes, if they all fit. Otherwise, or if they overshoot 1 a
little, points are in their own units. Nothing is unpickled.
"""

import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lindiff_nb._base import memory
from lindiff_nb._base.blocks import blocks

NUMBERS = 2**20  # looked at in one go
DIM = 8  # images all below white / DIM are spoken of


class Layout(NamedTuple):
    """Points as rows, black and white in their numbers, their names, and how all was understood."""

    pixels: NDArray[Any]
    scale: tuple[float, float] | None
    names: tuple[str, ...]
    said: tuple[str, ...]


class Extent(NamedTuple):
    """Of all numbers in an array."""

    low: float
    high: float
    mean: float
    whole: bool


def array_file(path: Path, white: float | None) -> Layout:
    """What is in a file; ValueError, naming it, for what is no array of images or points."""
    try:
        if path.suffix.lower() == ".npz":
            found, said = _packed(path)
        else:
            found, said = np.load(path, mmap_mode="r", allow_pickle=False), []
        return understood(found, white, said)
    except OSError:
        raise
    except Exception as error:  # a damaged head lets numpy raise almost anything
        what = str(error) if path.suffix.lower() in (".npy", ".npz") else "neither .npy nor .npz"
        raise ValueError(f"{path}: {what}") from None


def _packed(path: Path) -> tuple[NDArray[Any], list[str]]:
    """The images of an archive: its only array of points, and a word on the rest."""
    with zipfile.ZipFile(path) as archive:
        size = sum(part.file_size for part in archive.infolist())
    memory.require(2 * size, str(path))
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    most = max((array.ndim for array in arrays.values()), default=0)
    held = [name for name in arrays if arrays[name].ndim == most]
    if most < 2 or len(held) > 1:
        raise ValueError(f"holds {_shapes(arrays)}; save the images alone")
    images = arrays.pop(held[0])
    return images, [f"the array {held[0]}; not used: {_shapes(arrays)}"] * bool(arrays)


def _shapes(arrays: dict[str, NDArray[Any]]) -> str:
    return ", ".join(f"{name} {array.shape}" for name, array in arrays.items()) or "no array"


def understood(found: NDArray[Any], white: float | None, said: list[str]) -> Layout:
    """Which axis is which, and what black and white are."""
    if found.dtype.kind not in "biuf":
        raise ValueError(f"an array of {found.dtype}, not of real numbers")
    if found.ndim < 2 or found.size == 0:
        raise ValueError(f"an array of shape {found.shape}, not one image or point a row")
    if found.ndim == 2 and found.shape[0] == found.shape[1] and np.array_equal(found, found.T):
        raise ValueError("a symmetric matrix, not images: lindiff-nb predict takes a covariance")
    pixels = _arranged(found, said)
    extent = extent_of(pixels)
    scale = scale_of(pixels, extent, white)
    if scale and extent.high < scale[1] / DIM and scale[1] > 1:
        dark = f"dark: nothing above {extent.high:g} of {scale[1]:g}; --white sets white"
        said.append(dark)
    return Layout(pixels, scale, numbered(pixels), tuple(said))


def numbered(pixels: NDArray[Any]) -> tuple[str, ...]:
    """The names of rows that have none: their numbers, from 0."""
    return tuple(map(str, range(len(pixels))))


def _arranged(found: NDArray[Any], said: list[str]) -> NDArray[Any]:
    """Images with their colours last, or points as rows."""
    if found.ndim == 3:
        return found
    if found.ndim == 4 and found.shape[3] in (1, 3):
        return found[..., 0] if found.shape[3] == 1 else found
    if found.ndim == 4 and found.shape[1] in (1, 3):
        said.append("colours come first in the file")
        return found[:, 0] if found.shape[1] == 1 else np.moveaxis(found, 1, -1)
    if found.ndim == 4 and found.shape[3] == 4 and found.dtype == np.uint8:
        raise ValueError(f"{found.shape}: four channels; lay the images on a ground and save three")
    shape = "" if found.ndim == 2 else f" of shape {found.shape[1:]}"
    said.append(f"points{shape}, taken without a shape: features, latents, or images row by row")
    return found.reshape(len(found), -1)


def extent_of(pixels: NDArray[Any]) -> Extent:
    """Of all numbers, a block at a time; ValueError naming the row of one that is not finite."""
    low, high, total, whole = np.inf, -np.inf, 0.0, True
    for rows in blocks(len(pixels), pixels[0].size, NUMBERS):
        block = np.asarray(pixels[rows])
        if block.dtype.kind == "f":
            broken = ~np.isfinite(block.reshape(len(block), -1)).all(axis=1)
            if broken.any():
                row = rows.start + int(broken.argmax())
                raise ValueError(f"row {row} (from 0) has a number that is not finite")
            whole = whole and bool(np.all(block == np.rint(block)))
        low, high = min(low, float(block.min())), max(high, float(block.max()))
        total += float(block.sum(dtype=np.float64))
    return Extent(low, high, total / pixels.size, whole)


def scale_of(
    pixels: NDArray[Any], extent: Extent, white: float | None
) -> tuple[float, float] | None:
    """Black and white in the numbers of an array; None where it has its own units."""
    low, high = extent.low, extent.high
    if white:
        if low < 0 or high > white:
            raise ValueError(f"numbers from {low:g} to {high:g} beyond black 0 and white {white:g}")
        return 0.0, white
    if pixels.dtype in (np.uint8, np.bool_):
        return 0.0, (255.0 if pixels.dtype == np.uint8 else 1.0)
    if pixels.dtype.kind == "f" and low >= -1 and high <= 1:
        return (0.0 if low >= 0 else -1.0), 1.0
    if low >= 0 and (extent.whole or (pixels.ndim > 2 and high > 255 / DIM)):
        return next(((0.0, top) for top in (255.0, 65535.0) if high <= top), None)
    return None
