"""What a chapter opens with, computed: minutes under its title, its symbols behind its box.

The symbols are rows of the notation page: at most eight, those first that the chapter introduces,
then the ones it uses most. A letter that changes its meaning between chapters is left to the
chapter that gives it one.
"""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

from lindiff_nb.site import reading

logger = logging.getLogger(__name__)

MOST = 8
FOLDED = "Symbols of this page"
FAMILIAR = 3  # uses of a symbol that an earlier chapter introduced
BOX = re.compile(r"^::::\{div\} overture\n.*?^::::$", re.M | re.S)
ROWS = re.compile(r"^\* - (\$.*)\n  - ?(.*)\n  - (.*)\n  - \{ref\}`(ch-[\w-]+)`$", re.M)
SHARED = re.compile(r"^\* - (\$.*)\n  - [^\n]*\n(?=\*|```)", re.M)
MATHS = re.compile(r"\$\$.*?\$\$|\$[^$]+\$", re.S)
TABLE = """
:::::{{dropdown}} Symbols of this page
```{{list-table}}
:header-rows: 1
:widths: 20 20 60

* - Symbol
  - In code
  - Meaning
{rows}
```
:::::
"""


class Row(NamedTuple):
    """A line of the notation page."""

    symbol: str
    code: str
    meaning: str
    chapter: str

    def heads(self) -> list[str]:
        """The symbols themselves, without what they are equal to."""
        return [head.split(" = ")[0] for head in re.findall(r"\$([^$]+)\$", self.symbol)]


def uses(text: str, head: str) -> int:
    """How often the formulas of a text hold a symbol."""
    formulas = " ".join(MATHS.findall(text))
    return len(re.findall(rf"(?<![A-Za-z\\]){re.escape(head)}(?![A-Za-z_^])", formulas))


def symbols(notation: str, text: str) -> list[Row]:
    """The rows of the notation page that a chapter opens with, in the order of that page."""
    shared = set(re.findall(r"\$([^$]+)\$", " ".join(SHARED.findall(notation))))
    rows, used = [Row(*found) for found in ROWS.findall(notation)], {}
    for row in rows:
        own, heads = f"({row.chapter})=" in text, row.heads()
        counts = [uses(text, head) for head in heads]
        if any(counts) if own else min(counts) >= FAMILIAR and not shared & set(heads):
            used[row] = own, max(counts)
    most = sorted(used, key=lambda row: used[row], reverse=True)[:MOST]
    return [row for row in rows if row in most]


def opened(notation: str, cells: list[dict[str, Any]]) -> None:
    """Write both into the first text of a chapter; a page without the box is left alone."""
    first = next((cell for cell in cells if cell["cell_type"] == "markdown"), None)
    if first is None or not BOX.search(first["source"]):
        return
    took = reading.spoken(reading.cost(cells)["minutes"])
    minutes = f":::{{div}} reading-time\n{took} to read\n:::"
    asks = "**The question.**" in first["source"]  # the home page does not
    rows = symbols(notation, reading.texts(cells)) if asks else []
    lines = "\n".join(f"* - {row.symbol}\n  - {row.code}\n  - {row.meaning}" for row in rows)
    table = TABLE.format(rows=lines) if rows else ""
    text = BOX.sub(lambda box: f"{minutes}\n\n{box[0]}\n{table}", first["source"], count=1)
    first["source"] = text


def read(app: Any, page: str, source: list[str]) -> None:
    """Open a chapter as Sphinx reads it."""
    notation = Path(app.srcdir) / Path(page).parent / "notation.md"
    if not str(app.env.doc2path(page)).endswith(".ipynb"):
        return
    notebook = nbformat.reads(source[0], as_version=4)
    opened(notation.read_text("utf-8") if notation.exists() else "", notebook.cells)
    source[0] = json.dumps(notebook)
    app.env.note_dependency(notation)


def link_symbols(app: Any, document: nodes.document) -> None:
    """Let the first mention of a symbol in each section lead to its row of the folded table."""
    boxes = (box for box in document.findall(nodes.container) if "design_component" in box)
    table = next((box for box in boxes if box.astext().startswith(FOLDED)), None)
    rows: dict[str, tuple[str, str]] = {}
    for number, row in enumerate([] if table is None else list(table.findall(nodes.row))[1:]):
        row["ids"].append(f"symbol-{number}")
        for formula in row[0].findall(nodes.math):
            meaning = re.sub(r"[\\{}]", "", row[2].astext())
            rows[formula.astext().split(" = ")[0]] = f"#{row['ids'][-1]}", meaning
    for section in document.findall(nodes.section):
        mentioned: set[str] = set()
        for paragraph in (part for part in section if isinstance(part, nodes.paragraph)):
            for formula in [part for part in paragraph if isinstance(part, nodes.math)]:
                name = formula.astext()
                if name in rows.keys() - mentioned:
                    mentioned.add(name)
                    uri, meaning = rows[name]
                    link = nodes.reference("", "", internal=True, refuri=uri, reftitle=meaning)
                    paragraph.replace(formula, link)
                    link["classes"].append("symbol")
                    link += formula


class Minutes(SphinxRole):
    """The role {minutes}`one two`: how long these chapters take to read."""

    def run(self) -> tuple[list[nodes.Node], list[Any]]:
        """The text, or a warning if one of them is not there."""
        folder, total = Path(self.env.doc2path(self.env.docname)).parent, 0.0
        for name in self.text.split():
            path = folder / f"{name}.ipynb"
            if not path.exists():
                logger.warning("minutes: no chapter %r", name, location=self.get_location())
                return [], []
            self.env.note_dependency(str(path))
            total += reading.cost(nbformat.read(path, as_version=4).cells)["minutes"]
        return [nodes.Text(reading.spoken(total))], []


def setup(app: Any) -> None:
    """Open chapters before MyST-NB parses them; register the role."""
    app.add_role("minutes", Minutes())
    app.connect("source-read", read)
    app.connect("doctree-read", link_symbols)
