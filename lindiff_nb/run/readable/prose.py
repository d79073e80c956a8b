"""A text in MyST as one in plain Markdown: what a parser finds is put into words, in its place.

Everything else stays as it was written, letter for letter.
"""

import re
from collections.abc import Callable, Mapping
from textwrap import dedent

from markdown_it.token import Token

from lindiff_nb.run.readable.citations import Citations
from lindiff_nb.run.readable.labels import Labels, kind_of
from lindiff_nb.run.readable.myst import MATH, Directive, directive, spans, tokens

COMMAND = re.compile(r"\\([A-Za-z]+|.)", re.S)  # TeX's: a word of letters, or one other character
SPECIAL = re.compile(r"([\\`*_\[\]<$])")
DROPPED = ("myst_target", "myst_line_comment", "myst_block_break")
OPEN = ("exercise", "admonition")  # and all that is counted; other boxes are closed
END = ["</details>"]


class Prose:
    """The texts of one chapter, in order: a solution may begin in one and end in a later one."""

    def __init__(
        self,
        labels: Labels,
        citations: Citations,
        macros: Mapping[str, str],
        site: str,
        roles: Mapping[str, Callable[[str], str]],
    ) -> None:
        """`site` is where its pages are; `roles` put what only the run knows into words."""
        self.labels, self.macros, self.site = labels.known, macros, site
        self.solution = ""  # the title of the one that was begun and not ended
        self.roles = {
            **roles,
            "cite:p": citations.in_brackets,
            "cite:t": citations.in_text,
            **dict.fromkeys(("eq", "ref", "numref", "prf:ref"), self.reference),
        }

    def cell(self, text: str) -> str:
        """A whole cell; a solution that is not over at its end is a box in each of its cells."""
        begun = _box(f"{self.solution}, continued", False) if self.solution else []
        lines = [*begun, self.text(text)]
        if self.solution:
            lines += ["", *END]
        nothing = "\n".join([*begun, *END])
        return "\n".join(lines).replace(nothing, "") if begun else "\n".join(lines)

    def text(self, text: str) -> str:
        """Any text."""
        lines, blocks = text.split("\n"), tokens(text)
        used: dict[int, int] = {}  # how far each line is done: a row of a table has many cells
        for block in blocks:
            if block.type == "inline":
                self._put_inline(block, lines, used)
        new = [(block.map, self._block(block)) for block in blocks if block.map]
        for place, words in reversed(new):
            if words is not None:
                margin = re.match(" *", lines[place[0]])
                indent = margin[0] if margin else ""
                lines[slice(*place)] = [indent + line if line else line for line in words]
        return "\n".join(lines)

    def _put_inline(self, block: Token, lines: list[str], used: dict[int, int]) -> None:
        """Put the words of a paragraph, heading or cell of a table into its lines."""
        content, start = block.content, (block.map or [0])[0]
        for begin, end, token in reversed(spans(block)):
            words = self._inline(token, content[begin:end])
            lost = content.count("\n", begin, end) - words.count("\n")
            content = content[:begin] + words + "\n" * lost + content[end:]
        pairs = zip(block.content.split("\n"), content.split("\n"), strict=True)
        for row, (old, new) in enumerate(pairs, start):
            at = lines[row].find(old, used.get(row, 0))
            if at >= 0:
                lines[row] = lines[row][:at] + new + lines[row][at + len(old) :]
                used[row] = at + len(new)

    def _inline(self, token: Token, written: str) -> str:
        if token.type != "myst_role":
            return self.expanded(written)
        role = self.roles.get(token.meta["name"])
        return role(token.content) if role else token.content

    def expanded(self, formula: str) -> str:
        """A formula without the macros of the site."""
        return COMMAND.sub(lambda found: self.macros.get(found[1], found[0]), formula)

    def reference(self, content: str) -> str:
        """A link to what has a label, under its name or the words given with it: words <label>."""
        words, _, name = content.removesuffix(">").rpartition(" <")
        label = self.labels.get(name)
        if label is None:
            return words or name
        address = f"{self.site}{label.page}.html#{label.anchor}"
        return f"[{self.text(words or label.text)}]({address})"

    def _block(self, block: Token) -> list[str] | None:
        """The lines that replace a block; None if it stays."""
        if block.type in DROPPED:
            return []
        if block.type in MATH:
            return self._equation(block)
        found = directive(block)
        return self._directive(found) if found else None

    def _equation(self, block: Token) -> list[str]:
        label = self.labels.get(block.info) if block.type == "math_block_label" else None
        tag = [rf"\tag{{{label.text[1:-1]}}}"] if label else []
        body = dedent(self.expanded(block.content)).strip().split("\n")
        return body if block.type == "amsmath" else ["$$", *body, *tag, "$$"]

    def _directive(self, found: Directive) -> list[str]:
        match found.name:
            case "solution-start":
                self.solution = self._solved(found.title)
                return [*_box(self.solution, False)]
            case "solution-end":
                self.solution = ""
                return END
            case "list-table":
                return [*self._caption(found), "", *self._table(found.body)]
            case "div":
                return self.text(found.body).split("\n")
        body = self.text(found.body).strip("\n").split("\n")
        title = self._solved(found.title) if found.name == "solution" else self._heading(found)
        opened = found.name in OPEN or bool(kind_of(found.name))
        return [*_box(title, opened), *body, "", *END] if title else body

    def _solved(self, name: str) -> str:
        return f"<b>Solution to {self.labels[name].text if name in self.labels else name}</b>"

    def _heading(self, found: Directive) -> str:
        """Theorem 4.1 (Marchenko and Pastur), or the title of a box that has no number."""
        title = self.text(found.title)
        label = self.labels.get(found.label)
        if label is None:
            return f"<b>{title}</b>" if title else ""
        return f"<b>{label.text}</b>" + (f" ({title})" if title else "")

    def _caption(self, found: Directive) -> list[str]:
        label = self.labels.get(found.label)
        return [f"**{label.text}** {self.text(found.title)}" if label else self.text(found.title)]

    def _table(self, body: str) -> list[str]:
        """A list of lists as a table: one line a row, a rule under the first."""
        rows = _rows(body)
        cells = [[self.text(cell).replace("|", r"\|") for cell in row] for row in rows]
        cells.insert(1, ["---"] * len(rows[0]))
        return [f"| {' | '.join(row)} |" for row in cells]


def _rows(body: str) -> list[list[str]]:
    """The cells of a list of lists, each on one line."""
    rows: list[list[str]] = []
    depth = 0
    for token in tokens(body):
        depth += (token.type == "bullet_list_open") - (token.type == "bullet_list_close")
        if token.type == "list_item_open" and depth == 1:
            rows.append([])
        elif token.type == "list_item_open" and depth == 2:
            rows[-1].append("")
        elif token.type == "inline" and rows and rows[-1]:
            rows[-1][-1] = f"{rows[-1][-1]} {token.content}".replace("\n", " ").strip()
    return rows


def _box(title: str, opened: bool) -> list[str]:
    """The head of a box that its reader opens and closes; Markdown follows after an empty line."""
    return [f"<details{' open' * opened}><summary>{title}</summary>", ""]


def escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return SPECIAL.sub(r"\\\1", text)
