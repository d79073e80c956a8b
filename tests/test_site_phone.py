"""The book on a phone, 390 pixels wide, and what the first screens of a chapter show.

Each page is opened once, wide, and then made narrow; all that is closed is opened to be measured.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from panels_cut import cut
from site_browser import CHAPTERS, TOC, Reader, reading

pytestmark = pytest.mark.browser

PAGES = [f"{name}.html" for name in [TOC["root"], *CHAPTERS] if "/api-" not in name]
WIDE, NARROW = {"width": 1360, "height": 900}, {"width": 390, "height": 844}
TEXT = re.compile(r"(?:translate|rotate)\([^)]*\) scale\(([\d.]+) -")  # of 100 points
WIDTH = re.compile(r'<svg\b[^>]* width="([\d.]+)pt"')
SMALLEST = 10  # pixels
MEASURE = r"""async () => {
  const all = (query, root = document) => [...root.querySelectorAll('article ' + query)];
  const place = node => node.getBoundingClientRect();
  const beyond = box => box.scrollWidth - box.clientWidth;
  const lede = all('.lede :is(.themed, .live)').find(node => node.checkVisibility());
  const top = lede && place(lede).top + scrollY;
  const closed = all('details:not([open])');
  for (const box of closed) box.open = true;
  for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
  const equations = all('div.math').map(node => node.querySelector(':scope > :not(.eqno)'));
  const tables = all('.pst-scrollable-table-container').filter(box => beyond(box) > 1);
  const rows = tables.flatMap(box => {
    box.scrollLeft = 1e6;
    const left = [...box.querySelectorAll('tr > :first-child')].map(cell => place(cell).left);
    box.scrollLeft = 0;
    return left.map(x => Math.abs(x - place(box).left));
  });
  const headed = tables.filter(box => box.querySelector('caption')).map(box => {
    const range = document.createRange();
    range.selectNodeContents(box.querySelector('caption'));
    return place(box).right - range.getBoundingClientRect().right;
  });
  for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
  const boxes = all(':is(pre, .themed, .pst-scrollable-table-container)').concat(equations);
  const found = {
    top, rows, headed, overflow: document.documentElement.scrollWidth - innerWidth,
    scrolled: equations.filter(box => beyond(box) > 1).map(box => box.parentElement.id),
    silent: boxes.filter(box => (beyond(box) > 1) != box.classList.contains('more'))
      .map(box => box.outerHTML.slice(0, 200)),
    torn: all('.joined').filter(node => {
      const range = document.createRange();
      range.selectNode(node.lastChild);
      return range.getBoundingClientRect().top > place(node.querySelector('.last')).bottom;
    }).map(node => node.textContent),
    unreachable: boxes.filter(box => beyond(box) > 1 && box.tabIndex < 0).length,
    windows: all('.stack .window').filter(node => node.checkVisibility())
      .map(node => [place(node).left, place(node).right]),
    captions: all('figcaption').map(node => getComputedStyle(node).fontWeight),
    text: getComputedStyle(document.querySelector('article p')).fontWeight,
    images: all('figure img').filter(node => node.checkVisibility())
      .map(node => [node.src, place(node).width]),
  };
  for (const box of closed) box.open = false;
  return found;
}"""
every_page = pytest.mark.parametrize("page", PAGES)


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with reading() as reader:
        yield reader


@pytest.fixture(scope="module")
def measured(reader: Reader) -> Any:
    @cache
    def of(page: str) -> dict[int, dict[str, Any]]:
        """What a page is like, wide and narrow."""
        found = {}
        with reader.open(page) as visit:
            for screen in (WIDE, NARROW):
                visit.page.set_viewport_size(screen)
                found[screen["width"]] = visit.page.evaluate(MEASURE)
        return found

    return of


def test_equations_are_whole_on_a_desk_and_but_for_a_few_on_a_phone(measured):
    scrolled = {
        width: [name for page in PAGES for name in measured(page)[width]["scrolled"]]
        for width in (1360, 390)
    }
    assert scrolled[1360] == []
    assert len(scrolled[390]) < 30, scrolled[390]


@every_page
def test_what_scrolls_on_a_phone_says_so_and_nothing_else_does(measured, page):
    narrow = measured(page)[390]
    assert narrow["overflow"] <= 0
    assert narrow["silent"] == []
    assert narrow["unreachable"] == 0


@every_page
def test_no_line_begins_with_the_comma_behind_a_formula(measured, page):
    assert measured(page)[390]["torn"] == measured(page)[1360]["torn"] == []


@every_page
def test_a_table_that_scrolls_keeps_the_names_of_its_rows_and_its_caption(measured, page):
    narrow = measured(page)[390]
    assert max(narrow["rows"], default=0) <= 1
    assert min(narrow["headed"], default=48) >= 47  # left of the edge that fades


@every_page
def test_captions_are_as_heavy_as_the_text(measured, page):
    narrow = measured(page)[390]
    assert set(narrow["captions"]) <= {narrow["text"]}


@every_page
def test_the_text_in_a_figure_can_be_read_on_a_phone(reader, measured, page):
    for source, width in measured(page)[390]["images"]:
        if source.endswith(".svg"):
            svg = (reader.site / "_images" / source.rpartition("/")[2]).read_text()
            size = 100 * min(map(float, TEXT.findall(svg)), default=SMALLEST)
            assert width * size / float(WIDTH.findall(svg)[0]) >= SMALLEST - 0.01, (source, size)


@every_page
def test_panels_stand_one_under_the_other_on_a_phone_and_nowhere_else(measured, page):
    narrow, wide = measured(page)[390]["windows"], measured(page)[1360]["windows"]
    assert all(left >= 0 and right <= 390 for left, right in narrow)
    assert wide == []


def test_no_piece_of_any_figure_ends_in_what_is_drawn(reader):
    drawn = [
        output["data"]
        for path in sorted((reader.site / "_sources" / "book").glob("*.ipynb"))
        for cell in json.loads(path.read_text())["cells"]
        for output in cell.get("outputs", [])
        if "image/svg+xml" in output.get("data", {})
    ]
    found = [cut(data["image/svg+xml"], data["image/png"]) for data in drawn]
    assert sum(found) > 70


@every_page
def test_the_figure_with_the_answer_begins_on_the_first_screen(measured, page):
    wide, narrow = measured(page)[1360], measured(page)[390]
    assert (wide["top"] or 0) < 900
    assert (narrow["top"] or 0) < 2 * 844


def test_nearly_every_chapter_has_such_a_figure(measured):
    assert sum(measured(page)[1360]["top"] is not None for page in PAGES) >= 25
