"""Fits without some of their images, all of them in closed form from one decomposition.

Z are n points without their mean, Z Z' / n = U diag(lam) U'. With g = 1 / (lam + xi) and the rows
U_B of a group B of b points,

    H = U_B lam g U_B',   A = U_B lam g^2 U_B',   C = U_B lam g^3 U_B',   M = (1 - 11'/n - H)^-1

are b x b, and everything that a fit without these points, mean included, gives on them is made of
H, A, C and M. With f = (n-b) / n, all taken at f xi, and G_B = (Sigma_B + xi)^-1 of the others,
whose scatter is divided by n - b,

    K_B      = mean over the points x left out of (x - mean_B)' G_B^2 (x - mean_B), times b/n
             = f^2 tr M A M
    Tr G_B   = f   (sum g + (d-r)/(f xi) + tr M A)
    Tr G_B^2 = f^2 (sum g^2 + (d-r)/(f xi)^2 + 2 tr M C + tr M A M A)

so that  L d = d - 2 s Tr G + s^2 Tr G^2 + s K,  s = (1-a)/a, xi = s + c, averaged over groups. Of
single points the scatter stays divided by n and the traces are those of the full fit: then this is
`validation.left_out_loss`. A group stands for images that are not independent: of one patient, one
scene, or copies of each other. Source: the Woodbury identity; Cawley & Talbot 2003 for blocks.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy.interpolate import CubicSpline

from lindiff_nb._base import matrices, rounding, units, validate
from lindiff_nb._base.blocks import blocks
from lindiff_nb._base.types import Array, ArrayLike, Index

ROOM = 2**22  # numbers in the matrices of all groups at once
TABLE = 90  # values of xi that a spline in logarithms goes through: a relative 1e-7 between them


class Sample(NamedTuple):
    """Points as the decomposition of their Gram matrix, and which of them belong together."""

    u: Array  # (n, r)
    lam: Array  # (r,), positive
    d: int
    groups: tuple[Index, ...]  # every point is in one

    @property
    def n(self) -> int:
        """The number of points."""
        return len(self.u)

    @property
    def single(self) -> bool:
        """Whether every point is a group of its own."""
        return len(self.groups) == self.n

    @property
    def sizes(self) -> Array:
        """Points in each group, (G,)."""
        return np.array([float(group.size) for group in self.groups])


class Curves(NamedTuple):
    """What a loss is made of, at each xi, (x,); of K the share of each group, (G, x)."""

    trace: Array
    square: Array
    parts: Array


def of_gram(gram: ArrayLike, d: int, groups: Sequence[ArrayLike] | None = None) -> Sample:
    """The sample with this Gram matrix Z Z' of centred points in d dimensions, (n, n).

    groups: rows that belong together, every row in one; None: all apart. Raises ValueError for a
    matrix that is not symmetric and positive semi-definite, without any variance, or groups that
    are no partition.
    """
    unit, matrix = units.near_one(matrices.symmetric("gram", gram))
    levels, vectors = np.linalg.eigh(matrix / len(matrix))
    matrices.semidefinite("gram", gram, levels)
    seen = rounding.resolved(levels, rounding.resolution(levels, gram)) > 0
    lam = unit.on(levels[seen], 1, "gram")
    return _sample(vectors[:, seen], lam, validate.integer("d", d), groups)


def _sample(u: Array, lam: Array, d: int, groups: Sequence[ArrayLike] | None) -> Sample:
    """Checked: there is some variance, and the groups are a partition."""
    n = len(u)
    if not lam.size:
        raise ValueError("the points must not be all the same: there is no variance")
    together = np.arange(n)[:, None] if groups is None else groups
    parts = tuple(np.asarray(part, dtype=np.intp) for part in together)
    if not np.array_equal(np.sort(np.concatenate(parts)), np.arange(n)):
        raise validate.fail("groups", groups, f"a partition of the rows 0 to {n - 1}")
    return Sample(u, lam, d, parts)


def of_points(x: ArrayLike, groups: Sequence[ArrayLike] | None = None) -> Sample:
    """The sample of points x, (n, d) or (n, h, w), with its mean taken off; raises as `of_gram`."""
    unit, points = units.near_one(validate.samples("x", x))
    n, d = points.shape
    mean = points.mean(axis=0)
    centred = points - mean
    levels, vectors = np.linalg.eigh((centred @ centred.T if n <= d else centred.T @ centred) / n)
    seen = rounding.resolved(levels, rounding.resolution_of_data(levels, x, mean)) > 0
    vectors, lam = vectors[:, seen], levels[seen]
    u = vectors if n <= d else centred @ vectors / np.sqrt(n * lam)
    return _sample(u, unit.on(lam, 2, "x"), d, groups)


def coordinates(sample: Sample) -> Array:
    """The points in the basis of their covariance's eigenvectors, (n, r): as good as the points."""
    return sample.u * np.sqrt(sample.n * sample.lam)


def part(sample: Sample, rows: Index) -> Sample:
    """The sample of some of the points, in the same space; groups lose those that are not there."""
    place = np.full(sample.n, -1)
    place[rows] = np.arange(rows.size)
    groups = [kept for group in sample.groups if (kept := place[group][place[group] >= 0]).size]
    return of_points(coordinates(sample)[rows], groups)._replace(d=sample.d)


