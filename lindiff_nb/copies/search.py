"""Samples against training images: copies counted, and what would make the count wrong refused.

Everything is compared in the training images' own numbers. Before the count a few samples are
looked at in other forms and units (`measure.memorization.nearest` tells those), since these would
hide every copy; such samples are refused with what to do.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lindiff_nb._base.blocks import blocks
from lindiff_nb._base.errors import counted
from lindiff_nb._base.types import Array, Index
from lindiff_nb.data.fitted import Numbers
from lindiff_nb.data.own import Images
from lindiff_nb.measure import copies
from lindiff_nb.measure.copies import Form, Share
from lindiff_nb.measure.memorization import nearest

SHOWN = 10  # most suspicious pairs
BOTH = (-1.0, 1.0)
SCALES = ((0.0, 1.0), BOTH, (0.0, 255.0), (0.0, 65535.0))
BEYOND = 0.25  # of the scale: how far samples overshoot black and white
DOUBTED, REFUSED = 0.8, 2.0  # of `_apart`
KNOWN = 0.05  # new images may be copies up to this share


class Matches(NamedTuple):
    """For each sample the training image it is most like."""

    image: Index  # (N,)
    ratio: Array  # (N,) of the distances to it and to the nearest other image; 0 for a copy

    @property
    def share(self) -> Share:
        """How many are copies."""
        return copies.share(self.ratio < copies.THRESHOLD)


class Found(NamedTuple):
    """What a search found, and what is to be said of it."""

    samples: Matches
    new: Matches | None
    said: tuple[str, ...]
    shown: Numbers  # the samples in the training images' numbers

    @property
    def suspicious(self) -> Index:
        """The samples of the least ratios, at most SHOWN."""
        return np.argsort(self.samples.ratio, kind="stable")[:SHOWN]


def search(
    samples: Images, training: Images, new: Images | None = None, *, mirrored: bool = False
) -> Found:
    """Find the copies among samples, and among new images.

    `mirrored`: the mirror image of a training image is a copy too. Raises ValueError for images of
    other shapes, or that seem to be in other units or another form.
    """
    if mirrored and len(training.shape) == 1:
        raise ValueError("points without a shape have no mirror image")
    again = sum(map(len, training.same)) - len(training.same)
    if len(training.pixels) - again < 2:
        raise ValueError("training must hold two different images, got one: a copy is told by both")
    if training.scale == BOTH:
        training = _settled("training", training)
    known = training.pixels  # in their own type: as floats they would take room
    asked, said = _alike("samples", samples, training, known)
    form = copies.other_form(asked, known)
    said += _checked(form, mirrored)
    said += ["one sample alone does not tell its unit"] * (len(asked) == 1)
    found = _matches(asked, known, mirrored)
    if again:
        said.append(f"others again, which count once: {counted(again, 'training image')}")
    if more := _of_lookalikes(asked[found.ratio < copies.THRESHOLD], known):
        said.append(
            f"of training images that look alike, which count as one: {counted(more, 'copy')}"
        )
    unseen = None
    if new is not None:
        held, lines = _alike("new images", new, training, known)
        unseen = _matches(held, known, mirrored)
        said += lines + _base_line(unseen.share)
    return Found(found, unseen, tuple(said), asked)


def _matches(x: Numbers, known: Numbers, mirrored: bool) -> Matches:
    """The nearest training image of each, of the mirror image if that is nearer to one."""
    near = nearest(x, known, alike=copies.THRESHOLD)
    if not mirrored:
        return Matches(near.index, near.ratio)
    turned = nearest(x[:, :, ::-1], known, alike=copies.THRESHOLD)
    index = np.where(turned.ratio < near.ratio, turned.index, near.index)
    return Matches(index, np.minimum(turned.ratio, near.ratio))


def _of_lookalikes(copied: Numbers, known: Numbers) -> int:
    """How many copies are none if training images that look alike are counted one by one."""
    if not len(copied):
        return 0
    return int(np.count_nonzero(nearest(copied, known).ratio >= copies.THRESHOLD))


def _alike(
    name: str, images: Images, training: Images, known: Numbers
) -> tuple[Numbers, list[str]]:
    """Images in the training images' numbers, and what was done to them."""
    if images.shape != training.shape:
        shapes = " and ".join(" x ".join(map(str, each.shape)) for each in (images, training))
        raise ValueError(f"{name} and training must have one shape, got {shapes}; --size sets it")
    images, said = _in_a_scale(name, images, training)
    low, high = training.scale or (0.0, 1.0)
    if images.scale and images.scale != training.scale:
        said.append(
            f"{name} have black {images.scale[0]:g} and white {images.scale[1]:g}: rescaled"
        )
    same = images.scale == training.scale
    x = images.pixels if same else images.floats(low=low, high=high)
    return x, [*said, *_one_unit(name, x, known)]


