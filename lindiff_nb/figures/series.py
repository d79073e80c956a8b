"""The numbers behind a figure: what it draws, kept beside the picture and written as CSV.

In a notebook each figure gets one more output, of the type MIME, which no page shows:

    {"axes": [{"x": "samples", "y": "loss", "series": [
        {"name": "new data", "kind": "points", "color": "#0072b2", "x": [1, 2], "y": [0.9, 0.8]}]}]}

A line across its panel, a level, has no x or no y. Error bars, bands and bars have ends: "low" and
"high" across, "left" and "right" along. A map or an image has a "value" for each x and y, by rows.
Numbers have six digits, those of images four; what is not finite is null.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from lindiff_nb._base.written import as_csv

MIME = "application/vnd.lindiff.series+json"
NUMBERS = ("x", "y", "low", "high", "left", "right", "value")
COLUMNS = ("panel", "x_axis", "y_axis", "kind", "name", "color", *NUMBERS)
Series = dict[str, Any]


def of_figure(figure: Any) -> dict[str, Any] | None:
    """The series of a matplotlib figure, axes by axes, insets too; None if it draws none."""
    panels = (panel for ax in figure.axes for panel in (ax, *ax.child_axes))
    axes = [
        {"x": ax.get_xlabel(), "y": ax.get_ylabel(), "series": list(_series(ax))}
        for ax in panels
        if not hasattr(ax, "_colorbar")
    ]
    axes = [ax for ax in axes if ax["series"]]
    return {"axes": axes} if axes else None


def table(kept: dict[str, Any]) -> str:
    """What `of_figure` kept, as CSV: one row for each point, bar or pixel, by panel from 1."""
    rows: list[Sequence[object]] = [COLUMNS]
    for panel, ax in enumerate(kept["axes"], start=1):
        for one in ax["series"]:
            head = (panel, ax["x"], ax["y"], one["kind"], one["name"], one["color"])
            for row in _rows(one):
                rows.append((*head, *("" if v is None else f"{v:.6g}" for v in row)))
    return as_csv(rows)


def by_figure(notebook: Any) -> dict[str, dict[str, Any]]:
    """What the cells of the named figures of a notebook put out, by name and then by type.

    A cell has one figure; what it puts out besides is of another type.
    """
    found = {}
    for cell in notebook["cells"]:
        if name := ((cell["metadata"].get("mystnb") or {}).get("figure") or {}).get("name"):
            data = [output.get("data", {}) for output in cell.get("outputs", [])]
            found[str(name)] = {kind: content for each in data for kind, content in each.items()}
    return found


def _rows(one: Series) -> Iterator[tuple[Any, ...]]:
    """The numbers of a series in the order of NUMBERS; None where it has none."""
    given = dict(one)
    if "value" in one:
        places = list(itertools.product(one["y"], one["x"]))
        given |= {"x": [x for _, x in places], "y": [y for y, _ in places]}
    count = max(len(given.get(name, ())) for name in NUMBERS)
    return zip(*(given.get(name, [None] * count) for name in NUMBERS), strict=True)


def _series(ax: Any) -> Iterator[Series]:
    """All that the axes draw with numbers behind it, in the order of drawing."""
    parts: set[Any] = set()
    bars: dict[Any, Any] = {}
    for container in ax.containers:
        if type(container).__name__ == "BarContainer":
            bars |= dict.fromkeys(container, container)  # a label is the container's or its first's
        elif type(container).__name__ == "ErrorbarContainer" and container.lines[0] is not None:
            bars[container.lines[0]] = container
            parts |= {*container.lines[1], *container.lines[2]}
    for artist in ax.get_children():
        read = READ.get(type(artist).__name__)
        if read is None or artist in parts or artist is ax.patch:
            continue
        holder = bars.get(artist, artist)
        labels = [
            str(one.get_label() or "_") for one in (holder, artist, *bars.get(artist, ())[:1])
        ]
        named = {"name": next((label for label in labels if not label.startswith("_")), "")}
        for numbers in read(artist, ax):
            yield named | numbers | (_ends(holder) if holder is not artist else {})


def _line(line: Any, ax: Any) -> Iterator[Series]:
    """A line or its markers; a line across the panel by its one coordinate."""
    if len(line.get_xydata()):
        kind = "points" if line.get_linestyle() in ("None", "", " ") else "line"
        inside = line.get_transform().contains_branch_seperately(ax.transData)
        if not all(inside):
            kind = "level"
        points = line.get_xydata() if all(inside) else line.get_xydata()[:1]
        known = {name: v for name, v, i in zip("xy", points.T, inside, strict=True) if i}
        if kind != "level" or np.isfinite([*known.values()]).all():  # at infinity nothing is drawn
            yield _of(kind, line.get_color(), **known)


def _cloud(cloud: Any, ax: Any) -> Iterator[Series]:
    x, y = cloud.get_offsets().T
    yield _of("points", cloud.get_facecolor(), x=x, y=y)


def _band(band: Any, ax: Any) -> Iterator[Series]:
    """What is filled between two curves."""
    for path in band.get_paths():
        half = len(path.vertices) // 2  # there along the one, back along the other
        there, back = path.vertices[1:half], path.vertices[half + 1 : -1][::-1]
        low, high = np.sort([there[:, 1], back[:, 1]], axis=0)
        yield _of("band", band.get_facecolor(), x=there[:, 0], low=low, high=high)


def _segments(lines: Any, ax: Any) -> Iterator[Series]:
    for points in lines.get_segments():
        yield _of("line", lines.get_color(), **dict(zip("xy", points.T, strict=True)))


def _outline(patch: Any, ax: Any) -> Iterator[Series]:
    yield _of("outline", patch.get_edgecolor(), **dict(zip("xy", patch.get_xy().T, strict=True)))


def _bar(bar: Any, ax: Any) -> Iterator[Series]:
    """A bar, or what is shaded across the panel."""
    (left, low), (right, high) = bar.get_bbox().get_points()
    inside = bar.get_transform().contains_branch_seperately(ax.transData)
    along = {"left": [left], "right": [right]} if inside[0] else {}
    across = {"low": [low], "high": [high]} if inside[1] else {}
    yield _of("bar" if all(inside) else "band", bar.get_facecolor(), **along, **across)


def _contours(contours: Any, ax: Any) -> Iterator[Series]:
    """The pieces of each contour line, with its level."""
    for level, path in zip(contours.levels, contours.get_paths(), strict=True):
        starts = np.flatnonzero(path.codes == path.MOVETO) if len(path) else np.array([], int)
        for points in np.split(path.vertices, starts[1:]):
            x, y = points.T
            yield _of("contour", contours.get_edgecolor(), x=x, y=y) | {"name": f"{level:.6g}"}


def _map(mesh: Any, ax: Any) -> Iterator[Series]:
    """Colours over a plane: at the places that `log_map` was given, or in the middle of cells."""
    edges = mesh.get_coordinates()[0, :, 0], mesh.get_coordinates()[:, 0, 1]
    x, y = getattr(mesh, "places", None) or [(ends[1:] + ends[:-1]) / 2 for ends in edges]
    yield _of("map", None, x=x, y=y, value=np.ma.ravel(mesh.get_array()))


def _image(image: Any, ax: Any) -> Iterator[Series]:
    """A picture by columns and rows from its upper left corner; of colours their mean."""
    values = image.get_array()
    values = values if values.ndim == 2 else values.mean(axis=2)
    height, width = values.shape
    pixels = [float(f"{value:.4g}") for value in np.ma.ravel(values)]
    yield _of("image", None, x=range(width), y=range(height)) | {"value": pixels}


READ = {
    "Line2D": _line,
    "PathCollection": _cloud,
    "FillBetweenPolyCollection": _band,
    "LineCollection": _segments,
    "Polygon": _outline,
    "Rectangle": _bar,
    "QuadContourSet": _contours,
    "QuadMesh": _map,
    "AxesImage": _image,
}


def _ends(container: Any) -> Series:
    """The ends of error bars, by the axis they run along."""
    ends: Series = {}
    if type(container).__name__ != "ErrorbarContainer":
        return ends
    sides = [("left", "right")] * container.has_xerr + [("low", "high")] * container.has_yerr
    for (low, high), bars in zip(sides, container.lines[2], strict=True):
        column = int(low == "low")
        spans = [np.ravel(segment)[column::2] for segment in bars.get_segments()]
        for name, pick in ((low, min), (high, max)):
            ends[name] = _numbers([pick(span, default=np.nan) for span in spans])
    return ends


def _of(kind: str, ink: Any, **numbers: Any) -> Series:
    """A series; its colour where it has one."""
    from matplotlib.colors import to_hex, to_rgba_array

    inks = {to_hex(one) for one in to_rgba_array(ink)} if ink is not None else set()
    color = inks.pop() if len(inks) == 1 else ""
    plain = {name: _numbers(values) for name, values in numbers.items()}
    return {"kind": kind, "color": color} | plain


def _numbers(values: Any) -> list[float | None]:
    """Numbers for JSON."""
    plain = np.ma.filled(np.ma.asarray(values, float), np.nan).tolist()
    return [float(f"{value:.6g}") if math.isfinite(value) else None for value in plain]
