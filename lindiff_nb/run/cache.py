"""Executed chapters, kept under _build/executed with what they depended on.

A run is kept under its key: the chapter's name for the published run, and for any other the name
with a digest of the values that differ.
"""

import hashlib
import json
from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lindiff_nb._base.litter import OURS, remove, sweep
from lindiff_nb._base.outputs import write_text
from lindiff_nb.run.parameters import Value
from lindiff_nb.run.provenance import write
from lindiff_nb.run.sources import json_object

SUFFIXES = (".ipynb", ".json")
MARK = "@"  # before the digest of the values


@dataclass(frozen=True)
class Entry:
    """One executed chapter that is whole."""

    notebook: Path
    record: dict[str, Any]
    ingredients: dict[str, str]


@dataclass(frozen=True)
class Store:
    """A folder with one executed notebook and one JSON file a run."""

    folder: Path

    def entry(self, run: str) -> Entry | None:
        """What is kept under a key; None if nothing is, or if its files are not as written."""
        notebook, note = self._files(run)
        try:
            match json_object(note):
                case {"record": dict(record), "ingredients": dict(ingredients), "sha256": str(sum)}:
                    whole = sum == _digest(notebook, record, ingredients)
                case _:
                    return None
        except OSError:
            return None
        return Entry(notebook, record, ingredients) if whole else None

    def keep(
        self, run: str, notebook: Any, record: dict[str, Any], ingredients: dict[str, str]
    ) -> None:
        """Keep a run under its key; the JSON file is written last and vouches for the notebook."""
        path, note = self._files(run)
        for old in (note, path):
            remove(old)
        write(notebook, path)
        sha256 = _digest(path, record, ingredients)
        kept = {"record": record, "ingredients": ingredients, "sha256": sha256}
        write_text(note, json.dumps(kept, indent=1) + "\n")

    def prune(self, chapters: Container[str]) -> None:
        """Remove what belongs to no chapter, Jupyter's folders of checkpoints among it."""
        sweep(self.folder)
        for path in self.folder.glob("*"):
            of_chapter = path.stem.partition(MARK)[0] in chapters
            kept = of_chapter and path.suffix in SUFFIXES and not path.is_dir()
            if not kept and not OURS.fullmatch(path.name):  # that a run just writes
                remove(path)

    def _files(self, run: str) -> tuple[Path, Path]:
        notebook, note = (self.folder / f"{run}{suffix}" for suffix in SUFFIXES)
        return notebook, note


def key(chapter: str, values: Mapping[str, Value]) -> str:
    """Under what the run of a chapter with these values, where they are not published, is kept."""
    digest = hashlib.sha256(written(values).encode()).hexdigest()[:16]
    return f"{chapter}{MARK}{digest}" if values else chapter


def written(values: Mapping[str, Value]) -> str:
    """Values in one way, whatever their order."""
    return json.dumps(dict(values), sort_keys=True)


def _digest(notebook: Path, record: dict[str, Any], ingredients: dict[str, str]) -> str:
    """A digest of all that is kept of a chapter."""
    facts = json.dumps([record, ingredients], sort_keys=True).encode()
    return hashlib.sha256(notebook.read_bytes() + b"\0" + facts).hexdigest()
