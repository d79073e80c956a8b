"""The folder of a sweep, which may be killed at any moment: what stands in it is true.

    plans/DIGEST.json       the cells of each plan that was begun here
    cells/IDENTITY.json     the record of a cell that was run alone; written beside, then renamed
    logs/HOST-PID-X.jsonl   the records of a batch of calls, a line each, flushed each second
    notebooks/IDENTITY.ipynb   what is kept of executed notebooks

A record is the only proof that a cell has run. A torn line, or a file that is none of these, is
nothing. A cell may have several records: one that is done counts before any other, and among the
others the latest.
"""

import json
import os
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lindiff_nb._base import litter
from lindiff_nb._base.errors import UsageError, words
from lindiff_nb._base.files import sweep_locks
from lindiff_nb._base.outputs import try_folder, write_text
from lindiff_nb.run.sources import json_object
from lindiff_nb.run.sweeps.cells import Cell

if TYPE_CHECKING:
    from lindiff_nb.run.sweeps.plan import Plan

Record = dict[str, Any]
STATUSES = ("done", "failed", "timeout", "oom", "killed")


def record(identity: str, status: str, reason: str = "", /, **facts: Any) -> Record:
    """The record of a cell that has just ended."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    facts = {"seconds": 0.0, "peak_memory": 0, "cell": None, "recorded": {}} | facts
    where = {"host": litter.host(), "date": now}
    return {"identity": identity, "status": status, "reason": reason, **facts, **where}


class Store:
    """What is in the folder; `news` tells what came since one last looked."""

    def __init__(self, folder: Path) -> None:
        """Nothing is read or made yet."""
        self.folder = folder
        self.known: dict[str, Record] = {}
        self._seen: set[str] = set()
        self._read: dict[Path, int] = {}

    def cell(self, identity: str) -> Path:
        """The record of a cell that was run alone."""
        return self.folder / "cells" / f"{identity}.json"

    def notebook(self, identity: str) -> Path:
        """The executed notebook of a cell, where it is kept."""
        return self.folder / "notebooks" / f"{identity}.ipynb"

    def new_log(self) -> Path:
        """A name for the log of a batch, which no other has."""
        name = f"{litter.host()}-{os.getpid()}-{secrets.token_hex(4)}.jsonl"
        return self.folder / "logs" / name

    def begin(self, plan: "Plan") -> list[Cell]:
        """Make the folder, and note the cells of a plan; UsageError if that cannot be done.

        Cells that are noted already are read, which takes less time than to make them again.
        """
        path = self.folder / "plans" / f"{plan.digest}.json"
        try:
            for name in ("plans", "cells", "logs", "notebooks"):
                (self.folder / name).mkdir(parents=True, exist_ok=True)
            cells = _noted(path)
            if cells and cells[0] == next(iter(plan.cells())):
                os.utime(path)  # the latest is the one that counts
            else:
                cells = list({cell.identity: cell for cell in plan.cells()}.values())
                write_text(path, json.dumps({"cells": cells}) + "\n")
        except OSError as error:
            raise UsageError(f"no sweep in {self.folder}: {words(error)}") from None
        for name in ("plans", "cells", "notebooks"):
            litter.sweep(self.folder / name)
        sweep_locks(self.folder / "cells")
        return cells

    def check(self) -> None:
        """UsageError if what is to come cannot be written; before any cell is run."""
        for name in ("cells", "logs", "notebooks"):
            try_folder(self.folder / name)

    def plans(self) -> list[list[Cell]]:
        """The cells of each plan, the earliest first; UsageError if there is none or one is bad."""
        paths = map(Path, _listed(self.folder / "plans", ".json"))
        plans = {path: _noted(path) for path in sorted(paths, key=lambda p: p.stat().st_mtime_ns)}
        if not plans:
            raise UsageError(f"{self.folder} holds no sweep")
        for path in (path for path, cells in plans.items() if not cells):
            raise UsageError(f"{path} is damaged: its sweep, begun again, writes it anew")
        return list(plans.values())

    def keep(self, kept: Record) -> None:
        """Write the record of a cell that was run alone."""
        write_text(self.cell(kept["identity"]), json.dumps(kept) + "\n")

    def ended(self, identity: str) -> Record | None:
        """The record of a cell that was run alone, if there is one."""
        return json_object(self.cell(identity))

    def records(self) -> dict[str, Record]:
        """The record that counts of each cell that has one, as the folder is now."""
        now = Store(self.folder)
        now.news()
        return now.known

    def news(self) -> list[Record]:
        """The records that came since this was last asked; `known` has those that count."""
        found = [*self._lines(), *self._files()]
        found = [new for new in found if isinstance(new, dict) and new.get("status") in STATUSES]
        for new in found:
            old = self.known.get(new["identity"])
            if old is None or _rank(new) >= _rank(old):
                self.known[new["identity"]] = new
        return found

    def _files(self) -> Iterator[Record]:
        for entry in _listed(self.folder / "cells", ".json"):
            stamp = f"{entry.name} {entry.stat().st_mtime_ns}"
            if stamp not in self._seen:
                self._seen.add(stamp)
                yield json_object(Path(entry.path)) or {}

    def _lines(self) -> Iterator[Record]:
        for path in map(Path, _listed(self.folder / "logs", ".jsonl")):
            start = self._read.get(path, 0)
            if path.stat().st_size == start:
                continue
            with path.open("rb") as log:
                log.seek(start)
                whole, newline, _ = log.read().rpartition(b"\n")
            self._read[path] = start + len(whole) + len(newline)
            lines = whole.decode(errors="replace").split("\n")
            try:
                yield from json.loads(f"[{','.join(lines)}]") if whole else []
            except ValueError:  # a line was torn when its machine went down
                yield from filter(None, map(_object, lines))


def _listed(folder: Path, suffix: str) -> list[os.DirEntry[str]]:
    """The files in a folder, by name; OSError if it is there and cannot be looked into."""
    try:
        found = [entry for entry in os.scandir(folder) if entry.name.endswith(suffix)]
    except FileNotFoundError:
        return []
    return sorted(found, key=lambda entry: entry.name)


def _noted(plan: Path) -> list[Cell]:
    """The cells in the file of a plan; none where it is missing or damaged."""
    return [Cell(*cell) for cell in (json_object(plan) or {}).get("cells", [])]


def _object(line: str) -> Record | None:
    try:
        return dict(json.loads(line))
    except (ValueError, TypeError):
        return None


def _rank(kept: Record) -> tuple[bool, str]:
    return kept["status"] == "done", kept.get("date", "")
