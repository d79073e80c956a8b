"""One chapter through papermill, in a fresh kernel, and what counts as failed.

papermill's own verdict is not enough: a kernel that was killed leaves a notebook whose cells all
read "completed", and a chapter that ends itself with sys.exit() counts as done. A run is good
only if every code cell was executed and none of them ended in an error.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import papermill
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.execute import remove_error_markers

from lindiff_nb.run.errors import RunFailed
from lindiff_nb.run.kernel import QUIET, Kernels, Session
from lindiff_nb.run.parameters import Value

ENGINE = "lindiff_nb"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(eq=False)
class CellFailed(RunFailed):
    """A chapter stopped in one of its cells."""

    reason: str
    cell: int  # counted among the code cells, from 1
    cells: int
    source: str
    traceback: str
    notebook: Any  # as far as it came

    def __str__(self) -> str:
        """Where, why, the source of the cell and the traceback."""
        source = "\n".join(f"    {line}" for line in self.source.splitlines())
        parts = [f"code cell {self.cell} of {self.cells}: {self.reason}", source, self.traceback]
        return "\n\n".join(part for part in parts if part)


class FreshKernel(NBClientEngine):
    """papermill's engine, told which kernel to start."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, session: Session, on_cell: Any, **_: Any
    ) -> None:
        """Run the cells one after the other."""

        def stop_if_ended(**_: Any) -> None:
            if session.ended:  # before there was a kernel that could be killed
                raise RunFailed(session.ended)

        client = PapermillNotebookClient(
            nb_man,
            km=session.manager,
            kernel_name=kernel_name,
            log=QUIET,
            record_timing=False,
            shutdown_kernel="immediate",
            startup_timeout=120,
            on_cell_start=stop_if_ended,
            on_cell_executed=lambda **_: on_cell(),
        )
        client.execute(cleanup_kc=True, **session.launch)


papermill_engines.register(ENGINE, FreshKernel)


def execute(
    notebook: Any,
    values: Mapping[str, Value] | None = None,
    *,
    kernels: Kernels | None = None,
    threads: int = 1,
    timeout: float | None = None,
    on_cell: Callable[[], None] = lambda: None,
) -> Any:
    """The executed notebook; its parameters cell is followed by the values that replace it.

    `kernels` lets another thread end the run, `threads` go to BLAS and torch, `timeout` is for the
    whole notebook in seconds, `on_cell` is called after each code cell. Raises CellFailed.
    """
    with (kernels or Kernels()).session(threads, timeout) as session:
        out = session.folder / "out.ipynb"
        error: Exception | None = None
        try:
            papermill.execute_notebook(
                notebook,
                str(out),
                parameters=dict(values or {}),
                engine_name=ENGINE,
                kernel_name="python3",
                language="python",
                progress_bar=False,
                session=session,
                on_cell=on_cell,
            )
        except Exception as caught:  # whatever it was, the notebook says how far the run came
            error = caught
        executed = _saved(out, notebook)
        failure = _failure(executed, session.ended, error)
        if failure and not failure.traceback:
            failure.traceback = session.last_words()
    if failure:
        raise failure from error
    return executed


def _saved(path: Path, notebook: Any) -> Any:
    """What papermill wrote last, without the red cells it adds after an error."""
    if not path.exists():
        return notebook
    return remove_error_markers(nbformat.read(path, as_version=4))


def _failure(notebook: Any, ended: str | None, error: Exception | None) -> CellFailed | None:
    """The first code cell that is not as it should be, None if all are."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(cells, start=1):
        error_output = next((o for o in cell.outputs if o.output_type == "error"), None)
        if error_output:
            reason = f"{error_output.ename}: {error_output.evalue}".removesuffix(": ")
            trace = COLOUR.sub("", "\n".join(error_output.traceback))
            return CellFailed(reason, number, len(cells), cell.source, trace, notebook)
    if not error and not ended:
        unfinished = [n for n, cell in enumerate(cells, start=1) if not _is_executed(cell)]
        reason = "it was not executed"
    else:
        unfinished = [_last_started(cells)]
        reason = ended or _reason(error)
    if not unfinished:
        return None
    number = unfinished[0]
    source = cells[number - 1].source if cells else ""
    return CellFailed(reason, number, len(cells), source, "", notebook)


def _is_executed(cell: Any) -> bool:
    return bool(cell.execution_count) or not cell.source.strip()


def _last_started(cells: list[Any]) -> int:
    """The number of the cell that was running when the kernel went."""
    started = [
        number
        for number, cell in enumerate(cells, start=1)
        if cell.metadata.get("papermill", {}).get("start_time")
    ]
    return started[-1] if started else 1


def _reason(error: Exception | None) -> str:
    """In words, why a run stopped without an error in a cell."""
    if type(error).__name__ == "DeadKernelError":
        return "the kernel died"
    return f"{type(error).__name__}: {error}"
