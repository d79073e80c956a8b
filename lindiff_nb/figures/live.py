"""Live figures with no kernel: Altair charts whose sliders drive closed forms that Vega evaluates.

A closed form is written once in Python with an argument `xp`. Called with numpy it returns
arrays; called with `altair.expr` and Altair's parameters it returns an expression, and `formula`
is that expression's text. `show` publishes the plain Vega-Lite bundle: JupyterLab draws it by
itself, and the book's site draws it with a Vega kept beside the page, in the ink of the page.
"""

from typing import Any

import numpy as np

from lindiff_nb._base import extras
from lindiff_nb.figures import raster
from lindiff_nb.figures.palette import BLUE, CYCLE, INK, WHITE

MIME = "application/vnd.vegalite.v5+json"  # the newest version that JupyterLab 4 draws offline
SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"


def show(chart: Any, label: str) -> None:
    """Display an Altair chart; `label` is a sentence saying what it shows to who cannot see it."""
    with extras.of("run"):
        from IPython.display import publish_display_data

    shown: dict[str, Any] = {MIME: specification(chart, label), "text/plain": label}
    if picture := raster.of_chart(chart.configure(**theme())):
        shown["image/png"] = picture
    publish_display_data(shown, metadata={"image/png": {"alt": label}})


def specification(chart: Any, label: str) -> dict[str, Any]:
    """The chart as a Vega-Lite specification, in the book's style, described by `label`."""
    return {**chart.configure(**theme()).to_dict(), "$schema": SCHEMA, "description": label}


def formula(expression: Any) -> str:
    """The Vega expression text of what a closed form returns under xp=altair.expr."""
    if not hasattr(expression, "to_dict"):
        return repr(float(expression))
    with np.printoptions(legacy="1.25"):  # altair 5 writes a number of numpy's as its repr
        text = expression.to_dict()
    return str(text["expr"] if isinstance(text, dict) else text)


def theme(ink: str = INK, background: str = WHITE) -> dict[str, Any]:
    """Altair configuration: like every figure on a white card, which any page can hold."""
    words = {"labelColor": ink, "titleColor": ink}
    size = {"labelFontSize": 12, "titleFontSize": 13}
    return {
        "background": background,
        "view": {"stroke": None},
        "mark": {"color": BLUE},
        "point": {"filled": True, "opacity": 1, "size": 90},
        "axis": {
            **words,
            **size,
            "tickColor": ink,
            "domainColor": ink,
            "gridColor": ink,
            "gridOpacity": 0.15,
            "titleFontWeight": "normal",
        },
        "legend": {**words, **size},
        "title": {"color": ink},
        "text": {"color": ink, "fontSize": 12},
        "range": {"category": list(CYCLE)},
    }
