"""One notebook cell, or one batch of calls: its truth goes into files, and nothing is returned.

`run` is a plain function of what pickles, so that any executor serves: threads here, processes, or
the workers of a cluster, which need nothing but this package and the folder. A notebook has its
kernel, and a batch its process, in a group of its own that ends with it.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lindiff_nb._base.errors import RunFailed
from lindiff_nb._base.files import Busy, alone
from lindiff_nb.run.environment import THREADS, inherited
from lindiff_nb.run.kernel import Kernels, Session
from lindiff_nb.run.processes import MARK, how_it_ended, kill_tree
from lindiff_nb.run.sweeps import cells as of_cells
from lindiff_nb.run.sweeps.batch import ENOUGH, UNWRITTEN
from lindiff_nb.run.sweeps.cells import Cell
from lindiff_nb.run.sweeps.guard import Guard, Limits
from lindiff_nb.run.sweeps.store import Record, Store, record
from lindiff_nb.run.sweeps.word import Word

ROOM = 2**20  # of what one cell of a notebook may print, in characters
MEMORY = ("MemoryError", "OutOfMemoryError", "TooLarge")


class Work(Kernels):
    """The kernels and batches of one driver: they can be ended, or begin no more cells."""

    enough = False

    def begin_no_more(self) -> None:
        """Let each batch end after the cell that it is at; notebooks are one cell each."""
        self.enough = True
        for child in [child for child in self.running if isinstance(child, _Child)]:
            child.process.send_signal(ENOUGH)


def run(
    cells: Sequence[Cell], folder: Path, limits: Limits, kernels: Work | Word | None = None
) -> None:
    """Run one cell of a chapter, or several of one function, and write their records.

    Nothing is done where another sweep works on the first of them, or where they have records.
    Raises RunFailed if the sources are not those of the plan, OSError if a record cannot be
    written. `kernels` lets another thread end the work, or a driver elsewhere by its word: then
    what was begun has no record.
    """
    if isinstance(kernels, Word):
        word, kernels = kernels, Work()
        with word.heard_by(kernels):
            run(cells, folder, limits, kernels)
        return
    store, kernels = Store(folder), kernels or Work()
    if kernels.enough or kernels.stopped:
        return
    first = cells[0]
    with contextlib.suppress(Busy), alone(store.cell(first.identity)):
        if of_cells.is_function(first.target):
            known = store.records()
            todo = [c for c in cells if not settled(known.get(c.identity), limits)]
            with of_cells.unchanged(first):
                _calls(todo, store, limits, kernels)
        elif not settled(store.ended(first.identity), limits):
            _notebook(first, store, limits, kernels)


def settled(known: Record | None, limits: Limits) -> bool:
    """Whether a cell with this record has not to be run."""
    return known is not None and (known["status"] == "done" or known["status"] not in limits.retry)


def _notebook(cell: Cell, store: Store, limits: Limits, kernels: Work) -> None:
    """Run a chapter; its notebook is kept first, its record last."""
    from lindiff_nb.run.provenance import sign, write
    from lindiff_nb.run.runner import run_chapter

    guarded, start = Guarded(kernels, limits), time.monotonic()
    facts: dict[str, Any] = {}
    status, reason = "done", ""
    with of_cells.unchanged(cell):
        chapter = of_cells.chapter(cell.target)
        seeded = any(parameter.name == "seed" for parameter in chapter.parameters)
        values = cell.values | ({"seed": cell.seed} if seeded else {})
        try:
            notebook, about = run_chapter(chapter, values, kernels=guarded, threads=1)
            facts["recorded"] = about["recorded"]
        except RunFailed as failure:
            if kernels.stopped:
                return
            reason = getattr(failure, "reason", str(failure))
            status, facts["cell"] = guarded.status(reason), getattr(failure, "cell", None)
            notebook = sign(getattr(failure, "notebook", None), {"failed": reason})
    kept = store.notebook(cell.identity)
    if limits.keep == "all" or (limits.keep == "failed" and status != "done"):
        write(notebook, kept)
    else:
        kept.unlink(missing_ok=True)
    facts |= {"seconds": round(time.monotonic() - start, 3), "peak_memory": guarded.peak}
    store.keep(record(cell.identity, status, reason, **facts))


class Guarded(Kernels):
    """The kernel of one cell, ended where it takes more than its limits allow."""

    def __init__(self, kernels: Kernels, limits: Limits) -> None:
        """Its session is one of `kernels`, and ends with them."""
        self.kernels, self.limits = kernels, limits
        self.peak, self.stop = 0, ""

    @contextlib.contextmanager
    def session(self, threads: int, timeout: float | None) -> Iterator[Session]:
        """A kernel's session as of `kernels`, watched."""
        with self.kernels.session(threads, timeout) as kernel:
            kernel.room = ROOM
            with Guard(kernel.pid, kernel.end, self.limits, lambda: kernel.begun) as guard:
                yield kernel
            self.peak, self.stop = guard.peak, guard.status

    def status(self, reason: str) -> str:
        """The status of a run that stopped for a reason in words."""
        if reason.startswith("the kernel died"):
            return "killed"
        return self.stop or ("oom" if reason.startswith(MEMORY) else "failed")


