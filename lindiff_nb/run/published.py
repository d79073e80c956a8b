"""What may stand on a page of the published book; everything else fails the build by cell.

A page shows what a chapter computed, and does nothing. So no cell writes to stderr (a warning, a
bar that shows progress: they tell of the builder's machine), none floods the page, and none hands
the reader's browser a program. Live figures come as data, in a type of their own.
"""

from collections.abc import Callable, Iterator
from typing import Any

from lindiff_nb.run.content import Active, check_html, check_latex, check_markdown, check_svg
from lindiff_nb.run.execute import failed_in
from lindiff_nb.run.outputs import plain
from lindiff_nb.run.records import PREFIX

LONGEST = 100_000  # characters that one output of text may have
LIVE = "application/vnd.lindiff.live+json"  # figures.live writes it; figures is no import of ours
SERIES = "application/vnd.lindiff.series+json"  # nor is figures.series; no page shows it


def _pass(text: str) -> None:
    """Text is shown as it is; a picture is one; the specification of a live figure is data."""


CHECKS: dict[str, Callable[[str], None]] = {
    "text/plain": _pass,
    "text/html": check_html,
    "text/markdown": check_markdown,
    "text/latex": check_latex,
    "image/svg+xml": check_svg,
    "image/png": _pass,
    "image/jpeg": _pass,
    "image/gif": _pass,
    PREFIX + "text/plain": _pass,
    LIVE: _pass,
    SERIES: _pass,
}
UNLIMITED = ("image/", LIVE)


def check(notebook: Any) -> None:
    """Raise CellFailed for the first cell of an executed notebook with something not published."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            for fault in _faults(cell.outputs):
                raise failed_in(notebook, cell, fault)


def _faults(outputs: list[Any]) -> Iterator[str]:
    """In words, what is wrong with the outputs of a cell."""
    for output in outputs:
        if output.output_type == "stream":
            yield from _of_stream(output.name, output.text)
        for kind, content in output.get("data", {}).items():
            yield from _of_content(kind, content)


def _of_stream(name: str, text: str) -> Iterator[str]:
    if name == "stderr":
        first = next((line for line in plain(text).splitlines() if line.strip()), "").strip()
        yield f"it writes to stderr, which is not published: {first[:200]}"
    elif len(text) > LONGEST:
        yield f"it prints {len(text)} characters, at most {LONGEST} are published"


def _of_content(kind: str, content: Any) -> Iterator[str]:
    if kind not in CHECKS:
        yield f"an output of type {kind} is not published"
        return
    text = content if isinstance(content, str) else "".join(map(str, content))
    if not kind.startswith(UNLIMITED) and len(text) > LONGEST:
        yield f"{kind} of {len(text)} characters, at most {LONGEST} are published"
    try:
        CHECKS[kind](text)
    except Active as error:
        yield f"{kind} that is not passive is not published: {error}"
