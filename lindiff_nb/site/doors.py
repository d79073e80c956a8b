"""What leads a stranger here: a sitemap, a feed of changes, a card for links, one address a page.

Each needs to know where the site is, LINDIFF_SITE_URL; where that is not told, none is written.
"""

import base64
import hashlib
import html
import io
import json
import os
from pathlib import Path
from typing import Any

from docutils import nodes

from lindiff_nb.site import footer

SITE = "LINDIFF_SITE_URL"
CARD, FEED, SITEMAP = "_static/card.png", "feed.xml", "sitemap.xml"
SIZE = (1200, 630)  # what those who show a link cut it to
TAGS = """
<meta property="og:url" content="{page}" />
<meta property="og:image" content="{site}{card}" />
<meta name="twitter:card" content="summary_large_image" />
<link rel="alternate" type="application/atom+xml" title="{title}" href="{site}{feed}" />
"""
URLS = """\
<?xml version="1.0" encoding="utf-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
{urls}
</urlset>
"""
ATOM = """\
<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
<title>{title}</title>
<id>{site}</id>
<link href="{site}"/>
<link rel="self" href="{site}{feed}"/>
<updated>{date}</updated>
<author><name>{author}</name></author>
{entries}
</feed>
"""
ENTRY = """\
<entry><title>{title}</title><id>{page}#{key}</id><link href="{page}"/>
<updated>{date}</updated><summary>{text}</summary></entry>"""


def address() -> str:
    """Where the site is, with a slash at its end; empty if nobody says."""
    url = os.environ.get(SITE, "").rstrip("/")
    return url and url + "/"


def configure(app: Any, config: Any) -> None:
    """Let each page name its one address."""
    config.html_baseurl = address()


def tag(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Say in the head of a page what a link to it shows, and where the feed is."""
    if (site := address()) and doctree is not None:
        where = html.escape(site + app.builder.get_target_uri(page))
        title = html.escape(app.config.html_title)
        tags = TAGS.format(page=where, site=html.escape(site), card=CARD, feed=FEED, title=title)
        context["metatags"] = context.get("metatags", "") + tags


def sitemap(site: str, app: Any) -> str:
    """Every page of the book."""
    pages = (site + app.builder.get_target_uri(name) for name in sorted(app.env.found_docs))
    return URLS.format(urls="\n".join(f"<url><loc>{html.escape(p)}</loc></url>" for p in pages))


def feed(site: str, app: Any) -> str:
    """The points of the page of changes, each known by its text, as of the newest run."""
    runs = footer.records(Path(app.srcdir)).values()
    date = max((run["date"] for run in runs), default="1970-01-01T00:00:00+00:00")
    entries = []
    for name in (name for name in app.env.found_docs if name.rpartition("/")[2] == "changes"):
        page = html.escape(site + app.builder.get_target_uri(name))
        for point in app.env.get_doctree(name).findall(nodes.list_item):
            text = " ".join(point.astext().split())
            key, title = hashlib.sha256(text.encode()).hexdigest()[:12], text[:80]
            told = {"title": html.escape(title), "text": html.escape(text)}
            entries.append(ENTRY.format(page=page, key=key, date=date, **told))
    about = {"title": html.escape(app.config.html_title), "author": html.escape(app.config.author)}
    return ATOM.format(site=site, feed=FEED, date=date, entries="\n".join(entries), **about)


def card(notebook: Path) -> bytes | None:
    """The first picture that a notebook shows, on the white card of a link."""
    from PIL import Image, ImageOps

    cells = json.loads(notebook.read_text("utf-8"))["cells"] if notebook.suffix == ".ipynb" else []
    outputs = (output.get("data", {}) for cell in cells for output in cell.get("outputs", []))
    shown = next((data["image/png"] for data in outputs if "image/png" in data), None)
    if shown is None:
        return None
    picture = Image.open(io.BytesIO(base64.b64decode("".join(shown)))).convert("RGB")
    file = io.BytesIO()
    ImageOps.pad(picture, SIZE, Image.Resampling.LANCZOS, color="white").save(file, format="png")
    return file.getvalue()


def finish(app: Any, error: Exception | None) -> None:
    """Write the three files once the pages are there."""
    site, folder = address(), Path(app.outdir)
    if error is None and app.builder.format == "html" and site:
        (folder / SITEMAP).write_text(sitemap(site, app), "utf-8")
        (folder / FEED).write_text(feed(site, app), "utf-8")
        if picture := card(Path(app.env.doc2path(app.config.root_doc))):
            (folder / CARD).write_bytes(picture)


def setup(app: Any) -> None:
    """Register them; the tags before the policy, which goes first in the head."""
    app.connect("config-inited", configure)
    app.connect("html-page-context", tag)
    app.connect("build-finished", finish)
