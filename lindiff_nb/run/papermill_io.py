"""Chapters as addresses that papermill reads: papermill lindiff://NAME.ipynb out.ipynb -p d 200.

papermill checks no value. What its command line is given is checked as a chapter is read, before
a kernel starts; what comes another way, in a cell behind papermill's own that ends the run.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from lindiff_nb._base.errors import UsageError, nearest
from lindiff_nb.run.chapters import find_book
from lindiff_nb.run.declarations import declared
from lindiff_nb.run.parameters import Parameter, Value, check

SCHEME = "lindiff://"
CHECK = """\
# Made for papermill: ends the run here if it was given a value that the cell above does not allow.
from lindiff_nb.run.papermill_io import allowed

globals().update(allowed(globals(), {cell!r}))"""


class Refused(click.ClickException, UsageError):
    """A request that cannot be met: one line at papermill's command line, not a traceback."""

    exit_code = 2


class ChapterHandler:
    """What papermill calls for addresses that begin with lindiff:// (entry point papermill.io)."""

    @classmethod
    def read(cls, path: str) -> str:
        """The chapter as the text of a notebook that checks its parameters."""
        import nbformat

        try:
            book = find_book()
            if not path.removeprefix(SCHEME):
                raise UsageError(f"{path} names no chapter: lindiff-nb list tells them")
            chapter = book.find(path.removeprefix(SCHEME))
            _look_at_command_line(chapter.parameters)
        except UsageError as error:
            raise Refused(str(error)) from None
        return str(nbformat.writes(_checked(chapter.notebook)))

    @classmethod
    def listdir(cls, path: str) -> list[str]:
        """The addresses of all chapters."""
        return [f"{SCHEME}{name}.ipynb" for name in find_book().chapters]

    @classmethod
    def write(cls, buf: str, path: str) -> None:
        """Refused: the chapters are sources."""
        raise Refused(f"{path} is a chapter of the book and is only read: write to a file")

    @classmethod
    def pretty_path(cls, path: str) -> str:
        """The address itself."""
        return path


def allowed(namespace: Mapping[str, Any], cell: str) -> dict[str, Value]:
    """What a namespace holds for the parameters that a cell declares, in their types.

    UsageError says which value is not allowed, and what is.
    """
    known = declared(cell)
    return check(known, [(parameter.name, namespace[parameter.name]) for parameter in known])


def _checked(notebook: Any) -> Any:
    """The notebook with the check behind its parameters cell: papermill writes between the two."""
    import nbformat

    for at, cell in enumerate(notebook.cells):
        if "parameters" in cell.metadata.get("tags", []):
            hidden = {"tags": ["remove-cell"], "jupyter": {"source_hidden": True}}
            source = CHECK.format(cell=cell.source)
            check = nbformat.v4.new_code_cell(source, id="check", metadata=hidden)
            notebook.cells.insert(at + 1, check)
            break
    return notebook


def _look_at_command_line(known: list[Parameter]) -> None:
    """Refuse what papermill's command line gives, if that is what runs; warn of unknown names."""
    context = click.get_current_context(silent=True)
    given = context.params if context and context.command.name == "papermill" else {}
    names = {parameter.name: parameter for parameter in known}
    for name, value in (*given.get("parameters", ()), *given.get("parameters_raw", ())):
        if name in names:
            names[name].read(value)
        else:
            logging.getLogger("papermill").warning(f"no parameter {name!r}{nearest(name, names)}")
    out = given.get("output_path") or ""
    if "://" not in out and "{" not in out and not Path(out).parent.is_dir():
        raise UsageError(f"there is no folder {Path(out).parent} for the output {Path(out).name}")