def _one_unit(name: str, x: Numbers, known: Numbers) -> list[str]:
    """A word on images of other brightness or contrast; ValueError if it is quite another.

    What counts is the lesser difference, of the usual image and of all taken together: a few white
    pictures are no other unit, nor are a few plain ones.
    """
    levels = [_levels(images) for images in (x, known)]
    (mean, contrast), (middle, usual) = usually = [_usual(*level) for level in levels]
    apart = min(_apart(usually), _apart([_together(*level) for level in levels]))
    seen = f"mean {mean:.3g} and {middle:.3g}, contrast {contrast:.3g} and {usual:.3g}"
    if apart > REFUSED:
        wanted = f"{name} and training must be in one unit"
        raise ValueError(f"{wanted}, got {seen}: copies would be missed")
    unlike = f"{name} are unlike training images as a whole ({seen}): is their unit the same?"
    return [unlike] * (apart > DOUBTED)


def _levels(images: Numbers) -> tuple[Array, Array]:
    """Mean and spread of the pixels of each image, (N,) each, some images at a time."""
    rows, found = images.reshape(len(images), -1), np.empty((2, len(images)))
    for at in blocks(*rows.shape):
        found[:, at] = (rows[at].mean(axis=1, dtype=float), rows[at].std(axis=1, dtype=float))
    return found[0], found[1]


def _together(mean: Array, spread: Array) -> tuple[float, float]:
    """Mean and spread of all pixels of images whose own are given, (N,) each."""
    return float(mean.mean()), float(np.hypot(np.sqrt(np.mean(spread**2)), mean.std()))


def _usual(mean: Array, contrast: Array) -> tuple[float, float]:
    """The usual mean of an image, and its usual contrast."""
    return float(np.median(mean)), float(np.median(contrast))


def _apart(pair: Sequence[tuple[float, float]]) -> float:
    """Two levels' distance: in contrasts, or the octaves between these, whichever is more."""
    (mean, contrast), (middle, usual) = pair
    if not contrast or not usual:
        return 0.0
    return float(max(abs(np.log2(contrast / usual)), abs(mean - middle) / usual))


def _in_a_scale(name: str, images: Images, training: Images) -> tuple[Images, list[str]]:
    """Images whose black and white are known, if those of the training images are."""
    if training.scale is None:
        told = f"{name} and training may be in different units: compared as given"
        return images._replace(scale=None), [told] * (images.scale is not None)
    found = _settled(name, images)
    if found.scale == images.scale or found.scale is None:
        return found, []
    black, white = found.scale
    return found, [f"{name} are taken to have black at {black:g} and white at {white:g}"]


def _settled(name: str, images: Images) -> Images:
    """Images that may overshoot black and white: in the least scale that holds most of them.

    That black is at -1 is but a guess where anything is below 0.
    """
    if images.scale not in (None, BOTH):
        return images
    low, high = np.quantile(images.pixels, [0.01, 0.99])
    for black, white in SCALES:
        beyond = BEYOND * (white - black)
        if black - beyond <= low and high <= white + beyond:
            return images._replace(scale=(black, white))
    ends = f"numbers from {low:g} to {high:g}"
    raise ValueError(f"{name} must be in the unit of training, got {ends}")


def _checked(form: Form | None, mirrored: bool) -> list[str]:
    """A word on another form that holds copies; ValueError if it is the right one."""
    if form is not None and form.name == copies.MIRRORED:
        seen = (
            f"mirrored, {form.copies.copies} of the first {form.copies.samples} samples are copies"
        )
        return [] if mirrored else [f"{seen}: --mirrored counts those"]
    if form is not None and form.decides:
        raise ValueError(
            f"samples must be like training images, got {form.as_given.copies} copies among "
            f"{form.copies.samples} as they are and {form.copies.copies} {form.name}"
        )
    return [] if mirrored else ["mirror images are not looked for: --mirrored does"]


def _base_line(new: Share) -> list[str]:
    """A word on new images that are not new."""
    if new.interval[0] <= KNOWN:
        return []
    among = counted(new.samples, "new image")
    return [f"copies themselves: {new.copies} of {among}; they are no base line"]
