"""Is a sample new, or is it a training image?

Three answers: the cosine of its angle with the nearest training image; the same on fine detail
only, since images share their coarse structure; and how much nearer the nearest is than the
second nearest, which is 0 for a copy and close to 1 for something new.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lindiff_nb import _validate
from lindiff_nb._blocks import blocks
from lindiff_nb._types import Array

BLOCK = 2**22  # distances held at once, 32 MiB
CANDIDATES = 8  # whose distances are computed again, free of cancellation


@dataclass(frozen=True)
class Nearest:
    """For each sample its nearest training point and how far it and the second nearest are."""

    index: NDArray[np.intp]  # (N,)
    distance: Array  # (N,)
    second_distance: Array  # (N,) infinite if there is but one training point

    @property
    def ratio(self) -> Array:
        """distance / second_distance, (N,); 0 for a copy, even of a point that occurs twice."""
        zero = np.zeros_like(self.distance)
        return np.divide(self.distance, self.second_distance, out=zero, where=self.distance > 0)


def nearest(samples: ArrayLike, training: ArrayLike, *, chunk: int | None = None) -> Nearest:
    """The two nearest training points, (n, d), to each sample, (N, d), in Euclidean distance.

    Images (N, h, w) are flattened. All distances come from one matrix product for `chunk` samples
    at a time (by default as many as hold 32 MiB of distances); those of the best few are computed
    again from differences, so that a copy is at distance exactly 0. Raises ValueError for empty or
    non-finite points, dimensions that differ, or chunk < 1.
    """
    training = _validate.samples("training", training)
    samples = _validate.samples("samples", samples, training.shape[1])
    held = BLOCK if chunk is None else len(training) * _validate.integer("chunk", chunk)
    origin = training.mean(axis=0)
    centred = training - origin
    norms = np.einsum("nd,nd->n", centred, centred)
    index, distances = np.empty(len(samples), dtype=np.intp), np.full((len(samples), 2), np.inf)
    for block in blocks(len(samples), len(training), held):
        rough = norms - 2 * ((samples[block] - origin) @ centred.T)
        index[block], distances[block, : len(training)] = _two_best(samples[block], training, rough)
    return Nearest(index, *np.ascontiguousarray(distances.T))


def cosine_similarity(samples: ArrayLike, others: ArrayLike) -> Array:
    """x y / (|x| |y|) row by row, (N,), in [-1, 1]; 0 where a row vanishes.

    Raises ValueError if the points are not finite or the shapes differ.
    """
    x = _validate.samples("samples", samples)
    y = _validate.samples("others", others, x.shape[1])
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
    x = _validate.samples("samples", samples)
    y = _validate.samples("others", others, x.shape[1])
    basis = _validate.samples("eigenvectors", eigenvectors)
    if len(basis) != x.shape[1]:
        raise _validate.fail("eigenvectors", basis.shape, f"of shape ({x.shape[1]}, m)")
    detail = basis[:, _validate.integer("first", first, low=0, high=basis.shape[1] - 1) :]
    return cosine_similarity(x @ detail, y @ detail)


def fraction_memorised(nearest: Nearest, threshold: float = 1 / 3) -> float:
    """The fraction of samples whose ratio of nearest to second-nearest distance is < threshold.

    Raises ValueError unless threshold is positive. Source: Yoon et al. 2023; one third is the
    choice of Gu et al. 2023 and Bonnaire et al. 2025.
    """
    limit = _validate.positive("threshold", _validate.number("threshold", threshold))
    return float(np.mean(nearest.ratio < limit))


def _two_best(samples: Array, training: Array, rough: Array) -> tuple[NDArray[np.intp], Array]:
    """Index of the nearest point and the two least distances, among the best by `rough`."""
    few = min(CANDIDATES, len(training))
    best = np.argpartition(rough, few - 1, axis=1)[:, :few]
    best.sort(axis=1)  # ties go to the first
    exact = np.empty(best.shape)
    for k in range(few):
        exact[:, k] = np.linalg.norm(samples - training[best[:, k]], axis=1)
    order = np.argsort(exact, axis=1, kind="stable")[:, :2]
    winner = np.take_along_axis(best, order[:, :1], axis=1)[:, 0]
    return winner, np.take_along_axis(exact, order, axis=1)


def _unit(x: Array) -> Array:
    """Rows at length one; those that vanish stay."""
    length = np.linalg.norm(x, axis=1, keepdims=True)
    return np.divide(x, length, out=np.zeros_like(x), where=length > 0)
