"""MyST as the chapters use it, parsed: the tokens of a text, and what a directive says."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.amsmath import amsmath_plugin
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.myst_blocks import myst_block_plugin
from mdit_py_plugins.myst_role import myst_role_plugin

SPANS = ("myst_role", "math_inline")  # the inline rules whose places in the text are kept
MATH = ("math_block", "math_block_label", "amsmath")


@dataclass(frozen=True)
class Directive:
    """A fence such as :::{exercise} Coins."""

    name: str
    title: str
    options: dict[str, str]
    body: str

    @property
    def label(self) -> str:
        """What it is referred to by; empty if nothing can."""
        return self.options.get("label", self.options.get("name", ""))


def tokens(text: str) -> list[Token]:
    """The blocks of a text; a role or formula says in meta["span"] where in its block it is."""
    return _parser().parse(text)


def directive(token: Token) -> Directive | None:
    """What a fence says, if it is a directive; None for every other token."""
    if token.type not in ("fence", "colon_fence") or not token.info.startswith("{"):
        return None
    name, _, title = token.info[1:].partition("}")
    lines, options = token.content.splitlines(), {}
    while lines and re.match(r":[\w-]+:", lines[0]):
        key, _, value = lines.pop(0)[1:].partition(":")
        options[key] = value.strip()
    return Directive(name, title.strip(), options, "\n".join(lines))


@cache
def _parser() -> MarkdownIt:
    """A parser of what _config.yml turns on."""
    parser = MarkdownIt("commonmark").enable("table")
    for plugin in (colon_fence_plugin, myst_block_plugin, myst_role_plugin, amsmath_plugin):
        parser.use(plugin)
    parser.use(dollarmath_plugin, allow_labels=True, double_inline=True)
    for rule in parser.inline.ruler.__rules__:
        if rule.name in SPANS:
            parser.inline.ruler.at(rule.name, _placed(rule.fn))
    return parser


def _placed(rule: Callable[[StateInline, bool], bool]) -> Callable[[StateInline, bool], bool]:
    """The rule, its token told where it stands."""

    def placed(state: StateInline, silent: bool) -> bool:
        start = state.pos
        found = rule(state, silent)
        if found and not silent:
            state.tokens[-1].meta["span"] = (start, state.pos)
        return found

    return placed


def spans(token: Token) -> list[tuple[int, int, Token]]:
    """Where in an inline token the roles and formulas are, from left to right."""
    found: list[tuple[int, int, Any]] = []
    for child in token.children or []:
        if "span" in child.meta:
            found.append((*child.meta["span"], child))
    return found
