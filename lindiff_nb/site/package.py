"""The package goes with the site: a downloaded notebook needs `pip install` and nothing else.

No address of a repository or an index is assumed: the wheel lies beside the pages, and the foot of
every executed page leads to it.
"""

import os
import shutil
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from lindiff_nb import __version__

FOLDER = "_static/package"
WHEEL = f"lindiff_nb-{__version__}-py3-none-any.whl"
ROOT = Path(__file__).parents[2]


def build_wheel(target: Path) -> Path:
    """Build the wheel of this checkout into the folder `target`; its path."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    steady = os.environ | {"SOURCE_DATE_EPOCH": "1577836800"}  # equal sources, equal wheel
    subprocess.run(command, cwd=ROOT, env=steady, check=True, capture_output=True, text=True)
    return target / WHEEL


def offer(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Lead from an executed page to the wheel."""
    if doctree is None or 'class="executed"' not in context["body"]:
        return
    link = f'<a download href="{context["pathto"](f"{FOLDER}/{WHEEL}", resource=True)}">{WHEEL}</a>'
    context["body"] += (
        '<p class="executed">The notebook of this page, which the button at the top downloads, '
        f"runs anywhere beside {link} after <code>pip install './{WHEEL}[all]'</code>.</p>"
    )


def begin(app: Any) -> None:
    """Build the wheel beside the site, on another core."""
    if app.builder.format == "html":
        wheel = ThreadPoolExecutor(1).submit(build_wheel, Path(app.doctreedir) / "wheel")
        app.connect("build-finished", lambda app, error: finish(app, error, wheel))


def finish(app: Any, error: Exception | None, wheel: Future[Path]) -> None:
    """Put the wheel beside the pages once they are written."""
    made = wheel.result()
    if error is None:
        folder = Path(app.outdir) / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(made, folder)


def setup(app: Any) -> None:
    """Register both; after the footer, whose line says which pages were executed."""
    app.connect("html-page-context", offer, priority=600)
    app.connect("builder-inited", begin)
