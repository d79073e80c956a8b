"""The figure that shows a page's answer stands at the top of the page.

In the notebook it stands where it is computed, in a cell tagged `lede`. On the page it is moved up,
to just behind the box that the page opens with; numbers and references follow it.
"""

from typing import Any

from docutils import nodes

TAG, BOX = "tag_lede", "overture"  # the classes that a tagged cell and the opening box have


def lift(app: Any, document: nodes.document) -> None:
    """Move the output of the tagged cell of a page behind its box."""
    box, cell = (_first(document, name) for name in (BOX, TAG))
    output = None if cell is None else _first(cell, "cell_output")
    if box is None or cell is None or output is None:
        return
    cell.remove(output)
    lifted = nodes.container(classes=["cell", "lede"])
    lifted += output
    box.parent.insert(box.parent.index(box) + 1, lifted)


def _first(tree: nodes.Element, name: str) -> nodes.Element | None:
    """The first container of this class."""
    found = (node for node in tree.findall(nodes.container) if name in node["classes"])
    return next(found, None)


def setup(app: Any) -> None:
    """Move it before Sphinx counts the figures of a page."""
    app.connect("doctree-read", lift, priority=100)
