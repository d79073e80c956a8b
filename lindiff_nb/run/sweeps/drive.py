"""All the cells of a plan, here or in an executor of the caller's, until each has its record.

The folder says what is done, so the same call goes on where another was killed, and several may
work in one folder at once, each on a shard of the cells or all on all. A driver only hands out
cells and reads their records. Ctrl-C lets those that run come to their end; twice, it ends them.
"""

import math
import re
import threading
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path

from lindiff_nb._base import validate
from lindiff_nb._base.errors import RunFailed
from lindiff_nb._base.machine import cores
from lindiff_nb._base.memory import GIB
from lindiff_nb.run.signals import Ended
from lindiff_nb.run.sweeps import work
from lindiff_nb.run.sweeps.cells import Cell, is_function
from lindiff_nb.run.sweeps.guard import Limits
from lindiff_nb.run.sweeps.plan import Plan, from_file
from lindiff_nb.run.sweeps.report import Told, forecast, name, summary
from lindiff_nb.run.sweeps.store import STATUSES, Record, Store
from lindiff_nb.run.sweeps.word import Word

ALIKE = 5  # that many cells fail in one way before any is done: so would the others
BATCH = 2000  # calls in one process
LOOK = 0.5  # seconds between two looks at the folder


def sweep(
    plan: Plan | str | Path,
    folder: str | Path,
    *,
    executor: Executor | None = None,
    shard: tuple[int, int] | None = None,
    workers: int | None = None,
    timeout: float | None = None,
    memory: float | None = None,
    keep: str = "failed",
    retry: Iterable[str] = (),
    alike: int = ALIKE,
) -> dict[str, int]:
    """Run what is not done of a plan into a folder; how many cells ended in which way.

    `plan` is what `plan.plan` returns, or the path of a TOML file.
    `workers` are at work at a time (the cores), or an executor of the caller's is given
    `work.run`. shard=(i, n) is the i-th of n parts of the cells, from 1. A cell may take `timeout`
    seconds and `memory` GiB. Executed notebooks are kept where they `failed`, `all` or `none`.
    Cells that ended as `retry` says (failed, timeout, oom, killed) are run again. Use
    `lindiff_nb.run.collect` for the table.

    Raises UsageError (a ValueError) for what cannot be done, before it starts. Raises RunFailed
    where the first `alike` cells fail alike, or the sources change; OSError where the disk is full.
    """
    limits = _limits(timeout, memory, keep, retry)
    workers = validate.integer("workers", workers or cores())
    if isinstance(plan, str | Path):
        plan = from_file(Path(plan))
    if shard is not None:
        validate.integer("the shard", shard[0], 1, validate.integer("shards", shard[1], 1))
    store = Store(Path(folder))
    cells = store.begin(plan)
    mine = cells if shard is None else cells[shard[0] - 1 :: shard[1]]
    store.news()
    ended = {i: one for i, one in store.known.items() if work.settled(one, limits)}
    waiting = {cell.identity: cell for cell in mine if cell.identity not in ended}
    print(forecast(cells, plan.duplicates, len(mine), len(waiting), workers, store), flush=True)
    if waiting:
        store.check()
        run = _Run(store, limits, waiting, alike)
        if executor is not None:
            run.go(executor, getattr(executor, "_max_workers", 16), Word(store.folder))
        else:
            with ThreadPoolExecutor(workers) as pool:
                run.go(pool, workers, work.Work())
    print(summary(mine, store.known), flush=True)
    return dict(Counter(store.known[cell.identity]["status"] for cell in mine))


