"""Interleaved timing: every contender runs in turn, and the shortest time of each counts.

The time is that of the processor, so that waiting for other programs does not count.
"""

import platform
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import NamedTuple


class Row(NamedTuple):
    """One line of the table: how often the yardstick's time the contender took."""

    what: str
    ratio: float
    wanted: str  # the target in words, empty if there is none
    kept: bool

    def line(self) -> str:
        """The row as text."""
        verdict = "" if not self.wanted else "ok" if self.kept else "MISSED"
        return f"{self.what:<88} {self.ratio:>8.2f}   {self.wanted:<7} {verdict}".rstrip()


def processor() -> str:
    """The name of the processor, as the system has it: Linux in a file, others by a call."""
    described = Path("/proc/cpuinfo")
    lines = described.read_text().splitlines() if described.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(iter(names), platform.processor() or platform.machine())


def shortest(repeats: int, *contenders: Callable[[], object]) -> list[float]:
    """Processor seconds that each contender took in its best run."""
    best = [float("inf")] * len(contenders)
    for _ in range(repeats):
        for k, run in enumerate(contenders):
            start = process_time()
            run()
            best[k] = min(best[k], process_time() - start)
    return best


def at_most(limit: float, what: str, seconds: float, yardstick: float) -> Row:
    """A cost that must not exceed `limit` times the yardstick."""
    ratio = seconds / yardstick
    return Row(what, ratio, f"<= {limit:g}", ratio <= limit)


def faster(limit: float, what: str, seconds: float, yardstick: float) -> Row:
    """A speed-up over the yardstick that must reach `limit`."""
    ratio = yardstick / seconds
    return Row(what, ratio, f">= {limit:g}", ratio >= limit)
