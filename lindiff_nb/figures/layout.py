"""What recurs in figures of several panels: letters and names, one legend for all, few ticks."""

from collections.abc import Sequence
from string import ascii_lowercase
from typing import Any

from numpy.typing import ArrayLike

from lindiff_nb._base.validate import fail, vector


def letters(figure: Any) -> None:
    """Call the panels of a figure a, b, c, row by row, as soon as it has two.

    `use_style` makes this a hook of each new figure, so that captions can name panels wherever
    they stand: on a phone they are one under the other.
    """
    figure.add_axobserver(_letter)


def _letter(figure: Any) -> None:
    """A bar of colours or an inset is no panel: it has no place in the grid."""
    panels = [ax for ax in figure.axes if ax.get_subplotspec()]
    for ax, letter in zip(panels, ascii_lowercase, strict=False) if len(panels) > 1 else ():
        ax.set_title(letter, loc="left")


def legend(ax: Any, ncols: int, where: str = "upper center") -> Any:
    """One legend for the whole figure, beside its panels: what the panel `ax` draws with a label.

    Returns it.
    """
    return ax.figure.legend(*ax.get_legend_handles_labels(), loc=f"outside {where}", ncols=ncols)


def name(ax: Any, text: str, x: float = 0.05, y: float = 0.9) -> Any:
    """Write a panel's name at (x, y), as shares of its sides; at the right edge it ends there.

    Returns the text.
    """
    return ax.text(x, y, text, transform=ax.transAxes, ha="right" if x > 0.8 else "left")


def ticks(ax: Any, values: ArrayLike, labels: Sequence[str] | None = None) -> None:
    """Ticks at these values of x alone, written as numbers or as the labels, and none between.

    Use this on a log axis over less than two decades. Raises ValueError for values that are not a
    vector, or another number of labels.
    """
    places = vector("values", values)
    texts = [f"{x:g}" for x in places] if labels is None else list(labels)
    if len(texts) != len(places):
        raise fail("labels", labels, f"{len(places)}, one for each value")
    ax.set_xticks(places, texts)
    ax.minorticks_off()
