"""Turn the staged folder into the website: Sphinx, by way of Jupyter Book, all warnings errors.

The site is always built whole, from nothing, into a folder beside its place, and moved there at
the end. An incremental build would be quicker and wrong: it does not repeat the warnings of pages
it does not read again, nor renew numbers that one page quotes from another.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from lindiff_nb.run.chapters import Book
from lindiff_nb.run.dependencies import Dependencies
from lindiff_nb.run.errors import RunFailed
from lindiff_nb.run.files import write_text

JUPYTER_BOOK = "from jupyter_book.cli.main import main; main()"
STRICT = ("-W", "-n", "--keep-going", "-q")


class Site:
    """The website of a book: _build/html, and the key of what it was built from."""

    def __init__(self, book: Book) -> None:
        """Nothing is built yet."""
        self.html = book.build / "html"
        self.stage = book.build / "stage"
        self.previous = book.build / "previous"
        self.work = book.build / "site"
        self.note = book.build / "site.json"

    def is_current(self, key: str) -> bool:
        """Whether the site that stands was built from what `key` stands for."""
        try:
            kept = json.loads(self.note.read_text(encoding="utf-8"))
            return bool(kept["key"] == key) and (self.html / "index.html").is_file()
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def set_aside(self) -> None:
        """Move a site that is no longer current to _build/previous."""
        self.note.unlink(missing_ok=True)
        if self.html.exists():
            shutil.rmtree(self.previous, ignore_errors=True)
            os.replace(self.html, self.previous)

    def build(self, key: str) -> float:
        """Build it from the stage, in so many seconds; RunFailed holds what Sphinx said."""
        start = time.monotonic()
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        done = subprocess.run(self._command(), capture_output=True, text=True, errors="replace")
        made = self.work / "_build" / "html"
        if done.returncode or not (made / "index.html").is_file():
            said = self._readable(done.stderr.strip() or done.stdout.strip())
            raise RunFailed(f"the website was not built, Sphinx says:\n\n{said}")
        (made / ".nojekyll").touch()
        os.replace(made, self.html)
        write_text(self.note, json.dumps({"key": key}) + "\n")
        shutil.rmtree(self.previous, ignore_errors=True)
        shutil.rmtree(self.work, ignore_errors=True)
        return time.monotonic() - start

    def _readable(self, said: str) -> str:
        """Sphinx's words about the staged notebooks as words about the chapters."""

        def place(found: re.Match[str]) -> str:
            cell, line = divmod(int(found[2]), 10_000)  # how MyST-NB numbers the lines of cells
            return f"{found[1]}.md: cell {cell}, near line {max(1, line - 1)}:"

        staged = re.escape(str(self.stage) + os.sep)
        said = re.sub(rf"{staged}(\S+)\.ipynb:(\d+):", place, re.sub(r"\x1b\[[0-9;]*m", "", said))
        return said.replace(str(self.stage) + os.sep, "")

    def _command(self) -> list[str]:
        stage = str(self.stage)
        config, toc = str(self.stage / "_config.yml"), str(self.stage / "_toc.yml")
        where = ["build", stage, "--config", config, "--toc", toc, "--path-output", str(self.work)]
        return [sys.executable, "-c", JUPYTER_BOOK, *where, *STRICT]


def site_key(stage: Path, book: Book, dependencies: Dependencies) -> str:
    """Changes with anything that the website is built from."""
    files = sorted(path for path in stage.rglob("*") if path.is_file())
    parts = {path.relative_to(stage).as_posix(): dependencies.digest(path) for path in files}
    renderer = f"{book.package}.site"
    if renderer in dependencies.graph.modules:
        parts |= dependencies.of_modules([renderer, *dependencies.graph.find_descendants(renderer)])
    lock = book.root / "requirements.lock"
    parts["lock"] = dependencies.digest(lock) if lock.is_file() else ""
    return hashlib.sha256(json.dumps([sys.version, parts]).encode()).hexdigest()
