"""Old addresses of what has moved to another page still lead there.

moved.yml beside the pages names, for each page that lost something, what that was and where it is
now: what stood behind the # of its address, or "" for a page that is gone as a whole.

    learning-dynamics: {fig-ld-clock: stopping, equation-eq-ld-clock: stopping}
    dynamics: {"": learning-dynamics}

A page that still stands ends with links under the old anchors; one that is gone leads on at once.
"""

import html
from pathlib import Path
from typing import Any

import yaml
from sphinx.errors import ExtensionError

from lindiff_nb.site.pages import door

NAME = "moved.yml"


def table(app: Any) -> dict[str, dict[str, str]]:
    """For each old page what moved from it, and where to: pages as Sphinx names them."""
    moved = {}
    for path in Path(app.srcdir).glob(f"*/{NAME}"):
        for old, anchors in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            folder = path.parent.name
            moved[f"{folder}/{old}"] = {a: f"{folder}/{new}" for a, new in anchors.items()}
    return moved


def add_links(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Append a link under each anchor that a page had."""
    moved = table(app).get(page, {}) if doctree is not None else {}
    told = []
    for place in dict.fromkeys(moved.values()):
        uri, title = app.builder.get_relative_uri(page, place), html.escape(_title(app, place))
        names = [html.escape(anchor) for anchor, new in moved.items() if new == place]
        links = (f'<a id="{n}" href="{uri}#{n}">{n.removeprefix("equation-")}</a>' for n in names)
        told.append(f"to {title}: {', '.join(links)}")
    if told:
        context["body"] += f'<p class="moved">Moved from this page {"; ".join(told)}.</p>'


def lead_on(app: Any, error: Exception | None) -> None:
    """Write the pages that are gone; an address that leads to nothing fails the build."""
    if error is not None or app.builder.format != "html":
        return
    for old, anchors in table(app).items():
        if old not in app.env.found_docs:
            if set(anchors) != {""}:
                raise ExtensionError(f'{NAME}: there is no page {old}, say where "" is now')
            uri = app.builder.get_relative_uri(old, anchors[""])
            _file(app, old).write_text(door(app, uri, _title(app, anchors[""])), encoding="utf-8")
            continue
        for anchor, new in anchors.items():
            _title(app, new)
            if f'id="{anchor}"' not in _file(app, new).read_text(encoding="utf-8"):
                raise ExtensionError(f"{NAME}: {anchor or repr('')} of {old} is not in {new}")


def _file(app: Any, page: str) -> Path:
    return Path(app.builder.get_outfilename(page))


def _title(app: Any, page: str) -> str:
    """The title of a page, which there is."""
    if page not in app.env.titles:
        raise ExtensionError(f"{NAME}: there is no page {page}")
    return str(app.env.titles[page].astext())


def setup(app: Any) -> None:
    """Write the links with each page, and the pages that lead on before the last look at all."""
    app.connect("html-page-context", add_links)
    app.connect("build-finished", lead_on, priority=300)
