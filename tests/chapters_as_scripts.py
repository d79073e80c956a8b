"""Write the code of each chapter as a script, for ruff and mypy: chapters_as_scripts.py FOLDER."""

import shutil
import sys
from pathlib import Path

from lindiff_nb.run.chapters import find_book


def write_scripts(folder: Path) -> None:
    """One script a chapter, named as a module; what the folder held before is removed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    book = find_book()
    for name, chapter in book.chapters.items():
        script = folder / f"{name.replace('-', '_')}.py"
        script.write_text("\n\n".join(chapter.code) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_scripts(Path(sys.argv[1]))
