"""The ledger for a reviewer: to each row its status, its commands, and what its run was.

A row states what it finds. The build adds what is computed: a status, first from the bold word that
the row opens with; the paper's value, ours and the error, where the row's text marks them by
`[...]{.theirs}`, `[...]{.ours}` and `[...]{.off}`; the command that draws each of its figures; and
sizes, seed, seconds, date and commit from the record of its run. What does not hold comes first.
`static/ledger.js` sorts and filters; without scripts the tables are whole.
"""

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref

from lindiff_nb.site.footer import records

NAMES = "tab-ledger-"
OWN = NAMES + "beyond"
STATES = ("does not", "holds with limits", "holds", "our own", "not yet", "nothing to show")
WORDS = {"not found": "does not", "in shape": "holds with limits", "reproduced": "holds"}
MARKED = {"theirs": "Paper’s value", "ours": "Our value", "off": "Error"}
AHEAD = ("Status", *MARKED.values())
COMPUTED = ("Again", "Sizes and seed", "Seconds", "Run")
NUMBER = re.compile(r"[+-]?[\d.]+(?:e[+-]?\d+)?(?![\d.]* *%)")
COMMAND = re.compile(r"lindiff-nb run ([\w-]+)")


def status(row: nodes.row, table: list[str]) -> str:
    """The status of a row: of its bold word, of what is ours, of whether deviations are named."""
    texts = [cell.astext() for cell in row]
    bold = [word.astext() for word in row.findall(nodes.strong)]
    if bold and bold[0] in WORDS:
        return WORDS[bold[0]]
    if OWN in table:
        return "our own"
    if "not yet" in texts[1]:
        return "not yet"
    if not any(texts[2:]):
        return "nothing to show"
    limited = len(texts) > 3 and not texts[3].startswith("none known")
    return "holds with limits" if limited else "holds"


def run(name: str, record: dict[str, Any]) -> tuple[str, str, str]:
    """Sizes and seed, seconds, and date and commit of the run of a chapter."""
    sizes = ", ".join(f"{key} = {value}" for key, value in record["parameters"].items())
    commit = (record.get("commit") or "")[:10]
    when = f"{record['date'][:10]} {commit}".strip()
    return f"{name}: {sizes}", f"{record['seconds']:.1f}", f"{name}: {when}"


def computed(row: nodes.row, chapters: list[str], runs: dict[str, Any]) -> list[nodes.Node]:
    """The cells that the build adds behind a row."""
    figures = [link["reftarget"] for link in row.findall(pending_xref)]
    figures = [name for name in dict.fromkeys(figures) if name.startswith("fig-")]
    again = [nodes.literal("", f"lindiff-nb figure {name}") for name in figures]
    found = [run(name, runs[name]) for name in chapters if name in runs]
    texts = ["; ".join(parts) for parts in zip(*found, strict=True)] or [""] * 3
    return [_cell(*again), *(_cell(nodes.Text(text)) for text in texts)]


def marked(row: nodes.row) -> list[nodes.entry]:
    """The cells of what the row's text marks, each as it stands there."""
    spans = list(row.findall(nodes.inline))
    found = {kind: [span for span in spans if kind in span["classes"]] for kind in MARKED}
    return [_cell(*(span.deepcopy() for span in each)) for each in found.values()]


def compare(app: Any, document: nodes.document, name: str) -> None:
    """Where the paper's value and ours are numbers and no error is marked, the error is theirs."""
    tables = (t for t in document.findall(nodes.table) if "ledger" in t["classes"])
    for row in (row for table in tables for row in next(table.findall(nodes.tbody))):
        _, _, theirs, ours, off, *_ = row
        pair = [NUMBER.match(cell.astext()) for cell in (theirs, ours)]
        values = [float(found[0]) for found in pair if found]
        if len(values) == 2 and values[0] and not len(off):
            off += nodes.paragraph("", f"{abs(values[1] / values[0] - 1):.0%}")


def _cell(*parts: nodes.Node) -> nodes.entry:
    lines = [nodes.paragraph("", "", part) for part in parts]
    return nodes.entry("", *lines)


def complete(table: nodes.table, runs: dict[str, Any]) -> None:
    """Add the columns to a table, and put what does not hold first."""
    group = next(table.findall(nodes.tgroup))
    head, body = next(group.findall(nodes.thead)), next(group.findall(nodes.tbody))
    group["cols"] += len(AHEAD) + len(COMPUTED)
    group[1:1] = [nodes.colspec(colwidth=8) for _ in AHEAD]
    at = group.index(head)
    group[at:at] = [nodes.colspec(colwidth=12) for _ in COMPUTED]
    head[0][1:1] = [_cell(nodes.Text(title)) for title in AHEAD]
    head[0] += [_cell(nodes.Text(title)) for title in COMPUTED]
    chapters: list[str] = []
    states = {}
    for row in body:
        chapters = list(dict.fromkeys(COMMAND.findall(row.astext()))) or chapters
        states[row] = status(row, table["ids"])
        cells = computed(row, chapters if len(row[1].astext()) else [], runs)
        row[1:1] = [_cell(nodes.Text(states[row])), *marked(row)]
        row += cells
    body[:] = sorted(body, key=lambda row: STATES.index(states[row]))
    table["classes"].append("ledger")


def read(app: Any, document: nodes.document) -> None:
    """Complete the tables of the ledger; its page has no second sidebar, so that they are wide."""
    for table in document.findall(nodes.table):
        if not any(name.startswith(NAMES) for name in table["ids"]):
            continue
        complete(table, records(Path(app.srcdir)))
        app.env.metadata[app.env.docname]["html_theme.sidebar_secondary.remove"] = "true"


def load(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """The script, on the page that has a ledger."""
    if re.search(r'<table class="[^"]*ledger', context.get("body", "")):
        app.add_js_file("ledger.js", loading_method="defer", priority=800)


def setup(app: Any) -> None:
    """Complete them before references are resolved."""
    app.connect("doctree-read", read)
    app.connect("doctree-resolved", compare)
    app.connect("html-page-context", load)
