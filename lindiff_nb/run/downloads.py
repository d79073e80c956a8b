"""The notebooks that the site's pages hand out: readable, and sure of their package."""

import os
from pathlib import Path

from lindiff_nb.run.chapters import Book
from lindiff_nb.run.provenance import write
from lindiff_nb.run.readable import Reading

FIRST = """\
# The package behind this page. On Colab this cell installs it, elsewhere it says how to.
import sys

try:
    import {package}
except ModuleNotFoundError:
    if "google.colab" not in sys.modules:
        raise ModuleNotFoundError("first run: pip install {all}") from None
    %pip install --quiet {alone}
"""


def replace(html: Path, stage: Path, book: Book) -> None:
    """Put the readable notebook of each chapter where its page's button leads."""
    import nbformat

    reading = Reading(book)
    for chapter in book.chapters:
        path = Path(book.folder.name) / f"{chapter}.ipynb"
        notebook = reading.of(nbformat.read(stage / path, as_version=4), chapter)
        cell = nbformat.v4.new_code_cell(first_cell(book.package), id="package")
        notebook.cells.insert(0, cell)
        write(notebook, html / "_sources" / path)


def first_cell(package: str) -> str:
    """The source of the cell that sees to a package.

    Colab brings what a chapter needs besides; another version of that would want a restart.
    """
    everything = wanted(package, "[all]")
    return FIRST.format(package=package, all=everything, alone=wanted(package)).rstrip()


def wanted(package: str, extras: str = "") -> str:
    """What pip is to install: from LINDIFF_REPOSITORY_URL where it is set, else by its name."""
    name = package.replace("_", "-") + extras
    url = os.environ.get("LINDIFF_REPOSITORY_URL")
    branch = os.environ.get("LINDIFF_REPOSITORY_BRANCH", "main")
    return f"'{name} @ git+{url.rstrip('/')}@{branch}'" if url else f"'{name}'"
