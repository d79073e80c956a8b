"""One figure of the book by its name: its pictures, and the numbers that it draws, as files."""

import base64
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from lindiff_nb._base.errors import RunFailed, UsageError, nearest
from lindiff_nb._base.litter import sweep
from lindiff_nb._base.outputs import output, write_all
from lindiff_nb.figures import raster, series
from lindiff_nb.run.chapters import Book, Chapter
from lindiff_nb.run.single import run_or_kept

MOST = 1200  # dots per inch
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
    dots: int | None = None,
) -> None:
    """Write NAME.png, NAME.svg and NAME.csv of a figure of the chapter into a folder.

    The chapter is run with these values, or its run is taken from what a checkout keeps. Of a
    figure that moves it is the still picture. The PNG of a kept run has `raster.DOTS` dots per
    inch; with `dots` of one's own, up to 1200, the chapter is run for it and not kept. As of
    `run_to_file`, what can be wrong is found before a run (UsageError), and RunFailed says what
    failed.
    """
    values = chapter.values(overrides)
    if dots is not None and not 0 < dots <= MOST:
        raise UsageError(f"--dpi must be a whole number from 1 to {MOST}, got {dots}")
    paths = {kind: output(folder / f"{name}{end}", force, (end,)) for end, kind in KINDS.items()}
    sweep(folder)
    how = (folder / chapter.name, timeout, fresh or dots is not None, dots is None)
    with _drawn_with(dots):
        notebook, _, told = run_or_kept(chapter, values, *how)
    drawn = series.by_figure(notebook)[name]
    found = {
        path: partial(_content, kind, drawn[kind]) for kind, path in paths.items() if kind in drawn
    }
    if not found:
        raise RunFailed(f"{chapter.name} drew no {name} with these values")
    print(f"{chapter.name}: {told}", flush=True)
    write_all(found)
    print(*(f"  {path}" for path in found), sep="\n")


@contextmanager
def _drawn_with(dots: int | None) -> Iterator[None]:
    """Kernels that start meanwhile draw with so many dots per inch."""
    if dots:
        os.environ[raster.WANTED] = str(dots)
    try:
        yield
    finally:
        os.environ.pop(raster.WANTED, None)


def _content(kind: str, data: Any) -> str | bytes:
    """What stands in the file."""
    if kind == series.MIME:
        return series.table(data)
    return base64.b64decode(data) if kind == "image/png" else str(data)
