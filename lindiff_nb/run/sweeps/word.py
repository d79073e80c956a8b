"""Ctrl-C for work that runs elsewhere: the driver's word is a file in the folder of the sweep.

An executor of the caller's cancels what waits, and a cluster forgets what runs without ending it.
So each piece of work looks for the word while it runs. It is removed as litter, once the driver
is gone.
"""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from lindiff_nb._base.files import beside

LOOK = 0.5  # seconds between two looks


class Heeds(Protocol):
    """What is told: the kernels and batches of one piece of work."""

    def begin_no_more(self) -> None:
        """Begin no more cells."""

    def end_all(self, why: str) -> None:
        """End those that run."""


class Word:
    """What one driver says to all its work, wherever that runs."""

    def __init__(self, folder: Path) -> None:
        """Nothing is said yet."""
        self.enough = beside(folder.absolute() / "plans" / "word")
        self.end = self.enough.with_suffix(".end")

    def begin_no_more(self) -> None:
        """Let each batch end after the cell that it is at; what waits ends as it begins."""
        _say(self.enough)

    def end_all(self, why: str) -> None:
        """End what runs."""
        _say(self.end)

    @contextlib.contextmanager
    def heard_by(self, work: Heeds) -> Iterator[None]:
        """Around work: it is told what is said before and meanwhile."""
        over = threading.Event()
        self._tell(work)
        listener = threading.Thread(target=self._listen, args=(work, over), daemon=True)
        listener.start()
        try:
            yield
        finally:
            over.set()
            listener.join()

    def _listen(self, work: Heeds, over: threading.Event) -> None:
        while not over.wait(LOOK):
            self._tell(work)

    def _tell(self, work: Heeds) -> None:
        if self.end.exists():
            work.end_all("interrupted")
        elif self.enough.exists():
            work.begin_no_more()


def _say(word: Path) -> None:
    with contextlib.suppress(OSError):  # a folder that is gone or full: all else would fail too
        word.touch()
