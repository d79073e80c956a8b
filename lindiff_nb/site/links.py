"""Names in the code of a page lead to the reference of functions.

A name is followed from the imports of the page's own cells, and linked once a cell, if the
reference has it and no cell assigns it. (sphinx-codeautolink does the same for pages without
theorems: a section without a title stops it.)
"""

import ast
import html
import re
from typing import Any

CELL = re.compile(r'(<div class="highlight-(?:ipython3|python)\b[^>]*><div class="highlight"><pre>)'
                  r"(.*?)(?=</pre>)", re.S)  # fmt: skip
DOT = r'<span class="o">\.</span>'
CHAIN = re.compile(rf'(?<!{DOT})<span class="n">\w+</span>(?:{DOT}<span class="n">\w+</span>)*')
KEYWORD = '<span class="o">=</span>'  # without a space before it


def names(cells: list[str]) -> dict[str, str]:
    """What the names that these cells import, and never assign, stand for."""
    found: dict[str, str] = {}
    assigned = set()
    for node in (node for cell in cells for node in ast.walk(_tree(cell))):
        if isinstance(node, ast.ImportFrom):
            found |= {k.asname or k.name: f"{node.module}.{k.name}" for k in node.names}
        elif isinstance(node, ast.Import):
            found |= {k.asname: k.name for k in node.names if k.asname}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            assigned.add(node.id)
    return {name: full for name, full in found.items() if name not in assigned}


def _tree(cell: str) -> ast.AST:
    """The code of a cell; nothing of one that is no plain Python."""
    try:
        return ast.parse(html.unescape(re.sub(r"<[^>]*>", "", cell)))
    except SyntaxError:
        return ast.Module([], [])


def link(body: str, addresses: dict[str, str]) -> str:
    """The page with links in its cells to what `addresses` holds by full name."""
    known = names([cell[2] for cell in CELL.finditer(body)])

    def cell(found: re.Match[str]) -> str:
        seen: set[str] = set()

        def chain(here: re.Match[str]) -> str:
            parts = re.findall(r">(\w+)<", here[0])
            if parts[0] not in known or found[2].startswith(KEYWORD, here.end()):
                return here[0]
            for k in range(len(parts), 0, -1):
                full = ".".join([known[parts[0]], *parts[1:k]])
                if full in addresses and full in seen:
                    break
                if full in addresses:
                    seen.add(full)
                    end = [m.end() for m in re.finditer(r"\w+</span>", here[0])][k - 1]
                    start = f'<a class="api" href="{addresses[full]}">'
                    return f"{start}{here[0][:end]}</a>{here[0][end:]}"
            return here[0]

        return found[1] + CHAIN.sub(chain, found[2])

    return CELL.sub(cell, body)


def add(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Link the names on a page of the book."""
    if doctree is not None:
        objects = app.env.get_domain("py").objects
        addresses = {
            name: f"{app.builder.get_relative_uri(page, found.docname)}#{found.node_id}"
            for name, found in objects.items()
        }
        context["body"] = link(context["body"], addresses)


def setup(app: Any) -> None:
    """Register the links."""
    app.connect("html-page-context", add)
