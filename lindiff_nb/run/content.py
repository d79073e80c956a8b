"""Whether the content of an output is passive: nothing in it runs, and nothing asks another host.

Allowed is what is listed here, so that what nobody thought of is refused. HTML is read by Python's
parser and must be plain enough that no browser can read it otherwise: no comments, no
declarations, tags well formed, no stray <. SVG is read as XML.
"""

import re
from collections.abc import Iterable
from html import unescape
from html.parser import HTMLParser
from xml.etree import ElementTree

TEXT = """a abbr b bdi bdo blockquote br caption cite code col colgroup dd del details dfn div dl dt
em figcaption figure h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q rp rt ruby s samp section
small span strong sub summary sup style table tbody td tfoot th thead time tr tt u ul var wbr"""
DRAWING = """svg g defs symbol use path rect circle ellipse line polyline polygon text tspan
textpath title desc metadata style lineargradient radialgradient stop clippath mask pattern marker
image a rdf work type date format creator agent publisher filter fegaussianblur feoffset feblend"""
HTML_ELEMENTS = frozenset(TEXT.split())
SVG_ELEMENTS = frozenset(DRAWING.split())
TAG = re.compile(
    r"<[a-z][a-z0-9]*(?:\s+[a-z][a-z0-9_:.-]*(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'=<>`/]+))?)*\s*/?>",
    re.IGNORECASE,
)
ENDING = re.compile(r"</[a-z][a-z0-9]*\s*>", re.IGNORECASE)
PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp|svg\+xml)[;,].*", re.IGNORECASE | re.DOTALL)
LEADS_ELSEWHERE = ("http", "https", "mailto")  # where a reader who follows a link may be led
STYLES = {"style", "fill", "stroke", "filter", "clip-path", "mask", "cursor"}
STYLES |= {"marker", "marker-start", "marker-mid", "marker-end"}
LOADS = {"srcset", "poster", "background", "data", "ping", "action", "formaction", "srcdoc"}


class Active(ValueError):
    """Content that would run, load something from elsewhere, or is not plain enough to tell."""


def check_html(text: str) -> None:
    """Raise Active unless this HTML is passive."""
    reader = _Reader(convert_charrefs=False)
    reader.feed(text)
    if reader.rawdata.strip():
        raise Active(f"HTML that is not complete: {_short(reader.rawdata)}")


def check_markdown(text: str) -> None:
    """Raise Active unless the HTML that this Markdown becomes is passive."""
    from markdown_it import MarkdownIt

    check_html(MarkdownIt("commonmark").render(text))


def check_latex(text: str) -> None:
    """Raise Active if this mathematics makes links or HTML of its own, as MathJax lets it."""
    for command in ("\\href", "\\require", "\\unicode", "\\class", "\\cssId", "\\style", "\\data"):
        if command in text:
            raise Active(f"the command {command}")


def check_svg(text: str) -> None:
    """Raise Active unless this drawing is passive."""
    if "<!ENTITY" in text or "<?xml-stylesheet" in text:
        raise Active("an SVG with entities or a style sheet of its own")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise Active(f"an SVG that is not XML: {error}") from None
    for element in root.iter():
        tag = _local(element.tag)
        _check_element(tag, SVG_ELEMENTS)
        _check_attributes(tag, ((_local(name), value) for name, value in element.items()))
        if tag == "style":
            _check_style(element.text or "")


class _Reader(HTMLParser):
    """Looks at each piece of HTML; raises Active at the first that is not passive."""

    inside = ""  # the element that opened last

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        raw = self.get_starttag_text() or ""
        if not TAG.fullmatch(raw):
            raise Active(f"a tag that is not well formed: {_short(raw)}")
        _check_element(tag, HTML_ELEMENTS | SVG_ELEMENTS)
        _check_attributes(tag, ((_local(name), value or "") for name, value in attrs))
        self.inside = tag

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if "<" in data:
            raise Active(f"a < that begins no tag: {_short(data[data.index('<') :])}")
        if self.inside == "style":
            _check_style(data)

    def handle_comment(self, data: str) -> None:
        raise Active(f"a comment or a declaration: {_short(data)}")

    def handle_decl(self, decl: str) -> None:
        self.handle_comment(decl)

    unknown_decl = handle_pi = handle_comment


def _check_element(tag: str, allowed: frozenset[str]) -> None:
    if tag not in allowed:
        raise Active(f"the element <{tag}>")


def _check_attributes(tag: str, attributes: Iterable[tuple[str, str]]) -> None:
    for name, value in attributes:
        if name.startswith("on") or name in LOADS:
            raise Active(f"the attribute {name} of <{tag}>")
        if name in STYLES:
            _check_style(value)
        if name in ("href", "src"):
            _check_address(tag, name, value)


def _check_address(tag: str, name: str, value: str) -> None:
    """A link may lead to the web; what is loaded with the page is of the site or in the address."""
    address = "".join(letter for letter in unescape(value) if letter > " ")  # as browsers read it
    scheme, colon, _ = address.partition(":")
    shown = tag in ("img", "image") and PICTURE.fullmatch(address)  # of <use> it would be a part
    leads = scheme.lower() in LEADS_ELSEWHERE if tag == "a" else shown
    relative = not colon or any(mark in scheme for mark in "/?#")
    if tag != "a" and address.replace("\\", "/").startswith("//"):
        relative = False
    if not (relative or leads):
        raise Active(f"the address {_short(value)!r} in {name} of <{tag}>")


def _check_style(text: str) -> None:
    """Styles load nothing: no url() but of a part of the same drawing, nothing imported."""
    style = unescape(text).lower()
    loads = re.sub(r"url\(\s*[\"']?#", "", style)
    for sign in ("url(", "@import", "image-set(", "expression(", "\\", "<"):
        if sign in loads:
            raise Active(f"a style with {sign}")


def _local(name: str) -> str:
    """The name of an element or attribute of XML without its namespace."""
    return name.rpartition("}")[2].rpartition(":")[2].lower()


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:57] + "..."
