"""Images of one's own: a folder, an array in a file, or a set of the package, read by one rule.

    from lindiff_nb.data import images
    mine = images("photos", size=64)
    print(*mine.said, sep="\\n")
    x = mine.floats()                 # (n, 64, 64) or (n, 64, 64, 3), in [0, 1]

Black and white are those of the numbers' type: 0 and 255 of bytes, 0 and 65,535 of 16 bits. Floats
are in [0, 1] or [-1, 1] if they all fit there. An array of other numbers is taken as features or
latents in its own units (`arrays`). What had to be done to a picture is said (`folders`).
"""

import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lindiff_nb._base import memory, validate
from lindiff_nb._base.errors import counted, nearest
from lindiff_nb._base.types import Array
from lindiff_nb.data import arrays, folders
from lindiff_nb.data.arrays import Layout
from lindiff_nb.data.fitted import Numbers, Wanted, fit
from lindiff_nb.data.sets import NAMES, load

LARGEST = 10**8  # pixels of one picture
NAMED = 8  # files that a line names
Scale = tuple[float, float]


class Images(NamedTuple):
    """Images as they were read, and what their numbers mean."""

    pixels: Numbers  # (n, h, w), (n, h, w, 3), or (n, d) without a shape; may still lie on disk
    scale: Scale | None  # black and white in these numbers; None: their own units
    names: tuple[str, ...]  # of each: its file below the folder, or its number from 0
    same: tuple[tuple[int, ...], ...]  # groups of images that are equal to the bit
    said: tuple[str, ...]  # how all this was understood, a line each

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one image: (h, w), (h, w, 3), or (d,)."""
        return self.pixels.shape[1:]

    def floats(self, rows: Any = slice(None), low: float = 0.0, high: float = 1.0) -> Array:
        """The images `rows` as float64 with black at low and white at high; own units as they are.

        Numbers that are there already keep their bits.
        """
        values = np.array(self.pixels[rows], dtype=np.float64)
        if self.scale is not None and self.scale != (low, high):
            black, white = self.scale
            values -= black
            values /= white - black  # in place: images are large
            values *= high - low
            values += low
        return values


def images(
    path: str | os.PathLike[str],
    *,
    size: int | None = None,
    crop: int | None = None,
    gray: bool | None = None,
    white: float | None = None,
    skip_bad: bool = False,
    largest: int = LARGEST,
) -> Images:
    """The images in a folder or in an array's file (.npy, .npz), or those of a set of the package.

    size      pixels a side, by area averages of the central square (16 for a set of the package)
    crop      before that, the central square of so many pixels
    gray      True: all in gray; False: all in colour; None: as they are, if they are all alike
    white     what white is in numbers that are not bytes, such as 4095 of a camera's 12 bits
    skip_bad  leave out files that cannot be read, which are refused by name otherwise
    largest   pixels that one picture may have

    Raises ValueError, naming the file, for what is not there, is no picture, is of another shape
    than the others, or is not finite; MemoryError for too much. Use this when you have images.
    """
    for name, value in (("size", size), ("crop", crop), ("largest", largest)):
        if value is not None:
            validate.integer(name, value)
    top = None if white is None else validate.number("white", validate.positive("white", white))
    wanted, place = Wanted(size, crop, gray, top, largest), Path(path)
    if not os.fspath(path):
        raise validate.fail("images", "", "a name: '.' is the folder one is in")
    if str(path) in NAMES:
        found = load(str(path), size or 16).train
        read = Layout(found, (0.0, 1.0), arrays.numbered(found), ())
        read = _fitted(read, wanted._replace(size=None))
    elif place.is_dir():
        read = _folder(place, wanted, skip_bad)
    elif place.is_file():
        read = _fitted(arrays.array_file(place, top), wanted)
    else:
        known = f"a folder, a file, or one of {', '.join(NAMES)}{nearest(str(path), NAMES)}"
        raise validate.fail("images", str(path), known)
    same = _same(read.pixels)
    return Images(*read[:3], same, (_summary(str(path), read), *read.said, *_twins(same, read)))


def _folder(place: Path, wanted: Wanted, skip_bad: bool) -> Layout:
    """The pictures under a folder as one stack."""
    listed = folders.listing(place)
    stack: dict[str, folders.Picture] = {}
    bad, said = [], defaultdict[str, list[str]](list)
    for path in listed.pictures:
        name = folders.shown(path.relative_to(place).as_posix())
        try:
            read = folders.picture(path, wanted.white, wanted.largest)
            stack[name] = read._replace(pixels=fit(read.pixels, wanted))
        except ValueError as error:
            bad.append(f"{name}: {error}")
            continue
        for note in read.said:
            said[note].append(name)
        if len(stack) == 1:
            memory.require(2 * stack[name].pixels.nbytes * len(listed.pictures), str(place))
    others = ", ".join(f"{count} {kind}" for kind, count in sorted(listed.passed.items()))
    if bad and not skip_bad:
        raise ValueError(f"{place}: unreadable: {_listed(bad)}; --skip-bad leaves them out")
    if not stack:
        raise ValueError(f"{place}: no picture in it (PNG, JPEG, TIFF, WebP): {others or 'empty'}")
    lines = [f"{note}: {_listed(of)}" for note, of in said.items()]
    lines += [f"left out, unreadable: {_listed(bad)}"] * bool(bad)
    lines += [f"passed over, no pictures: {others}"] * bool(others)
    return Layout(*_stacked(stack, place), tuple(stack), tuple(lines))


def _listed(names: Sequence[str]) -> str:
    """How many there are, and the names of the first few."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{len(names)} ({'; '.join(names[:NAMED])}{more})"


