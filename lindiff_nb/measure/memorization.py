"""Is a sample new, or is it a training image?

Three answers: the cosine of its angle with the nearest training image; the same on fine detail
only, since images share their coarse structure; and how much nearer the nearest is than the
second nearest, which is 0 for a copy and close to 1 for something new.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lindiff_nb._base import units, validate
from lindiff_nb._base.blocks import blocks
from lindiff_nb._base.types import Array
from lindiff_nb.measure import _units
from lindiff_nb.measure._neighbours import Neighbours
from lindiff_nb.measure.crossings import binomial_interval

NUMBERS, FEWEST, MOST = 2**21, 256, 4096  # of samples asked together: pixels, or so many of them
CHECKED = 2**18  # numbers looked at in one go
RANGES = 10.0  # that typical largest entries may be apart
NORMAL = 1.96  # standard deviations of a share: 95 %


@dataclass(frozen=True, eq=False)
class Nearest:
    """For each sample its nearest training point and how far it and the second nearest are.

    Training points that differ by no more than the rounding of float32 are one image, and the
    second nearest is the nearest that is another one.
    """

    index: NDArray[np.intp]  # (N,)
    distance: Array  # (N,)
    second_distance: Array  # (N,) infinite if there is but one training image
    rounding: Array | float = 0.0  # (N,) distances up to which a sample is the image itself

    @property
    def ratio(self) -> Array:
        """distance / second_distance, (N,); 0 for a copy, even of a point that occurs twice.

        Raises ValueError if there is but one training image and a sample that is not it.
        """
        alone = ~np.isfinite(self.second_distance)
        if np.any(alone & (self.distance > self.rounding)):
            wanted = "finite: a ratio takes two different training images"
            raise validate.fail("second_distance", self.second_distance, wanted)
        zero = np.zeros_like(self.distance)
        return np.divide(self.distance, self.second_distance, out=zero, where=self.distance > 0)


def nearest(samples: ArrayLike, training: ArrayLike, *, alike: float = 0.0) -> Nearest:
    """The two nearest training images, (n, d), to each sample, (N, d), in Euclidean distance.

    Images (N, h, w) are flattened. Distances are bounded by matrix products for some samples with
    some training images at a time; those that may be among the least are computed from
    differences, so that a copy is at distance exactly 0. With `alike`, training images that lie
    nearer to the nearest one than this share of the way from it to the next, such as the same
    picture saved twice, are one image with it. Raises ValueError for empty or non-finite points,
    dimensions that differ, `alike` outside [0, 1), or units that differ: typical largest entries
    apart by more than a factor 10, or 2 if only one of the two holds integers and one stays within
    1, or one gain and offset for all samples, or the mean image put back, makes clearly more of the
    first ones copies than are so as given (told from 16 dimensions and 2 samples on, of 2 or 3 if
    all are copies; noisy samples sqrt(a) x + .. are divided by sqrt(a) first).
    """
    known = _points("training", training)  # bytes stay bytes
    asked = _points("samples", samples, known.shape[1])
    size = min(max(NUMBERS // known.shape[1], FEWEST), MOST)
    if (alike := validate.magnitude("alike", alike)) >= 1:
        raise validate.fail("alike", alike, "in [0, 1)")
    units.same({"samples": samples, "training": training}, (asked, known), RANGES)
    search = Neighbours(known, alike)
    _same_unit(asked[: _units.TRIED], known, search)
    index, distances = np.empty(len(asked), dtype=np.intp), np.empty((3, len(asked)))
    for block in blocks(len(asked), 1, size):
        index[block], distances[:, block] = search.two(asked[block])
    return Nearest(index, *distances)


def cosine_similarity(samples: ArrayLike, others: ArrayLike) -> Array:
    """x y / (|x| |y|) row by row, (N,), in [-1, 1]; 0 where a row vanishes.

    Raises ValueError if the points are not finite or the shapes differ.
    """
    x = validate.samples("samples", samples)
    y = validate.samples("others", others, x.shape[1])
    if len(x) != len(y):
        raise ValueError(f"samples and others must pair up, got {len(x)} and {len(y)} rows")
    x, y = _unit(x), _unit(y)
    return np.clip(np.einsum("nd,nd->n", x, y), -1, 1)


def detail_similarity(
    samples: ArrayLike, others: ArrayLike, eigenvectors: Array, first: int
) -> Array:
    """cosine_similarity on the eigenvectors, columns of (d, m), from index `first` (from 0) on.

    With the data's eigenvectors by decreasing eigenvalue this leaves out the leading ones, coarse
    patterns that unrelated images have in common. Raises ValueError as `cosine_similarity` does,
    or if no eigenvector is left. Source: Merger & Goldt, appendix A.
    """
    x = validate.samples("samples", samples)
    y = validate.samples("others", others, x.shape[1])
    basis = validate.samples("eigenvectors", eigenvectors)
    if len(basis) != x.shape[1]:
        raise validate.fail("eigenvectors", basis.shape, f"of shape ({x.shape[1]}, m)")
    detail = basis[:, validate.integer("first", first, low=0, high=basis.shape[1] - 1) :]
    return cosine_similarity(x @ detail, y @ detail)


def fraction_memorised(nearest: Nearest, threshold: float = 1 / 3) -> float:
    """The fraction of samples whose ratio of nearest to second-nearest distance is < threshold.

    Raises ValueError unless threshold is positive. Source: Yoon et al. 2023; one third is the
    choice of Gu et al. 2023 and Bonnaire et al. 2025.
    """
    limit = validate.positive("threshold", validate.number("threshold", threshold))
    return float(np.mean(nearest.ratio < limit))


def _points(name: str, value: ArrayLike, d: int | None = None) -> NDArray[Any]:
    """Points as rows in their own type, looked at some at a time: as float64 they take room."""
    known = np.atleast_1d(validate.array(name, value))
    d = validate.samples(name, known[:1], d).shape[1]
    for rows in blocks(len(known), d, CHECKED):
        validate.samples(name, known[rows])
    return known.reshape(len(known), d)


def _same_unit(x: Array, y: NDArray[Any], search: Neighbours) -> None:
    """Refuse samples if another unit makes more of them copies than chance can tell, or all."""
    for moved, unit in _units.guesses(x, y):
        given, found = (_copied(search.two(points)[1]) for points in (x, moved))
        ends = [binomial_interval(count, len(x), NORMAL) for count in (given, found)]
        if ends[1][0] > ends[0][1] or (found == len(x) and not given):
            raise ValueError(
                f"samples and training must be in one unit, got samples that look like {unit}: "
                f"so {found} of the first {len(x)} are copies, as given {given}"
            )


def _copied(distances: Array) -> int:
    """How many samples are three times nearer to one training image than to the next."""
    return int(np.count_nonzero(distances[0] < distances[1] / 3))


def _unit(x: Array) -> Array:
    """Rows at length one, whatever their size; those that vanish stay."""
    x = np.ldexp(x, -np.frexp(np.abs(x).max(axis=1, keepdims=True))[1])
    length = np.linalg.norm(x, axis=1, keepdims=True)
    return np.divide(x, length, out=np.zeros_like(x), where=length > 0)
