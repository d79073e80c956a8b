"""MathJax kept with the site: no page asks another host for anything.

It comes out of an installed package, at the version of the lock: MathJax's one-file build
(equations as SVG, no font files) from sphinx-mathjax-offline. A classic script also works from
file://.
"""

from importlib import resources
from pathlib import Path
from typing import Any

from lindiff_nb._base import extras

MATHJAX = "mathjax/tex-svg.js"
PAGES = "pages.js"
OWN = Path(__file__).parent / "static"


def setup(app: Any) -> None:
    """Copy the scripts when a build starts, and point Sphinx at them."""
    app.connect("builder-inited", vendor)


def vendor(app: Any) -> None:
    """Put it into a static folder of its own, outside the sources; and our own scripts."""
    static = folder(app)
    write_mathjax(static / MATHJAX)
    app.config.html_static_path += [str(static), str(OWN)]
    app.add_js_file(PAGES, loading_method="defer", priority=800)
    app.config.mathjax_path = MATHJAX


def folder(app: Any) -> Path:
    """Where a build keeps the static files that it makes."""
    return Path(app.doctreedir) / "vendor"


def write_mathjax(target: Path) -> None:
    """MathJax 3 with TeX input and SVG output, in one file."""
    with extras.of("book"):
        package = resources.files("sphinx-mathjax-offline")  # its import name has dashes
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes((package / "static" / MATHJAX).read_bytes())
