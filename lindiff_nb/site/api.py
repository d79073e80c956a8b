"""The reference of functions: a page of the book for each package, made from its docstrings.

In a page of prose the block

    ```{api} exact
    ```

stands for the package of that name: its map, and each public module with its functions, as
Sphinx's autodoc finds them. Without a name it stands for a list of all of them. Public is what a
package's `__all__` lists, and of a module its own `__all__`, or what is defined there and has no
underscore. Docstrings are plain text; `as_rst` says how they are read.
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from dataclasses import is_dataclass
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

ROOT = "lindiff_nb"
BLOCK = re.compile(r"^```\{api\} *(\w*)\n```$", re.MULTILINE)
ROW = re.compile(r"([\w*]+(?:, [\w*]+)*)  +(\S.*)")  # of a table: names, spaces, what they are
MODULE = """
{heading}

```{{eval-rst}}
.. automodule:: {name}
   :members:
   :member-order: bysource
```
"""


def packages() -> list[str]:
    """The names of the public packages: those of `lindiff_nb` that list their own names."""
    found = import_module(ROOT)
    return [name for name in found.__all__ if hasattr(getattr(found, name), "__all__")]


def modules(package: str) -> list[ModuleType]:
    """The package, and its public modules."""
    here = import_module(f"{ROOT}.{package}")
    listed = (getattr(here, name) for name in here.__all__)
    return [here, *(found for found in listed if isinstance(found, ModuleType))]


def names(module: ModuleType) -> dict[str, Any]:
    """The public functions and classes of a module or a package, as its source has them."""
    own = (k for k, v in vars(module).items() if getattr(v, "__module__", "") == module.__name__)
    listed = getattr(module, "__all__", [name for name in own if not name.startswith("_")])
    found = {name: getattr(module, name) for name in listed}
    return {k: v for k, v in found.items() if inspect.isfunction(v) or inspect.isclass(v)}


def as_rst(text: str, link: Any = lambda name: None) -> list[str]:
    """A docstring as reStructuredText, in lines.

    Paragraphs stay paragraphs, blocks that are indented stand as they are, and lines of a name,
    two spaces or more and what it is become a list. `link` gives the address of a name in
    backticks, or None.
    """
    out: list[str] = []
    for block in re.split(r"\n(?:[ \t]*\n)+|\n(?=\d\. )", text.strip("\n")):
        lines = block.split("\n")
        if all(line.startswith(" ") for line in lines):
            out += [".. code-block:: text", "", *(f"   {line}" for line in lines)]
        elif all(ROW.fullmatch(line) or line.startswith(" ") for line in lines):
            for row in re.split(r"\n(?! )", block):
                name, *meaning = re.split("  +", row, maxsplit=1)
                out += [_inline(f"`{name}`", link), "   " + _inline(" ".join(meaning), link)]
        else:
            out.append(_inline(block, link))
        out.append("")
    return out


def _inline(text: str, link: Any) -> str:
    """A paragraph on one line, its names in backticks as code, and nothing else as markup."""

    def part(found: str) -> str:
        if found[:1] != "`" or len(found) < 3:
            return re.sub(r"([\\*|_`])", r"\\\1", found)
        target = link(found[1:-1])
        return f":py:obj:`{found[1:-1]} <{target}>`" if target else f"``{found[1:-1]}``"

    return "\\ " + "".join(map(part, re.split(r"(`[^`]+`)", " ".join(text.split()))))


def read(app: Any, page: str, source: list[str]) -> None:
    """Write the reference in the place of the block that stands for it."""
    source[0] = BLOCK.sub(lambda block: "\n".join(_package(block[1])), source[0])


def _package(name: str) -> Iterator[str]:
    """The reference of a package, or the list of all."""
    if not name:
        yield from map(_listed, packages())
        return
    for module in modules(name):
        short = _short(module.__name__)
        yield MODULE.format(heading=f"## {short}" if "." in short else "", name=module.__name__)


def _listed(package: str) -> str:
    """What a package holds, in a line each."""
    lines = [f"## {package}", "", "```{eval-rst}"]
    for module in modules(package):
        for name, value in names(module).items():
            short, first = f"{_short(module.__name__)}.{name}", inspect.getdoc(value) or ""
            full = f"{module.__name__}.{name}"
            first = _inline(first.split("\n\n")[0], lambda _: None)
            lines += [f":py:obj:`{short} <{full}>`", f"   {first}"]
    return "\n".join([*lines, "```", ""])


@cache
def public() -> frozenset[str]:
    """The full names of all public functions and classes, and of their modules."""
    every = [module for package in packages() for module in modules(package)]
    own = (f"{module.__name__}.{name}" for module in every for name in names(module))
    return frozenset([*own, *(module.__name__ for module in every)])


def _short(name: str) -> str:
    return name.removeprefix(ROOT + ".")


def describe(app: Any, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """Autodoc's hook: a docstring as reStructuredText, after it the fields of a class."""
    fields = _fields(value) if what == "class" else []
    lines[:] = as_rst("\n".join(lines), lambda found: _address(found, name))
    lines += [".. code-block:: python", "", *fields, ""] if fields else []


def sign(app: Any, what: str, name: str, value: Any, *_: Any) -> tuple[str, str] | None:
    """Autodoc's hook: a signature with its types as the source has them; fields stand below it."""
    if what == "class":
        own = None if is_dataclass(value) else vars(value).get("__init__")
        return (sign(app, "method", name, own) or ("", ""))[0], ""
    if what not in ("function", "method") or value is None:
        return None
    tree = _tree(value)
    arguments = tree.args
    if what == "method":
        arguments.args = arguments.args[1:]
    return f"({ast.unparse(arguments)})", ast.unparse(tree.returns) if tree.returns else ""


def _tree(value: Any) -> Any:
    return ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(value)))).body[0]


def _fields(value: Any) -> list[str]:
    """The lines of a class that name its fields, with types and what stands beside them."""
    source = textwrap.dedent(inspect.getsource(value)).split("\n")
    assigned = [node for node in _tree(value).body if isinstance(node, ast.AnnAssign)]
    return [source[node.lineno - 1] for node in assigned]


def _address(found: str, place: str) -> str | None:
    """The full name of what a docstring at this place means by a name, if it is public."""
    within = place.split(".")
    for depth in range(len(within), 0, -1):
        full = ".".join([*within[:depth], found])
        if full in public():
            return full
    return None


def skip(app: Any, what: str, name: str, value: Any, *_: Any) -> bool | None:
    """Autodoc's hook: leave out the fields of a tuple, which `describe` has listed."""
    return True if type(value).__name__ == "_tuplegetter" else None


def plain(app: Any, env: Any, node: Any, content: Any) -> Any:
    """A type that has no page as plain text."""
    return content if node.get("refdomain") == "py" and node["reftype"] == "class" else None


def setup(app: Any) -> None:
    """Register the block and the two hooks; types that have no page stand as they are."""
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("source-read", read)
    app.connect("autodoc-process-docstring", describe)
    app.connect("autodoc-process-signature", sign)
    app.connect("autodoc-skip-member", skip)
    app.connect("missing-reference", plain)
