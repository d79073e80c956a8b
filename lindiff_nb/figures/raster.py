"""The same figure as pixels, small: what is shown where no SVG is.

Jupyter draws no SVG of a notebook that its reader has not yet trusted or run.
"""

import base64
import io
from typing import Any

DOTS = 100  # per inch; 640 pixels across


def of_figure(figure: Any) -> str | None:
    """A matplotlib figure; None if it is empty."""
    from IPython.core.pylabtools import print_figure

    png = print_figure(figure, "png", bbox_inches=None, dpi=DOTS)
    return None if png is None else _small(png)


def _small(png: bytes) -> str:
    """The picture in 256 colours, a third of its size, in the text that a notebook holds."""
    from PIL import Image

    few = Image.open(io.BytesIO(png)).convert("RGB").quantize(256)
    file = io.BytesIO()
    few.save(file, format="png", optimize=True)
    return base64.b64encode(file.getvalue()).decode("ascii")
