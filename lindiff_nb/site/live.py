"""Live figures on the site: a chapter's Vega-Lite output, drawn by the Vega kept with the page.

The page holds a figure as data; `static/pages.js` draws it, in the ink of the page: it is dark if
the page is.
"""

import hashlib
import html
import json
from typing import Any

from lindiff_nb.figures import series
from lindiff_nb.figures.live import MIME, theme
from lindiff_nb.site.vendor import VEGA

MARK = 'class="live"'
TEMPLATE = """\
<div class="live" role="group" aria-label="{label}">
<div id="{name}" data-figure="{spec}"></div>
<noscript><p>This figure moves with its sliders and needs JavaScript. {label}</p></noscript>
</div>
"""


class LiveFigureRenderer:
    """MyST-NB's hook (entry point group myst_nb.mime_renderers) for the Vega-Lite bundle."""

    mime_priority_overrides = [("html", MIME, 1)]  # noqa: RUF012 - the protocol asks for a list

    @staticmethod
    def handle_mime(renderer: Any, data: Any, inline: bool) -> list[Any] | None:
        """The nodes of a live figure, none for a figure's numbers; None for any other output."""
        if data.mime_type == series.MIME:
            return []
        if data.mime_type != MIME or inline:
            return None
        from docutils import nodes

        return [nodes.raw("", markup(data.content), format="html")]


def markup(specification: dict[str, Any]) -> str:
    """The HTML of one live figure; its id depends on nothing but its content."""
    spec = {key: value for key, value in specification.items() if key != "$schema"}
    if "config" in spec:
        spec["config"] = spec["config"] | theme(ink="currentColor", background="transparent")
    text = json.dumps(spec, sort_keys=True)
    return TEMPLATE.format(
        name="live-" + hashlib.sha256(text.encode()).hexdigest()[:12],
        label=html.escape(spec.get("description", "")),
        spec=html.escape(text),
    )


def bring_vega(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Load Vega on the pages that have a live figure, before the script that calls it."""
    if MARK in context.get("body", ""):
        app.add_js_file(VEGA, loading_method="defer", priority=700)


def setup(app: Any) -> None:
    """Load Vega where it is needed; MyST-NB finds the renderer by its entry point."""
    app.connect("html-page-context", bring_vega)
