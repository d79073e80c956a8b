"""A book of a few lines with a package of a few modules, for the tests of lindiff_nb.run."""

from pathlib import Path

import nbformat

from lindiff_nb.run.chapters import Book

HEADER = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
    format_version: 0.13
kernelspec:
  display_name: Some other kernel
  language: python
  name: not-installed-anywhere
---

"""
LAZY = "import lazy_loader\n__getattr__, *_ = lazy_loader.attach(__name__, submodules={})\n"

# direct -> deep; idle is imported by nobody; the packages load lazily, as ours do
PACKAGE = {
    "__init__.py": LAZY.format(["exact", "images"]),
    "exact/__init__.py": LAZY.format(["deep", "direct", "idle"]),
    "exact/deep.py": "value = 1\n",
    "exact/direct.py": "from tinybook.exact.deep import value\ntwice = 2 * value\n",
    "exact/idle.py": "",
    "images/__init__.py": "from tinybook.images.load import load\n",
    "images/load.py": "def load():\n    return 0\n",
    "images/embedded/digits.bin": "0123456789",
}


def cell(source: str, tag: str = "") -> str:
    """A code cell of a MyST notebook."""
    option = f":tags: [{tag}]\n\n" if tag else ""
    return f"```{{code-cell}} python\n{option}{source}\n```\n\n"


def chapter(title: str, *cells: str) -> str:
    """A chapter with these code cells; a parameters cell is marked by its first word."""
    return HEADER + f"# {title}\n\n" + "".join(cells)


def write(folder: Path, files: dict[str, str]) -> None:
    """Write text files below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def tiny_book(root: Path, pages: dict[str, str], *, checkout: bool = True) -> Book:
    """A book with these pages, the first at its root, and the package `tinybook`."""
    write(root / "book", {f"{name}.md": text for name, text in pages.items()})
    write(root / "tinybook", PACKAGE)
    if checkout:
        first, *others = pages
        toc = f"format: jb-book\nroot: book/{first}\n"
        if others:
            toc += "chapters:\n" + "".join(f"- file: book/{name}\n" for name in others)
        config = "title: Tiny\nonly_build_toc_files: true\nexclude_patterns: ['.*', _build]\n"
        write(root, {"_toc.yml": toc, "_config.yml": config, "requirements.lock": "numpy==2.0\n"})
    return Book(root / "book", package="tinybook")


def notebook(*sources: str) -> nbformat.NotebookNode:
    """A notebook of these code cells."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    return nbformat.v4.new_notebook(cells=cells)
