"""The processes that a kernel started, how one ended, and one that ends with its parent."""

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

import psutil

MARK = "LINDIFF_KERNEL"  # in the environment of a kernel and of all that it starts
PR_SET_PDEATHSIG = 1


def kill_tree(pid: int, mark: str) -> None:
    """Kill a kernel and every process that it started, also those in a session of their own.

    What the kernel started is in its group, carries its mark, or descends from what does. A process
    in a session of its own is not found if it was given another environment and its parent is gone;
    or, where the system shows nobody the environment of a process, if its parent is gone.
    """
    family = list(_descendants(pid))  # before they are orphans
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGTERM)
    _kill(family)
    for _ in range(10):  # what is killed may just have started another
        found = list(_marked(mark))
        if not found:
            return
        _kill(found)


def _kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):  # never a process that took over the number
            process.kill()
    psutil.wait_procs(processes, timeout=1)


def _descendants(pid: int) -> Iterator[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        yield from psutil.Process(pid).children(recursive=True)


def _marked(mark: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == mark:
                yield from process.children(recursive=True)
                yield process


def how_it_ended(process: Any) -> str:
    """In words, how a process (subprocess.Popen) ended; empty if it has not, or nobody knows."""
    status = process.poll() if process else None
    if status is None:
        return ""
    if status >= 0:
        return f"it ended itself with status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    hint = ", as the system does when memory runs out" if name == "SIGKILL" else ""
    return f"killed by {name}{hint}"


def end_with_parent(parent: int) -> None:
    """On Linux, let this process be killed when its parent, process `parent`, ends.

    Elsewhere nothing happens: such a process runs on to its own end.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before we asked
        sys.exit(1)
