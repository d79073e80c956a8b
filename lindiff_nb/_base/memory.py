"""Memory, asked for before the work: what is too much is refused with both numbers.

A system that runs out of memory kills without a word, and a container's limit is not the machine's.
"""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

GIB = 2**30
GROUPS, OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")  # of Linux: limits; ours among them
V2 = ("memory.max", "memory.current")  # the limit of a control group, and what counts against it
V1 = ("memory.limit_in_bytes", "memory.usage_in_bytes")


class TooLarge(MemoryError, ValueError):
    """What was asked for takes more memory than is free; nothing was begun."""


def require(needed: int, what: str) -> None:
    """Raise TooLarge, naming `what` and both sizes, unless so many bytes are free."""
    free = available()
    if needed > free:
        raise TooLarge(f"{what} needs {_size(needed)}, and {free / GIB:,.1f} GiB are free")


def available() -> int:
    """The bytes that this process may still take: the least of every limit that is known."""
    rooms = [psutil.virtual_memory().available, _address_space(), *_groups()]
    return max(0, min(room for room in rooms if room is not None))


def peak(pid: int | None = None) -> int:
    """The bytes that this process, or process `pid`, has held at most so far; 0 if unknown."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        status = Path(f"/proc/{pid or 'self'}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024
    if pid or sys.platform == "win32":
        return 0
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _groups() -> Iterator[int]:
    """What each control group that this process is in leaves, and each group around it.

    What they count includes caches that the system gives back, so this is the cautious side; they
    are a small part where work has just begun.
    """
    lines = ["0::/", "1:memory:/"]  # all of a container's, which may not say where it is
    with contextlib.suppress(OSError):
        lines += OWN.read_text().splitlines()
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        root, files = (GROUPS / "memory", V1) if controllers else (GROUPS, V2)
        own = Path(path.lstrip("/"))
        for folder in (own, *own.parents):
            with contextlib.suppress(OSError, ValueError):  # no such group, or "max"
                limit, used = (int((root / folder / file).read_text()) for file in files)
                yield limit - used


def _address_space() -> int | None:
    """What `ulimit -v` leaves; None where it is not set."""
    if sys.platform == "win32":
        return None
    import resource

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if limit == resource.RLIM_INFINITY else limit - psutil.Process().memory_info().vms


def _size(number: int) -> str:
    """Bytes in words."""
    return f"about {number / GIB:,.1f} GiB" if number < 2**80 else "more than 2^50 GiB"
