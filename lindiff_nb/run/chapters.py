"""Where the chapters are, in which order, and each of them as a notebook.

In a checkout they are the pages of book/ in the order of _toc.yml; an installed package carries
a copy. LINDIFF_BOOK names another folder of chapters.
"""

import os
import re
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from lindiff_nb._base import extras
from lindiff_nb._base.errors import UsageError, nearest
from lindiff_nb.run.declarations import declared
from lindiff_nb.run.parameters import Parameter, Value, check
from lindiff_nb.run.sources import header, mapping, nested, page

PACKAGE = Path(__file__).parents[1]
KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}


@dataclass(frozen=True)
class Chapter:
    """A page that is a notebook, and what is read from its text, once."""

    name: str
    book: "Book"
    text: str = field(repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        """What another process gets: the page, and none of what was read from it."""
        return Chapter, (self.name, self.book, self.text)

    @property
    def path(self) -> Path:
        """Its file."""
        return self.book.pages[self.name]

    @cached_property
    def title(self) -> str:
        """Its first heading."""
        heading = re.search(r"^# +(.+?) *$", self.text, flags=re.MULTILINE)
        return heading[1] if heading else self.name

    @property
    def notebook(self) -> Any:
        """A notebook without outputs (nbformat 4), the caller's own to run and to change."""
        return deepcopy(self._parsed)

    @cached_property
    def code(self) -> list[str]:
        """The sources of its code cells."""
        return [cell.source for cell in self._parsed.cells if cell.cell_type == "code"]

    @cached_property
    def parameters(self) -> list[Parameter]:
        """What its parameters cell declares, in that order; none without one."""
        tagged = [c for c in self._parsed.cells if "parameters" in c.metadata.get("tags", [])]
        if len(tagged) > 1:
            raise UsageError(f"{self.name} has {len(tagged)} cells tagged parameters")
        try:
            return declared(tagged[0].source) if tagged else []
        except UsageError as error:
            raise UsageError(f"{self.name}: {error}") from None

    def values(self, overrides: Iterable[tuple[str, object]]) -> dict[str, Value]:
        """Which parameters get another value than the published one; UsageError as of `check`."""
        published = {parameter.name: repr(parameter.default) for parameter in self.parameters}
        values = check(self.parameters, overrides)
        return {name: value for name, value in values.items() if repr(value) != published[name]}

    @cached_property
    def small(self) -> dict[str, Value]:
        """The values of a small run, which its header names: lindiff_nb: small: {d: 60}."""
        values = nested(header(self.text, self.path), "lindiff_nb", "small") or {}
        if not isinstance(values, dict):
            raise UsageError(f"{self.name}: small must hold names and values, got {values!r}")
        try:
            return check(self.parameters, values.items())
        except UsageError as error:
            raise UsageError(f"{self.name}, small: {error}") from None

    @cached_property
    def _parsed(self) -> Any:
        with extras.of("run"):
            import jupytext

        try:
            notebook = jupytext.reads(self.text, fmt="md:myst")
        except Exception as error:  # whatever a reader of other people's text raises
            said = " ".join(str(error).split())
            raise UsageError(f"{self.path} is no notebook: {said}") from None
        for ours in ("jupytext", "lindiff_nb"):
            notebook.metadata.pop(ours, None)
        notebook.metadata["kernelspec"] = dict(KERNEL)
        for number, cell in enumerate(notebook.cells, start=1):
            cell["id"] = f"cell-{number}"  # jupytext's are random; equal runs should be equal files
        return notebook


@dataclass(frozen=True)
class Book:
    """A folder of pages, and the package that its chapters import."""

    folder: Path
    package: str = "lindiff_nb"
    only: str = ""  # the one page of a folder that is no book

    def __reduce__(self) -> tuple[Any, ...]:
        """What another process gets: where the pages are."""
        return Book, (self.folder, self.package, self.only)

    @property
    def root(self) -> Path:
        """The folder that holds the book; in a checkout also _toc.yml, _config.yml and the lock."""
        return self.folder.parent

    @property
    def is_checkout(self) -> bool:
        """Whether there is what a website is built from."""
        return not self.only and (self.root / "_toc.yml").is_file()

    @property
    def build(self) -> Path:
        """Where everything that is made goes."""
        return self.root / "_build"

    @property
    def toc(self) -> Path | None:
        """The table of contents; None if there is none, or only one page."""
        return None if self.only else self.beside("_toc.yml")

    def beside(self, name: str) -> Path | None:
        """A file that a checkout has beside its book, an installed package in it; or None."""
        files = [self.folder / name, self.root / name]
        return next((file for file in files if file.is_file()), None)

    @cached_property
    def pages(self) -> dict[str, Path]:
        """Every page by its name: in the order of _toc.yml, or of the alphabet without one."""
        if self.only:
            return {Path(self.only).stem: self.folder / self.only}
        if self.toc:
            names = listed(mapping(self.toc), self.toc)
            files = [self.folder / f"{Path(name).name}.md" for name in names]
        else:
            files = sorted(self.folder.glob("*.md"))
        for file in files:
            if not file.exists() and not file.is_symlink():
                raise UsageError(f"_toc.yml lists {file.stem}, but there is no {file}")
        return {file.stem: file for file in files}

    @cached_property
    def chapters(self) -> dict[str, Chapter]:
        """The pages that are notebooks, by their names."""
        texts = {name: page(path) for name, path in self.pages.items()}
        return {
            name: Chapter(name, self, text)
            for name, text in texts.items()
            if _is_notebook(header(text, self.pages[name]))
        }

    def find(self, name: str) -> Chapter:
        """The chapter called `name`; a path or a suffix (book/x.md, x.ipynb) is forgiven."""
        chapter = re.sub(r"\.(md|ipynb)$", "", name.replace("\\", "/").rpartition("/")[2])
        if chapter not in self.chapters:
            raise UsageError(f"there is no chapter {name!r}{nearest(chapter, self.chapters)}")
        return self.chapters[chapter]

    def notebook(self, name: str) -> Any:
        """Any page as a notebook, chapter or not."""
        known = self.chapters.get(name)
        return (known or Chapter(name, self, page(self.pages[name]))).notebook


def find_book() -> Book:
    """The book that belongs to this package, or the one LINDIFF_BOOK names."""
    named = os.environ.get("LINDIFF_BOOK")
    folders = [Path(named)] if named else [PACKAGE / "chapters", PACKAGE.parent / "book"]
    for folder in folders:
        if folder.is_dir():
            return Book(folder.resolve())
    raise UsageError("no chapters here: there is no " + " and no ".join(map(str, folders)))


def locate(name: str) -> Chapter:
    """The chapter that a user names: one of this package's book, or a file of the user's own.

    What is named is what is used: a path leads to the file that is there, and is not taken for
    the book's chapter of that name.
    """
    book, path = find_book(), Path(name)
    named = name.replace("\\", "/").rpartition("/")
    if not (path.is_file() and (named[1] or path.suffix)):
        if named[0] not in ("", book.folder.name):
            raise UsageError(f"there is no file {name}{_hint(book, named[2])}")
        return book.find(name)
    path = path.resolve()
    if path in (page.resolve() for page in book.pages.values()):
        return book.find(path.stem)
    if path.suffix != ".md":
        raise UsageError(f"{name} is a file, but no chapter in MyST{_hint(book, named[2])}")
    own = Book(path.parent, only=path.name)
    if not own.chapters:
        raise UsageError(f"{name} is no chapter: its header does not say format_name: myst")
    return own.chapters[path.stem]


def _hint(book: Book, name: str) -> str:
    """What to say where a path carries the name of a chapter of the book."""
    chapter = Path(name).stem
    return f"; the book's own chapter is called {chapter}" if chapter in book.chapters else ""


def listed(toc: Any, path: Path) -> list[str]:
    """The files of a table of contents, depth first."""
    if isinstance(toc, list):
        return [file for entry in toc for file in listed(entry, path)]
    if not isinstance(toc, dict):
        return []
    own = [toc[key] for key in ("root", "file") if key in toc]
    for name in own:
        if not isinstance(name, str):
            raise UsageError(f"{path}: a page must be a name, got {name!r}")
    return own + listed([toc.get(key) for key in ("parts", "chapters", "sections")], path)


def _is_notebook(meta: dict[str, Any]) -> bool:
    """Whether MyST-NB and jupytext take a page for a notebook: its header says so."""
    return bool(nested(meta, "jupytext", "text_representation", "format_name") == "myst")
