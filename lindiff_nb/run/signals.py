"""Signals that ask a command to end are heard as Ctrl-C is: kernels end, temporary files go."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

NAMES = ("SIGTERM", "SIGHUP")  # from a batch system or a shutdown; from a terminal that is closed


class Ended(KeyboardInterrupt):
    """This process was asked to end, by the signal of this number."""

    def __init__(self, number: int) -> None:
        """Remember which."""
        self.number = number
        super().__init__()


@contextlib.contextmanager
def heard() -> Iterator[None]:
    """Raise Ended where such a signal comes; one that is ignored (nohup) stays ignored."""
    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in (getattr(signal, name) for name in NAMES if hasattr(signal, name)):
            if signal.getsignal(number) is signal.SIG_DFL:
                before[number] = signal.signal(number, _end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def status_and_words(error: KeyboardInterrupt) -> tuple[int, str]:
    """The exit status after an interrupt, as shells count it, and what to say."""
    if isinstance(error, Ended):
        return 128 + error.number, f"\nended by {signal.Signals(error.number).name}"
    return 130, "\ninterrupted"


def _end(number: int, frame: FrameType | None) -> None:
    raise Ended(number)
