"""Prediction and measurement in one picture."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lindiff_nb._validate import fail, vector


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
    keywords go to the line. Returns the line. One draw is drawn without a bar.
    """
    x = vector("x", x)
    x_line = x if x_line is None else vector("x_line", x_line)
    draws = np.atleast_2d(np.asarray(draws, dtype=float))
    if draws.ndim != 2 or draws.shape[1] != x.size:
        raise fail("draws", draws.shape, f"of shape (draws, {x.size}), one column per x")
    (curve,) = ax.plot(x_line, vector("predicted", predicted, x_line.size), label=label, **line)
    bar = 2 * draws.std(axis=0, ddof=1) / np.sqrt(len(draws)) if len(draws) > 1 else None
    ax.errorbar(x, draws.mean(axis=0), bar, fmt="o", color=curve.get_color())
    return curve
