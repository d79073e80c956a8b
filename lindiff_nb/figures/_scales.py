"""Numbers on a log axis: plain where it spans little, powers of ten elsewhere."""

import math
from typing import Any

from matplotlib.scale import LogScale
from matplotlib.ticker import LogFormatterSciNotation

LEAST, MOST, SPAN = 1e-3, 1e4, 1e3  # within these, and over less than this ratio, 0.3 is read best
FEW = 4  # over more than this ratio the steps are 1, 2, 5: others would lie too close


class Numbers(LogFormatterSciNotation):
    """As matplotlib's, which writes between powers of ten where an axis has fewer than two."""

    def __init__(self, **how: Any) -> None:
        """All between powers of ten, of which a call keeps those that fit."""
        super().__init__(minor_thresholds=(1, math.inf), **how)

    def __call__(self, x: float, pos: int | None = None) -> str:
        """The number of a tick; empty where it has none."""
        axis: Any = self.axis
        low, high = sorted(axis.get_view_interval())
        text = super().__call__(x, pos)
        if not text or (high > FEW * low and f"{x:e}"[0] not in "125"):
            return ""
        return f"{x:g}" if low >= LEAST and high <= min(MOST, SPAN * low) else text


class Log(LogScale):
    """The scale "log", for every axis from the time that `use_style` registers it."""

    def __init__(self, *axis_of_old: Any, **how: Any) -> None:
        """As matplotlib's, which before 3.11 was given its axis first."""
        super().__init__(*axis_of_old, **how)

    def set_default_locators_and_formatters(self, axis: Any) -> None:
        """What an axis has until a caller gives it something else."""
        super().set_default_locators_and_formatters(axis)
        if self.base == 10:
            axis.set_major_formatter(Numbers())
            axis.set_minor_formatter(Numbers(labelOnlyBase=self.subs is not None))
