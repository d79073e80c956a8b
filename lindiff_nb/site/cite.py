"""How to cite a page: BibTeX with its version, and the anchors that stay, in a box at its foot.

Authors, title and version of the book are those of CITATION.cff. An address stands there only where
LINDIFF_SITE_URL tells one.
"""

import html
import re
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from pybtex.plugin import find_plugin, register_plugin

from lindiff_nb.site import doors
from lindiff_nb.site.footer import records
from lindiff_nb.site.package import ROOT

BIBTEX = """\
@misc{{lindiff-{name},
  author = {{{{{authors}}}}},
  title = {{{{{title}}}}},
  howpublished = {{In: {book}}},
  note = {{Version {version}, run {run}}},
  year = {{{year}}}{url}
}}"""
BOX = """
<details class="cite sd-dropdown sd-card"><summary class="sd-summary-title sd-card-header">
Cite this page</summary><div class="sd-summary-content sd-card-body">
<div class="highlight-none notranslate"><div class="highlight"><pre>{bibtex}</pre></div></div>
<p>Numbers of figures may change from version to version, names do not: {anchors}.</p>
</div></details>
"""


def bibtex(name: str, title: str, anchor: str, record: dict[str, Any]) -> str:
    """The entry of a page, from its title and the record of its run."""
    book = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    authors = [each.get("name") or each["family-names"] for each in book["authors"]]
    commit = record.get("commit") or ""
    site = doors.address()
    return BIBTEX.format(
        name=name.rpartition("/")[2],
        authors=_tex(" and ".join(authors)),
        title=title,
        book=_tex(book["title"]),
        version=book["version"],
        run=record["date"][:10] + (f", commit {commit[:10]}" if commit else ""),
        year=record["date"][:4],
        url=f",\n  url = {{{site}{name}.html#{anchor}}}" if site else "",
    )


def _tex(text: str) -> str:
    return re.sub(r"([&%_#])", r"\\\1", text)


def add(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Put the box behind a page that was executed."""
    record = records(Path(app.srcdir)).get(page.rpartition("/")[2])
    if doctree is None or not record:
        return
    heading = next(iter(doctree.findall(nodes.title)))
    formula = {True: "${}$", False: "{}"}
    parts = [(isinstance(part, nodes.math), part.astext()) for part in heading]
    title = "".join(formula[maths].format(text if maths else _tex(text)) for maths, text in parts)
    figures = [figure["ids"][0] for figure in doctree.findall(nodes.figure) if figure["ids"]]
    ids = heading.parent["ids"]
    anchor = next((name for name in ids if name.startswith("ch-")), ids[0])
    links = [f'<a href="#{name}">#{name}</a>' for name in (anchor, *figures)]
    text = html.escape(bibtex(page, title, anchor, record))
    context["body"] += BOX.format(bibtex=text, anchors=", ".join(links))


def setup(app: Any) -> None:
    """After the line that says when the page was executed, and the package.

    What writes a source as text is found once: each citation would look through all that is
    installed.
    """
    app.connect("html-page-context", add, priority=650)
    writer = find_plugin("pybtex.backends", "plaintext")
    register_plugin("pybtex.backends", "plaintext", writer, force=True)
