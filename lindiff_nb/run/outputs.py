"""The outputs of executed cells as they are kept: equal runs give equal files.

What a cell prints in one go arrives in one piece or in several, as the machine pleases; and
warnings name the file that ipykernel makes of a cell, with the number of its process. (Its pattern
looks only from where a word begins: a flood of text is searched in a time linear in its length.)
"""

import re
from typing import Any

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
CELL_FILE = re.compile(r"(?<![^\s'\"(])[^\s'\"(]{0,500}ipykernel_\d+[/\\]\d+\.py")
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
        if (
            merged
            and output.output_type == "stream" == merged[-1].output_type
            and (output.name == merged[-1].name)
        ):
            merged[-1].text += output.text
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
