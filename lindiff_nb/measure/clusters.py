"""Clusters of images: found without labels, and what sort a new image is by its nearest centre.

Images are described by their leading principal components about the mean image, and Lloyd's
iteration finds centres that are each the mean of the images nearest to it (scipy's `kmeans2`,
started as in Arthur & Vassilvitskii 2007). Two clusters are as far apart as their centres.

Source: Li et al. 2023, section 4.2, who take 100 components and 30 clusters of MNIST.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.cluster.vq import kmeans2, vq

from lindiff_nb._base import validate
from lindiff_nb._base.types import Array

LLOYD = 25  # iterations: later ones move a few images in a thousand


class Clusters(NamedTuple):
    """K clusters in d dimensions, of N images."""

    mean: Array  # (d,)
    axes: Array  # (d, p), orthonormal
    centres: Array  # (K, p), along the axes
    labels: NDArray[np.intp]  # (N,), of the images that they were found from

    def assign(self, x: ArrayLike) -> NDArray[np.intp]:
        """The cluster whose centre is nearest to each image, (M, d) or (M, h, w): (M,)."""
        points = validate.samples("x", x, len(self.mean))
        return np.asarray(vq((points - self.mean) @ self.axes, self.centres)[0], dtype=np.intp)

    def pairs(self, least: int) -> tuple[NDArray[np.intp], Array]:
        """Pairs of clusters of at least so many images, (P, 2), nearest first; distances, (P,).

        Raises ValueError if there are fewer than two such clusters.
        """
        sizes = np.bincount(self.labels, minlength=len(self.centres))
        large = np.flatnonzero(sizes >= validate.integer("least", least))
        if len(large) < 2:
            raise validate.fail("least", least, f"at most {np.sort(sizes)[-2]}, for two clusters")
        first, second = (large[index] for index in np.triu_indices(len(large), 1))
        apart = np.linalg.norm(self.centres[first] - self.centres[second], axis=1)
        order = np.argsort(apart)
        return np.column_stack([first, second])[order], apart[order]


class Pair(NamedTuple):
    """Two clusters, how far apart they are, and images of them, (2, n, d) and (2, new, d)."""

    two: NDArray[np.intp]
    distance: float
    train: Array
    new: Array


def find(
    rng: np.random.Generator, images: ArrayLike, clusters: int = 30, components: int = 100
) -> Clusters:
    """Clusters of images, (N, d) or (N, h, w).

    Raises ValueError for fewer than one cluster or component, more components than dimensions, or
    more clusters than images.
    """
    x = validate.samples("images", images)
    clusters = validate.integer("clusters", clusters, high=len(x))
    p = validate.integer("components", components, high=x.shape[1])
    mean = x.mean(axis=0)
    axes = np.linalg.eigh(np.cov(x.T))[1][:, -p:]
    start = {"minit": "++", "rng": validate.generator(rng), "iter": LLOYD}
    centres, labels = kmeans2((x - mean) @ axes, clusters, **start)
    return Clusters(mean, axes, centres, labels.astype(np.intp))


def draw_pairs(
    rng: np.random.Generator,
    found: Clusters,
    images: ArrayLike,
    n: int,
    new: int,
    places: Sequence[float] = (0.0, 0.5, 1.0),
) -> list[Pair]:
    """Pairs of clusters of the images, (N, d) or (N, h, w), with n and `new` images of each.

    The places are among all pairs of large enough clusters by distance: 0 is the nearest, 1 the
    farthest. Raises ValueError for other images, counts < 1, clusters that are all too small, and
    places outside 0..1.
    """
    x = validate.samples("images", images, len(found.mean))
    if len(x) != len(found.labels):
        raise validate.fail("images", x.shape, f"the {len(found.labels)} that have the labels")
    n, least = validate.integer("n", n), n + validate.integer("new", new)
    among = validate.vector("places", places)
    if np.any((among < 0) | (among > 1)):
        raise validate.fail("places", places, "from 0 to 1")
    two, distance = found.pairs(least)
    drawn = []
    for at in np.rint(among * (len(two) - 1)).astype(int):
        members = [np.flatnonzero(found.labels == k) for k in two[at]]
        chosen = x[[rng.permutation(each)[:least] for each in members]]
        drawn.append(Pair(two[at], float(distance[at]), chosen[:, :n], chosen[:, n:]))
    return drawn
