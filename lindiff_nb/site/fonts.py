"""Typefaces inside their style sheets: no request of their own, and nothing moves when they come.

A browser that opens a page from the disk may also refuse fonts from another folder, but takes
those that the style sheet holds.
"""

import base64
import re
from pathlib import Path
from typing import Any

FACES = Path(__file__).parent / "faces"
SHEETS = ("face.css", "katex.css")


def embedded(sheet: str) -> str:
    """A style sheet of the folder `faces` with the fonts that it names."""

    def held(found: re.Match[str]) -> str:
        content = base64.b64encode((FACES / found[1]).read_bytes()).decode()
        return f"url(data:font/woff2;base64,{content})"

    return re.sub(r"url\(([\w-]+\.woff2)\)", held, (FACES / sheet).read_text(encoding="utf-8"))


def write(app: Any) -> None:
    """Put the style sheets into a static folder, outside the sources."""
    folder = Path(app.doctreedir) / "faces"
    folder.mkdir(parents=True, exist_ok=True)
    for sheet in SHEETS:
        (folder / sheet).write_text(embedded(sheet), encoding="utf-8")
    app.config.html_static_path += [str(folder)]


def setup(app: Any) -> None:
    """Write them when a build starts, and let every page load them."""
    app.connect("builder-inited", write)
    for sheet in SHEETS:
        app.add_css_file(sheet, priority=300)
