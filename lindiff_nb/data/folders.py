"""Pictures in a folder, and what a picture file holds: one rule for what counts, in one order.

All folders below are looked through, links followed, each file taken once. Hidden files are passed
over. A picture is what looks like one by its content or has a picture's ending; its content decides
how it is read. The order is that of the names with numbers as numbers: f2 before f10.
"""

import os
import re
import unicodedata
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from lindiff_nb._base.errors import words

FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF", "PPM")
ENDINGS = {  # of what ought to be a picture; one that is not can be named
    *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".tif", ".tiff", ".webp", ".bmp", ".gif"),
    *(".pgm", ".ppm", ".pbm", ".pnm", ".heic", ".heif", ".avif", ".jxl", ".jp2", ".dng", ".dcm"),
    *(".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf", ".psd", ".svg", ".exr", ".tga"),
}
STARTS = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"RIFF", b"GIF8")
DEEP = 65535  # white of 16 bits
DIM = 8  # a deep picture that is all below white / DIM is spoken of
ORIENTATION = 0x0112  # the EXIF tag


class Listing(NamedTuple):
    """The pictures under a folder, in order, and how many other files of each kind."""

    pictures: list[Path]
    passed: Counter[str]


def listing(folder: Path) -> Listing:
    """What is under a folder; OSError for one that cannot be looked into."""
    found, passed = [], Counter[str]()
    for path in _walk(folder, set()):
        if path.name.startswith(".") or "__MACOSX" in path.parts:
            passed["hidden"] += 1
        elif path.suffix.lower() in ENDINGS or _looks(path):
            found.append(path)
        else:
            passed[path.suffix.lower() or path.name] += 1
    return Listing(sorted(found, key=lambda path: order(path.relative_to(folder))), passed)


def order(path: Path) -> list[tuple[list[str | int], str]]:
    """What to sort paths by: folder by folder, numbers as numbers, capitals and accents alike."""
    return [(_parts(part), part) for part in path.parts]


def shown(name: str) -> str:
    """A file's name in one line, and in letters that can be written anywhere."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in name)


def _parts(name: str) -> list[str | int]:
    plain = unicodedata.normalize("NFC", name).casefold()
    pieces = re.split(r"(\d+)", plain)
    return [int(piece) if at % 2 else piece for at, piece in enumerate(pieces)]


def _walk(folder: Path, seen: set[str]) -> Iterator[Path]:
    """All files below, each once, though links may lead to it twice or round in a circle."""
    for entry in sorted(os.scandir(folder), key=lambda entry: (entry.is_symlink(), entry.name)):
        path, real = Path(entry.path), os.path.realpath(entry.path)
        if real in seen:
            continue
        seen.add(real)
        if path.is_dir():  # an entry raises for a link to itself, a path does not
            if not entry.name.startswith("."):
                yield from _walk(path, seen)
        elif path.is_file() or not path.exists():  # a link that leads nowhere is named
            yield path


def _looks(path: Path) -> bool:
    """Whether a file begins as a picture does; an unreadable one is left to its ending."""
    try:
        with path.open("rb") as stream:
            start = stream.read(12)
    except OSError:
        return False
    return start.startswith(STARTS) and (start[:4] != b"RIFF" or start[8:] == b"WEBP")


class Picture(NamedTuple):
    """What is in a file: (h, w) or (h, w, 3), what white is, and what had to be done to it."""

    pixels: NDArray[Any]
    white: int  # of bytes or of 16 bits
    colour: bool  # it was saved in colour
    said: tuple[str, ...]


def picture(path: Path, white: float | None, largest: int) -> Picture:
    """The picture in a file, upright; `white` is that of numbers deeper than a byte.

    Raises ValueError with the reason for what is no whole picture, or of more pixels than largest.
    """
    limit = Image.MAX_IMAGE_PIXELS
    try:
        Image.MAX_IMAGE_PIXELS = None  # ours is asked before anything is unpacked
        with (
            warnings.catch_warnings(action="ignore"),
            path.open("rb") as stream,  # of a name Pillow maps the file, and then turns it wrongly
            Image.open(stream, formats=FORMATS) as opened,
        ):
            w, h = opened.size
            if w * h > largest:
                raise ValueError(f"declares {w:,} x {h:,} pixels; --largest raises the limit")
            said = _left(opened)
            turned = opened.getexif().get(ORIENTATION, 1) != 1  # TIFF forgets it as it is loaded
            opened.load()
            upright = ImageOps.exif_transpose(opened)
            pixels, more = _pixels(upright, white)
    except UnidentifiedImageError:
        raise ValueError("no known picture" if path.stat().st_size else "empty") from None
    except Exception as error:  # of a damaged file, almost anything
        raise ValueError(words(error)) from None
    finally:
        Image.MAX_IMAGE_PIXELS = limit
    said += ["turned upright as their EXIF says"] * turned + more
    deep = DEEP if pixels.dtype == np.uint16 else 255
    return Picture(pixels, deep, pixels.ndim == 3, tuple(said))


def _left(opened: Image.Image) -> list[str]:
    """What will not be taken from a file."""
    frames = getattr(opened, "n_frames", 1) if opened.format != "MPO" else 1
    said = [f"the first of {frames} pages or frames taken, the others left"] * (frames > 1)
    deep = opened.mode.startswith("RGB") and ";16" in str(getattr(opened, "tile", ""))
    return said + ["colours of 16 bits read as bytes"] * deep


def _pixels(opened: Image.Image, white: float | None) -> tuple[NDArray[Any], list[str]]:
    """The pixels of a picture in any mode, and what that took."""
    if opened.mode[0] in "IF":
        return _deep(np.asarray(opened), white)
    if not opened.has_transparency_data:
        return np.asarray(opened.convert("L" if opened.mode in "1L" else "RGB")), []
    rgba = np.asarray(opened.convert("RGBA")).astype(np.uint32)
    solid = rgba[..., 3:]
    laid = ((rgba[..., :3] * solid + 255 * (255 - solid) + 127) // 255).astype(np.uint8)
    gray = opened.mode in ("1", "L", "LA", "La")
    said = ["transparent parts laid on white"] * bool((solid < 255).any())
    return laid[..., 0] if gray else laid, said


def _deep(numbers: NDArray[Any], white: float | None) -> tuple[NDArray[Any], list[str]]:
    """Numbers deeper than a byte as 16 bits; white is 65,535, or 1 of floats, if not given."""
    whole = numbers.dtype.kind in "iu"
    top = white or (DEEP if whole else 1.0)
    low, high = float(numbers.min()), float(numbers.max())
    if np.isnan(low):
        raise ValueError("a number in it is none (nan)")
    if not 0 <= low <= high <= top:
        raise ValueError(f"numbers from {low:g} to {high:g}, white is {top:g}; --white sets it")
    dark = [f"dark, nothing above {high:g} of {top:g}; --white sets white"] * (high < top / DIM)
    return np.rint(numbers.astype(np.float64) * (DEEP / top)).astype(np.uint16), dark