class _Child:
    """The process of a batch, which `Work` can end."""

    def __init__(self, log: Path, errors: Any) -> None:
        self.mark, self.ended = log.stem, ""
        places = os.pathsep.join(path for path in sys.path if path)
        ours = {"PYTHONPATH": places, "MPLBACKEND": "agg", MARK: self.mark}
        module = "lindiff_nb.run.sweeps.batch"
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, str(log.absolute()), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=inherited() | dict.fromkeys(THREADS, "1") | ours,
            start_new_session=True,
        )

    def end(self, why: str) -> None:
        """Kill it and everything it started."""
        self.ended = self.ended or why
        kill_tree(self.process.pid, self.mark)


def _calls(cells: list[Cell], store: Store, limits: Limits, kernels: Work) -> None:
    """Call them all in one process, and in another where that died.

    The cell that it died of is the first that the log lacks, so nothing need be halved to find it.
    It is run again alone, since an earlier one may have spoiled the process: what dies alone is its
    own death, and its row. So the others are lost to none.
    """
    waiting = [cells]
    while waiting and not (kernels.stopped or kernels.enough):
        batch = waiting.pop()
        if not batch:
            continue
        done, failure = _made(batch, store, limits, kernels)
        rest = batch[done:]
        if not rest or kernels.stopped or kernels.enough:
            continue
        if failure["status"] == "timeout" or len(batch) == 1:
            store.keep(failure)
            waiting.append(rest[1:])
        else:
            waiting += [rest[1:], rest[:1]]


def _made(batch: list[Cell], store: Store, limits: Limits, kernels: Work) -> tuple[int, Record]:
    """How many of a batch came to their end in one process, and the record of the next if any."""
    log, start = store.new_log(), time.monotonic()
    asked = json.dumps(batch)
    with tempfile.TemporaryFile() as errors:
        child = _Child(log, errors)
        kernels.running.add(child)
        try:
            if kernels.stopped or kernels.enough:
                child.end(kernels.stopped)
            with Guard(lambda: child.process.pid, child.end, limits, lambda: _size(log)) as guard:
                child.process.communicate(asked.encode())
        finally:
            kernels.running.discard(child)
            child.end("over")
        errors.seek(0)
        said = errors.read()[-2000:].decode(errors="replace").strip().splitlines()[-1:]
    if child.process.returncode == UNWRITTEN:
        raise OSError(None, "cannot be written; is the disk full?", str(log))
    done = log.read_bytes().count(b"\n") if log.exists() else 0
    if done == len(batch):
        return done, {}
    reason = child.ended if guard.status else ": ".join([how_it_ended(child.process), *said])
    facts = {"seconds": round(time.monotonic() - start, 3), "peak_memory": guard.peak}
    return done, record(batch[done].identity, guard.status or "killed", reason, **facts)


def _size(path: Path) -> int | None:
    """How far a log has come; None before there is one."""
    try:
        return path.stat().st_size
    except OSError:
        return None
