"""Live figures on the site: a chapter's Vega-Lite output, drawn by the Vega kept with the page."""

import hashlib
import html
import json
from typing import Any

from lindiff_nb.figures.live import MIME
from lindiff_nb.site.vendor import VEGA

TEMPLATE = """\
<div class="live" role="group" aria-label="{label}">
<div id="{name}"></div>
<noscript><p>This figure moves with its sliders and needs JavaScript. {label}</p></noscript>
<script src="{root}_static/{bundle}"></script>
<script>vegaEmbed("#{name}", {spec}, {{mode: "vega-lite", renderer: "svg", actions: false}})
.then(figure => {{ document.getElementById("{name}").view = figure.view; }});</script>
</div>
"""


class LiveFigureRenderer:
    """MyST-NB's hook (entry point group myst_nb.mime_renderers) for the Vega-Lite bundle."""

    mime_priority_overrides = [("html", MIME, 1)]  # noqa: RUF012 - the protocol asks for a list

    @staticmethod
    def handle_mime(renderer: Any, data: Any, inline: bool) -> list[Any] | None:
        """The nodes of a live figure, or None for any other output."""
        if data.mime_type != MIME or inline:
            return None
        from docutils import nodes

        docname = renderer.renderer.document.settings.env.docname
        return [nodes.raw("", markup(data.content, docname), format="html")]


def markup(specification: dict[str, Any], docname: str) -> str:
    """The HTML of one live figure on page `docname`; its id depends on nothing but its content."""
    spec = {key: value for key, value in specification.items() if key != "$schema"}
    label = html.escape(spec.get("description", ""))
    text = json.dumps(spec, sort_keys=True).replace("</", "<\\/")
    return TEMPLATE.format(
        name="live-" + hashlib.sha256(text.encode()).hexdigest()[:12],
        label=label,
        root="../" * docname.count("/"),
        bundle=VEGA,
        spec=text,
    )


def setup(app: Any) -> None:
    """Nothing to register: MyST-NB finds the renderer by its entry point."""