def curves(sample: Sample, xi: Array) -> Curves:
    """Tr G, Tr G^2 and K of the fits that leave one group out, at each xi, (x,).

    Raises ValueError unless all are positive.
    """
    xi = ridges(xi)
    some = [_curves(sample, xi[at]) for at in chunks(sample, xi)]
    return Curves(*(np.concatenate(of, axis=-1) for of in zip(*some, strict=True)))


def ridges(xi: ArrayLike) -> Array:
    """Values of xi, (x,), all positive; raises ValueError for others."""
    return validate.vector("xi", validate.positive("xi", xi))


def chunks(sample: Sample, xi: Array) -> Iterator[slice]:
    """Some values of xi at a time: matrices of large groups take room."""
    return blocks(xi.size, int(np.sum(sample.sizes**2)), ROOM)


def _curves(sample: Sample, xi: Array) -> Curves:
    """The same for not too many."""
    dead = sample.d - sample.lam.size
    trace, square, parts = np.zeros(xi.size), np.zeros(xi.size), []
    if sample.single:
        g = 1 / (sample.lam[:, None] + xi)
        parts = [_trace(M @ A @ M) for _, M, A, _ in forms(sample, xi)]
        trace, square = g.sum(axis=0) + dead / xi, (g**2).sum(axis=0) + dead / xi**2
        return Curves(trace, square, np.concatenate(parts, axis=1).T)
    for members in _batches(sample):
        m, b = members.shape
        f = 1 - b / sample.n
        at = f * xi
        g, (_, M, A, C) = 1 / (sample.lam[:, None] + at), _forms(sample, members, at)
        MA = M @ A
        trace += (1 - f) * f * (m * (g.sum(axis=0) + dead / at) + _trace(MA).sum(axis=1))
        twice = 2 * _trace(M @ C) + _trace(MA @ MA)
        square += (1 - f) * f**2 * (m * ((g**2).sum(axis=0) + dead / at**2) + twice.sum(axis=1))
        parts.append(f**2 * _trace(MA @ M))
    return Curves(trace, square, np.concatenate(parts, axis=1).T)


def forms(sample: Sample, xi: Array) -> Iterator[tuple[Array, Array, Array, Array]]:
    """H, M, A and C at each xi, (x, m, b, b), for all m groups of one size after another."""
    for members in _batches(sample):
        yield _forms(sample, members, xi)


def _batches(sample: Sample) -> Iterator[Index]:
    """Rows of all groups of one size, (m, b), size by size."""
    for size in np.unique(sample.sizes):
        yield np.array([group for group in sample.groups if group.size == size])


def ordered(sample: Sample) -> tuple[Index, ...]:
    """The groups in the order in which `curves` has their parts."""
    return tuple(group for members in _batches(sample) for group in members)


def _forms(sample: Sample, members: Index, xi: Array) -> tuple[Array, Array, Array, Array]:
    """H, M, A and C."""
    lam = sample.lam[:, None]
    g = 1 / (lam + xi)
    H, A, C = (_form(sample.u[members], lam * g**power) for power in (1, 2, 3))
    b = members.shape[1]
    M = np.linalg.inv((np.eye(b) - 1 / sample.n - H).astype(np.float64))
    return H, M, A, C


def _form(u: Array, weights: Array) -> Array:
    """U_B diag(w) U_B' for each column w, (r, x), and each group, u (m, b, r); (x, m, b, b)."""
    if u.shape[1] == 1:
        return (u[:, 0] ** 2 @ weights).T[..., None, None]
    rows = np.array([[(row * group) @ weights for row in group] for group in u])
    return np.moveaxis(rows, -1, 0)


def _trace(matrices: Array) -> Array:
    return np.trace(matrices, axis1=-2, axis2=-1)


def tabulated(
    values: Callable[[Array], tuple[Array, ...]], low: float, high: float, places: int = TABLE
) -> Callable[[Array], tuple[Array, ...]]:
    """Positive functions of xi, smooth in logarithms, from low to high: exact at so many places."""
    xi = np.geomspace(low, high, places)
    spline = CubicSpline(np.log(xi), np.log(np.array(values(xi))), axis=1)
    return lambda points: tuple(np.exp(spline(np.log(points))))


def loss(values: tuple[Array, ...], s: Array, d: float) -> Array:
    """The loss per dimension at noise ratio s from Tr G, Tr G^2 and K at xi = s + c."""
    trace, square, K = values
    return 1 + s * (s * square - 2 * trace + K) / d


def influence(sample: Sample, s: Array, weights: Array, c: float) -> Array:
    """What each group adds to the mean loss over noise ratios s, as `ordered`, (G,).

    Raises ValueError unless s > 0 and c >= 0.
    """
    s, c = validate.positive("s", s), validate.ridge(c)
    return curves(sample, s + c).parts @ (weights * s) / sample.d


def standard_error(sample: Sample, parts: Array) -> float:
    """Of the mean loss, from the scatter of what each group adds (`influence`)."""
    share = np.array([group.size / sample.n for group in ordered(sample)])
    count = share.size
    return float(np.sqrt(count / (count - 1) * np.sum((parts - share * parts.sum()) ** 2)))
