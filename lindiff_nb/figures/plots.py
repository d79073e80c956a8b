"""Prediction and measurement in one picture."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lindiff_nb._base.validate import array, fail, vector


def overlay(
    ax: Any,
    x: ArrayLike,
    predicted: ArrayLike,
    draws: ArrayLike,
    *,
    label: str | None = None,
    x_line: ArrayLike | None = None,
    **line: Any,
) -> Any:
    """Draw the prediction as a line and the measurement as markers, in one colour.

    `draws` is (draws, len(x)): each marker is the mean over the first axis, its bar reaches two
    standard errors either way. `predicted` is given at `x`, or at the finer `x_line`. Other
    keywords go to the line. Returns the line. One draw is drawn without a bar; what is not finite
    is left out. Raises ValueError for shapes that do not fit.
    """
    fine = vector("x", x) if x_line is None else vector("x_line", x_line)
    if np.shape(predicted) != fine.shape:
        raise fail("predicted", np.shape(predicted), f"of shape {fine.shape}, like its x")
    (curve,) = ax.plot(fine, predicted, label=label, **line)
    measured(ax, x, draws, color=curve.get_color())
    return curve


def measured(
    ax: Any, x: ArrayLike, draws: ArrayLike, *, label: str | None = None, **marker: Any
) -> Any:
    """Draw a measurement that nothing predicts: the markers of `overlay` without its line.

    Other keywords go to the markers. Returns them. Raises as `overlay` does.
    """
    x, draws = vector("x", x), np.atleast_2d(array("draws", draws).astype(float))
    if draws.ndim != 2 or draws.shape[1] != x.size:
        raise fail("draws", draws.shape, f"of shape (draws, {x.size}), one column per x")
    bar = 2 * draws.std(axis=0, ddof=1) / np.sqrt(len(draws)) if len(draws) > 1 else None
    return ax.errorbar(x, draws.mean(axis=0), bar, label=label, **({"fmt": "o"} | marker))
