"""What the axes of a figure hold, read a second time: the corners of all that is drawn.

It knows nothing of series, error bars or bands: it asks matplotlib for the vertices of each thing
on the axes and for the values of each map and image, and `told` asks the same of a table. Within a
kernel `watch` keeps it beside every figure, as one more output.
"""

import csv
import io
from typing import Any

import numpy as np

MIME = "application/vnd.lindiff.witness+json"
DECOR = {"Spine", "XAxis", "YAxis", "Text", "Annotation", "Legend", "Axes"}
Held = list[Any]  # for each panel its corners and its values, as texts, sorted


def text(value: float, digits: int = 6) -> str:
    """A number as it is kept; nothing for one that is not finite."""
    return f"{value:.{digits}g}" if np.isfinite(value) else ""


def held(figure: Any) -> Held:
    """Of a figure: its panels, insets too, without the bars that explain colours."""
    panels = [panel for ax in figure.axes for panel in (ax, *ax.child_axes)]
    found = [_panel(ax) for ax in panels if not hasattr(ax, "_colorbar")]
    return [panel for panel in found if any(panel)]


def _panel(ax: Any) -> list[list[str]]:
    corners: set[str] = set()
    values: list[str] = []
    for artist in ax.get_children():
        kind = type(artist).__name__
        if kind in ("QuadMesh", "AxesImage"):
            numbers = np.ma.filled(np.ma.asarray(artist.get_array(), float), np.nan).ravel()
            values += [text(number, 4 if kind == "AxesImage" else 6) for number in numbers]
        elif kind not in DECOR and artist is not ax.patch:
            corners |= _corners(artist, kind, ax)
    return [sorted(corners), sorted(values)]


def _corners(artist: Any, kind: str, ax: Any) -> set[str]:
    """The vertices of one thing; a coordinate that is no number of the data is a dash."""
    inside = artist.get_transform().contains_branch_seperately(ax.transData)
    if kind == "PathCollection":
        points, inside = [np.ma.filled(artist.get_offsets(), np.nan)], (True, True)
    elif hasattr(artist, "get_paths"):
        points = [path.vertices for path in artist.get_paths()]
    elif hasattr(artist, "get_patch_transform"):
        points = [artist.get_patch_transform().transform(artist.get_path().vertices)]
    else:
        points = [artist.get_xydata()]
    pairs = [pair for each in points for pair in each]
    numbers = [[text(v) if i else "-" for v, i in zip(pair, inside, strict=True)] for pair in pairs]
    return {" ".join(pair) for pair in numbers if all(pair)}


def told(table: str) -> Held:
    """The same of a table of CSV."""
    panels: dict[str, tuple[set[str], list[str]]] = {}
    for row in csv.DictReader(io.StringIO(table)):
        corners, values = panels.setdefault(row["panel"], (set(), []))
        if row["kind"] in ("map", "image"):
            values.append(row["value"])
        else:
            corners |= _of_row(row)
    return [[sorted(corners), sorted(values)] for corners, values in panels.values()]


def _of_row(row: dict[str, str]) -> set[str]:
    """What a row says is drawn: a point and the ends of its bars, or the corners of a box."""
    along, across = [row["left"], row["right"]], [row["low"], row["high"]]
    if row["kind"] in ("bar", "band", "level"):
        missing = "" if row["kind"] == "bar" else "-"
        xs = [row["x"]] if row["x"] else along if any(along) else [missing]
        ys = [row["y"]] if row["y"] else across if any(across) else [missing]
        pairs = [(x, y) for x in xs for y in ys]
    else:
        ends = [(row["x"], end) for end in across] + [(end, row["y"]) for end in along]
        pairs = [(row["x"], row["y"]), *ends]
    return {f"{x} {y}" for x, y in pairs if x and y}


def watch() -> None:
    """Keep what is held beside each figure of this kernel."""
    from IPython import get_ipython
    from IPython.core.formatters import JSONFormatter
    from matplotlib.figure import Figure

    shown = get_ipython().display_formatter.formatters
    shown[MIME] = JSONFormatter(format_type=MIME, print_method="_witness_")
    shown[MIME].for_type(Figure, lambda figure: {"held": held(figure)})
