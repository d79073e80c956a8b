"""The loss against the number of images: what is known, and what is told of more."""

from typing import Any

import numpy as np

from lindiff_nb.advise.from_sample import Advice
from lindiff_nb.figures.palette import GREY, NEW


def draw(ax: Any, advice: Advice) -> None:
    """The loss now and its forecasts with their intervals, and the endless one as a line.

    Raises ValueError where there is no loss to draw.
    """
    if advice.loss is None:
        raise ValueError("there is no loss to draw: it cannot be told from these images")
    rows = [(float(advice.n), advice.loss, advice.loss_interval)]
    rows += [(at.images, at.loss, at.interval) for at in advice.forecast.values()]
    finite = [row for row in rows if np.isfinite(row[0])]
    for at, (m, loss, ends) in enumerate(finite):
        low, high = (loss, loss) if ends is None else ends
        spread = [[loss - low], [high - loss]]
        face = NEW if at == 0 else "none"
        ax.errorbar([m], [loss], yerr=spread, fmt="o", color=NEW, markerfacecolor=face)
    if len(finite) > 1:
        ax.plot(*np.array([row[:2] for row in finite]).T, "--", color=NEW)
    for m, loss, ends in rows:
        if not np.isfinite(m):
            ax.axhline(loss, linestyle=":", color=GREY)
            ax.axhspan(*(ends or (loss, loss)), color=GREY, alpha=0.15, linewidth=0)
    ax.set(xscale="log", xlabel="images", ylabel="loss on new images")
    ax.set_xticks([row[0] for row in finite], [f"{row[0]:,.0f}" for row in finite], minor=False)
    ax.minorticks_off()
