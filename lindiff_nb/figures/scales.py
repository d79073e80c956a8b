"""Numbers on a log axis: plain where it spans little, powers of ten elsewhere."""

from typing import Any

from matplotlib.scale import LogScale
from matplotlib.ticker import LogFormatterSciNotation

LEAST, MOST, SPAN = 1e-3, 1e4, 1e3  # within these, and over less than this ratio, 0.3 is read best
FEW = 5  # over more than this ratio the steps are 1, 2, 5: others would lie too close


class Numbers(LogFormatterSciNotation):
    """As matplotlib's where an axis spans much; plain numbers, and no more than fit, elsewhere."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """The number of a tick; empty where it has none."""
        text = super().__call__(x, pos)
        low, high = sorted(self.axis.get_view_interval())
        if not text or low < LEAST or high > min(MOST, SPAN * low):
            return text
        return f"{x:g}" if high <= FEW * low or f"{x:e}"[0] in "125" else ""


class Log(LogScale):
    """The scale "log", for every axis from the time that `use_style` registers it."""

    def set_default_locators_and_formatters(self, axis: Any) -> None:
        """What an axis has until a caller gives it something else."""
        super().set_default_locators_and_formatters(axis)
        axis.set_major_formatter(Numbers(self.base))
        axis.set_minor_formatter(Numbers(self.base, labelOnlyBase=self.subs is not None))
