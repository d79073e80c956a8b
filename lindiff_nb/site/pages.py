"""The last look at the pages: what no template of the theme lets us say is put right in the files.

It also writes the front door, a page that leads to the first one, and takes away what the theme
keeps among its static files but is no page: its own templates.
"""

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sphinx.errors import ExtensionError

from lindiff_nb.site import icons, policy

PRINTS = (' onclick="window.print()"', ' data-action="print"')  # static/pages.js listens
TAGS = re.compile(r"<!--.*?-->|<script\b.*?</script>|(<[a-z][^>]*>)", re.I | re.S)
ID = re.compile(r"""\sid=("[^"]*"|'[^']*')""", re.I)
FRONT_DOOR = """\
<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8" />
{policy}
<meta http-equiv="refresh" content="0; url={first}" />
<title>{title}</title>
<link rel="icon" href="{icon}" />
</head>
<body><p><a href="{first}">{title}</a></p></body>
</html>
"""


def without_repeated_ids(page: str) -> str:
    """The page, each id left to the first element that has it: links lead there anyway."""
    seen: set[str] = set()

    def first(found: re.Match[str]) -> str:
        name = found[1][1:-1]
        again = name in seen
        seen.add(name)
        return "" if again else found[0]

    return TAGS.sub(lambda tag: ID.sub(first, tag[1]) if tag[1] else tag[0], page)


def finished(page: str) -> str:
    """The page as it is published."""
    return policy.narrowed(without_repeated_ids(icons.SCRIPT.sub("", page.replace(*PRINTS))))


def front_door(app: Any) -> str:
    """A page that leads to the first page of the book."""
    return door(app, app.builder.get_target_uri(app.config.root_doc), app.config.html_title)


def door(app: Any, uri: str, title: str) -> str:
    """A page that leads at once to another one."""
    icon = app.config.html_favicon
    return FRONT_DOOR.format(
        language=app.config.language or "en",
        policy=policy.TAG.format(policy.policy()),
        first=html.escape(uri),
        title=html.escape(title),
        icon=f"_static/{Path(icon).name}" if icon else "data:,",
    )


def templates_among_static_files(app: Any) -> Iterator[Path]:
    """Where Sphinx copied the templates that a theme keeps in its static folder."""
    for folder in app.builder.templates.pathchain:
        static = Path(folder) / "static"
        for path in static.rglob("*.html"):
            yield Path(app.outdir) / "_static" / path.relative_to(static)


def finish(app: Any, error: Exception | None) -> None:
    """Finish every page of the site; a page without a policy is not published."""
    if error is not None or app.builder.format != "html":
        return
    for template in templates_among_static_files(app):
        template.unlink(missing_ok=True)
    door = Path(app.outdir) / "index.html"
    if not door.exists():
        door.write_text(front_door(app), encoding="utf-8")
    for path in sorted(Path(app.outdir).rglob("*.html")):
        page = path.read_text(encoding="utf-8")
        if not policy.STATED.search(page):
            where = path.relative_to(app.outdir)
            raise ExtensionError(f"{where} is no page of the book: it states no policy")
        path.write_text(finished(page), encoding="utf-8")


def setup(app: Any) -> None:
    """Finish before sphinx-external-toc writes a front door of its own, bare one."""
    app.connect("build-finished", finish, priority=400)
