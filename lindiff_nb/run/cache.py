"""Executed chapters, kept under _build/executed with what they depended on."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lindiff_nb.run.files import write_text
from lindiff_nb.run.provenance import write


@dataclass(frozen=True)
class Entry:
    """One executed chapter that is whole."""

    notebook: Path
    record: dict[str, Any]
    ingredients: dict[str, str]


@dataclass(frozen=True)
class Store:
    """A folder with one executed notebook and one JSON file a chapter."""

    folder: Path

    def entry(self, chapter: str) -> Entry | None:
        """What is kept of a chapter; None if nothing is, or if its files are not as written."""
        notebook, note = self._files(chapter)
        try:
            kept = json.loads(note.read_text(encoding="utf-8"))
            if kept["sha256"] != _digest(notebook):
                return None
            return Entry(notebook, kept["record"], kept["ingredients"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(
        self, chapter: str, notebook: Any, record: dict[str, Any], ingredients: dict[str, str]
    ) -> None:
        """Keep an executed chapter; the JSON file is written last and vouches for the notebook."""
        path, note = self._files(chapter)
        note.unlink(missing_ok=True)
        write(notebook, path)
        kept = {"record": record, "ingredients": ingredients, "sha256": _digest(path)}
        write_text(note, json.dumps(kept, indent=1) + "\n")

    def prune(self, chapters: list[str]) -> None:
        """Remove what belongs to no chapter."""
        kept = {file for chapter in chapters for file in self._files(chapter)}
        for file in self.folder.glob("*"):
            if file not in kept:
                file.unlink()

    def _files(self, chapter: str) -> tuple[Path, Path]:
        return self.folder / f"{chapter}.ipynb", self.folder / f"{chapter}.json"


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
