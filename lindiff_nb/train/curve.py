"""The learning curve of a run: its loss on the images trained on and on those held out."""

from collections.abc import Mapping
from typing import Any

from lindiff_nb.figures.files import picture
from lindiff_nb.figures.palette import GREY, NEW, TRAINING
from lindiff_nb.networks._held_out import BANDS

LINES = (":", "-.", "--")  # of the noise bands


def curve(facts: Mapping[str, Any]) -> bytes:
    """The bytes of a PNG: both losses at each saving, of the noise bands too, and the best step."""
    return picture(".png", lambda axes: _draw(axes[0], facts), columns=1, width=6.4)


def _draw(ax: Any, facts: Mapping[str, Any]) -> None:
    steps, losses = zip(*facts["losses"], strict=True)
    ax.plot(steps, losses, color=TRAINING, label="training images, as trained")
    steps, held = zip(*facts["held_losses"], strict=True)
    mean, *bands = zip(*held, strict=True)
    ax.plot(steps, mean, color=NEW, label="held out")
    for name, band, line in zip(BANDS, bands, LINES, strict=False):
        ax.plot(steps, band, line, color=NEW, linewidth=0.8, label=f"held out, {name}")
    best = min(zip(mean, steps, strict=True))
    ax.axvline(best[1], color=GREY, linewidth=0.8)
    ax.plot(*best[::-1], "o", color=NEW)
    ax.set(xscale="log", yscale="log", xlabel="training step", ylabel="loss")
    ax.legend()
