"""The same figure as pixels, small: what is shown where no SVG is.

Jupyter draws no SVG of a notebook that its reader has not yet trusted or run.
"""

import base64
import io
from typing import Any

import numpy as np


def of_figure(figure: Any) -> str | None:
    """A matplotlib figure, laid out as its SVG was, which comes first; None if it is empty."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    if not figure.axes:
        return None
    shown_on, layout = figure.canvas, figure.get_layout_engine()
    figure.set_layout_engine("none")  # to lay it out costs as much as to draw it
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    figure.set_canvas(shown_on)
    figure.set_layout_engine(layout or "none")
    return _small(np.asarray(canvas.buffer_rgba()))


def _small(pixels: Any) -> str:
    """The picture in 256 colours, a third of its size, in the text that a notebook holds."""
    from PIL import Image

    few = Image.fromarray(pixels).convert("RGB").quantize(256)
    file = io.BytesIO()
    few.save(file, format="png", optimize=True)
    return base64.b64encode(file.getvalue()).decode("ascii")
