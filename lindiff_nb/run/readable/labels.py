"""What every page of a book calls its equations, figures and sections, without Sphinx.

A page of the numbered parts of _toc.yml carries its number before its own: equation (4.1), Fig.
4.7. All other pages count on from each other. Each kind has a count of its own.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from lindiff_nb.run.chapters import Book, listed
from lindiff_nb.run.readable.myst import directive, tokens
from lindiff_nb.run.sources import mapping, nested

COUNTED = {"list-table": "Table", "table": "Table", "figure": "Fig.", "exercise": "Exercise"}


@dataclass(frozen=True)
class Label:
    """What can be referred to: what the text calls it, and where it is."""

    text: str  # (4.1), Fig. 4.7, Theorem 4.1; of a section its title
    page: str
    anchor: str
    title: str = ""


@dataclass
class Labels:
    """All labels of a book by name."""

    book: Book
    known: dict[str, Label] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read every page."""
        chapters, counts = _chapters(self.book), Counter[tuple[object, str]]()
        for page in self.book.pages:
            chapter = chapters.get(page)
            for kind, name, title in _labelled(self.book, page):
                if kind == "section":
                    self.known[name] = Label(title, page, name)
                    continue
                counts[chapter, kind] += 1
                if not name:  # it counts, but nothing can refer to it
                    continue
                number = f"{chapter}." * bool(chapter) + str(counts[chapter, kind])
                text = f"({number})" if kind == "equation" else f"{kind} {number}"
                anchor = "equation-" * (kind == "equation") + name
                self.known[name] = Label(text, page, anchor, title)


def _chapters(book: Book) -> dict[str, int]:
    """The number of each page that has one."""
    if book.toc is None:
        return {}
    parts = [part for part in mapping(book.toc).get("parts") or [] if nested(part, "numbered")]
    entries = [entry for part in parts for entry in nested(part, "chapters") or []]
    return {
        name.rpartition("/")[2]: number
        for number, entry in enumerate(entries, start=1)
        for name in listed(entry, book.toc)
    }


def _labelled(book: Book, page: str) -> Iterator[tuple[str, str, str]]:
    """Kind, name and title of all that a page counts or labels, in order, the lede first."""
    cells = book.notebook(page).cells
    for cell in sorted(cells, key=lambda cell: "lede" not in cell.metadata.get("tags", [])):
        if cell.cell_type == "markdown":
            yield from _in_text(cell.source)
        elif name := nested(cell.metadata, "mystnb", "figure", "name"):
            yield "Fig.", str(name), ""


def _in_text(text: str) -> Iterator[tuple[str, str, str]]:
    blocks = tokens(text)
    for at, block in enumerate(blocks):
        if block.type == "myst_target":
            after = blocks[at + 1 : at + 3]
            heading = after and after[0].type == "heading_open"
            yield "section", block.content, after[1].content if heading else ""
        elif block.type == "math_block_label":
            yield "equation", block.info, ""
        elif found := directive(block):
            if kind := kind_of(found.name):
                yield kind, found.label, found.title
            yield from _in_text(found.body)


def kind_of(name: str) -> str:
    """What the site calls a directive that it counts; empty for every other."""
    if name.startswith("prf:"):
        return "" if name == "prf:proof" else name[4:].capitalize()
    return COUNTED.get(name, "")
