"""A figure as a file's bytes, for commands that draw without a notebook."""

import io
import os
from collections.abc import Callable
from typing import Any


def picture(suffix: str, draw: Callable[[Any], None], columns: int, width: float) -> bytes:
    """What `draw` puts into a row of axes, as .png, .svg or .pdf: the same for the same numbers."""

    def row() -> Any:
        import matplotlib.pyplot as plt

        fig, axes = plt.subplots(1, columns, figsize=(width, 3.6), squeeze=False)
        draw(axes[0])
        return fig

    return drawn(suffix, row)


def drawn(suffix: str, make: Callable[[], Any]) -> bytes:
    """The figure that `make` returns, in the book's style, as .png, .svg or .pdf; no window opens.

    The same for the same numbers.
    """
    from lindiff_nb.figures.style import in_notebook, use_style

    if not in_notebook():  # there the figures that follow are to be seen
        os.environ["MPLBACKEND"] = "agg"  # asked before all else, and it may name what is not here
        import matplotlib

        matplotlib.use("agg")
    import matplotlib.pyplot as plt

    use_style()
    fig, stream = make(), io.BytesIO()
    dates = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    fig.savefig(stream, format=suffix[1:], dpi=200, metadata=dates.get(suffix))
    plt.close(fig)
    return stream.getvalue()
