"""What a page costs its reader: words, lines of code, figures, and minutes.

Read on the way through are the words outside proofs, solutions and tables. 220 of them are a
minute; a displayed equation is 20 seconds, a figure 30, a visible line of code 2.5.
"""

import re
from typing import Any

FOLDED = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
APART = r"(?:dropdown|prf:proof|solution|list-table|table)"
FIGURE = re.compile(r"\bsubplots\(|image_grid\(|figures\.\w+_figure\(")
ROW = re.compile(r"^\|.*\|$\n?", re.M)


def tags(cell: Any) -> set[str]:
    """The tags of a cell."""
    return set(cell["metadata"].get("tags", []))


def draws(source: str) -> bool:
    """Whether a cell makes a figure."""
    return bool(FIGURE.search(source))


def texts(cells: Any) -> str:
    """What stands between the code of a page."""
    return "\n\n".join(cell["source"] for cell in cells if cell["cell_type"] == "markdown")


def prose(text: str) -> str:
    """The text without displayed equations, proofs, solutions and tables."""
    text = re.sub(r"^```\{solution-start\}.*?\{solution-end\}\n```$", "", text, flags=re.S | re.M)
    text = re.sub(rf"^(:::+|```+)\{{{APART}\}}.*?^\1$", "", text, flags=re.S | re.M)
    text = re.sub(r"^:\w+:.*$", "", ROW.sub("", text), flags=re.M)  # options of a directive
    return re.sub(r"\$\$.*?\$\$", "", text, flags=re.S)


def cost(cells: Any) -> dict[str, float]:
    """What the cells of a page ask of its reader, by name."""
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    lines = {True: 0, False: 0}
    for cell in code:
        written = [line for line in cell["source"].splitlines() if line.strip()]
        lines[bool(tags(cell) & FOLDED)] += len(written)
    text = texts(cells)
    read = prose(text)
    found = {
        "words": len(re.findall(r"\S*[^\W\d_]{2}\S*", read)),
        "lines of code": sum(lines.values()),
        "visible lines of code": lines[False],
        "figures": sum(draws(c["source"]) and "remove-output" not in tags(c) for c in code),
        "numbers in the prose": len(re.findall(r"\{glue:\w+\}", read)),
    }
    equations = len(re.findall(r"\$\$.*?\$\$", text, re.S))
    seconds = 20 * equations + 30 * found["figures"] + 2.5 * found["visible lines of code"]
    return found | {"minutes": found["words"] / 220 + seconds / 60}


def spoken(minutes: float) -> str:
    """A reading time in words."""
    return f"{minutes:.0f} minutes" if minutes < 90 else f"{minutes / 60:.1f} hours"
