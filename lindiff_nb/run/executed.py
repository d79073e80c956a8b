"""Bring the executed chapters of a book up to date: those that have to be, in parallel.

A chapter is kept only if every output of it may be published.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial

from lindiff_nb._base.errors import RunFailed
from lindiff_nb._base.litter import sweep
from lindiff_nb._base.machine import cores
from lindiff_nb.run import published
from lindiff_nb.run.cache import Entry, Store
from lindiff_nb.run.chapters import Book, Chapter
from lindiff_nb.run.dependencies import Dependencies, changes
from lindiff_nb.run.kernel import Kernels
from lindiff_nb.run.progress import Progress
from lindiff_nb.run.runner import Result, in_parallel, keep_apart, run_chapter


class Executed:
    """What was executed before, and what has to be executed again."""

    def __init__(self, book: Book, dependencies: Dependencies) -> None:
        """Look at what is there; nothing is run. UsageError if a parameter is wrong."""
        self.book = book
        self.store = Store(book.build / "executed")
        self.store.prune(book.chapters)
        sweep(book.build)
        self.cells = {name: _count_cells(chapter) for name, chapter in book.chapters.items()}
        self.wanted = {n: dependencies.ingredients(c) for n, c in book.chapters.items()}

    @property
    def entries(self) -> dict[str, Entry]:
        """The published runs that are there and whole, current or not, by their chapters."""
        found = {chapter: self.store.entry(chapter) for chapter in self.book.chapters}
        return {chapter: entry for chapter, entry in found.items() if entry}

    def stale(self) -> dict[str, str]:
        """The chapters that have to be run, and why; the longest first, so that none ends late."""
        old = self.entries
        before = {chapter: entry.ingredients for chapter, entry in old.items()}
        took = {chapter: entry.record["seconds"] for chapter, entry in old.items()}
        order = sorted(self.book.chapters, key=lambda name: took.get(name, 1e9), reverse=True)
        whys = {name: changes(before.get(name), self.wanted[name]) for name in order}
        return {chapter: why for chapter, why in whys.items() if why}

    def run(
        self, stale: dict[str, str], where: Executor | int, timeout: float, progress: Progress
    ) -> list[str]:
        """Run these chapters and keep the good ones; what to say about the others.

        `where` is how many may run at a time here, or an executor of the caller's, which lets
        nothing be seen of a chapter until it comes back.
        """
        if isinstance(where, int):
            return self._run_here(stale, min(where, len(stale)), timeout, progress)
        jobs = {}
        for name, why in stale.items():
            progress.begin(name, why)
            jobs[name] = partial(run_chapter, self.book.chapters[name], timeout=timeout)
        return self._run(jobs, where, progress)

    def _run_here(
        self, stale: dict[str, str], workers: int, timeout: float, progress: Progress
    ) -> list[str]:
        kernels = Kernels()
        threads = max(1, cores() // workers)
        how = partial(run_chapter, kernels=kernels, threads=threads, timeout=timeout)

        def job(name: str) -> Result:
            progress.begin(name, stale[name])
            return how(self.book.chapters[name], on_cell=progress.step)

        with ThreadPoolExecutor(workers) as pool:
            jobs = {name: partial(job, name) for name in stale}
            return self._run(jobs, pool, progress, kernels.end_all)

    def _run(
        self,
        jobs: Mapping[str, Callable[[], Result]],
        executor: Executor,
        progress: Progress,
        end_all: Callable[[str], None] = lambda why: None,
    ) -> list[str]:
        failures: list[str] = []

        def done(name: str, future: Future[Result]) -> None:
            failure = self._keep(name, future)
            progress.end(name, "failed" if failure else "done")
            failures.extend(failure)

        in_parallel(jobs, executor, done, end_all)
        return failures

    def _keep(self, chapter: str, future: Future[Result]) -> list[str]:
        """Keep a good result; a failed one is kept where nobody takes it for good."""
        apart = self.book.build / "failed" / f"{chapter}.ipynb"
        try:
            notebook, record = future.result()
            published.check(notebook)
        except RunFailed as failure:
            return [keep_apart(chapter, failure, apart)]
        self.store.keep(chapter, notebook, record, self.wanted[chapter])
        apart.unlink(missing_ok=True)
        return []


def _count_cells(chapter: Chapter) -> int:
    """The code cells of a chapter whose parameters and small values are in order."""
    chapter.values(chapter.small.items())
    return sum(bool(source.strip()) for source in chapter.code)
