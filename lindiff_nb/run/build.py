"""Run every chapter that has to be run, and build the website from all of them.

A chapter that fails does not stop the others, and what they computed is kept. The website is
built only when all came to a good end; until then no site stands in _build/html.
"""

import glob
from concurrent.futures import Executor

from lindiff_nb._base.errors import RunFailed, UsageError
from lindiff_nb._base.machine import cores
from lindiff_nb._base.outputs import try_folder
from lindiff_nb._base.written import columns
from lindiff_nb.run.cache import Entry
from lindiff_nb.run.chapters import Book
from lindiff_nb.run.dependencies import Dependencies
from lindiff_nb.run.executed import Executed
from lindiff_nb.run.lock import alone
from lindiff_nb.run.progress import Progress, seconds
from lindiff_nb.run.render import Site, site_key
from lindiff_nb.run.sources import check_tree, mapping
from lindiff_nb.run.stage import configuration, stage

Row = tuple[str, str, str]


def build(
    book: Book,
    *,
    jobs: int | None = None,
    timeout: float = 600,
    executor: Executor | None = None,
) -> None:
    """Bring executed chapters and website of a checkout up to date; print what took how long.

    At most `jobs` chapters at a time (as many as there are cores), each at most `timeout` seconds;
    or in an `executor` that the caller has: processes, a cluster.
    Raises UsageError where a source is not in order, before anything runs, and RunFailed.
    """
    _check(book)
    with alone(book.build) as lock:
        dependencies = Dependencies(book.package)
        executed = Executed(book, dependencies)
        stale = executed.stale()
        with Progress(sum(executed.cells[chapter] for chapter in stale) + 1) as progress:
            _update(executed, stale, executor or jobs or cores(), timeout, progress)
            entries = executed.entries
            rows = [_row(name, entry, name in stale) for name, entry in entries.items()]
            rows.append(_render(book, entries, dependencies, progress, lock))
        print(columns(rows, [1]), (Site(book).html / "index.html").as_uri(), sep="\n\n", flush=True)


def _update(
    executed: Executed,
    stale: dict[str, str],
    where: Executor | int,
    timeout: float,
    progress: Progress,
) -> None:
    """Run the stale chapters; RunFailed says what went wrong in each that failed."""
    if stale:
        try_folder(executed.store.folder)
        Site(executed.book).set_aside()
        failures = executed.run(stale, where, timeout, progress)
        if failures:
            raise RunFailed("\n\n".join(failures))


def _row(chapter: str, entry: Entry, new: bool) -> Row:
    """Name, time and remark, as they are printed."""
    kept = "" if new else f"kept from {entry.record['date']}"
    return chapter, seconds(entry.record["seconds"]), kept


def _render(
    book: Book,
    entries: dict[str, Entry],
    dependencies: Dependencies,
    progress: Progress,
    lock: int,
) -> Row:
    """Build the website unless it is current; its row of the table."""
    site = Site(book)
    stage(book, entries, site.stage)
    key = site_key(site.stage, book, dependencies)
    if site.is_current(key):
        return "website", "", "kept"
    progress.begin("website")
    site.set_aside()
    took = site.build(key, lock)
    progress.step()
    progress.end("website", "done")
    return "website", seconds(took), ""


def _check(book: Book) -> None:
    """Raise UsageError where a website cannot come of this checkout, whatever its chapters do."""
    if glob.escape(str(book.root)) != str(book.root):
        raise UsageError(f"Sphinx cannot read a folder with [, * or ? in its name: {book.root}")
    configuration(mapping(book.root / "_config.yml"))
    check_tree(book.folder)
