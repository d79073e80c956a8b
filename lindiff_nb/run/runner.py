"""Run chapters: one with its record, or several at a time."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, as_completed
from pathlib import Path
from typing import Any

from lindiff_nb._base.errors import RunFailed
from lindiff_nb.run.chapters import Chapter
from lindiff_nb.run.execute import CellFailed, execute, failed_in
from lindiff_nb.run.parameters import Value
from lindiff_nb.run.provenance import run_record, sign, write
from lindiff_nb.run.records import BadRecord

Result = tuple[Any, dict[str, Any]]  # the executed notebook and the record of its run


def run_chapter(chapter: Chapter, values: Mapping[str, Value] | None = None, **how: Any) -> Result:
    """The executed chapter and the record of its run; `how` goes to `execute`.

    `values` are checked overrides (parameters.check). Raises RunFailed.
    """
    defaults = {parameter.name: parameter.default for parameter in chapter.parameters}
    values = dict(values or {})
    start = time.monotonic()
    notebook = execute(chapter.notebook, values, **how)
    took = time.monotonic() - start
    try:
        record = run_record(chapter, defaults | values, took, notebook)
    except BadRecord as error:
        raise failed_in(notebook, notebook.cells[error.cell], str(error)) from None
    return sign(notebook, record), record


def in_parallel(
    jobs: Mapping[str, Callable[[], Result]],
    executor: Executor,
    done: Callable[[str, Future[Result]], None],
    end_all: Callable[[str], None] = lambda why: None,
) -> None:
    """Run the jobs in an executor; `done` is called here, with each as it ends.

    Threads, processes or a cluster: what the executor is the caller says, and if it is not of
    threads the jobs must pickle, as `partial(run_chapter, chapter, values)` does. If this is
    interrupted, no further job starts, and `end_all` ends those that run.
    """
    futures = {executor.submit(job): name for name, job in jobs.items()}
    try:
        for future in as_completed(futures):
            done(futures[future], future)
    except BaseException:
        for future in futures:
            future.cancel()
        end_all("interrupted")
        raise


def keep_apart(chapter: str, failure: RunFailed, path: Path) -> str:
    """Write what there is of a failed chapter to `path`; what to say about the failure."""
    if not isinstance(failure, CellFailed):
        return f"{chapter} failed: {failure}"
    said = f"{chapter} failed in {failure}\n\nThe notebook as far as it came: {path}"
    try:
        write(sign(failure.notebook, {"failed": failure.reason}), path)
    except OSError as error:
        return f"{said} (it cannot be written: {error.strerror})"
    return said
