"""Where the chapters are, in which order, and each of them as a notebook.

In a checkout they are the pages of book/ in the order of _toc.yml; an installed package carries
a copy. LINDIFF_BOOK names another folder of chapters.
"""

import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from lindiff_nb.run.errors import UsageError, nearest

PACKAGE = Path(__file__).parents[1]
KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}


@dataclass(frozen=True)
class Book:
    """A folder of pages, and the package that its chapters import."""

    folder: Path
    package: str = "lindiff_nb"

    @property
    def root(self) -> Path:
        """The folder that holds the book; in a checkout also _toc.yml, _config.yml and the lock."""
        return self.folder.parent

    @property
    def is_checkout(self) -> bool:
        """Whether there is what a website is built from."""
        return (self.root / "_toc.yml").is_file()

    @property
    def build(self) -> Path:
        """Where everything that is made goes."""
        return self.root / "_build"

    @cached_property
    def pages(self) -> dict[str, Path]:
        """Every page by its name: in the order of _toc.yml, or of the alphabet without one."""
        tocs = [toc for toc in (self.folder / "_toc.yml", self.root / "_toc.yml") if toc.is_file()]
        if tocs:
            names = _listed(yaml.safe_load(tocs[0].read_text(encoding="utf-8")))
            files = [self.folder / f"{Path(name).name}.md" for name in names]
        else:
            files = sorted(self.folder.glob("*.md"))
        for file in files:
            if not file.is_file():
                raise UsageError(f"_toc.yml lists {file.stem}, but there is no {file}")
        return {file.stem: file for file in files}

    @cached_property
    def chapters(self) -> list[str]:
        """The pages that are notebooks."""
        return [name for name in self.pages if _is_notebook(self.source(name))]

    def find(self, name: str) -> str:
        """The chapter called `name`; a path or a suffix (book/x.md, x.ipynb) is forgiven."""
        chapter = re.sub(r"\.(md|ipynb)$", "", name.replace("\\", "/").rpartition("/")[2])
        if chapter not in self.chapters:
            raise UsageError(f"there is no chapter {name!r}{nearest(chapter, self.chapters)}")
        return chapter

    def source(self, name: str) -> str:
        """The text of a page."""
        return self.pages[name].read_text(encoding="utf-8")

    def title(self, name: str) -> str:
        """The first heading of a page."""
        heading = re.search(r"^# +(.+?) *$", self.source(name), flags=re.MULTILINE)
        return heading[1] if heading else name

    def notebook(self, name: str) -> Any:
        """A chapter as a notebook without outputs (nbformat 4)."""
        import jupytext

        notebook = jupytext.reads(self.source(name), fmt="md:myst")
        notebook.metadata.pop("jupytext", None)
        notebook.metadata["kernelspec"] = dict(KERNEL)
        for number, cell in enumerate(notebook.cells, start=1):
            cell["id"] = f"cell-{number}"  # jupytext's are random; equal runs should be equal files
        return notebook


def find_book() -> Book:
    """The book that belongs to this package, or the one LINDIFF_BOOK names."""
    named = os.environ.get("LINDIFF_BOOK")
    folders = [Path(named)] if named else [PACKAGE / "chapters", PACKAGE.parent / "book"]
    for folder in folders:
        if folder.is_dir():
            return Book(folder.resolve())
    raise UsageError("no chapters here: there is no " + " and no ".join(map(str, folders)))


def _listed(toc: Any) -> list[str]:
    """The files of a table of contents, depth first."""
    if isinstance(toc, list):
        return [file for entry in toc for file in _listed(entry)]
    if not isinstance(toc, dict):
        return []
    own = [toc[key] for key in ("root", "file") if key in toc]
    return own + _listed([toc.get(key) for key in ("parts", "chapters", "sections")])


def _is_notebook(text: str) -> bool:
    """Whether MyST-NB and jupytext take a page for a notebook: its header says so."""
    header = re.match(r"---\n(.*?)\n---\n", text, flags=re.DOTALL)
    meta = yaml.safe_load(header[1]) if header else None
    if not isinstance(meta, dict):
        return False
    jupytext = meta.get("jupytext") or {}
    return (jupytext.get("text_representation") or {}).get("format_name") == "myst"
