"""Limits of time and of memory around a process and all that it started; what it took at most.

Memory is what the processes hold (resident, counted again for each that shares it), looked at ten
times a second: on Linux, macOS and Windows alike, since a limit on addresses (RLIMIT_AS) would stop
torch, which reserves far more than it uses. The children are looked for once a second. What the
process itself held for a moment, between two looks, Linux tells, and the peak has it.
"""

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from lindiff_nb._base.memory import GIB, peak

START = 120  # seconds that a process may take to begin


@dataclass(frozen=True)
class Limits:
    """What a cell may take, and what becomes of it: seconds, bytes, which notebooks are kept.

    Cells whose record has one of the statuses in `retry` are run again.
    """

    timeout: float | None = None
    memory: int | None = None
    keep: str = "failed"
    retry: tuple[str, ...] = ()


class Guard:
    """Watches the process `pid()` until it closes, and calls `end(why)` beyond a limit.

    `status` is then timeout or oom. The clock starts again whenever `mark()` changes; while that is
    None, work has not begun, and a slow start is no cell's fault.
    """

    def __init__(
        self,
        pid: Callable[[], int | None],
        end: Callable[[str], None],
        limits: Limits,
        mark: Callable[[], int | None] = lambda: 0,
    ) -> None:
        """Nothing is watched yet."""
        self.pid, self.end, self.limits, self.mark = pid, end, limits, mark
        self.peak, self.status = 0, ""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._children: list[psutil.Process] = []
        self._looked = 0.0

    def __enter__(self) -> "Guard":
        """Begin to watch."""
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        """Watch no more."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        mark, since = self.mark(), time.monotonic()
        while not self._over.wait(0.1) and not self.status:
            pid, used = self.pid(), self._used()
            self.peak = max(self.peak, used, peak(pid) if pid else 0)
            if mark != (mark := self.mark()):
                since = time.monotonic()
            late = time.monotonic() - since - (START if mark is None else 0)
            if self.limits.memory and used > self.limits.memory:
                self._stop("oom", f"it held more than {size(self.limits.memory)}")
            elif self.limits.timeout and late > self.limits.timeout:
                self._stop("timeout", f"it took longer than {self.limits.timeout:g} s")

    def _stop(self, status: str, why: str) -> None:
        self.status = status
        self.end(why)

    def _used(self) -> int:
        """The bytes that the process and its children hold now; 0 before it is up."""
        pid, total = self.pid(), 0
        if pid is None:
            return 0
        with contextlib.suppress(psutil.Error):
            leader = psutil.Process(pid)
            if time.monotonic() - self._looked > 1:
                self._looked = time.monotonic()
                self._children = leader.children(recursive=True)
            total = leader.memory_info().rss
        for child in self._children:
            with contextlib.suppress(psutil.Error):
                total += child.memory_info().rss
        return total


def size(number: float) -> str:
    """Bytes in words."""
    return f"{number / GIB:.2f} GiB" if number >= GIB / 100 else f"{number / 2**20:.2g} MiB"
