"""The package goes with the site: a downloaded notebook needs `pip install` and nothing else.

No address of a repository or an index is assumed: the wheel lies beside the pages, and the foot of
every executed page leads to it.
"""

import os
import shutil
import subprocess
import sys
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


def finish(app: Any, error: Exception | None) -> None:
    """Put the wheel beside the pages once they are written."""
    if error is None and app.builder.format == "html":
        build_wheel(Path(app.outdir) / FOLDER)


def setup(app: Any) -> None:
    """Register both; after the footer, whose line says which pages were executed."""
    app.connect("html-page-context", offer, priority=600)
    app.connect("build-finished", finish)