def _stacked(stack: dict[str, folders.Picture], place: Path) -> tuple[Numbers, Scale]:
    """Pictures as one array, emptying the stack's pixels, and black and white in it."""
    if any(read.pixels.ndim == 3 for read in stack.values()):  # gray ones saved in colour join in
        for name, read in stack.items():
            if read.colour and read.pixels.ndim == 2:
                stack[name] = read._replace(pixels=np.repeat(read.pixels[..., None], 3, axis=-1))
    shapes = Counter(read.pixels.shape for read in stack.values())
    usual = shapes.most_common(1)[0][0]
    if len(shapes) > 1:
        odd = next(name for name, read in stack.items() if read.pixels.shape != usual)
        counts = "; ".join(f"{count} {_kind(shape)}" for shape, count in shapes.most_common(NAMED))
        which = {len(shape) for shape in shapes}, {shape[:2] for shape in shapes}
        options = ["--gray or --colour"] * (len(which[0]) > 1) + ["--size"] * (len(which[1]) > 1)
        raise ValueError(
            f"{place}: {counts}; the first odd one is {odd}: {' and '.join(options)} "
            "to make them alike"
        )
    kind = np.result_type(*{read.pixels.dtype for read in stack.values()})
    white = max(read.white for read in stack.values())
    pixels = np.empty((len(stack), *usual), kind)
    for at, (name, read) in enumerate(stack.items()):
        pixels[at] = read.pixels.astype(kind) * kind.type(white // read.white)
        stack[name] = read._replace(pixels=pixels[at])
    return pixels, (0.0, float(white))


def _kind(shape: tuple[int, ...]) -> str:
    """The shape of one image in words."""
    if len(shape) == 1:
        return f"of {shape[0]:,} numbers"
    return f"{shape[0]} x {shape[1]} {'colour' if len(shape) > 2 else 'gray'}"


def _fitted(read: Layout, wanted: Wanted) -> Layout:
    """An array's images, each treated as a picture of its own where anything is asked for."""
    if (wanted.size, wanted.crop, wanted.gray) == (None, None, None):
        return read
    if read.pixels.ndim < 3:
        raise ValueError("points without a shape: size, crop, gray and colour are for images")
    first = fit(read.pixels[0], wanted)
    memory.require(2 * first.nbytes * len(read.pixels), "the images")
    return read._replace(pixels=np.stack([fit(image, wanted) for image in read.pixels]))


def _same(pixels: Numbers) -> tuple[tuple[int, ...], ...]:
    """Groups of rows that are equal to the bit, by the first of each."""
    rows = defaultdict[bytes, list[int]](list)
    for at, image in enumerate(pixels):
        rows[blake2b(np.ascontiguousarray(image).tobytes(), digest_size=16).digest()].append(at)
    return tuple(tuple(group) for group in rows.values() if len(group) > 1)


def _summary(source: str, read: Layout) -> str:
    """Count, shape, scale, mean and range in a line."""
    extent = arrays.extent_of(read.pixels)
    if read.scale is None:
        scale = "in their own units"
    else:
        scale = f"black {read.scale[0]:g}, white {read.scale[1]:g}"
    return (
        f"{source}: {counted(len(read.pixels), 'image')} {_kind(read.pixels.shape[1:])}, "
        f"{scale}; mean {extent.mean:.5g}, from {extent.low:g} to {extent.high:g}"
    )


def _twins(same: tuple[tuple[int, ...], ...], read: Layout) -> list[str]:
    """A line on the images that are others again."""
    if not same:
        return []
    groups = [" = ".join(read.names[at] for at in group[:NAMED]) for group in same]
    return [f"images that occur more than once: {_listed(groups)}"]
