"""What holds in every test: one thread, and nothing slow or fragile starts unmarked.

    kernel    starts a Jupyter kernel, and so a process of its own
    browser   drives a real Chromium
    network   opens a socket, if only to a server on this machine
    long      takes half a second or more: for `make test`, not for `make check`
    slow      ten seconds or more, or the second look at a page: `make test-slow`

A test without any of these runs in this process, or in a Python of its own, on any machine. That
it does is not left to its author: an unmarked test that starts one of the first three fails.
"""

import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest

# The linear algebra reads these once, as it is loaded. Two workers with a thread for each core
# would wait for each other; and one thread sums in one order, whatever the machine.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
assert "numpy" not in sys.modules, "a plugin imported numpy before its threads were set"
os.environ |= dict.fromkeys(THREADS, "1")

TRIAL = ("::1", 0)  # urllib3 tries out IPv6, once, as it is imported
PROGRAMS = {
    "kernel": ("ipykernel", "papermill", "jupyter"),
    "browser": ("playwright", "chrom"),
}
marks: set[str] = set()  # those of the test that runs


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Kernels and browsers first: of two workers none is left alone with a long file."""
    items.sort(key=lambda item: not {"kernel", "browser"} & {m.name for m in item.iter_markers()})


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Know the marks of the test, from the set-up of its first fixture to its end."""
    marks.clear()
    marks.update(mark.name for mark in item.iter_markers())
    marks.add("running")
    try:
        return (yield)
    finally:
        marks.clear()


def needs(event: str, arguments: tuple[Any, ...]) -> str:
    """The mark that a test needs for this event of the interpreter; empty if none."""
    if event == "socket.getaddrinfo":
        return "network"
    if event in ("socket.bind", "socket.connect") and isinstance(arguments[1], tuple):
        return "" if arguments[1] == TRIAL else "network"
    if event == "subprocess.Popen":
        command = arguments[1].split() if isinstance(arguments[1], str) else arguments[1]
        words = [os.path.basename(os.fsdecode(word)) for word in command]
        for mark, programs in PROGRAMS.items():
            if any(word.startswith(programs) for word in words):
                return mark
    return ""


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Stop an unmarked test at the moment it starts what it must be marked for."""
    if "running" not in marks or not event.startswith("s"):
        return
    mark = needs(event, arguments)
    enough = {"network", "kernel", "browser"} if mark == "network" else {mark}
    if mark and not marks & enough:
        pytest.fail(f"starts what only a test marked '{mark}' may start: {event} {arguments[:2]}")


sys.addaudithook(watch)
