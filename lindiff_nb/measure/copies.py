"""How many of a model's samples are copies, how sure that is, and whether the question was fair.

A sample is a copy if it is three times nearer to one training image than to any other. The count
is a binomial one, so its share has Wilson's interval. New images, asked the same, say what likeness
alone gives. And a search finds no copy whose colours come in another order, or that is turned
over, so the samples are looked at in other forms too.
"""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lindiff_nb._base import validate
from lindiff_nb._base.types import Array, Mask
from lindiff_nb.measure.crossings import binomial_interval
from lindiff_nb.measure.memorization import nearest

THRESHOLD = 1 / 3  # of Gu et al. 2023: the ratio below which a sample is a copy
TRIED = 100  # samples looked at in other forms
NORMAL = 1.959964  # standard deviations: 95 % of a normal variable lie within
MIRRORED = "mirrored"


class Share(NamedTuple):
    """So many of so many are copies."""

    copies: int
    samples: int

    @property
    def fraction(self) -> float:
        """copies / samples."""
        return self.copies / self.samples

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's, 95 %: also where no copy, or nothing else, was seen."""
        low, high = binomial_interval(self.copies, self.samples, NORMAL)
        return float(low), float(high)


class Form(NamedTuple):
    """The share of copies among the first samples as they are, and in the other form of most."""

    name: str
    copies: Share
    as_given: Share

    @property
    def decides(self) -> bool:
        """Whether the other form holds more copies than chance can tell."""
        return self.copies.interval[0] > self.as_given.interval[1]


def share(copies: Mask) -> Share:
    """The share of copies among samples of which each is one or not, (N,), N >= 1.

    Raises ValueError for what is no such mask.
    """
    hits = validate.vector("copies", copies)
    if np.any((hits != 0) & (hits != 1)):
        raise validate.fail("copies", copies, "True or False for each sample")
    return Share(int(np.count_nonzero(hits)), len(hits))


def difference(samples: Share, new: Share) -> tuple[float, float, float]:
    """How much larger the first share is, and the ends of its 95 % interval.

    Source: Newcombe 1998, method 10: the two intervals of Wilson, added in squares.
    """
    gap = samples.fraction - new.fraction
    (low, high), (new_low, new_high) = samples.interval, new.interval
    down = np.hypot(samples.fraction - low, new_high - new.fraction)
    up = np.hypot(high - samples.fraction, new.fraction - new_low)
    return gap, gap - float(down), gap + float(up)


def other_form(samples: ArrayLike, training: ArrayLike) -> Form | None:
    """The form of the first samples, other than the one given, that holds the most copies.

    Images (N, h, w) or (N, h, w, 3) are mirrored and turned over, and their colours put into all
    orders; points (N, d) have no other form, and one that changes nothing is none. None if none
    holds a copy. Raises ValueError as `nearest` does: for other units too.
    """
    x, known = validate.numbers("samples", np.asarray(samples)[:TRIED]), np.asarray(training)
    others = [] if x.ndim == 2 else [(n, f) for n, f in _forms(x) if not np.array_equal(f, x)]
    if not others:
        return None
    names, forms = zip(*others, strict=True)
    near = nearest(np.concatenate([x, *forms]), known, alike=THRESHOLD)
    given, *found = (share(hits) for hits in near.ratio.reshape(-1, len(x)) < THRESHOLD)
    best = max(range(len(found)), key=lambda form: found[form].copies)
    return Form(names[best], found[best], given) if found[best].copies else None


def _forms(x: Array) -> Iterator[tuple[str, Array]]:
    """The forms by name, each (N, ...) as x."""
    yield MIRRORED, x[:, :, ::-1]
    yield "upside down", x[:, ::-1]
    if x.shape[1] == x.shape[2]:
        yield "with rows and columns exchanged", x.swapaxes(1, 2)
    if x.ndim == 4:
        colours = np.array(["red", "green", "blue"])
        for order in list(itertools.permutations(range(3)))[1:]:
            yield f"with colours in the order {', '.join(colours[[*order]])}", x[..., order]
