"""Where each symbol of the notation page is introduced: `python tests/introduced.py` writes it.

That is the first page, in the order of the table of contents, whose formulas hold all symbols of a
row. A letter that changes its meaning, which the page's last table lists, keeps what is written.
"""

import re
from pathlib import Path

import yaml

from lindiff_nb.site.opening import MATHS, ROWS, SHARED, Row

ROOT = Path(__file__).parents[1]
NOTATION = ROOT / "book/notation.md"
CODE = re.compile(r"```\{code-cell\}.*?^```$", re.M | re.S)


def formulas() -> dict[str, str]:
    """What stands in the formulas of each chapter, by its label, in order."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    names = [toc["root"], *(page["file"] for part in toc["parts"] for page in part["chapters"])]
    texts = [(ROOT / f"{name}.md").read_text() for name in names]
    label = re.compile(r"^\((ch-[\w-]+)\)=", re.M)
    chapters = [text for text in texts if CODE.search(text)]
    return {
        label.findall(text)[0]: " ".join(MATHS.findall(CODE.sub("", text))) for text in chapters
    }


def holds(text: str, row: Row) -> bool:
    """Whether formulas hold all symbols of a row, with whatever index or argument."""
    stems = (re.split(r"\(p |\\cdot", head)[0].strip() for head in row.heads())
    return all(re.search(rf"(?<![A-Za-z\\]){re.escape(stem)}(?![A-Za-z])", text) for stem in stems)


def written(notation: str) -> str:
    """The notation page with this column."""
    shared = set(re.findall(r"\$([^$]+)\$", " ".join(SHARED.findall(notation))))
    chapters = formulas()

    def filled(found: re.Match[str]) -> str:
        row = Row(*found.groups())
        if shared & set(row.heads()):
            return found[0]
        first = next((label for label, text in chapters.items() if holds(text, row)), row.chapter)
        return found[0].replace(f"{{ref}}`{row.chapter}`", f"{{ref}}`{first}`")

    return ROWS.sub(filled, notation)


if __name__ == "__main__":
    NOTATION.write_text(written(NOTATION.read_text()))
