"""A figure as a file's bytes, for commands that draw without a notebook."""

import io
from collections.abc import Callable
from typing import Any


def picture(suffix: str, draw: Callable[[Any], None], columns: int, width: float) -> bytes:
    """What `draw` puts into a row of axes, as .png, .svg or .pdf: the same for the same numbers."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    from lindiff_nb.figures.style import use_style

    use_style()
    fig, axes = plt.subplots(1, columns, figsize=(width, 3.6), squeeze=False)
    draw(axes[0])
    stream = io.BytesIO()
    dates = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    fig.savefig(stream, format=suffix[1:], dpi=200, metadata=dates.get(suffix))
    plt.close(fig)
    return stream.getvalue()
