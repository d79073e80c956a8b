"""The process that makes a batch of calls: python -m lindiff_nb.run.sweeps.batch LOG PARENT.

The cells come as JSON on standard input. Each is called, one after the other, and its record is a
line at the end of the log, which is flushed to the disk each second. What the function prints goes
nowhere. The process ends with its parent, and after the cell it is at where it gets ENOUGH.
"""

import itertools
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from inspect import signature
from typing import Any

import numpy as np

from lindiff_nb._base.memory import peak
from lindiff_nb.run.processes import end_with_parent
from lindiff_nb.run.records import Recorded, scalar
from lindiff_nb.run.sweeps.cells import Cell, function
from lindiff_nb.run.sweeps.store import Record, record

COLUMNS = 1000  # of an array that a function returns
ENOUGH = getattr(signal, "SIGUSR1", signal.SIGTERM)
UNWRITTEN = 74  # the status of a batch whose log cannot be written


def main(log: str, parent: int) -> None:
    """Call every cell and write its record."""
    end_with_parent(parent)
    enough = threading.Event()
    signal.signal(ENOUGH, lambda *_: enough.set())
    cells = [Cell(*cell) for cell in json.load(sys.stdin)]
    _silence()
    call = _called(cells[0].target)
    try:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)  # a cell begins
    except OSError:
        os._exit(UNWRITTEN)
    threading.Thread(target=_flush, args=(descriptor, parent), daemon=True).start()
    for cell in itertools.takewhile(lambda _: not enough.is_set(), cells):
        line = json.dumps(_record(call, cell)).encode() + b"\n"
        try:
            written = os.write(descriptor, line)
        except OSError:
            written = 0
        if written < len(line):
            os._exit(UNWRITTEN)
    try:
        os.fsync(descriptor)
    except OSError:
        os._exit(UNWRITTEN)


def numbers(result: object) -> dict[str, Recorded]:
    """What a function returned, as named numbers; ValueError where it cannot be that.

    A mapping, a named tuple or a dataclass has names; one number is called value. The numbers of an
    array or a sequence are called name_0, name_1, ...
    """
    if is_dataclass(result) and not isinstance(result, type):
        result = asdict(result)
    elif hasattr(result, "_asdict"):
        result = result._asdict()
    named = result if isinstance(result, Mapping) else {"value": result}
    found: dict[str, Recorded] = {}
    for name, value in named.items():
        found |= _numbers(str(name), value)
    return found


def _numbers(name: str, value: Any) -> dict[str, Recorded]:
    if not isinstance(value, list | tuple | np.ndarray) or np.ndim(value) == 0:
        return {name: scalar(name, value)}
    parts = np.asarray(value).ravel().tolist()
    if len(parts) > COLUMNS:
        raise ValueError(f"{name} must have at most {COLUMNS} numbers, got {len(parts)}")
    if len(parts) == 1:
        return {name: scalar(name, parts[0])}
    return {f"{name}_{at}": scalar(f"{name}_{at}", part) for at, part in enumerate(parts)}


def _called(target: str) -> Callable[[Cell], object]:
    """How a cell is called: with its values, and a generator or a seed where one is taken."""
    try:
        called = function(target)
        takes = set(signature(called).parameters)
    except Exception as error:  # what an import of other people's code raises fails each cell
        problem = error

        def fails(cell: Cell) -> object:
            raise problem

        return fails

    def call(cell: Cell) -> object:
        values = dict(cell.values)
        if "rng" in takes:
            values["rng"] = np.random.default_rng(cell.seed)
        if "seed" in takes:
            values["seed"] = cell.seed
        return called(**values)

    return call


def _record(call: Callable[[Cell], object], cell: Cell) -> Record:
    """Call one cell; whatever it raises is its record."""
    start = time.perf_counter()
    status, reason, recorded = "done", "", {}
    try:
        recorded = numbers(call(cell))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        status = "oom" if isinstance(error, MemoryError) else "failed"
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:500]
    took = round(time.perf_counter() - start, 6)
    return record(
        cell.identity, status, reason, seconds=took, peak_memory=peak(), recorded=recorded
    )


def _flush(descriptor: int, parent: int) -> None:
    """Each second: the log to the disk; and the end, where the parent has ended."""
    while True:
        time.sleep(1)
        if os.getppid() != parent:
            os._exit(1)
        try:
            os.fsync(descriptor)
        except OSError:
            os._exit(UNWRITTEN)


def _silence() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
