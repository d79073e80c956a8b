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
import tempfile
import time
from pathlib import Path

from lindiff_nb._base.errors import RunFailed
from lindiff_nb._base.files import digest
from lindiff_nb._base.litter import remove
from lindiff_nb._base.outputs import write_text
from lindiff_nb.run import downloads
from lindiff_nb.run.chapters import Book
from lindiff_nb.run.dependencies import Dependencies
from lindiff_nb.run.environment import inherited
from lindiff_nb.run.sources import json_object

JUPYTER_BOOK = """import sys
from lindiff_nb.run.environment import without_grammar
from lindiff_nb.run.processes import end_with_parent
without_grammar()
end_with_parent(int(sys.argv.pop(1)))
from jupyter_book.cli.main import main
main()"""
STRICT = ("-W", "-n", "--keep-going", "-q")


class Site:
    """The website of a book: _build/html, and the key of what it was built from."""

    def __init__(self, book: Book) -> None:
        """Nothing is built yet."""
        self.book = book
        self.html = book.build / "html"
        self.stage = book.build / "stage"
        self.previous = book.build / "previous"
        self.note = book.build / "site.json"

    def is_current(self, key: str) -> bool:
        """Whether the site that stands was built from what `key` stands for, and is still whole."""
        kept = json_object(self.note) or {}
        return kept.get("key") == key and kept.get("files") == _contents(self.html)

    def set_aside(self) -> None:
        """Move a site that is no longer current to _build/previous."""
        self.note.unlink(missing_ok=True)
        if self.html.exists():
            remove(self.previous)
            os.replace(self.html, self.previous)

    def build(self, key: str, lock: int) -> float:
        """Build it from the stage, in so many seconds; RunFailed holds what Sphinx said.

        Each build works in a folder of its own: should Sphinx outlive us, it reaches no other. It
        inherits the lock, whose descriptor this is, and on Linux it ends with us.
        """
        start = time.monotonic()
        for left in self.note.parent.glob("site*"):  # nobody's, while we hold the lock
            if left != self.note:
                shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(
            prefix="site-", dir=self.note.parent, ignore_cleanup_errors=True
        ) as work:
            made = self._run_sphinx(Path(work), lock)
            (made / ".nojekyll").touch()
            downloads.replace(made, self.stage, self.book)
            files = _contents(made)
            os.replace(made, self.html)
        write_text(self.note, json.dumps({"key": key, "files": files}) + "\n")
        shutil.rmtree(self.previous, ignore_errors=True)
        return time.monotonic() - start

    def _run_sphinx(self, work: Path, lock: int) -> Path:
        """The folder of pages that Sphinx makes."""
        done = subprocess.run(
            self._command(work),
            env=inherited(),
            pass_fds=[lock] if os.name == "posix" else [],
            capture_output=True,
            text=True,
            errors="replace",
        )
        made = work / "_build" / "html"
        if done.returncode or not (made / "index.html").is_file():
            said = self._readable(done.stderr.strip() or done.stdout.strip())
            raise RunFailed(f"the website was not built, Sphinx says:\n\n{said}")
        return made

    def _readable(self, said: str) -> str:
        """Sphinx's words about the staged notebooks as words about the chapters."""

        def place(found: re.Match[str]) -> str:
            cell, line = divmod(int(found[2]), 10_000)  # how MyST-NB numbers the lines of cells
            return f"{found[1]}.md: cell {cell}, near line {max(1, line - 1)}:"

        staged = re.escape(str(self.stage) + os.sep)
        said = re.sub(rf"{staged}(\S+)\.ipynb:(\d+):", place, re.sub(r"\x1b\[[0-9;]*m", "", said))
        return said.replace(str(self.stage) + os.sep, "")

    def _command(self, work: Path) -> list[str]:
        stage = str(self.stage)
        config, toc = str(self.stage / "_config.yml"), str(self.stage / "_toc.yml")
        where = ["build", stage, "--config", config, "--toc", toc, "--path-output", str(work)]
        return [sys.executable, "-c", JUPYTER_BOOK, str(os.getpid()), *where, *STRICT]


def _contents(folder: Path) -> str:
    """A digest of all files in a folder, names and contents; hidden ones do not count."""
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("[!.]*")):
        if path.is_file():
            whole.update(f"{path.relative_to(folder).as_posix()}\n{digest(path)}\n".encode())
    return whole.hexdigest()


def site_key(stage: Path, book: Book, dependencies: Dependencies) -> str:
    """Changes with anything that the website is built from."""
    files = sorted(path for path in stage.rglob("*") if path.is_file())
    parts = {path.relative_to(stage).as_posix(): dependencies.digest(path) for path in files}
    parts |= dependencies.of_modules(dependencies.graph.modules)  # the reference quotes them all
    parts["address"] = os.environ.get("LINDIFF_SITE_URL", "")
    for name in ("requirements.lock", "CITATION.cff"):
        path = book.root / name
        parts[name] = dependencies.digest(path) if path.is_file() else ""
    return hashlib.sha256(json.dumps([sys.version, parts]).encode()).hexdigest()
