"""Begin a chapter: its page from the skeleton, and its line in the table of contents."""

import re
from pathlib import Path

from lindiff_nb._base.errors import UsageError
from lindiff_nb._base.outputs import output, write_text
from lindiff_nb.run.chapters import Book, listed
from lindiff_nb.run.sources import mapping, page

SKELETON = Path(__file__).parent / "skeleton" / "chapter.md"
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST = 40
RESERVED = {"genindex", "index", "search"}  # pages that Sphinx makes itself
TELLS = """\
wrote {book}/{name}.md: the frame, with small values in its header
wrote _toc.yml: {book}/{name}, last of {part}
tests/test_book.py and tests/test_house.py try it from now on
yours:
  {book}/{name}.md: question, answer, text, parameters, exercises
  lindiff_nb/ and tests/: what it computes, in exact, predict or measure, each with a test
  {book}/notation.md: a row for each new symbol, introduced in {{ref}}`ch-{name}`
  {book}/references.bib: its sources, each with a DOI or an arXiv number
  {book}/reproductions.md: a row for each claim of a paper that it shows
then: lindiff-nb run {name} --small, lindiff-nb build, pytest tests/test_house.py"""


def new_chapter(book: Book, name: str, title: str | None = None) -> str:
    """Write a new chapter's page and its entry in _toc.yml; in words, what is left to its author.

    Nothing is written, and UsageError says why, where the name is taken or is none that a page, an
    address and a label can have. The entry comes last: where it is missing, the page as it was
    written is begun and not taken, and the same request ends what was interrupted.
    """
    _check(name)
    title = " ".join((title or name.replace("-", " ").capitalize()).split())
    text = page(SKELETON).replace("NAME", name).replace("SHORT", name.replace("-", "_"))
    text = text.replace("TITLE", title)
    path = book.folder / f"{name}.md"
    if name in book.pages or (path.exists() and page(path) != text):
        raise UsageError(f"there is a page {name} already")
    toc, folder = book.root / "_toc.yml", book.folder.name
    listed, part = _with_entry(toc, f"{folder}/{name}")
    for place in (toc, path):
        output(place, force=True, suffixes=(".md", ".yml"))
    write_text(path, text)
    write_text(toc, listed)
    return TELLS.format(book=folder, name=name, part=part)


def _check(name: str) -> None:
    """Raise UsageError for a name that cannot be given to a new chapter."""
    if not NAME.fullmatch(name) or len(name) > LONGEST or name in RESERVED:
        form = f"at most {LONGEST} letters a-z, digits and single hyphens, a letter first"
        raise UsageError(f"the name of a chapter is {form}, and not one of Sphinx's; got {name!r}")


def _with_entry(path: Path, new: str) -> tuple[str, str]:
    """The text of _toc.yml with one more page, and the part it is in: the last numbered one."""
    text, toc = page(path), mapping(path)
    parts = toc.get("parts") or [toc]
    part = next((part for part in reversed(parts) if part.get("numbered")), parts[-1])
    old = listed(part, path)
    entry = re.search(rf"^( *- +)file: +{re.escape(old[-1])} *$", text, re.M) if old else None
    if entry is None:
        raise UsageError(f"{path} has no line '- file: ...' behind which {new} could stand")
    text = f"{text[: entry.end()]}\n{entry[1]}file: {new}{text[entry.end() :]}"
    return text, str(part.get("caption", "the book"))
