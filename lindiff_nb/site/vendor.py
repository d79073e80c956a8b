"""MathJax and Vega kept with the site: no page asks another host for anything.

Both come out of installed packages, at the versions of the lock: MathJax's one-file build
(equations as SVG, no font files) from sphinx-mathjax-offline, and Vega, Vega-Lite and Vega-Embed
as one classic script from vl-convert. Classic scripts also work from file://.
"""

from importlib import resources
from pathlib import Path
from typing import Any

from lindiff_nb._base import extras

VEGA = "vega/vega-bundle.js"
MATHJAX = "mathjax/tex-svg.js"
PAGES = "pages.js"
OWN = Path(__file__).parent / "static"


def setup(app: Any) -> None:
    """Copy the scripts when a build starts, and point Sphinx at them."""
    app.connect("builder-inited", vendor)


def vendor(app: Any) -> None:
    """Put both scripts into a static folder of their own, outside the sources; and our own."""
    static = Path(app.doctreedir) / "vendor"
    write_mathjax(static / MATHJAX)
    write_vega(static / VEGA)
    app.config.html_static_path += [str(static), str(OWN)]
    app.add_js_file(PAGES, loading_method="defer", priority=800)
    app.config.mathjax_path = MATHJAX


def write_mathjax(target: Path) -> None:
    """MathJax 3 with TeX input and SVG output, in one file."""
    with extras.of("book"):
        package = resources.files("sphinx-mathjax-offline")  # its import name has dashes
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes((package / "static" / MATHJAX).read_bytes())


def write_vega(target: Path) -> None:
    """Vega, Vega-Lite, Vega-Embed and Vega's interpreter of expressions as one script."""
    import vl_convert

    target.parent.mkdir(parents=True, exist_ok=True)
    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    target.write_text("(()=>{" + bundle + "})();", encoding="utf-8")
