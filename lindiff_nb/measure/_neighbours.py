"""The nearest training point to each sample, and the nearest that is another image.

Squared distances from one matrix product are right to rounding only, which decides among points
that are nearly the same. So they serve as lower bounds: with g a bound on the relative rounding,

    | s - p |^2 >= | s |^2 (1 - g) + | p |^2 (1 - g) - 2 s p

in any origin and unit. The points with the lowest bounds are compared by true distances, and if
the next bound does not lie beyond the answer, four times as many are. An origin and a unit in which
most points are of order one make the bounds sharp; points far out are cut off at LIMIT, which
brings nothing closer than it is to what it bounds. The product is in float32 where the bound stays
sharp in it: that is twice as fast, in half the memory.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lindiff_nb._base import validate
from lindiff_nb._base.blocks import blocks
from lindiff_nb._base.types import Array, Mask

Indices = NDArray[np.intp]
FEWEST = 8  # points compared by true distances at first
MOST = 128  # of them where images may look alike: groups of so many are recognised
DENSE = 0.1  # of the typical size: candidates that all lie nearer may all look alike
LOOKED_AT = 101  # points that origin and unit are taken from
LARGEST = float(np.finfo(float).max)
LIMIT = {np.float32: 2.0**50, np.float64: 2.0**400}  # in units of the typical size
SHARP = 4e-3  # relative rounding up to which the product is in float32
MOVED = 2**17  # numbers that are moved or compared at once, so that a core's cache holds them
BOUNDS, ROWS = 2**19, 128  # at once: bounds, of no fewer points
SAME = 2 * float(np.finfo(np.float32).eps)  # relative: a point and what float32 leaves of it
CLOSE = 1e-3  # of the typical size: no two images that are called one differ by more


class Neighbours:
    """Training points, (n, d), of any type of numbers, prepared to be asked."""

    def __init__(self, points: NDArray[Any], alike: float = 0.0) -> None:
        """Origin and unit are medians of a few points; the slack bounds the relative rounding.

        `alike`: points nearer to each other than this share of the way to the next are one image.
        """
        self.points, self.alike = points, alike
        few = points[:: -(-len(points) // LOOKED_AT)].astype(np.float64)
        self.origin = np.quantile(few, 0.5, axis=0, method="lower")
        with np.errstate(over="ignore", invalid="ignore"):
            size = np.quantile(lengths(few - self.origin), 0.5, method="lower")
        self.size = float(size) if np.isfinite(size) else LARGEST
        self.exponent = int(np.frexp(self.size)[1])
        terms = 4 * (points.shape[1] + 8)
        single = terms * np.finfo(np.float32).eps <= SHARP
        self.kind: type[np.float32 | np.float64] = np.float32 if single else np.float64
        self.slack = terms * float(np.finfo(self.kind).eps)
        self.least = terms * float(np.finfo(self.kind).tiny)  # what underflow can take

    def _moved(self, points: NDArray[Any]) -> NDArray[np.floating]:
        """Points about the origin, in the unit, cut off where they are far out."""
        moved = np.empty(points.shape, self.kind)
        with np.errstate(over="ignore", under="ignore"):
            far = min(float(np.ldexp(LIMIT[self.kind], self.exponent)), LARGEST)
            for rows in blocks(len(points), points.shape[1], MOVED):
                part = points[rows] - self.origin
                np.clip(part, -far, far, out=part)
                moved[rows] = np.ldexp(part, -self.exponent, out=part)
        return moved

    def _squares(self, moved: NDArray[np.floating]) -> NDArray[np.floating]:
        """Squared lengths, less what rounding can add."""
        squares: NDArray[np.floating] = np.einsum("nd,nd->n", moved, moved)
        return squares * self.kind(1 - self.slack)

    @np.errstate(over="ignore", invalid="ignore")  # what leaves float64 is refused at the end
    def two(self, samples: NDArray[Any], few: int = FEWEST) -> tuple[Indices, Array]:
        """The nearest point to each, (N,), and three distances, (3, N).

        To it, to the nearest other image, and the one up to which a sample is that point itself.
        """
        few = min(few, len(self.points))
        best, limit = self._lowest(self._moved(samples), few)
        index, found = np.empty(len(samples), dtype=np.intp), np.empty((3, len(samples)))
        dense = np.empty(len(samples), dtype=bool)
        for part in blocks(len(samples), samples.shape[1], MOVED):
            asked = samples[part].astype(np.float64)
            index[part], found[:, part], dense[part] = self._compare(asked, best[part])
        if not np.all(np.isfinite(found[0])) or np.any(np.isnan(found[1])):
            raise validate.fail("samples", samples, "at distances below 1e308 from training")
        del best
        reached = np.square(np.ldexp(found[1], -self.exponent)) < limit
        reached &= ~dense | (few >= MOST)
        again = np.flatnonzero(~reached & (few < len(self.points)))
        for part in blocks(len(again), 4 * few, BOUNDS):
            rows = again[part]
            index[rows], found[:, rows] = self.two(samples[rows], 4 * few)
        return index, found

    def _lowest(self, moved: NDArray[np.floating], few: int) -> tuple[Indices, Array]:
        """The points of the lowest bounds for each, (N, few), by number, and a bound for the rest.

        All bounds together are a table of N by n; so they are looked at some points at a time.
        """
        best = np.zeros((len(moved), few), dtype=np.intp)
        lowest = np.full(best.shape, np.inf, self.kind)
        size = max(ROWS, BOUNDS // max(moved.shape))
        for start in range(0, len(self.points), size):
            points = self._moved(self.points[start : start + size])
            bounds = moved @ points.T
            bounds *= -2
            bounds += self._squares(points)
            lower = np.flatnonzero(bounds.min(axis=1) < lowest.max(axis=1))
            bounds = np.concatenate([lowest[lower], bounds[lower]], axis=1)
            kept = np.argpartition(bounds, few - 1, axis=1)[:, :few]
            lowest[lower] = np.take_along_axis(bounds, kept, axis=1)
            old = np.take_along_axis(best[lower], np.minimum(kept, few - 1), axis=1)
            best[lower] = np.where(kept < few, old, kept + (start - few))
        best.sort(axis=1)  # ties go to the first
        return best, lowest.max(axis=1) + (self._squares(moved) - self.least)

    def _compare(self, samples: Array, best: Indices) -> tuple[Indices, Array, Mask]:
        """The same as `two` among the candidates `best`, (N, k), by true distances.

        And where these lie so densely that more of them may look alike.
        """
        rows, distance = np.arange(len(samples)), np.empty(best.shape)
        for place, column in enumerate(best.T):
            distance[:, place] = lengths(samples - self.points[column])
        first = distance.argmin(axis=1)
        winner, near = best[rows, first], distance[rows, first]
        loose = SAME * lengths(self.points[winner])
        twin = distance - near[:, None] <= loose[:, None]  # or they are further apart than that
        i, k = np.nonzero(twin)
        same = self.same(winner)
        apart = lengths(1.0 * self.points[best[i, k]] - self.points[winner[i]])
        twin[i, k] = apart <= same[i]
        dense = np.zeros(len(samples), dtype=bool)
        if self.alike:
            alike, dense = self._alike(winner, best)
            twin |= alike
        other = np.where(twin, np.inf, distance).min(axis=1)
        return winner, np.stack([near, other, same]), dense

    def _alike(self, winner: Indices, best: Indices) -> tuple[Mask, Mask]:
        """Which candidates, (N, k), come before the first wide gap as seen from the winner.

        And for which winners, (N,), there is no gap and all candidates are near.
        """
        own = 1.0 * self.points[winner]
        apart = np.stack([lengths(own - self.points[column]) for column in best.T], axis=1)
        apart[apart <= self.same(winner)[:, None]] = 0
        order = np.sort(apart, axis=1)
        wide = (order[:, :-1] > 0) & (order[:, :-1] < self.alike * order[:, 1:])
        gap = np.where(wide, order[:, :-1], np.inf).min(axis=1, initial=np.inf)
        found = np.isfinite(gap)
        return (apart <= gap[:, None]) & found[:, None], ~found & (order[:, -1] < DENSE * self.size)

    def same(self, index: Indices) -> Array:
        """The distance up to which a point is the same image as these, (N,)."""
        return np.minimum(SAME * lengths(self.points[index]), CLOSE * self.size or np.inf)


def lengths(x: NDArray[Any]) -> Array:
    """Euclidean lengths of the rows; neither squares nor anything else leaves float64."""
    x = np.asarray(x, dtype=np.float64)
    exponent = np.frexp(np.abs(x).max(axis=1))[1]
    return np.ldexp(np.linalg.norm(np.ldexp(x, -exponent[:, None]), axis=1), exponent)
