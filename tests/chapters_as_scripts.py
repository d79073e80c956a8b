"""Write each chapter's code as a script, for ruff and mypy: python chapters_as_scripts.py FOLDER."""

import shutil
import sys
from pathlib import Path

import jupytext

BOOK = Path(__file__).parents[1] / "book"


def write_scripts(folder: Path) -> list[Path]:
    """One `py:percent` script a chapter, named as a module; scripts of chapters gone are removed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    scripts = []
    for page in sorted(BOOK.glob("*.md")):
        if "{code-cell}" in (text := page.read_text()):
            script = folder / f"{page.stem.replace('-', '_')}.py"
            script.write_text(jupytext.writes(jupytext.reads(text, fmt="md:myst"), fmt="py:percent"))
            scripts.append(script)
    return scripts


if __name__ == "__main__":
    write_scripts(Path(sys.argv[1]))
