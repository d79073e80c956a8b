"""Crops of seven photographs, the offline stand-in for natural images.

They come with the package. A crop takes a photograph at random, a side log-uniform
between 32 pixels and the whole of its shorter side, a place, and a mirror image or not; it is then
averaged down to size x size. Seven scenes give as many crops as one likes and still only seven
scenes: the leading eigenvalues of such crops depend on which photographs they come from.
"""

import io
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import map_coordinates

from lindiff_nb._base.types import Array
from lindiff_nb.data import embedded, resize
from lindiff_nb.data.imageset import Raw

SMALLEST = 32  # pixels, the side of the smallest crop
POINTS = 2**22  # corners looked up at a time

PHOTOGRAPHS = {  # the file in photos/, its sha256
    "astronaut.png": "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
    "camera.png": "b0793d2adda0fa6ae899c03989482bff9a42d3d5690fc7e3648f2795d730c23a",
    "chelsea.png": "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
    "rocket.jpg": "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c",
    "china.jpg": "8378025ad2519d649d02e32bd98990db4ab572357d9f09841c2fbfbb4fefad29",
    "coffee.png": "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
    "flower.jpg": "a77f6ec41e353afdf8bdff2ea981b2955535d8d83294f8cfa49cf4e423dd5638",
}
TEST = ("coffee.png", "flower.jpg")
TRAIN = tuple(file for file in PHOTOGRAPHS if file not in TEST)


def photograph(file: str) -> Array:
    """One photograph (height, width), gray, in [0, 1]; raises DataUnavailable if damaged."""
    data = embedded.content(f"photos/{file}", PHOTOGRAPHS[file])
    with Image.open(io.BytesIO(data)) as image:
        return resize.gray(np.asarray(image))


def crops(size: int, count: int, seed: int) -> Raw:
    """`count` training crops of five photographs, a quarter as many test crops of two others.

    Fewer crops of the same seed are the first of more.
    """
    return Raw(
        draw(TRAIN, size, count, np.random.default_rng([seed, 0])),
        draw(TEST, size, max(1, count // 4), np.random.default_rng([seed, 1])),
        "random crops of seven photographs, embedded in the package",
        f"Split by photograph: {_listed(TRAIN)} to train, {_listed(TEST)} to test; few scenes, "
        "many crops, so that spectra depend on which photographs are taken.",
    )


def _listed(files: tuple[str, ...]) -> str:
    """The photographs by name."""
    return ", ".join(Path(file).stem for file in files)


def draw(names: tuple[str, ...], size: int, count: int, rng: np.random.Generator) -> Array:
    """Random crops (count, size, size) of the named photographs, equally likely."""
    out = resize.blank(count, size)
    u = rng.random((count, 5))  # one row a crop: photograph, side, top, left, mirrored
    which = (u[:, 0] * len(names)).astype(int)
    for i, name in enumerate(names):
        photo = photograph(name)
        rows = np.flatnonzero(which == i)
        side = (SMALLEST * (min(photo.shape) / SMALLEST) ** u[rows, 1]).astype(int)
        top = (u[rows, 2] * (photo.shape[0] - side + 1)).astype(int)
        left = (u[rows, 3] * (photo.shape[1] - side + 1)).astype(int)
        out[rows] = averages(photo, top, left, side, size)
    mirrored = u[:, 4] < 0.5
    out[mirrored] = out[mirrored][:, :, ::-1]
    return out


def averages(photo: Array, top: Array, left: Array, side: Array, size: int) -> Array:
    """The squares of a photograph at (top, left), each averaged to size x size as in `resize`.

    From the integral of the photograph over [0, y] x [0, x]: between pixel corners it is bilinear,
    so interpolating it is exact, and a cell's integral is a second difference of four corners.
    """
    integral = np.pad(photo, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    grid = np.arange(size + 1) / size
    out = np.empty((len(side), size, size))
    step = max(1, POINTS // (size + 1) ** 2)
    for i in range(0, len(side), step):
        at = slice(i, i + step)
        y = top[at, None, None] + side[at, None, None] * grid[:, None]
        x = left[at, None, None] + side[at, None, None] * grid
        corners = map_coordinates(integral, np.broadcast_arrays(y, x), order=1, mode="nearest")
        cells = np.diff(np.diff(corners, axis=1), axis=2)
        out[at] = cells * (size / side[at, None, None]) ** 2
    return np.clip(out, 0.0, 1.0, out=out)
