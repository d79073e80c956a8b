"""When, with what and on what a chapter was run; kept in the executed notebook."""

import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lindiff_nb._base.machine import machine, versions
from lindiff_nb._base.outputs import write_text
from lindiff_nb.run.chapters import Chapter
from lindiff_nb.run.parameters import Value
from lindiff_nb.run.records import read_records


def run_record(
    chapter: Chapter, values: Mapping[str, Value], seconds: float, notebook: Any
) -> dict[str, Any]:
    """What is worth knowing about a run: JSON, free of paths and of the user's name.

    `parameters` are all that the run used, `recorded` is what the chapter recorded.
    """
    return {
        "chapter": chapter.name,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 2),
        "parameters": dict(values),
        "versions": versions(),
        "commit": commit(chapter.book.root) if chapter.book.is_checkout else None,
        "machine": machine(),
        "recorded": read_records(notebook),
    }


def commit(root: Path) -> str | None:
    """The commit of a checkout, with + if files differ from it; None outside of git."""
    if not (root / ".git").exists():
        return None
    try:
        head = _git(root, "rev-parse", "HEAD")
        return head + ("+" if _git(root, "status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def sign(notebook: Any, record: Mapping[str, Any]) -> Any:
    """The notebook with its run record in place of papermill's notes (which hold paths)."""
    notebook.metadata.pop("papermill", None)
    notebook.metadata["lindiff_nb"] = dict(record)
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        if not cell.metadata.get("tags", True):
            del cell.metadata["tags"]
    return notebook


def write(notebook: Any, path: Path) -> None:
    """Write a notebook so that the file is whole or not there."""
    import nbformat

    write_text(path, nbformat.writes(notebook) + "\n")
