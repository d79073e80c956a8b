"""Run one chapter with other parameters, into a notebook of the user's."""

import json
import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from lindiff_nb.run.chapters import Book
from lindiff_nb.run.declarations import parameters
from lindiff_nb.run.errors import RunFailed, UsageError
from lindiff_nb.run.kernel import Kernels
from lindiff_nb.run.parameters import Value, check
from lindiff_nb.run.progress import Progress, seconds
from lindiff_nb.run.provenance import write
from lindiff_nb.run.runner import Result, in_parallel, keep_apart, run_chapter


def run_to_file(
    book: Book,
    chapter: str,
    overrides: Iterable[tuple[str, object]],
    out: str | None = None,
    force: bool = False,
    timeout: float | None = None,
) -> None:
    """Run a chapter into `out` (CHAPTER.ipynb) and print what it recorded.

    Everything that can be wrong with the request is found before a kernel starts (UsageError). If
    the run fails, `out` is left as it was and OUT.failed.ipynb holds what there is (RunFailed).
    """
    chapter = book.find(chapter)
    values = check(parameters(book, chapter), overrides)
    path = output(Path(f"{chapter}.ipynb" if out is None else out), force)
    try:
        notebook, record = _run(book, chapter, values, timeout)
    except RunFailed as failure:
        apart = path.with_suffix(".failed.ipynb")
        raise RunFailed(keep_apart(chapter, failure, apart)) from None
    write(notebook, path)
    print(f"{path}: {seconds(record['seconds'])}")
    for name, value in record["recorded"].items():
        print(f"  {name} = {value!r}")


def _run(book: Book, chapter: str, values: dict[str, Value], timeout: float | None) -> Result:
    """Run a chapter with a bar if there is a terminal, and Ctrl-C heard at once.

    One BLAS thread, as most builds have: the same digits, and no slower at a chapter's sizes.
    """
    kernels = Kernels()
    results: list[Result] = []
    cells = [cell for cell in book.notebook(chapter).cells if cell.cell_type == "code"]
    with Progress(len(cells)) as progress:
        progress.begin(chapter)
        job = partial(run_chapter, book, chapter, values, kernels=kernels, threads=1)
        job = partial(job, timeout=timeout, on_cell=progress.step)
        in_parallel({chapter: job}, 1, kernels, lambda _, future: results.append(future.result()))
    return results[0]


def output(path: Path, force: bool) -> Path:
    """A path that can be written to; UsageError if it cannot, or if that would cost somebody work.

    An existing file is replaced if it is a notebook that a run wrote, or by force.
    """
    try:
        _look_at(path, force)
    except OSError as error:  # a name the system cannot take
        raise UsageError(f"the output {path} cannot be written: {error.strerror}") from None
    return path


def _look_at(path: Path, force: bool) -> None:
    """The checks of `output`."""
    if path.suffix != ".ipynb":
        raise UsageError(f"the output {path} must end in .ipynb")
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent} for the output {path.name}")
    if path.is_dir():
        raise UsageError(f"the output {path} is a folder")
    if not os.access(path.parent, os.W_OK):
        raise UsageError(f"the folder {path.parent} cannot be written to")
    if path.exists() and not force and not _is_ours(path):
        raise UsageError(f"{path} exists and was not written by a run: --force replaces it")


def _is_ours(path: Path) -> bool:
    try:
        return "lindiff_nb" in json.loads(path.read_text(encoding="utf-8"))["metadata"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
