"""Small additions to the theme: what a page says about itself, and repairs to its markup."""

import html
import re
from typing import Any

from docutils import nodes

LENGTH = 200


def describe(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Describe a page to search engines and link previews by its first paragraph."""
    text = description(doctree) if doctree is not None else ""
    if text:
        title = re.sub(r"<[^>]*>", "", context.get("title", ""))
        fields = {"og:title": title, "og:type": "article", "og:description": text}
        tags = [f'<meta name="description" content="{html.escape(text)}" />']
        tags += [f'<meta property="{k}" content="{html.escape(v)}" />' for k, v in fields.items()]
        context["metatags"] = context.get("metatags", "") + "\n" + "\n".join(tags) + "\n"


def description(doctree: nodes.document) -> str:
    """The first paragraph as plain text of at most 200 characters, its formulas made readable.

    How long the page takes to read does not describe it.
    """
    paragraphs = doctree.findall(nodes.paragraph)
    told = (p for p in paragraphs if "reading-time" not in p.parent.get("classes", []))
    paragraph = next(told, None)
    if paragraph is None:
        return ""
    text = re.sub(r"^(What you will see|The question)\.", "", paragraph.astext())
    text = re.sub(r"\\(\w+)\{([^{}]*)\}", r"\1(\2)", text)
    text = " ".join(re.sub(r"[\\{}]", "", text).split())
    return text if len(text) <= LENGTH else text[:LENGTH].rpartition(" ")[0] + " ..."


def repair(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Drop the roles that docutils gives a bibliography: they contradict its own markup."""
    body = context.get("body", "").replace(' role="doc-biblioentry"', "")
    context["body"] = body.replace('<div role="list" class="citation-list">', "<div>")


def setup(app: Any) -> None:
    """Register them."""
    app.connect("html-page-context", repair)
    app.connect("html-page-context", describe)
