"""What is in the reader's reach beside the text: numbers of figures, on a site of three pages."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import small_site
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from site_browser import Reader, reading, violations

from lindiff_nb.figures import series
from lindiff_nb.run.records import PREFIX
from lindiff_nb.site import cite

pytestmark = pytest.mark.browser
X = np.array([1.0, 2.0, 5.0])
SEEN = """\
(ch-seen)=
# Seen

::::{div} overture
**The question.** What falls?
::::

The rate $k$ falls, and $k$ rises, by {eq}`mean` and {eq}`own`, as {prf:ref}`thm-one` says
in {cite:p}`someone` and {numref}`fig-curve` shows.

$$
k = 1
$$ (own)

## Later

The rate $k$ is one: {ref}`ch-seen`.
"""
NOTATION = """\
# Notation

```{list-table} Symbols.
:header-rows: 1

* - Symbol
  - In code
  - Meaning
  - Introduced
* - $k$
  - `rate`
  - the rate of fall
  - {ref}`ch-seen`
```
"""
SOURCE = """\
@article{someone, author = {Some One}, title = {On falling}, journal = {Falls}, year = {2001}}
"""
RECORD = {
    "seconds": 3.2,
    "date": "2031-02-03T04:05",
    "versions": {},
    "parameters": {"d": 7, "seed": 3},
    "commit": "abcdef0123456",
}
LEDGER = """\
# The ledger

Claims.

## Figures

