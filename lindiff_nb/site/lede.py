"""The figure that shows a page's answer stands at the top of the page.

In the notebook it stands where it is computed, in a cell tagged `lede`. On the page it is moved up,
to just behind the box that the page opens with; numbers and references follow it. So do the lines
behind that cell: a command to try, and the table of what to see in ten minutes.
"""

from collections.abc import Iterator
from typing import Any

from docutils import nodes

TAG, BOX = "tag_lede", "overture"  # the classes that a tagged cell and the opening box have
OPENINGS = ("Try it.", "In ten minutes.")


def lift(app: Any, document: nodes.document) -> None:
    """Move the output of the tagged cell of a page behind its box."""
    box, cell = (_first(document, name) for name in (BOX, TAG))
    output = None if cell is None else _first(cell, "cell_output")
    if box is None or cell is None or output is None:
        return
    behind = list(_behind(cell))
    cell.remove(output)
    lifted = nodes.container(classes=["cell", "lede"])
    lifted += output
    for part in behind:
        part.parent.remove(part)
    place = box.parent.index(box) + 1
    box.parent[place:place] = [lifted, *behind]


def _behind(cell: nodes.Element) -> Iterator[nodes.Node]:
    """What belongs to the figure: a line that opens so, the block behind it, and so again."""
    rest = cell.parent[cell.parent.index(cell) + 1 :]
    for text, block in zip(rest[::2], rest[1::2], strict=False):
        if not text.astext().startswith(OPENINGS):
            return
        yield from (text, block)


def _first(tree: nodes.Element, name: str) -> nodes.Element | None:
    """The first container of this class."""
    found = (node for node in tree.findall(nodes.container) if name in node["classes"])
    return next(found, None)


def setup(app: Any) -> None:
    """Move it before Sphinx counts the figures of a page."""
    app.connect("doctree-read", lift, priority=100)
