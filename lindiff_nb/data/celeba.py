"""CelebA, from the archive that the user fetched: its licence forbids to pass it on."""

import io
import zipfile

import numpy as np
from PIL import Image
from tqdm import tqdm

from lindiff_nb._base.types import Array
from lindiff_nb.data import cache, resize
from lindiff_nb.data.cache import File
from lindiff_nb.data.imageset import DataUnavailable, Raw

ARCHIVE = File(
    "celeba",
    "img_align_celeba.zip",
    1_443_490_838,
    "46fb89443c578308acf364d7d379fe1b9efb793042c0af734b6112e4fd3a8c74",
)
TRAIN, TEST = 162_770, 19_962  # the first and the last images, as published
BOX = (25, 57, 153, 185)  # left, upper, right, lower: the face of the aligned 178 x 218
BATCH = 1024


def read(size: int, limit: int | None) -> Raw:
    """The training and test part, or the first `limit` images of each.

    Each aligned image is cropped to the 128 x 128 pixels around the face, as in the code of
    Song, Meng & Ermon (2021). The validation part in between is left out.
    """
    path = cache.check(ARCHIVE)
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        if len(names) < TRAIN + TEST:
            raise DataUnavailable(f"{path} holds {len(names)} images, not {TRAIN + TEST} or more")
        return Raw(
            _portraits(archive, names[:TRAIN][:limit], size),
            _portraits(archive, names[-TEST:][:limit], size),
            f"{ARCHIVE.name}, fetched by the user, sha256 checked",
            "Cropped to the 128 x 128 pixels around the face.",
        )


def _portraits(archive: zipfile.ZipFile, names: list[str], size: int) -> Array:
    """The named images, cropped, gray and resized, a batch in memory at a time."""
    out = resize.blank(len(names), size)
    for i in tqdm(range(0, len(names), BATCH), desc="celeba", disable=None):
        crops = [
            np.asarray(Image.open(io.BytesIO(archive.read(name))).convert("RGB").crop(BOX))
            for name in names[i : i + BATCH]
        ]
        out[i : i + BATCH] = resize.area(resize.gray(np.stack(crops)), size)
    return out