```{list-table} Figures.
:name: tab-ledger-figures
:header-rows: 1

* - Figure
  - Where
  - Agreement
  - Deviations
* - 1: falls
  - {numref}`fig-curve`; `lindiff-nb run seen`
  - within [{glue:text}`seen.md::miss:.2%`]{.off} of [$n^2$]{.theirs}
  - none known
* - 2: rises, by [0.4]{.theirs}
  - the same run
  - **not found**: it falls by [{glue:text}`seen.md::rise:.2f`]{.ours}
  - one curve for two
* - 3: stays
  - {numref}`fig-curve`; `lindiff-nb run seen`
  - within [10%]{.off}, at [7 of 9]{.ours}
  - fewer points
```
"""
REFERENCES = "# References\n\n```{bibliography}\n```\n"
# What a link leads to, and what its preview says.
TARGETS = {
    "prose.html#equation-mean": "(1)",
    "#equation-own": "(",
    "prose.html#thm-one": "A claim.",
    "#fig-curve": "It falls.",
    "#ch-seen": "What falls?",
    "#symbol-0": "the rate of fall",
}


def drawn() -> dict[str, Any]:
    """A figure as a run keeps it."""
    with mpl.rc_context():
        mpl.use("svg")
        figure, ax = plt.subplots()
        ax.plot(X, 1 / X, label="1 over x")
        ax.set(xlabel="x", ylabel="y")
        svg = io.StringIO()
        figure.savefig(svg, format="svg")
        plt.close(figure)
    text = svg.getvalue()
    return {"image/svg+xml": text[text.index("<svg") :], series.MIME: series.of_figure(figure)}


def page(*cells: Any) -> nbformat.NotebookNode:
    """A notebook of these cells."""
    notebook = small_site.page("nothing")
    notebook.cells = list(cells)
    return notebook


def figure_cell(name: str, data: dict[str, Any]) -> Any:
    """A cell that drew a figure."""
    options = {
        "figure": {"name": name, "caption": "It falls."},
        "image": {"alt": "A falling line."},
    }
    shown = new_output("display_data", data=data | {"text/plain": "a figure"})
    return new_code_cell("1", metadata={"mystnb": options}, outputs=[shown])


def recorded(**values: float) -> Any:
    """A cell that recorded values."""
    outputs = [
        new_output(
            "display_data",
            data={PREFIX + "text/plain": repr(value)},
            metadata={"scrapbook": {"name": name, "mime_prefix": PREFIX}},
        )
        for name, value in values.items()
    ]
    return new_code_cell("2", outputs=outputs)


@pytest.fixture(scope="module")
def reader(tmp_path_factory) -> Iterator[Reader]:
    numbers = recorded(miss=0.095, rise=0.1)
    notebooks = {
        "seen": page(new_markdown_cell(SEEN), figure_cell("fig-curve", drawn()), numbers),
    }
    files = {"book/references.bib": SOURCE, "book/notation.md": NOTATION}
    files |= {
        "book/sources.md": REFERENCES,
        "book/ledger.md": LEDGER,
        "runs.json": json.dumps({"seen": RECORD}),
    }
    with reading(small_site.build(tmp_path_factory.mktemp("hand"), notebooks, files)) as reader:
        yield reader


@pytest.mark.parametrize("via", ["http", "file"])
def test_the_numbers_of_a_figure_and_its_command_stand_in_the_foot_of_its_caption(reader, via):
    with reader.open("book/seen.html", via=via) as visit:
        foot = visit.page.locator("#fig-curve figcaption .figure-foot")
        assert foot.locator("code").inner_text() == "lindiff-nb figure fig-curve"
        assert visit.complaints == []  # a download from the disk may count as a failed request
        with visit.page.expect_download() as download:
            foot.get_by_role("link").click()
        assert download.value.suggested_filename == "fig-curve.csv"
        rows = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    assert [(row["x"], row["y"]) for row in rows] == [(f"{x:.6g}", f"{1 / x:.6g}") for x in X]
    assert {(row["x_axis"], row["y_axis"], row["name"]) for row in rows} == {("x", "y", "1 over x")}


PREVIEW = "article > .preview"


@pytest.mark.parametrize("via", ["http", "file"])
@pytest.mark.parametrize("target", TARGETS)
def test_a_link_shows_what_it_leads_to_at_the_keyboard_until_escape(reader, via, target):
    with reader.open("book/seen.html", via=via) as visit:
        box, link = visit.page.locator(PREVIEW), visit.page.locator(f"article a[href='{target}']")
        assert not box.is_visible()
        focus_by_keyboard(visit.page, link.first)
        box.wait_for(state="visible")
        assert TARGETS[target] in box.inner_text()
        assert link.first.get_attribute("aria-describedby") == box.get_attribute("id")
        assert violations(visit.page) == []
        visit.page.keyboard.press("Escape")
        assert not box.is_visible()
        assert link.first.get_attribute("aria-describedby") is None
        origin = reader.origin(via)
        assert [url for url in visit.requests if not url.startswith((origin, "data:"))] == []
    assert visit.complaints == []


def focus_by_keyboard(page: Any, link: Any) -> None:
    """As Tab does it: the browser shows where the focus is."""
    page.keyboard.press("Tab")
    link.focus()


def test_a_source_is_shown_where_it_is_cited_and_the_pointer_may_go_there(reader):
    with reader.open("book/seen.html") as visit:
        box = visit.page.locator(PREVIEW)
        visit.page.locator("article a[href^='sources.html#']").first.hover()
        box.wait_for(state="visible")
        assert "On falling" in box.inner_text()
        box.hover()
        visit.page.wait_for_timeout(500)  # twice what it stays when nothing points at it
        assert box.is_visible()
        visit.page.locator("#seen > h1").hover()
        box.wait_for(state="hidden")
    assert visit.complaints == []


def test_a_finger_sees_no_preview_and_without_scripts_links_lead_as_ever(reader):
    for options in ({"has_touch": True}, {"java_script_enabled": False}):
        context = reader.browser.new_context(**options)
        page = context.new_page()
        page.goto(reader.address + "book/seen.html")
        link = page.locator("article a[href='#equation-own']").first
        link.tap() if "has_touch" in options else link.click()
        page.wait_for_timeout(500)
        assert page.url.endswith("#equation-own")
        assert not page.locator(PREVIEW).is_visible()
        context.close()


def test_a_symbol_leads_to_its_meaning_once_in_each_section(reader):
    with reader.open("book/seen.html") as visit:
        sections = visit.page.locator("article a.symbol").evaluate_all(
            "all => all.map(link => link.closest('section').id)"
        )
    assert sections == ["seen", "later"]


def test_a_page_says_how_to_cite_it_and_the_button_copies_it(reader):
    with reader.open("book/seen.html") as visit:
        visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        box = visit.page.locator("details.cite")
        box.locator("summary").click()
        box.locator("pre").hover()
        box.get_by_role("button").click()
        copied = visit.page.evaluate("() => navigator.clipboard.readText()")
        anchors = box.locator("p a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
        assert violations(visit.page) == []
    assert copied.startswith("@misc{lindiff-seen,")
    for words in ("title = {{Seen}}", "Version 0.1.0, run 2031-02-03, commit abcdef0123", "2031"):
        assert words in copied
    assert "url" not in copied
    assert anchors == ["#ch-seen", "#fig-curve"]
    assert visit.complaints == []


def test_an_address_is_cited_only_where_there_is_one(monkeypatch):
    monkeypatch.setenv("LINDIFF_SITE_URL", "https://example.org/b/")
    entry = cite.bibtex("book/seen", "Seen", "ch-seen", RECORD)
    assert "url = {https://example.org/b/book/seen.html#ch-seen}\n}" in entry
    monkeypatch.delenv("LINDIFF_SITE_URL")
    assert "url" not in cite.bibtex("book/seen", "Seen", "ch-seen", RECORD)


COLUMNS = ["Figure", "Status", "Paper’s value", "Our value", "Error"]
COLUMNS += ["Where", "Agreement", "Deviations"]
COLUMNS += ["Again", "Sizes and seed", "Seconds", "Run"]


def rows(page: Any, column: int) -> list[str]:
    """What the rows that are seen have in a column."""
    cells = page.locator(f"table.ledger tbody tr:visible td:nth-child({column + 1})")
    return [text.strip() for text in cells.all_inner_texts()]


def test_the_ledger_says_what_its_runs_were_and_begins_with_what_does_not_hold(reader):
    context = reader.browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(reader.address + "book/ledger.html")
    assert [h.strip() for h in page.locator("table.ledger th").all_inner_texts()] == COLUMNS
    assert rows(page, 0) == ["2: rises, by 0.4", "3: stays", "1: falls"]
    assert rows(page, 1) == ["does not", "holds with limits", "holds"]
    assert rows(page, 3) == ["0.10", "7 of 9", ""]
    assert rows(page, 4) == ["75%", "10%", "9.50%"]  # the first is of ours from the paper's
    assert rows(page, 8) == ["", *["lindiff-nb figure fig-curve"] * 2]
    assert set(rows(page, 9)) == {"seen: d = 7, seed = 3"}
    assert set(rows(page, 10)) == {"3.2"}
    assert set(rows(page, 11)) == {"seen: 2031-02-03 abcdef0123"}
    context.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1360), ("dark", 390)])
def test_the_ledger_is_sorted_and_filtered_at_the_keyboard(reader, scheme, width):
    with reader.open("book/ledger.html", scheme=scheme, width=width, via="file") as visit:
        page = visit.page
        head = page.locator("table.ledger th").first
        head.get_by_role("button").focus()
        for order, first in (("ascending", "1: falls"), ("descending", "3: stays")):
            page.keyboard.press("Enter")
            assert head.get_attribute("aria-sort") == order
            assert rows(page, 0)[0] == first
        page.locator("table.ledger th").nth(4).get_by_role("button").click()
        assert rows(page, 4) == ["9.50%", "10%", "75%"]
        page.locator("table.ledger th").nth(3).get_by_role("button").click()
        assert rows(page, 3) == ["0.10", "7 of 9", ""]  # what has none comes last
        page.get_by_label("Status").select_option("does not")
        assert rows(page, 0) == ["2: rises, by 0.4"]
        page.get_by_label("Status").select_option("")
        page.get_by_label("Words").press_sequentially("STAYS")
        assert rows(page, 0) == ["3: stays"]
        assert "1 of 3 rows" in page.locator(".ledger-filter output").inner_text()
        assert violations(page) == []
        assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
        box = page.locator("table.ledger").locator("..")
        at = head.bounding_box()["x"]
        box.evaluate("box => box.scrollTo(10000, 0)")
        if width < 600:
            assert box.evaluate("box => box.scrollLeft") > 0
        assert abs(head.bounding_box()["x"] - at) < 2
    assert visit.complaints == []
