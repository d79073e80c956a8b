"""The population as seen from a stretch of the axis: near levels one by one, far ones gathered.

Sums over the population such as sum lambda^2 / |w - lambda|^2 are wanted at many points w, and a
population of many levels makes many bulks: each point would see every level. But as a function of
lambda a term is smooth where lambda is far from w. So the levels are halved into boxes, and from a
point at least SEPARATION radii from a box's centre, on the axis or above it, the box is seen as a
few levels at its Chebyshev nodes, with the counts that keep sums of lambda times any polynomial of
lower order. At r radii the error falls as (r + sqrt(r^2 - 1))^-order (Trefethen 2013, theorem 8.2):
twelve nodes leave 1e-9 of what a box adds, twenty leave rounding. So a point sees some levels
nearby and a few hundred nodes, whatever d is.
"""

from typing import NamedTuple

import numpy as np

from lindiff_nb._base.types import Array, Index

SEPARATION = 3.0
LEAF = 32  # levels in the smallest boxes


class Box(NamedTuple):
    """Neighbouring levels, first to last: as they are, and gathered."""

    first: int
    last: int
    centre: float
    radius: float
    nodes: Array  # (order,)
    counts: Array  # (order,) of either sign


class Tree(NamedTuple):
    """The levels, increasing, and boxes of them; those in box i are halved in 2 i + 1, 2 i + 2."""

    levels: Array
    counts: Array
    boxes: list[Box]


class View(NamedTuple):
    """What stands for the population, (m,): first `own` levels of its own, then gathered ones."""

    levels: Array
    counts: Array
    own: int


def plant(levels: Array, counts: Array, order: int) -> Tree:
    """Halve the levels, (k,), until at most LEAF are left; gather each box onto `order` nodes."""
    ends = np.array([0, levels.size])
    boxes = _boxes(ends, levels, counts, order)
    while ends[1] > LEAF:
        ends = np.sort(np.append(ends, (ends[1:] + ends[:-1]) // 2))
        boxes += _boxes(ends, levels, counts, order)
    return Tree(levels, counts, boxes)


def view(low: float, high: float, tree: Tree) -> View:
    """The population as seen from every w with low <= Re w <= high, which may be infinite."""
    near, far, todo = [], [], [0]
    while todo:
        place = todo.pop()
        box = tree.boxes[place]
        distance = max(low - box.centre, box.centre - high)
        if distance >= SEPARATION * box.radius and box.last - box.first > box.nodes.size:
            far.append(box)
        elif 2 * place + 2 < len(tree.boxes):
            todo += [2 * place + 1, 2 * place + 2]
        else:
            near.append(np.arange(box.first, box.last))
    own = np.concatenate(near) if near else np.zeros(0, dtype=np.intp)
    return View(
        np.concatenate([tree.levels[own], *(box.nodes for box in far)]),
        np.concatenate([tree.counts[own], *(box.counts for box in far)]),
        own.size,
    )


def _boxes(ends: Index, levels: Array, counts: Array, order: int) -> list[Box]:
    """Interpolate between Chebyshev nodes: a level counts for each as Lagrange's polynomial says.

    That polynomial is (2 / order) sum_k T_k(node) T_k(t), where k = 0 counts half.
    """
    first, last, size = ends[:-1], ends[1:], np.diff(ends)
    centre, radius = (levels[last - 1] + levels[first]) / 2, (levels[last - 1] - levels[first]) / 2
    t = (levels - np.repeat(centre, size)) / np.repeat(np.where(radius > 0, radius, 1), size)
    moments, angles = np.empty((order, size.size)), np.pi * (np.arange(order) + 0.5) / order
    term, before = counts * levels, counts * levels * t  # traces times T_0, and times T_-1 = T_1
    for k in range(order):
        moments[k] = np.add.reduceat(term, first) / (1 if k else 2)
        term, before = 2 * t * term - before, term
    nodes = centre[:, None] + radius[:, None] * np.cos(angles)
    gathered = 2 / order * moments.T @ np.cos(np.outer(np.arange(order), angles)) / nodes
    return [Box(*one) for one in zip(first, last, centre, radius, nodes, gathered, strict=True)]
