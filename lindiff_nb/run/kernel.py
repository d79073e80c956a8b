"""A fresh kernel of this very interpreter, in a folder of its own; no trace of it stays.

Whatever kernels are registered on the machine, a chapter runs with the Python and the packages
that run this. The kernel works in an empty folder, so that no chapter comes to depend on a file
that is not part of the package; what it sees of the environment is said in `environment`. At the
end it is killed together with every process it started (`processes`).
"""

import asyncio
import contextlib
import logging
import math
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lindiff_nb._base import extras
from lindiff_nb._base.litter import sweep
from lindiff_nb.run.environment import of_kernel
from lindiff_nb.run.processes import MARK, how_it_ended, kill_tree

with extras.of("run"):
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_core.utils import ensure_event_loop

LONGEST_SOCKET = 90  # a socket's path holds about 100 bytes; where it would not fit, TCP serves
QUIET = logging.getLogger(__name__)  # what nbclient and its kernels log, CellFailed says better
QUIET.addHandler(logging.NullHandler())
QUIET.propagate = False


class ThisInterpreter(KernelSpecManager):
    """Answers every kernel name with the interpreter that is running."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """The specification of a kernel in this interpreter."""
        return KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            display_name="Python 3 (ipykernel)",
            language="python",
        )


class Session:
    """One kernel: how to start it, and a way to end it from another thread."""

    def __init__(self, folder: Path, threads: int, log: Any) -> None:
        """Nothing starts yet; `folder` is empty and private to this kernel."""
        self.threads = threads
        self.folder = folder
        self.log = log
        self.ended: str | None = None  # why it was ended early
        self.process: Any = None
        self.room = math.inf  # characters that one cell may put out
        self.notebook: Any = None  # that is executed, with the outputs so far
        (folder / "work").mkdir()
        connection = folder / "k.json"
        local = os.name == "posix" and len(os.fsencode(connection)) < LONGEST_SOCKET
        self.manager = AsyncKernelManager(
            connection_file=str(connection),
            transport="ipc" if local else "tcp",
            kernel_spec_manager=ThisInterpreter(),
            log=QUIET,
        )

    @property
    def launch(self) -> dict[str, Any]:
        """What the kernel's process is started with."""
        return {
            "cwd": str(self.folder / "work"),
            "env": of_kernel(self.folder, self.threads) | {MARK: self.folder.name},
            "stdout": self.log,
            "stderr": self.log,
        }

    def last_words(self) -> str:
        """The end of what the kernel's process wrote to its own error stream."""
        lines = (self.folder / "log.txt").read_text(errors="replace").splitlines()
        return "\n".join(lines[-20:])

    def end(self, why: str) -> None:
        """Kill the kernel and everything it started; a kernel not yet up will not come up."""
        self.ended = self.ended or why
        self.kill()

    def look(self) -> None:
        """Remember the kernel's process: when it has died, its manager does not know it any more.

        Called before each cell.
        """
        self.process = getattr(self.manager.provisioner, "process", None) or self.process

    @property
    def begun(self) -> int | None:
        """None until the kernel is up and a cell is run in it."""
        return None if self.process is None else 0

    def cause_of_death(self) -> str:
        """In words, how the kernel's process ended; empty if that is not known."""
        return how_it_ended(self.process)

    def pid(self) -> int | None:
        """The kernel's process, the leader of a group of its own, once there is one."""
        return getattr(self.manager.provisioner, "pid", None)

    def kill(self) -> None:
        """Kill what is left of the kernel and of what it started."""
        if (pid := self.pid()) is not None:
            kill_tree(pid, self.folder.name)


class Kernels:
    """The kernels of one command, so that all of them can be ended at once."""

    def __init__(self) -> None:
        """None is running; what killed ones have left is removed."""
        sweep(Path(tempfile.gettempdir()))
        self.running: set[Any] = set()  # sessions, and whatever else has an `end`
        self.stopped = ""

    @contextlib.contextmanager
    def session(self, threads: int, timeout: float | None) -> Iterator[Session]:
        """A kernel's session: kernel, children and folder are gone when it closes.

        The kernel is ended earlier when the timeout, in seconds, is over.
        """
        prefix = f"ld-{os.getpid()}-"
        with (
            tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder,
            (Path(folder) / "log.txt").open("w") as log,
        ):
            kernel = Session(Path(folder), threads, log)
            watch = threading.Timer(timeout or 0, kernel.end, [f"it took longer than {timeout} s"])
            self.running.add(kernel)
            try:
                if self.stopped:
                    kernel.end(self.stopped)
                elif timeout:
                    watch.start()
                yield kernel
            finally:
                watch.cancel()
                self.running.discard(kernel)
                kernel.kill()
                _close_event_loop()

    def end_all(self, why: str) -> None:
        """End every kernel that is running; those that start from now on end at once."""
        self.stopped = why
        for kernel in list(self.running):
            kernel.end(why)


def _close_event_loop() -> None:
    """Close the loop that jupyter_core made for this thread, and nobody would close."""
    loop = ensure_event_loop()
    if not loop.is_running():
        loop.close()
        asyncio.set_event_loop(None)
