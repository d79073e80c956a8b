"""The images of a training run: those trained on, those held out, and others to test on.

All are taken in one order that is always the same, the held-out ones from its end. Images that are
equal to the bit, or of one group, stay on one side, or the held-out loss would follow the training
loss.
"""

from typing import NamedTuple

import numpy as np

from lindiff_nb import data
from lindiff_nb._base import image_options, validate
from lindiff_nb._base.errors import counted
from lindiff_nb._base.types import Array, Index
from lindiff_nb.data import groups
from lindiff_nb.data.imageset import ORDER
from lindiff_nb.exact import alike
from lindiff_nb.measure import copies
from lindiff_nb.measure.memorization import nearest
from lindiff_nb.train.asked import Asked

LOOKED_AT = 1000  # held-out images whose likes are looked for


class Chosen(NamedTuple):
    """Images, (N, h, w) or (N, 3, h, w), in [0, 1]."""

    train: Array
    held_out: Array | None
    test: Array | None
    source: str
    said: tuple[str, ...]


def images(asked: Asked) -> Chosen:
    """The images that were asked for.

    Raises ValueError for images that cannot be trained on, or fewer than are asked for,
    DataUnavailable for a set that is not here, MemoryError for too many.
    """
    same: list[Index] = []
    if asked.data in data.NAMES:
        _check_own(asked)
        size = 16 if asked.size is None else asked.size
        found = data.load(asked.data, size, download=asked.download)
        pool, test = found.train, found.test
        source, said = str(found.record), []
        what = f"the training images of {found.record.name}"
    else:
        read = data.images(asked.data, **image_options.given(asked))
        if len(read.shape) == 1 or read.scale is None:
            raise ValueError(f"{asked.data}: training takes images between black and white")
        named = groups.named(read.names, asked.group_by) if asked.group_by else []
        pool, test, same = read.floats(), None, alike.joined(len(read.pixels), read.same, named)
        pool = np.moveaxis(pool, -1, 1) if pool.ndim == 4 else pool
        source, *said = read.said
        what = f"the images of {asked.data}"
    order, cut = _order(len(pool), same, asked.held_out)
    n, skip = cut if asked.n is None else asked.n, validate.integer("skip", asked.skip, low=0)
    if validate.integer("n", n) + skip > cut:
        apart = " that are not held out" if cut < len(pool) else ""
        raise validate.fail("n", n, f"at most {cut:,} with skip, {what}{apart}")
    train, held = pool[order[skip : skip + n]], pool[order[cut:]] if asked.held_out else None
    if held is not None:
        test, said = held if test is None else test, [*said, *_alike(train, held)]
    return Chosen(train, held, test, source, tuple(said))


def _check_own(asked: Asked) -> None:
    """Refuse for a set of the package what is for images of one's own."""
    for name in ("crop", "gray", "white", "largest", "group_by"):
        if (value := getattr(asked, name)) is not None:
            raise validate.fail(name, value, f"left out: {asked.data} is a set of the package")


def _order(count: int, same: list[Index], share: float) -> tuple[Index, int]:
    """The order in which images are taken, and how many there are before those held out."""
    if not 0 <= validate.number("held_out", share) < 1:
        raise validate.fail("held_out", share, "a share from 0 to below 1")
    place = np.argsort(np.random.default_rng(ORDER).permutation(count))
    for group in same:
        place[group] = place[group].min()
    order = np.argsort(place, kind="stable")
    cut = count - round(share * count)
    while 0 < cut < count and place[order[cut]] == place[order[cut - 1]]:
        cut -= 1
    if share and not 0 < cut < count:
        raise validate.fail("held_out", share, f"such that some of {count} images are on each side")
    return order, cut


def _alike(train: Array, held: Array) -> list[str]:
    """A word on held-out images that are training images in other pixels."""
    said = [f"held out: {counted(len(held), 'image')}"]
    if len(train) > 1:
        few = held[:LOOKED_AT]
        alike = copies.share(nearest(few, train).ratio < copies.THRESHOLD)
        if alike.copies:
            said.append(
                f"{alike.copies} of {alike.samples} held-out images look like training images: "
                "the loss on them tells too little of new images"
            )
    return said
