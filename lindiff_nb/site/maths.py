"""Mathematics set when the site is built: HTML for the eye, MathML beside it for a screen reader.

KaTeX, the script that sphinxcontrib-katex carries, runs in the V8 of mini-racer; its style sheet
and fonts of the same version lie in `faces`. A reader's browser runs nothing: a formula is
there without scripts, moves nothing when it comes, and can be selected. The macros are those of
`mathjax3_config`, which JupyterLab's MathJax and plain Sphinx know too.
"""

import re
from functools import cache
from importlib import resources
from typing import Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

from lindiff_nb._base import extras
from lindiff_nb.site.fonts import FACES

logger = logging.getLogger(__name__)

NAME = "katex"
ENVIRONMENT = re.compile(r"\\begin\{(\w+)\}.*?\\end\{\1\}", re.S)
ROW, APART = re.compile(r"\\\\(?!\s*\[)"), "[0.8em]"  # in KaTeX fractions of two rows touch
NUMBERED = re.compile(r"(\\(?:begin|end)\{(?:align|alignat|gather|equation))\}")
BEFORE, AFTER = re.compile(r"[(\[“‘]+$"), re.compile(r"[^\w\s(\[“‘–—]+(?:\w+\b)?")
LAST = re.compile(r'<span class="base">(?:(?!<span class="base">).)*(?=</span></span>$)', re.S)


@cache
def engine() -> Any:
    """A JavaScript context with KaTeX in it."""
    with extras.of("book"):
        from py_mini_racer import MiniRacer

        script = resources.files("sphinxcontrib") / "katex.min.js"
        context = MiniRacer()
        context.eval(script.read_text(encoding="utf-8"))
    return context


@cache
def fontless() -> set[str]:
    """The classes of letters whose font is not in `faces`."""
    sheet = (FACES / "katex.css").read_text(encoding="utf-8")
    there = re.findall(r"@font-face\{font-family:\W?(KaTeX_\w+)", sheet)
    rules = re.findall(r"([^{}]+)\{[^{}]*font-family:(KaTeX_\w+)", sheet)
    lacking = " ".join(selector for selector, family in rules if family not in there)
    return set(re.findall(r"\.(\w+)", lacking)) - {NAME}


@cache
def typeset(tex: str, display: bool, macros: tuple[tuple[str, str], ...] = ()) -> str:
    """A formula as HTML and MathML; ValueError with KaTeX's words if it cannot be set.

    Numbers are Sphinx's: an environment that would number its lines becomes the one that does not.
    """
    from py_mini_racer import JSEvalException

    options = {
        "displayMode": display,
        "strict": "error",
        "macros": dict(macros),
        "errorColor": "-",
    }
    *rows, last = ROW.split(NUMBERED.sub(r"\1*}", tex))
    spaced = "".join(rf"{row}\\{APART * ('frac' in row)}" for row in rows) + last
    try:
        made = engine().call("katex.renderToString", spaced, options).replace(APART, "")
    except JSEvalException as error:
        said = re.search(r"(?:KaTeX parse error|LaTeX-incompatible input)[^\n]*", str(error))
        raise ValueError(f"{said[0] if said else error} in the formula {tex!r}") from None
    if "color:-" in made:  # a command that links or brings HTML
        raise ValueError(f"not trusted: a command in the formula {tex!r}")
    classes = " ".join(re.findall(r'class="([^"]*)', made)).split()
    if lacking := fontless().intersection(classes):
        raise ValueError(f"no font for {', '.join(sorted(lacking))} in the formula {tex!r}")
    return str(made)


def written(writer: Any, node: nodes.Element, tex: str, display: bool) -> str:
    """The formula of a node; where it cannot be set, a warning that names it, and its text."""
    config = (writer.builder.config.mathjax3_config or {}).get("tex", {}).get("macros", {})
    macros = tuple((f"\\{name}", text) for name, text in config.items())
    try:
        return typeset(tex, display, macros)
    except ValueError as error:
        logger.warning("%s", error, location=node)
        return str(writer.encode(tex))


class Joined(SphinxPostTransform):
    """A formula and the bracket before it or the comma behind it stay on one line.

    A browser breaks a line on either side of a formula, as of a picture.
    """

    default_priority = 900
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Put them into one element, which the style sheet keeps together."""
        for formula in list(self.document.findall(nodes.math)):
            place, around = formula.parent.index(formula), formula.parent.children
            before, after = around[:place][-1:], around[place + 1 :][:1]
            opening = _taken(before, BEFORE.search)
            closing = _taken(after, AFTER.match)
            if opening or closing:
                joined = nodes.inline("", "", classes=["joined"])
                formula.replace_self(joined)
                joined += [*opening, formula, *closing]


def _taken(beside: list[nodes.Node], found: Any) -> list[nodes.Text]:
    """What a text beside a formula gives to it, and has no longer."""
    for text in beside:
        match = found(text.astext()) if isinstance(text, nodes.Text) else None
        if match:
            rest = match.string[: match.start()] + match.string[match.end() :]
            place = [child is text for child in text.parent].index(True)  # not one that equals it
            text.parent[place] = nodes.Text(rest)
            return [nodes.Text(match[0])]
    return []


def visit_inline(writer: Any, node: nodes.math) -> None:
    """A formula in the text; its last piece is an element that `joined` can hold."""
    start = writer.starttag(node, "span", "", CLASS="math notranslate nohighlight")
    made = LAST.sub(r'<span class="last">\g<0></span>', written(writer, node, node.astext(), False))
    writer.body.append(f"{start}{made}</span>")
    raise nodes.SkipNode


def visit_display(writer: Any, node: nodes.math_block) -> None:
    """A displayed formula, its number and the link to it before it, as Sphinx lays them out."""
    writer.body.append(writer.starttag(node, "div", CLASS="math notranslate nohighlight"))
    if node["number"]:
        number = get_node_equation_number(writer, node)
        writer.body.append(f'<span class="eqno">({number})')
        writer.add_permalink_ref(node, "Link to this equation")
        writer.body.append("</span>")
    writer.body.append(f"{written(writer, node, aligned(node), True)}</div>\n")
    raise nodes.SkipNode


def aligned(node: nodes.math_block) -> str:
    """The text of a block, in which blank lines and line breaks divide an equation."""
    text = str(node.astext())
    if node["nowrap"]:
        return text
    parts = [part for part in text.split("\n\n") if part.strip()]
    for i, part in enumerate(parts):
        if r"\\" in ENVIRONMENT.sub("", part):  # those of a matrix are its own
            parts[i] = rf"\begin{{split}}{part}\end{{split}}"
    lines = r"\\".join(parts)
    return lines if len(parts) == 1 else rf"\begin{{aligned}}{lines}\end{{aligned}}"


def choose(app: Any, config: Any) -> None:
    """Let Sphinx set its mathematics so, whatever else is installed."""
    config.html_math_renderer = NAME


def setup(app: Any) -> None:
    """Register the renderer."""
    app.add_html_math_renderer(NAME, (visit_inline, None), (visit_display, None))
    app.add_post_transform(Joined)
    app.connect("config-inited", choose)
