"""What it runs on: cores, system and versions; and how long it took, in words."""

import contextlib
import os
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

PACKAGES = {"lindiff_nb": "lindiff-nb", "numpy": "numpy", "torch": "torch"}


def machine() -> dict[str, Any]:
    """What it ran on, without the name of the machine."""
    return {"cores": cores(), "system": platform.system(), "processor": platform.machine()}


def cores() -> int:
    """The cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextlib.contextmanager
def one_thread(torch: Any) -> Iterator[None]:
    """One thread for torch, which splits even a 256 x 256 sum over all cores, and then waits.

    On a busy machine that costs five times the work itself; and sums keep one order.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def versions() -> dict[str, str]:
    """Versions of Python and of what the numbers depend on most, where installed."""
    found = {"python": platform.python_version()}
    for name, distribution in PACKAGES.items():
        try:
            found[name] = version(distribution)
        except PackageNotFoundError:
            continue
    return found


def duration(value: float) -> str:
    """A run time as text: 0.4 s, 12 s, 2 min 5 s."""
    if value < 9.95:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
