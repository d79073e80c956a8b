"""Run every chapter that has to be run, and build the website from all of them.

A chapter that fails does not stop the others, and what they computed is kept. The website is
built only when all came to a good end; until then no site stands in _build/html.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lindiff_nb.run.chapters import Book
from lindiff_nb.run.dependencies import Dependencies
from lindiff_nb.run.errors import RunFailed
from lindiff_nb.run.executed import Executed
from lindiff_nb.run.progress import Progress, Row, table
from lindiff_nb.run.provenance import cores
from lindiff_nb.run.render import Site, site_key
from lindiff_nb.run.stage import stage


def build(book: Book, *, jobs: int | None = None, timeout: float = 600) -> None:
    """Bring executed chapters and website of a checkout up to date; print what took how long.

    At most `jobs` chapters at a time (as many as there are cores), each at most `timeout` seconds.
    Raises RunFailed.
    """
    with _alone(book.build):
        site = Site(book)
        dependencies = Dependencies(book.package)
        executed = Executed(book, dependencies)
        stale = executed.stale()
        if stale:
            site.set_aside()
            failures = executed.run(stale, min(jobs or cores(), len(stale)), timeout)
            if failures:
                raise RunFailed("\n\n".join(failures))
        entries = executed.entries
        stage(book, entries, site.stage)
        rows: list[Row] = [
            (name, entry.record["seconds"], "" if name in stale else _kept(entry.record["date"]))
            for name, entry in entries.items()
        ]
        rows.append(_render(site, site_key(site.stage, book, dependencies)))
        print(table(rows), (site.html / "index.html").as_uri(), sep="\n\n", flush=True)


def _kept(date: str) -> str:
    return f"kept from {date}"


def _render(site: Site, key: str) -> Row:
    """Build the website unless it is current; its row of the table."""
    if site.is_current(key):
        return ("website", None, "kept")
    progress = Progress(1)
    progress.begin("website")
    site.set_aside()
    took = site.build(key)
    progress.end("website", "done")
    progress.close()
    return ("website", took, "")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Refuse to build where another build is under way (where the system can tell)."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:
            pass
        except OSError:
            raise RunFailed(f"another build is under way in {folder}") from None
        yield
