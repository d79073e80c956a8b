"""One figure of the book by its name: its pictures, and the numbers that it draws, as files."""

import base64
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lindiff_nb._base.errors import RunFailed, UsageError, nearest
from lindiff_nb._base.litter import sweep
from lindiff_nb._base.outputs import output, write_bytes
from lindiff_nb.figures import series
from lindiff_nb.run.chapters import Book, Chapter
from lindiff_nb.run.single import run_or_kept

KINDS = {".png": "image/png", ".svg": "image/svg+xml", ".csv": series.MIME}


def find(book: Book, name: str) -> Chapter:
    """The chapter that draws a figure; UsageError with the names that there are."""
    chapters = book.chapters.values()
    known = {each: chapter for chapter in chapters for each in series.by_figure(chapter.notebook)}
    if name not in known:
        names = ", ".join(known)
        raise UsageError(f"there is no figure {name!r}{nearest(name, known)} (of {names})")
    return known[name]


def figure_to_files(
    chapter: Chapter,
    name: str,
    overrides: Iterable[tuple[str, object]],
    folder: Path,
    force: bool = False,
    timeout: float | None = None,
    fresh: bool = False,
) -> None:
    """Write NAME.png, NAME.svg and NAME.csv of a figure of the chapter into a folder.

    The chapter is run with these values, or its run is taken from what a checkout keeps. A figure
    that moves with sliders has only a picture. As of `run_to_file`, what can be wrong is found
    before a run (UsageError), and RunFailed says what failed.
    """
    values = chapter.values(overrides)
    paths = {kind: output(folder / f"{name}{end}", force, (end,)) for end, kind in KINDS.items()}
    sweep(folder)
    notebook, _, told = run_or_kept(chapter, values, folder / chapter.name, timeout, fresh)
    drawn = series.by_figure(notebook)[name]
    found = {path: _content(kind, drawn[kind]) for kind, path in paths.items() if kind in drawn}
    if not found:
        raise RunFailed(f"{chapter.name} drew no {name} with these values")
    print(f"{chapter.name}: {told}")
    for path, content in found.items():
        write_bytes(path, content)
        print(f"  {path}")


def _content(kind: str, data: Any) -> bytes:
    """What stands in the file."""
    if kind == series.MIME:
        return series.table(data).encode()
    return base64.b64decode(data) if kind == "image/png" else str(data).encode()
