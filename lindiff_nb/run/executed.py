"""Bring the executed chapters of a book up to date: those that have to be, in parallel.

A chapter is kept only if every output of it may be published.
"""

from concurrent.futures import Future
from functools import partial

from lindiff_nb._base.errors import RunFailed
from lindiff_nb._base.litter import sweep
from lindiff_nb._base.machine import cores
from lindiff_nb.run import published
from lindiff_nb.run.cache import Entry, Store
from lindiff_nb.run.chapters import Book
from lindiff_nb.run.declarations import parameters
from lindiff_nb.run.dependencies import Dependencies, changes
from lindiff_nb.run.kernel import Kernels
from lindiff_nb.run.progress import Progress
from lindiff_nb.run.runner import Result, in_parallel, keep_apart, run_chapter


class Executed:
    """What was executed before, and what has to be executed again."""

    def __init__(self, book: Book, dependencies: Dependencies) -> None:
        """Look at what is there; nothing is run. UsageError if a parameters cell is wrong."""
        self.book = book
        self.store = Store(book.build / "executed")
        self.store.prune(book.chapters)
        sweep(book.build)
        self.cells = {name: _count_cells(book, name) for name in book.chapters}
        self.wanted = {name: dependencies.ingredients(book, name) for name in book.chapters}

    @property
    def entries(self) -> dict[str, Entry]:
        """The chapters that are there and whole, current or not."""
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
        self, stale: dict[str, str], workers: int, timeout: float, progress: Progress
    ) -> list[str]:
        """Run these chapters and keep the good ones; what to say about the others."""
        kernels = Kernels()
        threads = max(1, cores() // workers)
        how = partial(run_chapter, kernels=kernels, threads=threads, timeout=timeout)
        failures: list[str] = []

        def job(chapter: str) -> Result:
            progress.begin(chapter, stale[chapter])
            result = how(self.book, chapter, on_cell=progress.step)
            published.check(result[0])
            return result

        def done(chapter: str, future: Future[Result]) -> None:
            failure = self._keep(chapter, future)
            progress.end(chapter, "failed" if failure else "done")
            failures.extend(failure)

        in_parallel({name: partial(job, name) for name in stale}, workers, kernels, done)
        return failures

    def _keep(self, chapter: str, future: Future[Result]) -> list[str]:
        """Keep a good result; a failed one is kept where nobody takes it for good."""
        apart = self.book.build / "failed" / f"{chapter}.ipynb"
        try:
            notebook, record = future.result()
        except RunFailed as failure:
            return [keep_apart(chapter, failure, apart)]
        self.store.keep(chapter, notebook, record, self.wanted[chapter])
        apart.unlink(missing_ok=True)
        return []


def _count_cells(book: Book, chapter: str) -> int:
    """The code cells of a chapter whose parameters cell is in order."""
    parameters(book, chapter)
    cells = book.notebook(chapter).cells
    return sum(cell.cell_type == "code" and bool(cell.source.strip()) for cell in cells)