class _Run:
    """The cells that wait for a record, and why to hand out no more."""

    def __init__(self, store: Store, limits: Limits, waiting: dict[str, Cell], alike: int) -> None:
        self.store, self.limits, self.waiting, self.alike = store, limits, waiting, alike
        self.told, self.first = Told(waiting), list[Record]()
        self.stop: BaseException | None = None
        self.jobs: set[Future[None]] = set()
        self.kernels: work.Work | Word

    def go(self, executor: Executor, workers: int, kernels: work.Work | Word) -> None:
        """Hand out cells until each has a record; raises what stopped that."""
        self.kernels = kernels
        try:
            while self.waiting and not self.stop:
                before = len(self.waiting)
                self._round(executor, workers)
                if len(self.waiting) == before and not self.stop:
                    self._rest("another sweep is at work on what is left in this folder")
        except BaseException as error:  # Ctrl-C where none was awaited: in the midst of another
            self._halt(error, at_once=True)
            raise
        self.told.bar.close()
        if self.stop:
            self.told.say("the same command goes on from here")
            raise self.stop

    def _round(self, executor: Executor, workers: int) -> None:
        """Hand out all that waits, once, and see to it until it has ended."""
        wake, looked = threading.Event(), time.monotonic()
        folder = self.store.folder.absolute()
        batches = _batches(list(self.waiting.values()), workers)
        while batches or self.jobs:
            try:
                while batches and not self.stop:
                    it = batches.pop(), folder, self.limits, self.kernels
                    self.jobs.add(job := executor.submit(work.run, *it))
                    job.add_done_callback(lambda job: wake.set())
                batches = []
                wake.wait(LOOK)
                wake.clear()
                for job in [job for job in self.jobs if job.done()]:
                    self._end(job)
                if not self.jobs or time.monotonic() - looked > LOOK:
                    self._look()
                    looked = time.monotonic()
            except KeyboardInterrupt as error:
                self._interrupt(error)

    def _end(self, job: Future[None]) -> None:
        """A job has come to its end; what it raises stops the sweep."""
        error = None if job.cancelled() else job.exception()
        if error is not None:
            known = isinstance(error, OSError | RunFailed)
            self._halt(error if known else RunFailed(f"{type(error).__name__}: {error}"))
        self.jobs.discard(job)

    def _look(self) -> None:
        """Read what has come into the folder."""
        news = {one["identity"]: one for one in self.store.news()}
        news = {identity: one for identity, one in news.items() if identity in self.waiting}
        for identity in news:
            del self.waiting[identity]
        self.told.ended(list(news.values()))
        if len(self.first) < self.alike:
            self.first = [*self.first, *news.values()][: self.alike]
            if len(self.first) == self.alike and len({_kind(one) for one in self.first}) == 1:
                one = self.first[-1]
                said = f"the first {self.alike} cells ended alike: {one['status']}, {one['reason']}"
                last = name(self.told.cells[one["identity"]])
                self._halt(RunFailed(f"{said}\nthe last of them: {last}"), at_once=True)

    def _interrupt(self, error: KeyboardInterrupt) -> None:
        """Ctrl-C: no new cells, and at the second time, or where a system asks, an end to all."""
        again = isinstance(self.stop, KeyboardInterrupt)
        if not again and not isinstance(error, Ended):
            self.told.say("\nno new cells; Ctrl-C again ends those that run")
        self._halt(error, at_once=again or isinstance(error, Ended))

    def _halt(self, why: BaseException, at_once: bool = False) -> None:
        """Hand out no more; `at_once`, end what runs as well."""
        self.stop = self.stop or why
        self.kernels.end_all("interrupted") if at_once else self.kernels.begin_no_more()
        if at_once or isinstance(self.kernels, work.Work):  # a cluster would forget what runs
            for job in list(self.jobs):
                job.cancel()

    def _rest(self, why: str) -> None:
        try:
            self.told.say(why)
            time.sleep(2 * LOOK)
        except KeyboardInterrupt as error:
            self._halt(error)


def _kind(one: Record) -> tuple[object, ...]:
    """How a cell failed, its numbers left out; a cell that is done is like no other."""
    same = re.sub(r"\d+", "#", one["reason"])
    return (one["identity"],) if one["status"] == "done" else (one["status"], one["cell"], same)


def _batches(cells: list[Cell], workers: int) -> list[list[Cell]]:
    """One notebook each; calls in a few batches for each worker, so that none ends late.

    The first comes last.
    """
    calls = is_function(cells[0].target)
    long = min(BATCH, math.ceil(len(cells) / (3 * workers))) if calls else 1
    return [cells[at : at + long] for at in range(0, len(cells), long)][::-1]


def _limits(timeout: float | None, memory: float | None, keep: str, retry: Iterable[str]) -> Limits:
    """The limits, checked."""
    for what, value in (("timeout", timeout), ("memory", memory)):
        if value is not None:
            validate.number(what, validate.positive(what, value))
    validate.choice("keep", keep, ("failed", "all", "none"))
    retry = tuple(validate.choice("retry", status, STATUSES[1:]) for status in retry)
    return Limits(timeout, None if memory is None else int(memory * GIB), keep, retry)
