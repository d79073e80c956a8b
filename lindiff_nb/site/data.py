"""Under each figure: the numbers that it draws, as CSV, and the command that draws it alone."""

import html
import json
from pathlib import Path
from typing import Any

from docutils import nodes

from lindiff_nb.figures import series

FOLDER = "data"  # beside the pages
LINK = '<a href="{file}" download aria-label="CSV of {name}">CSV</a> '
FOOT = '<div class="figure-foot">{link}<code>lindiff-nb figure {name}</code></div>'


def add(app: Any, document: nodes.document) -> None:
    """Write the tables of a page; put link and command behind the captions."""
    path = Path(app.env.doc2path(app.env.docname))
    if path.suffix != ".ipynb":
        return
    drawn = series.by_figure(json.loads(path.read_text("utf-8")))
    folder = Path(app.outdir) / Path(app.env.docname).parent / FOLDER
    for figure in document.findall(nodes.figure):
        for name in drawn.keys() & set(figure["ids"]):
            link = ""
            if kept := drawn[name].get(series.MIME):
                folder.mkdir(parents=True, exist_ok=True)
                (folder / f"{name}.csv").write_text(series.table(kept), "utf-8")
                link = LINK.format(file=f"{FOLDER}/{name}.csv", name=html.escape(name))
            foot = FOOT.format(link=link, name=html.escape(name))
            figure += nodes.legend("", nodes.raw("", foot, format="html"))


def setup(app: Any) -> None:
    """Do it as each page is read."""
    app.connect("doctree-read", add)
