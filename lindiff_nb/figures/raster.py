"""The same figure as pixels, small: what is shown where no SVG is.

Jupyter draws no SVG of a notebook that its reader has not yet trusted or run.
"""

import base64
import io
import os
from typing import Any

DOTS = 100  # per inch; 640 pixels across
WANTED = "LINDIFF_DOTS"  # in the environment of a run whose pictures go to files: how many instead


def of_figure(figure: Any) -> str | None:
    """A matplotlib figure, in the text that a notebook holds; None if it is empty."""
    from IPython.core.pylabtools import print_figure

    wanted = os.environ.get(WANTED)
    png = print_figure(figure, "png", bbox_inches=None, dpi=int(wanted or DOTS))
    if png is None:
        return None
    return base64.b64encode(png if wanted else _small(png)).decode("ascii")


def _small(png: bytes) -> bytes:
    """The picture in 256 colours, a third of its size."""
    from PIL import Image

    few = Image.open(io.BytesIO(png)).convert("RGB").quantize(256)
    file = io.BytesIO()
    few.save(file, format="png", optimize=True)
    return file.getvalue()
