"""The numbers behind a figure: what its lines and markers draw, kept beside the picture.

In a notebook each figure gets one more output, of the type MIME, which no page shows:

    {"axes": [{"x": "samples", "y": "loss",
               "series": [{"name": "new data", "x": [1, 2], "y": [0.9, 0.8]}]}]}

A series with error bars has their ends too, as "low" and "high". Numbers have six digits; what is
not finite is null. Pictures and maps have no series.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

MIME = "application/vnd.lindiff.series+json"


def of_figure(figure: Any) -> dict[str, Any] | None:
    """The series of a matplotlib figure, axes by axes; None if it draws none."""
    axes = [
        {"x": ax.get_xlabel(), "y": ax.get_ylabel(), "series": list(_series(ax))}
        for ax in figure.axes
    ]
    axes = [ax for ax in axes if ax["series"]]
    return {"axes": axes} if axes else None


def publish() -> None:
    """Let IPython keep the series of each figure that it displays."""
    from IPython import get_ipython
    from IPython.core.formatters import JSONFormatter
    from matplotlib.figure import Figure

    formatter = JSONFormatter(format_type=MIME, print_method="_series_")
    formatter.for_type(Figure, of_figure)
    get_ipython().display_formatter.formatters[MIME] = formatter


def _series(ax: Any) -> Iterator[dict[str, Any]]:
    """Lines, lines with error bars, clouds of points."""
    barred = {}
    for bars in ax.containers:
        if type(bars).__name__ == "ErrorbarContainer" and bars.lines[0] is not None:
            barred[bars.lines[0]] = bars
    caps = {cap for bars in barred.values() for cap in bars.lines[1]}
    for line in ax.get_lines():
        if line in caps or len(line.get_xydata()) == 0:
            continue
        x, y = line.get_xydata().T
        ends = _ends(barred[line]) if line in barred else {}
        label = barred[line].get_label() if line in barred else line.get_label()
        yield _named(label) | {"x": _numbers(x), "y": _numbers(y)} | ends
    for cloud in ax.collections:
        if type(cloud).__name__ == "PathCollection":
            x, y = cloud.get_offsets().T
            yield _named(cloud.get_label()) | {"x": _numbers(x), "y": _numbers(y)}


def _ends(bars: Any) -> dict[str, Any]:
    """The ends of vertical error bars."""
    if not bars.has_yerr:
        return {}
    ends = [np.ravel(segment)[1::2] for segment in bars.lines[2][-1].get_segments()]
    low, high = ([pick(e, default=np.nan) for e in ends] for pick in (min, max))
    return {"low": _numbers(low), "high": _numbers(high)}


def _named(label: Any) -> dict[str, str]:
    """The name that a legend shows; empty where matplotlib made one up."""
    name = str(label or "")
    return {"name": "" if name.startswith("_") else name}


def _numbers(values: Any) -> list[float | None]:
    """Numbers for JSON."""
    plain = np.ma.filled(np.ma.asarray(values, float), np.nan).tolist()
    return [float(f"{value:.6g}") if math.isfinite(value) else None for value in plain]
