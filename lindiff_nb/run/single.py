"""Run one chapter with other parameters, into a notebook of the user's."""

import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from lindiff_nb._base.errors import RunFailed
from lindiff_nb._base.litter import sweep
from lindiff_nb._base.outputs import output
from lindiff_nb.run.chapters import Chapter
from lindiff_nb.run.kept import Kept
from lindiff_nb.run.kernel import Kernels
from lindiff_nb.run.parameters import Value
from lindiff_nb.run.progress import Progress, seconds
from lindiff_nb.run.provenance import write
from lindiff_nb.run.readable import Reading
from lindiff_nb.run.runner import Result, in_parallel, keep_apart, run_chapter
from lindiff_nb.run.sources import json_object


def run_to_file(
    chapter: Chapter,
    overrides: Iterable[tuple[str, object]],
    out: str | None = None,
    force: bool = False,
    timeout: float | None = None,
    source: bool = False,
    fresh: bool = False,
) -> None:
    """Run a chapter into `out` (CHAPTER.ipynb) and print what it recorded.

    Its text is made readable in Jupyter, unless it is to be kept as its `source` has it.
    In a checkout, a run with these values of which nothing has changed since is taken from what
    is kept there, unless a `fresh` one is wanted. Everything that can be wrong with the request is
    found before a kernel starts (UsageError). If the run fails, `out` is left as it was and
    OUT.failed.ipynb holds what there is (RunFailed).
    """
    name = f"{chapter.name}.ipynb" if out is None else out
    values = chapter.values(overrides)
    path = output(Path(name), force, (".ipynb",), _is_ours)
    sweep(path.parent)
    reading = None if source else Reading(chapter.book)
    notebook, record, told = run_or_kept(chapter, values, path, timeout, fresh)
    notebook = reading.of(notebook, chapter.name) if reading else notebook
    recorded = [f"  {name} = {value!r}" for name, value in record["recorded"].items()]
    try:
        write(notebook, path)
    except OSError as error:
        where = _written_elsewhere(notebook, path.name)
        why = f"{path} cannot be written: {error.strerror}"
        raise RunFailed("\n".join([f"{why}; {where}", *recorded])) from None
    print(f"{path}: {told}", *recorded, sep="\n")


def run_or_kept(
    chapter: Chapter,
    values: dict[str, Value],
    path: Path,
    timeout: float | None,
    fresh: bool,
    keep: bool = True,
) -> tuple[Any, dict[str, Any], str]:
    """A run with these values, kept or new, its record, and in words which of the two it is.

    A new one is kept, if it may be, unless it is for this once.
    If it fails, what there is of it stands beside `path` (RunFailed).
    """
    kept = Kept(chapter, values)
    try:
        found = None if fresh else kept.result()
        result = found or _run(chapter, values, timeout, kept.why)
        notebook, record = kept.keep(result) if keep and not found else result
    except RunFailed as failure:
        apart = path.with_suffix(".failed.ipynb")
        raise RunFailed(keep_apart(chapter.name, failure, apart)) from None
    since = f", kept from {record['date']}, nothing changed since (--fresh runs it anew)"
    return notebook, record, f"{seconds(record['seconds'])}{since if found else ''}"


def _written_elsewhere(notebook: Any, name: str) -> str:
    """Write a result whose place failed into the system's temporary folder; where it is now."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="lindiff-nb-"))
        try:
            write(notebook, folder / name)
        except OSError:
            folder.rmdir()
            raise
    except OSError:
        return "nor can a notebook be written elsewhere. What the run recorded:"
    return f"the result is in {folder / name}"


def _run(chapter: Chapter, values: dict[str, Value], timeout: float | None, why: str) -> Result:
    """Run a chapter with a bar if there is a terminal, and Ctrl-C heard at once.

    One BLAS thread, as most builds have: the same digits, and no slower at a chapter's sizes.
    """
    kernels = Kernels()
    results: list[Result] = []
    with Progress(len(chapter.code)) as progress, ThreadPoolExecutor(1) as pool:
        progress.begin(chapter.name, why)
        job = partial(run_chapter, chapter, values, kernels=kernels, threads=1)
        job = partial(job, timeout=timeout, on_cell=progress.step)
        in_parallel(
            {chapter.name: job}, pool, lambda _, f: results.append(f.result()), kernels.end_all
        )
    return results[0]


def _is_ours(path: Path) -> bool:
    """Whether a file is a notebook that a run wrote."""
    metadata = (json_object(path) or {}).get("metadata")
    return isinstance(metadata, dict) and "lindiff_nb" in metadata
