"""When, in how long and with what a chapter was executed: from its run's record, not the clock.

The run layer leaves `runs.json` beside the staged chapters, one entry per executed chapter:
{"marchenko-pastur": {"seconds": 12.3, "date": "2026-01-31", "versions": {"numpy": ...}, ...}}.
"""

import html
import json
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

from lindiff_nb._base.machine import duration

RECORDS = "runs.json"
NAMES = ("lindiff_nb", "numpy", "python")
logger = logging.getLogger(__name__)


def records(folder: Path) -> dict[str, Any]:
    """The run records of the chapters staged in `folder`; none if nothing was executed."""
    path = folder / RECORDS
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def sentence(record: dict[str, Any]) -> str:
    """One line of text: when, how long, on how many cores, with which versions."""
    versions = record["versions"]
    text = f"Executed on {record['date'][:10]} in {duration(record['seconds'])}"
    cores = record.get("machine", {}).get("cores")
    text += f" on {cores} core" + "s" * (cores != 1) if cores else ""
    used = ", ".join(f"{name} {versions[name]}" for name in NAMES if name in versions)
    text += f" with {used}" if used else ""
    commit = record.get("commit") or ""
    changed = " and local changes" if commit.endswith("+") else ""
    return text + (f", commit {commit[:10]}{changed}." if commit else ".")


def add_footer(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Append the line to a page that was executed."""
    record = records(Path(app.srcdir)).get(page.rpartition("/")[2])
    if doctree is not None and record:
        context["body"] += f'<p class="executed">{html.escape(sentence(record))}</p>'


class RunTime(SphinxRole):
    """The role {run-time}`chapter`: how long that chapter's run took."""

    def run(self) -> tuple[list[nodes.Node], list[Any]]:
        """The text, or a warning if the chapter has no record."""
        folder = Path(self.env.srcdir)
        self.env.note_dependency(str(folder / RECORDS))
        record = records(folder).get(self.text)
        if record is None:
            logger.warning("run-time: no run of %r", self.text, location=self.get_location())
            return [], []
        return [nodes.Text(duration(record["seconds"]))], []


def setup(app: Any) -> None:
    """Register the role and the line."""
    app.add_role("run-time", RunTime())
    app.connect("html-page-context", add_footer)
