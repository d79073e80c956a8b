"""What the links of the text lead to, kept for `static/previews.js` to show beside them.

For each page one script, `previews/NAME.js` beside it, with the equations, figures, theorems,
exercises, sources and heads of sections that any page of its folder refers to. A page loads it when
a preview is first asked for, from the disk as well; what it holds is taken from the finished pages.
"""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

LINK = re.compile(r'<a class="[^"]*reference internal[^"]*" href="([\w-]+\.html)?#([\w:.-]+)"')
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
KINDS = {"div", "figure", "section", "span", "tr"}
HEADING = re.compile(r"<h\d>(.*?)</h\d>", re.S)
PARAGRAPH = re.compile(r"<p>.*?</p>", re.S)
MINUTES = re.compile(r'<div class="reading-time.*?</div>', re.S)
LEFT_OUT = re.compile(
    r'<a class="headerlink".*?</a>|<div class="legend">.*?</div>\s*</div>|\sid="[^"]*"'
    r'|<span class="stack.*?(?:</span>){3}',  # a preview is small enough for the whole drawing
    re.S,
)


class _Elements(HTMLParser):
    """The elements of a page that have an id: tag, start and end in its text."""

    def __init__(self, page: str) -> None:
        """Read the page."""
        super().__init__(convert_charrefs=False)
        self.page, self.found = page, dict[str, tuple[str, int, int]]()
        self.lines, self.opened = [0], list[tuple[str, str | None, int]]()
        for line in page.split("\n"):  # as the parser counts them
            self.lines.append(self.lines[-1] + len(line) + 1)
        self.feed(page)

    def _here(self) -> int:
        line, column = self.getpos()
        return self.lines[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        if tag not in VOID:
            self.opened.append((tag, dict(attrs).get("id"), self._here()))

    def handle_endtag(self, tag: str) -> None:
        """Close it, with what was left open inside."""
        while self.opened and tag not in VOID:
            name, known_as, start = self.opened.pop()
            if name == tag:
                if known_as:
                    end = self.page.index(">", self._here()) + 1
                    self.found.setdefault(known_as, (tag, start, end))
                return


def elements(page: str) -> dict[str, tuple[str, int, int]]:
    """Of each id in a page the tag of its element, and where that starts and ends in its text."""
    return _Elements(page).found


def preview(page: str, place: tuple[str, int, int]) -> str:
    """What is shown of an element: all of it, or of a section its heading and first paragraph."""
    tag, start, end = place
    if tag in ("section", "span"):
        rest = MINUTES.sub("", page[start : start + 20_000])
        heading, text = HEADING.search(rest), PARAGRAPH.search(rest)
        shown = f"<p><strong>{heading[1]}</strong></p>{text[0]}" if heading and text else ""
    else:
        shown = page[start:end]
        shown = f"<table>{shown}</table>" if tag == "tr" else shown
    return LEFT_OUT.sub("", shown)


def write(folder: Path) -> None:
    """Write the previews of the pages in a folder."""
    pages = {path.name: path.read_text("utf-8") for path in sorted(folder.glob("*.html"))}
    wanted: dict[str, set[str]] = {name: set() for name in pages}
    for here, page in pages.items():
        for name, target in LINK.findall(page):
            wanted.get(name or here, set()).add(target)
    for name, page in pages.items():
        places = elements(page) if wanted[name] else {}
        known = sorted(wanted[name] & {key for key, place in places.items() if place[0] in KINDS})
        held = {target: preview(page, places[target]) for target in known}
        text = f"previews({json.dumps(name)}, {json.dumps(held)});\n"
        path = folder / "previews" / f"{name.removesuffix('.html')}.js"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")


def finish(app: Any, error: Exception | None) -> None:
    """Write them for each folder of pages, when the pages are finished."""
    if error is None and app.builder.format == "html":
        for folder in {Path(app.outdir) / Path(page).parent for page in app.env.found_docs}:
            write(folder)


def setup(app: Any) -> None:
    """Register script and writer."""
    app.add_js_file("previews.js", loading_method="defer", priority=800)
    app.connect("build-finished", finish, priority=450)
