"""Features of two sets, or their moments, from files, in float64 and a block of rows at a time.

A row that occurs again does not count: it tells nothing, and its copies would shrink the bias that
finite sets have, not the error. Covariances are over n - 1.
"""

from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lindiff_nb._base import memory, validate
from lindiff_nb._base.blocks import blocks
from lindiff_nb._base.types import Array, Index
from lindiff_nb.data import arrays
from lindiff_nb.exact.divergence import covariance_root

NUMBERS = 2**22  # of a block: 32 MiB
LARGEST = 1e70  # of features, and the inverse of their least spread: fourth powers stay normal


class Moments(NamedTuple):
    """Of points: their covariance is root root'."""

    n: int | None  # points; None: not known
    mean: Array  # (d,)
    root: Array  # (d, r)

    @property
    def d(self) -> int:
        """The number of dimensions."""
        return len(self.mean)

    @property
    def given(self) -> int | None:
        """As many."""
        return self.n

    @property
    def moments(self) -> "Moments":
        """Themselves, as of `FeatureSet`."""
        return self

    @property
    def trace(self) -> float:
        """Of the covariance."""
        return float(np.sum(self.root**2))


class FeatureSet:
    """The rows of a file that are its first of their kind, in an order that a seed decides."""

    def __init__(self, name: str, points: NDArray[Any], rng: np.random.Generator) -> None:
        """ValueError for fewer than two that differ, and for numbers too far from one."""
        self.points, self.given = points, len(points)
        self.d = points.shape[1]
        memory.require(8 * NUMBERS * 2 + 8 * 6 * self.d * min(self.given, self.d), name)
        self.digests: dict[bytes, int] = {}
        for rows in blocks(self.given, self.d, NUMBERS):
            block = np.ascontiguousarray(points[rows], dtype=np.float64) + 0.0  # of -0.0 too
            _in_range(name, float(np.abs(block).max(initial=1.0)))
            for at, row in enumerate(block, rows.start):
                self.digests.setdefault(blake2b(row, digest_size=16).digest(), at)
        if len(self.digests) < 2:
            raise ValueError(
                f"{name}: one row, or one many times, has no covariance; two that differ are needed"
            )
        every = np.array(list(self.digests.values()))
        self.rows = rng.permutation(every)
        self.mean = self._sums(every, np.zeros(self.d))[0] / len(every)
        self.scatter = None if self._few(self.n) else self._sums(every, self.mean)[1]
        self.moments = self.without(self.rows[:0])
        _in_range(name, np.sqrt(self.moments.trace))

    @property
    def n(self) -> int:
        """The rows that count."""
        return len(self.rows)

    def group(self, at: int, of: int) -> Index:
        """One of so many groups of rows, in the order of the file."""
        return np.sort(self.rows[at::of])

    def without(self, group: Index) -> Moments:
        """The moments of all rows but these."""
        n = self.n - len(group)
        if self.scatter is None or self._few(n):
            chosen = self.points[np.setdiff1d(self.rows, group)].astype(np.float64)
            mean = chosen.mean(axis=0)
            return Moments(n, mean, (chosen - mean).T / np.sqrt(n - 1))
        first, second = self._sums(group, self.mean)
        shift = -first / n
        scatter = self.scatter - second - n * np.outer(shift, shift)
        covariance = scatter / (n - 1)
        return Moments(n, self.mean + shift, covariance_root("features", covariance, self.d))

    def drawn(self, rows: Index) -> Array:
        """Some of the rows that count, as float64."""
        return self.points[np.sort(self.rows[rows])].astype(np.float64)

    def _few(self, n: int) -> bool:
        """Whether points take no more room than their covariance."""
        return n <= self.d

    def _sums(self, rows: Index, centre: Array) -> tuple[Array, Array]:
        """The sums of rows about a centre, and of their outer products."""
        first, second = np.zeros(self.d), np.zeros((self.d, self.d))
        for part in blocks(len(rows), self.d, NUMBERS):
            block = self.points[rows[part]].astype(np.float64) - centre
            first += block.sum(axis=0)
            second += block.T @ block
        return first, second


def read(path: Path, rng: np.random.Generator) -> FeatureSet | Moments:
    """Features one a row (.npy, .npz), or an archive of `mu`, `sigma` and, if it is there, `n`.

    Raises ValueError, naming the file, for what is neither.
    """
    if path.exists() and not path.is_file():  # to read a pipe may never end
        raise ValueError(f"{path} is not a file")
    if path.suffix.lower() == ".npz" and (found := _moments(path)):
        return found
    points = arrays.array_file(path, None).pixels
    return FeatureSet(str(path), points.reshape(len(points), -1), rng)


def _moments(path: Path) -> Moments | None:
    """Those that an archive holds; None if it holds none."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            if not {"mu", "sigma"} <= set(archive.files):
                return None
            mu, sigma = (archive[name] for name in ("mu", "sigma"))
            count = archive["n"] if "n" in archive.files else None
    except OSError:
        raise
    except Exception as error:  # a damaged head lets numpy raise almost anything
        raise ValueError(f"{path}: {error}") from None
    try:
        mean = validate.vector("mu", mu)
        root = covariance_root("sigma", sigma, len(mean))
        n = None if count is None else validate.integer("n", count.item(), low=2)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: {error}") from None
    found = Moments(n, mean, root)
    _in_range(str(path), np.sqrt(found.trace))
    _in_range(str(path), float(np.abs(mean).max(initial=1.0)))
    return found


def _in_range(name: str, size: float) -> None:
    """Whether its square and fourth power are normal numbers."""
    if not 1 / LARGEST <= size <= LARGEST:
        raise ValueError(f"{name}: all numbers alike, beyond {LARGEST:g}, or below its inverse")


def subsets(of: FeatureSet, size: int, count: int, rng: np.random.Generator) -> Iterator[Array]:
    """Rows at random, `size` at a time without repeats."""
    return (of.drawn(rng.permutation(of.n)[:size]) for _ in range(count))
