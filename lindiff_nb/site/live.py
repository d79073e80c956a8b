"""Live figures on the site: what a chapter attached to a picture (`figures.live`) moves there.

The page gets an empty box behind the picture. What is drawn in it is a file of its own, which
`static/live.js` loads when the box is seen: a classic script, since from the disk no page can fetch
anything else, that hands over one text and does nothing more.
"""

import hashlib
import json
from typing import Any

from docutils import nodes
from sphinx.transforms import SphinxTransform

from lindiff_nb.figures import live, palette, series
from lindiff_nb.site import vendor

SCRIPT, FOLDER = "live.js", "live"
MARK = 'class="live"'
COLOURS = {"new": palette.NEW, "training": palette.TRAINING, "grey": palette.GREY}
INKS = "; ".join(
    f"--{name}-light: {colour}; --{name}-dark: {palette.for_dark(colour)}"
    for name, colour in COLOURS.items()
)
BOX = f'<div {MARK} data-file="{{}}" style="{INKS}"></div>'


class LiveFigureRenderer:
    """MyST-NB's hook (entry point group myst_nb.mime_renderers) for what goes with a picture."""

    mime_priority_overrides: tuple[()] = ()

    @staticmethod
    def handle_mime(renderer: Any, data: Any, inline: bool) -> list[Any] | None:
        """A node of what moves, none for a figure's numbers; None for any other output."""
        if data.mime_type == series.MIME or (data.mime_type == live.MIME and inline):
            return []
        if data.mime_type != live.MIME:
            return None
        return [nodes.raw("", json.dumps(data.content, sort_keys=True), format=live.MIME)]


class LiveFigures(SphinxTransform):
    """Put the box of a live figure behind its picture, before one form of that is chosen."""

    default_priority = 860

    def apply(self, **kwargs: Any) -> None:
        """Write the file of each, and replace what stands for it on this page."""
        for held in list(self.document.findall(nodes.raw)):
            if held["format"] == live.MIME:
                name, script = file_of(held.astext())
                target = vendor.folder(self.app) / FOLDER / f"{name}.js"
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(script, encoding="utf-8")
                pictures = held.parent.parent
                pictures.remove(held.parent)
                place = pictures.parent.index(pictures) + 1
                pictures.parent.insert(place, nodes.raw("", BOX.format(name), format="html"))


def file_of(specification: str) -> tuple[str, str]:
    """The name of a figure's file, which depends on nothing but its content; and the file."""
    name = hashlib.sha256(specification.encode()).hexdigest()[:16]
    return name, f"liveFigure({json.dumps(name)}, {json.dumps(specification)});\n"


def bring(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Load the script on the pages that have a live figure."""
    if MARK in context.get("body", ""):
        app.add_js_file(SCRIPT, loading_method="defer", priority=800)


def setup(app: Any) -> None:
    """Register both; MyST-NB finds the renderer by its entry point."""
    app.add_transform(LiveFigures)
    app.connect("html-page-context", bring)
