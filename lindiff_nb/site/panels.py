"""On a phone the panels of a figure stand one under the other: pieces of the one drawing.

A figure of several columns is cut in the empty strips between them, for its layout puts nothing of
one column above another; a column without numbers at its y axis gets those of the first beside it,
each gets the bar that says what colours mean, and what the whole figure has, a legend or the name
of an axis, stands above or below, in lines that fit. A piece is the picture behind a window, so
that nothing is loaded twice. What cannot be cut so scrolls as it did.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"
TEXT = re.compile(r"translate\(([\d.-]+) ([\d.-]+)\)( rotate\([^)]*\))? scale\(([\d.]+)")
NUMBER = re.compile(r"-?[\d.]+")
SCALE = 1.25  # pixels of a point, as the whole drawing has them on a phone, where a line fits
ROOM = 273  # points across: a figure on a phone of 390 pixels
GAP = 5.25  # left of a frame, where its ticks have ended and their numbers not begun
GLYPH = 90  # hundredths of a text's size that no letter exceeds
BAR = 20  # points that no panel is so narrow as: a bar of colours
HANDLE = 36  # from the name in a legend to what is left of its stroke
IMAGE = re.compile(r'<img [^>]*\bsrc="[^"]*\b_images/([^"/]+\.svg)"[^>]*>')
Box = tuple[float, float, float, float]  # left, top, right, bottom, in points


def pieces(svg: str) -> list[list[Box]]:
    """The lines of pieces that a phone shows of a drawing; none where it is shown whole."""
    root = ElementTree.fromstring(svg)
    parts = root.findall(f"{SVG}g[@id='figure_1']/{SVG}g")
    columns = _columns([part for part in parts if part.get("id", "").startswith("axes")])
    cuts = [left - GAP for left, _, _ in columns[1:]]
    bar = bool(columns) and columns[-1][2] - columns[-1][1] < BAR
    if len(cuts) - bar < 1:
        return []
    _, _, width, height = map(float, NUMBER.findall(root.get("viewBox", "0 0 0 0")))
    above, below = _around(parts, cuts, height)
    top = max((line[0][3] for line in above), default=0.0)
    bottom = min((line[0][1] for line in below), default=height)
    shown: list[list[Box]] = []
    for (left, edge, _), (start, end) in zip(columns, pairwise([0.0, *cuts, width]), strict=True):
        own = [(start, top, end, bottom)]
        bare = edge - left < GAP and shown
        shown.append([(0.0, top, columns[0][1] - GAP, bottom), *own] if bare else own)
    if bar:
        colours = shown.pop()[-1]
        shown = [[*line, colours] for line in shown]
    return [*above, *shown, *below]


def _around(
    parts: list[ElementTree.Element], cuts: list[float], height: float
) -> tuple[list[list[Box]], list[list[Box]]]:
    """The lines of what the whole figure has, above its panels and below."""
    above: list[list[Box]] = []
    below: list[list[Box]] = []
    for part in parts:
        texts = list(_texts(part)) if part.get("id", "").startswith(("legend", "text")) else []
        lefts, ys, turned, rights = zip(*texts, strict=True) if texts else ((0.0,),) * 4
        crossed = any(min(lefts) - HANDLE < cut < max(rights) for cut in cuts)
        if not texts or any(turned) or not crossed:
            continue
        high = max(ys) < height / 2
        top, bottom = (0.0, max(ys) + 6) if high else (min(ys) - 12, height)
        lines = _lines(sorted(set(lefts)), max(rights))
        (above if high else below).extend([(a, top, b, bottom)] for a, b in lines)
    return above, below


def _columns(axes: list[ElementTree.Element]) -> list[tuple[float, float, float]]:
    """For each column of panels where what belongs to it begins, and the ends of its frame."""
    found: dict[int, list[tuple[float, float, float]]] = {}
    for panel in axes:
        frame = panel.find(f"{SVG}g/{SVG}path")
        path = "0 0" if frame is None else frame.get("d", "0 0")
        ends = [float(x) for x in NUMBER.findall(path)[::2]]
        edge = min(ends)
        left = min([edge, *(x - 75 * turned for x, _, turned, _ in _texts(panel))])
        found.setdefault(round(edge / 3), []).append((left, edge, max(ends)))
    return [(min(x for x, *_ in rows), *rows[0][1:]) for _, rows in sorted(found.items())]


def _texts(group: ElementTree.Element) -> Iterator[tuple[float, float, float, float]]:
    """Each text in a group: where it starts, its scale if it is turned or zero, where it ends."""
    for node in group.iter(f"{SVG}g"):
        if found := TEXT.match(node.get("transform", "")):
            x, y, scale = float(found[1]), float(found[2]), float(found[4])
            glyphs = (NUMBER.findall(use.get("transform", "0")) for use in node.iter(f"{SVG}use"))
            last = max((float(numbers[0]) for numbers in glyphs), default=0.0)
            yield x, y, scale if found[3] else 0.0, x + scale * (last + GLYPH)


def _lines(starts: list[float], end: float) -> list[tuple[float, float]]:
    """A legend in lines that fit: cut between its names."""
    begin = starts[0] - HANDLE
    if end - begin <= ROOM:
        return [(begin, end)]
    middle = min(starts[1:], key=lambda x: abs(x - HANDLE - (begin + end) / 2)) - HANDLE
    return [(begin, middle), (middle, end)]


def stack(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Put the pieces of each drawing of a page behind it; the style sheet shows one of the two."""
    sources = {name: source for source, name in app.builder.images.items()}

    def behind(found: re.Match[str]) -> str:
        lines = pieces(Path(app.srcdir, sources[unquote(found[1])]).read_text("utf-8"))
        return found[0] + (_html(found[0], lines) if lines else "")

    context["body"] = IMAGE.sub(behind, context.get("body", ""))


def _html(image: str, lines: list[list[Box]]) -> str:
    """Lines of windows on an image, which has what it says of itself once."""
    said = dict(re.findall(r'(\w+)="([^"]*)"', image))
    scheme, text = said.get("class", ""), said.get("alt", "")
    scale = SCALE * min(1.0, ROOM / max(sum(b - a for a, _, b, _ in line) for line in lines))
    width = round(scale * max(right for line in lines for _, _, right, _ in line))
    picture = (
        f'<img class="{scheme}" src="{said["src"]}" alt="" loading="lazy" style="width: {width}px'
    )
    rows = ("".join(_window(picture, box, scale) for box in line) for line in lines)
    inside = "".join(f'<span class="line">{row}</span>' for row in rows)
    return f'<span class="stack {scheme}" role="img" aria-label="{text}">{inside}</span>'


def _window(picture: str, box: Box, scale: float) -> str:
    """What is seen of an image in a box."""
    left, top, right, bottom = (round(scale * edge) for edge in box)
    size = f"width: {right - left}px; height: {bottom - top}px"
    place = f"margin: {-top}px 0 0 {-left}px"
    return f'<span class="window" style="{size}">{picture}; {place}" /></span>'


def setup(app: Any) -> None:
    """Behind what `dark` says of the images."""
    app.connect("html-page-context", stack, priority=510)
