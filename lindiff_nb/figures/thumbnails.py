"""Images above a plot, each over the value of x that it belongs to."""

from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike

from lindiff_nb._base.validate import fail, numbers, vector

TILE, GAP = 44.0, 5.0  # points: the side of an image, the space around it


def images_above(ax: Any, x: ArrayLike, images: ArrayLike, *, rows: Sequence[str]) -> None:
    """Draw rows of images, (rows, len(x), h, w), above the axes, the first row on top.

    Column j stands over x_j, wherever the scale of the axes puts it; `rows` are the titles left
    of the first image. The figure grows by the height of the rows. Black is 0, white 1. Raises
    ValueError if the shapes do not fit together.
    """
    x, images = vector("x", x), numbers("images", images)
    if images.ndim != 4 or images.shape[:2] != (len(rows), x.size):
        raise fail("images", images.shape, f"of shape ({len(rows)}, {x.size}, h, w)")
    width, height = ax.figure.get_size_inches()
    ax.figure.set_size_inches(width, height + len(rows) * (TILE + GAP) / 72)
    place = {"xycoords": ax.get_xaxis_transform(), "textcoords": "offset points"}
    for line, (title, row) in enumerate(zip(reversed(rows), images[::-1], strict=True)):
        bottom = GAP + line * (TILE + GAP)
        beside = (-TILE / 2 - GAP, bottom + TILE / 2)
        ax.annotate(title, (x.min(), 1), beside, ha="right", va="center", **place)
        for value, image in zip(x, row, strict=True):
            tile = _tile(ax, float(value), bottom)
            tile.imshow(image, "gray", vmin=0, vmax=1, label=title)


def _tile(ax: Any, x: float, bottom: float) -> Any:
    """Small bare axes, `bottom` points above the plot and centred over x."""
    from matplotlib.transforms import Affine2D, ScaledTranslation

    anchor = ScaledTranslation(x, 1, ax.get_xaxis_transform())
    points = Affine2D().scale(1 / 72) + ax.figure.dpi_scale_trans + anchor
    tile = ax.inset_axes((-TILE / 2, bottom, TILE, TILE), transform=points)
    tile.axis("off")
    return tile
