"""Executed chapters, kept under _build/executed with what they depended on."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lindiff_nb._base.litter import remove
from lindiff_nb._base.outputs import write_text
from lindiff_nb.run.provenance import write
from lindiff_nb.run.sources import json_object


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
        match json_object(note):
            case {"record": dict(record), "ingredients": dict(ingredients), "sha256": str(sha256)}:
                pass
            case _:
                return None
        try:
            whole = sha256 == _digest(notebook, record, ingredients)
        except OSError:
            return None
        return Entry(notebook, record, ingredients) if whole else None

    def keep(
        self, chapter: str, notebook: Any, record: dict[str, Any], ingredients: dict[str, str]
    ) -> None:
        """Keep an executed chapter; the JSON file is written last and vouches for the notebook."""
        path, note = self._files(chapter)
        for old in (note, path):
            remove(old)
        write(notebook, path)
        sha256 = _digest(path, record, ingredients)
        kept = {"record": record, "ingredients": ingredients, "sha256": sha256}
        write_text(note, json.dumps(kept, indent=1) + "\n")

    def prune(self, chapters: list[str]) -> None:
        """Remove what belongs to no chapter, Jupyter's folders of checkpoints among it."""
        kept = {file for chapter in chapters for file in self._files(chapter)}
        for path in self.folder.glob("*"):
            if path not in kept or path.is_dir():
                remove(path)

    def _files(self, chapter: str) -> tuple[Path, Path]:
        return self.folder / f"{chapter}.ipynb", self.folder / f"{chapter}.json"


def _digest(notebook: Path, record: dict[str, Any], ingredients: dict[str, str]) -> str:
    """A digest of all that is kept of a chapter."""
    facts = json.dumps([record, ingredients], sort_keys=True).encode()
    return hashlib.sha256(notebook.read_bytes() + b"\0" + facts).hexdigest()
