"""One style for every figure, adopted in a chapter's first cell."""

import sys
import warnings
from pathlib import Path

STYLE = Path(__file__).with_name("lindiff.mplstyle")
FACES = tuple(sorted(Path(__file__).with_name("faces").glob("*.ttf")))


def use_style() -> None:
    """Adopt the book's style; in a notebook figures become SVG of the size the style gives,
    and a small PNG beside it for a notebook that nobody has trusted yet.

    The SVG carries no date and no random ids, so that the same figure is the same file. What
    is a raster inside it, such as a colour map over a plane, has 200 dots per inch. The numbers
    that it draws are kept beside it (`series`), and what lets it move (`live`). Panels have
    letters (`layout`), and log axes plain numbers (`_scales`).
    """
    import matplotlib.pyplot as plt
    from matplotlib.font_manager import fontManager
    from matplotlib.scale import register_scale

    from lindiff_nb.figures._scales import Log
    from lindiff_nb.figures.layout import letters

    known = {font.fname for font in fontManager.ttflist}
    for face in FACES:
        if str(face) not in known:
            fontManager.addfont(face)
    plt.style.use(STYLE)
    plt.rcParams["figure.hooks"] = [f"{letters.__module__}:{letters.__name__}"]
    register_scale(Log)
    warnings.filterwarnings("ignore", r'Creating legend with loc="best"')  # tells how busy we are
    if in_notebook():
        from IPython import get_ipython
        from IPython.core.formatters import JSONFormatter
        from matplotlib.figure import Figure
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        from lindiff_nb.figures import live, raster, series

        set_matplotlib_formats("svg", bbox_inches=None, dpi=200, metadata={"Date": None})
        if plt.get_backend().endswith("inline"):
            plt.uninstall_repl_displayhook()  # it draws each figure once more, for no screen
        shown = get_ipython().display_formatter.formatters
        shown["image/png"].for_type(Figure, raster.of_figure)
        for beside in (series, live):
            shown[beside.MIME] = JSONFormatter(format_type=beside.MIME, print_method="_no_method_")
            shown[beside.MIME].for_type(Figure, beside.of_figure)


def in_notebook() -> bool:
    """Whether a Jupyter kernel displays our figures."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")
