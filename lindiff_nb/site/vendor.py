"""Vega kept with the site: no page asks another host for anything.

It comes out of an installed package, at the version of the lock: Vega, Vega-Lite and Vega-Embed
as one classic script from vl-convert. Classic scripts also work from file://.
"""

from pathlib import Path
from typing import Any

VEGA = "vega/vega-bundle.js"
PAGES = "pages.js"
OWN = Path(__file__).parent / "static"


def setup(app: Any) -> None:
    """Copy the scripts when a build starts."""
    app.connect("builder-inited", vendor)


def vendor(app: Any) -> None:
    """Put the script into a static folder of its own, outside the sources; and our own."""
    static = Path(app.doctreedir) / "vendor"
    write_vega(static / VEGA)
    app.config.html_static_path += [str(static), str(OWN)]
    app.add_js_file(PAGES, loading_method="defer", priority=800)


def write_vega(target: Path) -> None:
    """Vega, Vega-Lite, Vega-Embed and Vega's interpreter of expressions as one script."""
    import vl_convert

    target.parent.mkdir(parents=True, exist_ok=True)
    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    target.write_text("(()=>{" + bundle + "})();", encoding="utf-8")
