"""The same figure as pixels, small: what is shown where no SVG is.

Jupyter draws no SVG of a notebook that its reader has not yet trusted or run.
"""

import base64
import io
import os
from typing import Any

import numpy as np

DOTS = 100  # per inch; 640 pixels across
WANTED = "LINDIFF_DOTS"  # in the environment of a run whose pictures go to files: how many instead


def of_figure(figure: Any) -> str | None:
    """A matplotlib figure, in the text that a notebook holds; None if it is empty.

    It is laid out as its SVG was, which comes first: that costs as much as to draw it.
    """
    if not figure.axes:
        return None
    wanted = os.environ.get(WANTED)
    dots = int(wanted or DOTS)
    png = _png(_pixels(figure, dots), dots, few=not wanted)
    return base64.b64encode(png).decode("ascii")


def _pixels(figure: Any, dots: int) -> Any:
    """What the figure shows, (height, width, 4); it is left as it was."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    shown_on, layout, own = figure.canvas, figure.get_layout_engine(), figure.dpi
    figure.set_layout_engine("none")
    figure.set_dpi(dots)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    figure.set_canvas(shown_on)
    figure.set_dpi(own)
    figure.set_layout_engine(layout or "none")
    return np.asarray(canvas.buffer_rgba())


def _png(pixels: Any, dots: int, few: bool) -> bytes:
    """The picture, which says its size; in 256 colours it has a third of the bytes."""
    from PIL import Image

    picture = Image.fromarray(pixels).convert("RGB")
    file = io.BytesIO()
    picture = picture.quantize(256) if few else picture
    picture.save(file, format="png", optimize=True, dpi=(dots, dots))
    return file.getvalue()
