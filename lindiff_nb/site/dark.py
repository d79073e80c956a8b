"""In dark mode a figure is drawn for dark mode: each SVG gets a partner in other inks.

Beside an SVG image the page gets a second one whose colours went through
`palette.for_dark`; the theme shows one of the two. Photographs inside the SVG stay as they are.
An image loads when it is seen, so of the two only the one that is shown, and has its place before.
"""

import hashlib
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from docutils import nodes
from sphinx.transforms import SphinxTransform
from sphinx.util.images import get_image_size

from lindiff_nb.figures.palette import for_dark

COLOUR = re.compile(r'((?:fill|stroke|stop-color)(?::\s*|="))(#[0-9a-fA-F]{6})\b')
IMAGE = re.compile(r'<img [^>]*\bsrc="[^"]*\b_images/([^"/]+)"')
FIGURE_PATCH = re.compile(r'(<g id="patch_1">\s*<path [^>]*?fill: )#ffffff')


def redraw(svg: str) -> str:
    """The same SVG drawn for the dark page.

    Matplotlib's figure background becomes transparent, every other colour goes through
    `for_dark`; whatever has no colour of its own, black by default, becomes white.
    """
    svg = FIGURE_PATCH.sub(r"\1none", svg, count=1)
    svg = COLOUR.sub(lambda match: match[1] + for_dark(match[2]), svg)
    return re.sub(r"<svg\b", '<svg fill="#ffffff"', svg, count=1)


class DarkFigures(SphinxTransform):
    """Put each SVG image and its dark partner into one box, before Sphinx collects images.

    The box matters: the theme hides every caption that is a sibling of the hidden image.
    """

    default_priority = 870  # the images are collected at 880

    def apply(self, **kwargs: Any) -> None:
        """Replace the images of this page."""
        for image in list(self.document.findall(nodes.image)):
            if image["uri"].endswith(".svg") and "://" not in image["uri"]:
                self.pair(image)

    def pair(self, image: nodes.image) -> None:
        """Box the image, for the light page, with its partner, for the dark page."""
        dark = image.deepcopy()
        dark["ids"], dark["names"] = [], []
        dark["uri"] = self.write_partner(image["uri"])
        dark["classes"].append("only-dark")
        image["classes"].append("only-light")
        box = nodes.container()
        image.parent.replace(image, box)
        box["classes"] = ["themed"]
        box += [image, dark]

    def write_partner(self, uri: str) -> str:
        """Write the dark partner of an image of this page; its address as the page sees it."""
        source = Path(self.env.relfn2path(uri, self.env.docname)[1])
        svg = redraw(source.read_text(encoding="utf-8"))
        name = hashlib.sha256(svg.encode()).hexdigest()[:32] + "-dark.svg"
        folder = Path(self.env.doctreedir) / "dark"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(svg, encoding="utf-8")
        return "/" + os.path.relpath(folder / name, self.env.srcdir)


def place(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Let the images of a page load when they are near the screen, and say how large they are."""
    sources = {name: source for source, name in app.builder.images.items()}

    def lazy(found: re.Match[str]) -> str:
        size = get_image_size(os.path.join(app.srcdir, sources[unquote(found[1])]))
        width, height = size or ("auto", "auto")
        return f'{found[0]} loading="lazy" width="{width}" height="{height}"'

    context["body"] = IMAGE.sub(lazy, context.get("body", ""))


def setup(app: Any) -> None:
    """Register the transform, and what its images say."""
    app.add_transform(DarkFigures)
    app.connect("html-page-context", place)
