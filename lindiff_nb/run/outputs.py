"""The outputs of executed cells as they are kept: equal runs give equal files.

What a cell prints in one go arrives in one piece or in several, as the machine pleases; and
warnings name the file that ipykernel makes of a cell, with the number of its process.
"""

import re
from typing import Any

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
CELL_FILE = re.compile(r"(?:[^\s'\"]*[/\\])?ipykernel_\d+[/\\]\d+\.py")
CELL = "<cell>"


def plain(text: str) -> str:
    """Text without the marks that colour it on a terminal."""
    return COLOUR.sub("", text)


def tidied(notebook: Any) -> Any:
    """The notebook; streams in one piece each, and no name of a temporary file of the kernel's."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = _coalesced(cell.outputs)
            for output in cell.outputs:
                _hide_files(output)
    return notebook


def _coalesced(outputs: list[Any]) -> list[Any]:
    """The outputs; where several pieces of one stream follow each other, in one."""
    merged: list[Any] = []
    for output in outputs:
        before = merged[-1] if merged else {}
        if output.output_type == "stream" and output.name == before.get("name"):
            before.text += output.text
        else:
            merged.append(output)
    return merged


def _hide_files(output: Any) -> None:
    """Say <cell> where a text names the file that ipykernel made of a cell."""
    for holder, key in (
        (output, "text"),
        (output, "evalue"),
        (output.get("data", {}), "text/plain"),
    ):
        if isinstance(holder.get(key), str):
            holder[key] = CELL_FILE.sub(CELL, holder[key])
    if "traceback" in output:
        output.traceback = [CELL_FILE.sub(CELL, line) for line in output.traceback]
