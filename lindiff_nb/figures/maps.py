"""A quantity that spans orders of magnitude, as colour over a plane."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lindiff_nb._base.validate import fail, numbers, vector


def log_map(
    axes: Any, x: ArrayLike, y: ArrayLike, panels: ArrayLike, *, label: str, decades: float = 6
) -> Any:
    """Colour each of the axes by one of the panels, (panels, len(x), len(y)), on one log scale.

    The scale ends at the largest value of all panels and spans `decades`; smaller values get its
    lowest colour, values that are not positive stay blank. One bar with the `label` serves all
    axes and is returned. Raises ValueError unless some value is positive.
    """
    axes, values = np.atleast_1d(axes), numbers("panels", panels)
    x, y = vector("x", x), vector("y", y)
    if values.shape != (axes.size, x.size, y.size) or not np.any(values > 0):
        raise fail("panels", values, f"of shape {(axes.size, x.size, y.size)}, positive somewhere")
    high = values.max()
    scale = {"norm": "log", "vmin": high / 10**decades, "vmax": high, "cmap": "viridis"}
    for ax, panel in zip(axes.flat, values, strict=True):
        shown = np.ma.masked_less_equal(panel.T, 0)
        mesh = ax.pcolormesh(x, y, shown, shading="nearest", rasterized=True, **scale)
        mesh.places = x, y  # the mesh itself knows the corners of its cells alone (`series`)
        ax.grid(False)
    return axes.flat[0].figure.colorbar(mesh, ax=list(axes.flat), label=label)
