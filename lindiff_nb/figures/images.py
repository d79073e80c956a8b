"""Images side by side, in rows that can carry a title and with a short text under each."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lindiff_nb._base.types import Array
from lindiff_nb._base.validate import fail, integer, numbers

WIDTH, TILE, GAP = 6.4, 0.9, 0.06  # inches: a figure, the largest image, the space between two
TEXT, CHARACTER = 0.19, 0.09  # inches: a line under an image, a character of a row's title


def image_grid(
    images: ArrayLike,
    *,
    columns: int = 8,
    rows: Sequence[str] = (),
    labels: Sequence[str] = (),
    signed: bool = False,
    vmin: float = 0.0,
    vmax: float = 1.0,
) -> tuple[Any, Any]:
    """Draw images row by row, `columns` in a row; returns the figure and its axes.

    Images are (N, h, w), or in colour (N, h, w, 3) from 0 to 1.
    `rows` are the titles at the left of the rows, `labels` the texts under the N images, or one
    for each column, under the last row. Black is `vmin`, white `vmax`. Signed images, such as
    eigenvectors, are drawn in two colours from minus to plus the largest magnitude of each. The
    size follows from the number of images.
    """
    stack = _stack(images)
    columns = min(integer("columns", columns), len(stack))
    _check_texts(rows, labels, len(stack), columns)
    boxes = _boxes(stack.shape, columns, max(map(len, rows), default=0), len(labels) == len(stack))
    fig, ax = _canvas(boxes, TEXT if labels else GAP)
    for at, (image, box) in enumerate(zip(stack, boxes, strict=True)):
        top = np.abs(image).max()
        low, high, cmap = (-top, top, "RdBu_r") if signed else (vmin, vmax, "gray")
        shown = ax.imshow(image, cmap, extent=box, vmin=low, vmax=high, aspect="auto", zorder=1)
        words = [*rows[at // columns :][:1], *(labels and [labels[at % len(labels)]])]
        shown.set_label(" ".join(words))  # seen nowhere; `series` keeps it
    under = boxes[len(boxes) - len(labels) :]
    for text, (left, right, bottom, _) in zip(labels, under, strict=True):
        ax.text((left + right) / 2, bottom - 0.02, text, size=8, ha="center", va="top")
    for text, (left, _, bottom, top) in zip(rows, boxes[::columns], strict=bool(rows)):
        ax.text(left - 0.12, (bottom + top) / 2, text, size=10, ha="right", va="center")
    return fig, ax


def _boxes(shape: tuple[int, ...], columns: int, title: int, labelled: bool) -> Array:
    """Left, right, bottom and top of every image, in inches, (N, 4); the page's top is 0."""
    margin = CHARACTER * title + 0.12 if title else 0.0
    width = min(TILE, (WIDTH - margin) / columns - GAP)
    height = width * shape[1] / shape[2]
    line, column = np.divmod(np.arange(shape[0]), columns)
    left, top = margin + column * (width + GAP), -line * (height + (TEXT if labelled else GAP))
    return np.stack([left, left + width, top - height, top], axis=1)


def _canvas(boxes: Array, below: float) -> tuple[Any, Any]:
    """A figure that just holds the boxes, and axes whose unit is the inch."""
    import matplotlib.pyplot as plt
    from matplotlib.layout_engine import PlaceHolderLayoutEngine

    width, height = boxes[:, 1].max() + GAP, below - boxes[:, 2].min()
    fixed = PlaceHolderLayoutEngine(adjust_compatible=True, colorbar_gridspec=True)
    fig = plt.figure(figsize=(width, height), layout=fixed)  # places nothing, and stays in charge
    ax = fig.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(-height, 0), autoscale_on=False)
    ax.axis("off")
    return fig, ax


def _stack(images: ArrayLike) -> Array:
    """Images as (N, h, w) or (N, h, w, 3)."""
    stack = numbers("images", images)
    if (stack.ndim != 3 and stack.shape[3:] != (3,)) or stack.size == 0:
        raise fail("images", stack.shape, "images of shape (N, h, w) or (N, h, w, 3)")
    return stack


def _check_texts(rows: Sequence[str], labels: Sequence[str], count: int, columns: int) -> None:
    """One title per row or none; one label per image, per column of full rows, or none."""
    lines = -(-count // columns)
    if rows and len(rows) != lines:
        raise fail("rows", list(rows), f"{lines} titles, one per row")
    if labels and len(labels) != count and (len(labels) != columns or count % columns):
        raise fail("labels", list(labels), f"{count} texts, one per image")
