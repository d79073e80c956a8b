"""One chapter through papermill, in a fresh kernel, and what counts as failed.

papermill's own verdict is not enough: a kernel that was killed leaves a notebook whose cells all
read "completed", and a chapter that ends itself with sys.exit() counts as done. A run is good
only if every code cell was executed and none of them ended in an error.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lindiff_nb._base import extras
from lindiff_nb._base.errors import RunFailed
from lindiff_nb.run.kernel import QUIET, Kernels, Session
from lindiff_nb.run.outputs import plain, tidied
from lindiff_nb.run.parameters import Value

with extras.of("run"):
    import papermill
    from nbformat.v4 import new_output
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine, papermill_engines
    from papermill.execute import remove_error_markers

ENGINE = "lindiff_nb"


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


class Capped(PapermillNotebookClient):
    """papermill's client, which leaves out what a cell puts out beyond its room."""

    def __init__(self, nb_man: Any, room: float, **how: Any) -> None:
        """`room` is in characters, for each cell."""
        super().__init__(nb_man, **how)
        self.room, self.left = room, dict[int, float]()

    def output(self, outs: Any, msg: Any, display_id: Any, cell_index: int) -> Any:
        """Keep what there is room for, and every error and record; the first cut is said."""
        content = msg["content"]
        if msg["msg_type"] == "error" or "scrapbook" in content.get("metadata", {}):
            return super().output(outs, msg, display_id, cell_index)
        left = self.left.get(cell_index, self.room)
        self.left[cell_index] = left - len(str(content.get("text") or content.get("data")))
        if self.left[cell_index] >= 0:
            return super().output(outs, msg, display_id, cell_index)
        if left >= 0:
            begun = content.get("text", "")[: int(left)]
            said = f"{begun}\n[this cell put out more than {self.room:,} characters: left out]\n"
            outs.append(new_output("stream", name=content.get("name", "stdout"), text=said))
        return None


class FreshKernel(NBClientEngine):
    """papermill's engine, told which kernel to start."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, session: Session, on_cell: Any, **_: Any
    ) -> None:
        """Run the cells one after the other."""

        session.notebook = nb_man.nb

        def stop_if_ended(**_: Any) -> None:
            session.look()
            if session.ended:  # before there was a kernel that could be killed
                raise RunFailed(session.ended)

        client = Capped(
            nb_man,
            session.room,
            km=session.manager,
            kernel_name=kernel_name,
            log=QUIET,
            record_timing=False,
            shutdown_kernel="immediate",
            startup_timeout=120,
            iopub_timeout=60,  # a machine with much else to do needs more than the usual 4 s
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
        error: Exception | None = None
        try:
            papermill.execute_notebook(
                notebook,
                None,  # to no file: the session holds what there is
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
        executed = tidied(remove_error_markers(session.notebook or notebook))
        failure = _failure(executed, session, error)
        if failure and not failure.traceback:
            failure.traceback = session.last_words()
    if failure:
        raise failure from error
    return executed


def failed_in(notebook: Any, cell: Any, reason: str, traceback: str = "") -> CellFailed:
    """The failure of one code cell of a notebook."""
    cells = _code_cells(notebook)
    number = next(n for n, other in enumerate(cells, start=1) if other is cell)
    return CellFailed(reason, number, len(cells), cell.source, traceback, notebook)


def _code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _failure(notebook: Any, session: Session, error: Exception | None) -> CellFailed | None:
    """The first code cell that is not as it should be, None if all are."""
    cells = _code_cells(notebook)
    for cell in cells:
        error_output = next((o for o in cell.outputs if o.output_type == "error"), None)
        if error_output:
            reason = f"{error_output.ename}: {error_output.evalue}".removesuffix(": ")
            trace = plain("\n".join(error_output.traceback))
            return failed_in(notebook, cell, reason, trace)
    if not error and not session.ended:
        unfinished = [cell for cell in cells if not _is_executed(cell)]
        return failed_in(notebook, unfinished[0], "it was not executed") if unfinished else None
    reason = session.ended or _reason(error, session.cause_of_death())
    if not cells:
        return CellFailed(reason, 1, 0, "", "", notebook)
    return failed_in(notebook, _last_started(cells), reason)


def _is_executed(cell: Any) -> bool:
    return bool(cell.execution_count) or not cell.source.strip()


def _last_started(cells: list[Any]) -> Any:
    """The cell that was running when the kernel went."""
    started = [cell for cell in cells if cell.metadata.get("papermill", {}).get("start_time")]
    return started[-1] if started else cells[0]


def _reason(error: Exception | None, cause: str) -> str:
    """In words, why a run stopped without an error in a cell."""
    if str(error).startswith("Kernel died"):
        return "the kernel died" + (f": {cause}" if cause else "")
    return f"{type(error).__name__}: {error}"
