"""A chapter's notebook as its page reads: plain Markdown, which every Jupyter shows.

The pages are written in MyST. Jupyter shows of it the words, and raw everything that makes them a
page: the numbers of the run, numbered equations, references, theorems, exercises, captions.
"""

import os
from copy import deepcopy
from typing import Any

from lindiff_nb._base.machine import duration
from lindiff_nb.figures.series import MIME as SERIES
from lindiff_nb.run.cache import Store
from lindiff_nb.run.chapters import Book
from lindiff_nb.run.readable.citations import Citations
from lindiff_nb.run.readable.labels import Labels
from lindiff_nb.run.readable.prose import Prose, escaped
from lindiff_nb.run.records import read_records
from lindiff_nb.run.sources import mapping, nested
from lindiff_nb.site import reading

UNKNOWN = "…"  # a number that no run has recorded


def readable(notebook: Any, book: Book, chapter: str) -> Any:
    """The notebook of a chapter, executed or not, with its text in plain Markdown.

    What the run recorded stands in the text; where nothing was run, what the published run
    recorded if this checkout holds it, else an ellipsis. Equations, figures and exercises have
    the numbers of the site, and references lead to its pages, at LINDIFF_SITE_URL where it is
    set. Behind each figure follows its caption; the numbers that it draws stay with the run that
    is kept. Code, other outputs and metadata are as they were.
    """
    return Reading(book).of(notebook, chapter)


class Reading:
    """What a book says of its pages, read once for any number of chapters."""

    def __init__(self, book: Book) -> None:
        """Read all pages, the references and the settings."""
        self.book, self.labels, self.macros = book, Labels(book), _macros(book)
        self.citations = Citations(book.folder / "references.bib")
        self.published = Store(book.build / "executed")
        site = os.environ.get("LINDIFF_SITE_URL", "")
        self.site = f"{site.rstrip('/')}/{book.folder.name}/" if site else ""

    def of(self, notebook: Any, chapter: str) -> Any:
        """The notebook as `readable` makes it."""
        recorded = read_records(notebook) or self._published(chapter).get("recorded", {})

        def number(content: str) -> str:
            page, _, name = content.rpartition("::")
            name, _, form = name.partition(":")
            values = self._published(page.removesuffix(".md")).get("recorded", {})
            value = (values if page else recorded).get(name)
            return UNKNOWN if value is None else escaped(_formatted(value, form))

        def run_time(name: str) -> str:
            took = self._published(name).get("seconds")
            return UNKNOWN if took is None else duration(took)

        roles = {"glue:text": number, "run-time": run_time, "minutes": self._minutes}
        prose = Prose(self.labels, self.citations, self.macros, self.site, roles)
        notebook = deepcopy(notebook)
        notebook.cells = [new for cell in notebook.cells for new in _cells(cell, prose)]
        return notebook

    def _minutes(self, names: str) -> str:
        """How long chapters take to read."""
        found = [self.book.chapters.get(name) for name in names.split()]
        cells = [chapter.notebook.cells for chapter in found if chapter]
        return reading.spoken(sum(reading.cost(each)["minutes"] for each in cells))

    def _published(self, chapter: str) -> dict[str, Any]:
        """The record of the run that the site shows."""
        entry = self.published.entry(chapter)
        return entry.record if entry else {}


def _formatted(value: Any, form: str) -> str:
    """The value as its form says, as a page shows it; as it is where it has no such form."""
    try:
        return format(value, form)
    except ValueError:
        return str(value)


def _macros(book: Book) -> dict[str, str]:
    """What the site knows by a name."""
    path = None if book.only else book.beside("_config.yml")
    config = ("sphinx", "config", "mathjax3_config", "tex", "macros")
    macros = nested(mapping(path), *config) if path else None
    return {name: str(macro) for name, macro in (macros or {}).items()}


def _cells(cell: Any, prose: Prose) -> list[Any]:
    """The cell that stands for this one; behind a figure one more, with its caption."""
    if cell.cell_type == "markdown":
        cell.source = prose.cell(cell.source)
        return [cell] if cell.source.strip() else []
    if not (figure := nested(cell.metadata, "mystnb", "figure")):
        return [cell]
    described = str(nested(cell.metadata, "mystnb", "image", "alt") or "")
    for output in cell.outputs:
        output.get("data", {}).pop(SERIES, None)  # nobody reads them here, and they are long
        if described and "image/png" in output.get("data", {}):
            output.metadata["image/png"] = {"alt": described}
    return [cell, _caption(cell, figure, described, prose)]


def _caption(cell: Any, figure: Any, described: str, prose: Prose) -> Any:
    from nbformat.v4 import new_markdown_cell

    label = prose.labels.get(str(nested(figure, "name")))
    caption = str(nested(figure, "caption") or "").strip()
    words = (f"**{label.text}** " if label else "") + prose.text(caption)
    if described:
        title = "<summary>The figure in words</summary>"
        words += f"\n\n<details>{title}\n\n{described}\n\n</details>"
    return new_markdown_cell(words, id=f"{cell['id']}-caption")
