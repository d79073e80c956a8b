"""Our own scripts, and the folder of what a build makes beside the pages.

No page asks another host for anything. Classic scripts also work from file://.
"""

from pathlib import Path
from typing import Any

PAGES = "pages.js"
OWN = Path(__file__).parent / "static"


def setup(app: Any) -> None:
    """Bring them when a build starts."""
    app.connect("builder-inited", vendor)


def vendor(app: Any) -> None:
    """Two static folders outside the sources."""
    app.config.html_static_path += [str(folder(app)), str(OWN)]
    app.add_js_file(PAGES, loading_method="defer", priority=800)


def folder(app: Any) -> Path:
    """Where a build keeps the static files that it makes."""
    made = Path(app.doctreedir) / "vendor"
    made.mkdir(parents=True, exist_ok=True)
    return made
