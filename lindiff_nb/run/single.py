"""Run one chapter with other parameters, into a notebook of the user's."""

import tempfile
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from lindiff_nb._base.errors import RunFailed
from lindiff_nb._base.litter import sweep
from lindiff_nb._base.outputs import output
from lindiff_nb.run.chapters import Book
from lindiff_nb.run.declarations import parameters
from lindiff_nb.run.kernel import Kernels
from lindiff_nb.run.parameters import Value, check
from lindiff_nb.run.progress import Progress, seconds
from lindiff_nb.run.provenance import write
from lindiff_nb.run.readable import Reading
from lindiff_nb.run.runner import Result, in_parallel, keep_apart, run_chapter
from lindiff_nb.run.sources import json_object


def run_to_file(
    book: Book,
    chapter: str,
    overrides: Iterable[tuple[str, object]],
    out: str | None = None,
    force: bool = False,
    timeout: float | None = None,
    source: bool = False,
) -> None:
    """Run a chapter into `out` (CHAPTER.ipynb) and print what it recorded.

    Its text is made readable in Jupyter, unless it is to be kept as its `source` has it.
    Everything that can be wrong with the request is found before a kernel starts (UsageError). If
    the run fails, `out` is left as it was and OUT.failed.ipynb holds what there is (RunFailed).
    """
    values = check(parameters(book, chapter), overrides)
    path = output(Path(f"{chapter}.ipynb" if out is None else out), force, (".ipynb",), _is_ours)
    sweep(path.parent)
    reading = None if source else Reading(book)
    try:
        notebook, record = _run(book, chapter, values, timeout)
    except RunFailed as failure:
        apart = path.with_suffix(".failed.ipynb")
        raise RunFailed(keep_apart(chapter, failure, apart)) from None
    notebook = reading.of(notebook, chapter) if reading else notebook
    recorded = [f"  {name} = {value!r}" for name, value in record["recorded"].items()]
    try:
        write(notebook, path)
    except OSError as error:
        where = _written_elsewhere(notebook, path.name)
        why = f"{path} cannot be written: {error.strerror}"
        raise RunFailed("\n".join([f"{why}; {where}", *recorded])) from None
    print(f"{path}: {seconds(record['seconds'])}", *recorded, sep="\n")


def _written_elsewhere(notebook: Any, name: str) -> str:
    """Write a result whose place failed into the system's temporary folder; where it is now."""
    try:
        path = Path(tempfile.mkdtemp(prefix="lindiff-nb-")) / name
        write(notebook, path)
    except OSError:
        return "nor can a notebook be written elsewhere. What the run recorded:"
    return f"the result is in {path}"


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


def _is_ours(path: Path) -> bool:
    """Whether a file is a notebook that a run wrote."""
    metadata = (json_object(path) or {}).get("metadata")
    return isinstance(metadata, dict) and "lindiff_nb" in metadata
