"""What the Sphinx extension makes of a page: dark figures, live figures, footer, scripts."""

import io
import json
import re
from pathlib import Path
from types import SimpleNamespace

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from docutils import nodes
from docutils.utils import new_document
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from lindiff_nb.figures import live as live_figures
from lindiff_nb.figures import use_style
from lindiff_nb.figures.palette import DARK_PAGE, WHITE, contrast, for_dark
from lindiff_nb.site import dark, footer, lede, live, opening, pages, policy, reading, theme

RECORD = {
    "seconds": 83.4,
    "date": "2026-01-31T10:00:00+00:00",
    "versions": {"python": "3.11.7", "numpy": "2.4.6", "lindiff_nb": "0.1.0", "torch": "2.13.0"},
    "machine": {"cores": 2},
    "commit": "0123456789abcdef+",
}
FIGURE = """\
Title
=====

First paragraph about :math:`\\sqrt{n}`.

.. figure:: curve.svg
   :name: fig-curve
   :alt: A rising curve.

   A caption that stays.

Took :run-time:`page`.
"""


@pytest.fixture(scope="module")
def drawing() -> str:
    """A figure as a notebook shows it: lines, faint grid, text, a raster."""
    with mpl.rc_context():
        mpl.use("svg")
        use_style()
        fig, ax = plt.subplots()
        ax.plot([0, 1], label="a")
        ax.plot([1, 0], color="k")
        ax.text(0, 0, "black text", color="#000000")
        ax.imshow(np.eye(2), extent=(0, 0.1, 0, 0.1))
        ax.legend()
        out = io.StringIO()
        fig.savefig(out, format="svg", metadata={"Date": None})
        plt.close(fig)
    return out.getvalue()


def colours(svg: str) -> list[str]:
    return [match[2] for match in dark.COLOUR.finditer(svg)]


# ---- figures for the dark page


def test_each_colour_of_a_figure_goes_through_the_same_map(drawing):
    light, redrawn = colours(drawing), colours(dark.redraw(drawing))
    assert light[0] == WHITE  # the background, which goes
    assert redrawn == ["#ffffff"] + [for_dark(colour) for colour in light[1:]]


def test_what_is_readable_on_white_is_readable_on_the_dark_page(drawing):
    strong = [c for c in colours(drawing)[1:] if contrast(c, WHITE) >= 3.1]
    assert len(set(strong)) >= 3
    assert min(contrast(for_dark(colour), DARK_PAGE) for colour in strong) >= 3


def test_the_background_becomes_transparent_and_text_without_a_colour_white(drawing):
    redrawn = dark.redraw(drawing)
    assert re.search(r'<g id="patch_1">\s*<path [^>]*fill: none', redrawn)
    assert '<svg fill="#ffffff"' in redrawn
    assert colours(redrawn)[1:].count(WHITE) == colours(drawing).count("#000000")


def test_photographs_ids_and_shapes_stay_as_they_are(drawing):
    redrawn = dark.redraw(drawing)
    for pattern in (r'href="[^"]*"', r' d="[^"]*"', r'id="[^"]*"', r"url\([^)]*\)"):
        assert re.findall(pattern, redrawn) == re.findall(pattern, drawing)
    assert "data:image/png;base64" in redrawn


# ---- live figures


def test_the_file_of_a_live_figure_hands_over_one_text_and_its_name_depends_on_that_alone():
    text = json.dumps({"kind": '"); alert(1); ("</script>\u2028', "data": {}})
    name, script = live.file_of(text)
    assert live.file_of(text) == (name, script)
    assert live.file_of(text + " ")[0] != name
    assert script.isascii()
    handed = re.fullmatch(r'liveFigure\((".*"), (".*")\);\n', script)
    assert [json.loads(part) for part in handed.groups()] == [name, text]


def test_what_moves_is_a_node_and_other_outputs_are_left_alone():
    output = SimpleNamespace(mime_type=live_figures.MIME, content={"kind": "a"})
    handle = live.LiveFigureRenderer.handle_mime
    (node,) = handle(None, output, False)
    assert json.loads(node.astext()) == {"kind": "a"}
    assert handle(None, output, True) == []
    output.mime_type = "image/png"
    assert handle(None, output, False) is None


# ---- what a page says about its run and about itself


def test_the_footer_says_when_how_long_and_with_what():
    assert footer.sentence(RECORD) == (
        "Executed on 2026-01-31 in 1 min 23 s on 2 cores with lindiff_nb 0.1.0, numpy 2.4.6, "
        "python 3.11.7, commit 0123456789 and local changes."
    )
    least = {"seconds": 1, "date": "2026-01-31", "versions": {}}
    assert footer.sentence(least) == "Executed on 2026-01-31 in 1.0 s."


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.7, "1 min 0 s"), (3600, "60 min 0 s")],
)
def test_durations_are_written_for_people(seconds, text):
    assert footer.duration(seconds) == text


def test_a_description_is_the_first_paragraph_without_tex():
    document = new_document("page")
    assert theme.description(document) == ""
    minutes = nodes.paragraph("", "9 minutes to read")
    document += nodes.container("", minutes, classes=["reading-time"])
    text = "What you will see. A floor \\sigma / \\sqrt{n} " + "word " * 60
    document += nodes.paragraph(text, text)
    described = theme.description(document)
    assert described.startswith("A floor sigma / sqrt(n) word")
    assert len(described) <= theme.LENGTH + 4


# ---- a small site


def build(folder: Path, text: str, record: dict | None) -> tuple[str, str]:
    """The page and the warnings of a site of one page."""
    folder.mkdir()
    (folder / "page.rst").write_text(text)
    if record is not None:
        (folder / "runs.json").write_text(json.dumps({"page": record}))
    settings = {"extensions": ["lindiff_nb.site"], "html_theme": "basic", "root_doc": "page"}
    warnings = io.StringIO()
    places = (folder, None, folder / "out", folder / "trees", "html")
    Sphinx(*places, settings, status=None, warning=warnings).build()
    return (folder / "out" / "page.html").read_text(), warnings.getvalue()


@pytest.fixture(scope="module")
def site(tmp_path_factory, drawing) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("site")
    page = folder / "source"
    page.mkdir()
    (page / "curve.svg").write_text(drawing)
    (page.parent / "curve.svg").write_text(drawing)
    text = FIGURE.replace("curve.svg", "../curve.svg")
    html, warnings = build(folder / "book", text, RECORD)
    assert warnings == ""
    return folder / "book" / "out", html


@pytest.mark.long
def test_a_figure_is_shown_twice_and_captioned_once(site):
    folder, html = site
    images = re.findall(r'<img alt="A rising curve." class="only-(\w+)" src="([^"]*)"', html)
    assert [kind for kind, _ in images] == ["light", "dark"]
    light, redrawn = ((folder / source).read_text() for _, source in images)
    assert redrawn == dark.redraw(light)
    assert html.count("A caption that stays.") == 1
    assert html.count('id="fig-curve"') == 1


def test_the_caption_is_no_sibling_of_an_image_that_is_hidden(site):
    """The theme hides .only-light ~ figcaption on the dark page, and the other way round."""
    _, html = site
    figure = re.search(r"<figure.*?</figure>", html, re.S)[0]
    assert re.search(
        r'<div class="themed[^>]*>\s*<img[^>]*>\s*<img[^>]*>\s*</div>\s*<figcaption', figure
    )
    assert 'class="themed docutils' in figure


def test_the_scripts_are_kept_with_the_site(site):
    folder, html = site
    assert (folder / "_static/live.js").stat().st_size > 10_000
    assert "live.js" not in html  # no live figure on this page
    assert re.findall(r'(?:src=|<link[^>]* href=)"https?://[^"]*"', html) == []


def test_the_page_quotes_its_run_and_describes_itself(site):
    _, html = site
    assert f'<p class="executed">{footer.sentence(RECORD)}</p>' in html
    assert "Took 1 min 23 s." in html
    assert '<meta name="description" content="First paragraph about sqrt(n)." />' in html


@pytest.mark.slow
def test_a_page_that_was_not_executed_has_no_footer_and_no_time_to_quote(tmp_path):
    page, warnings = build(tmp_path / "book", "Title\n=====\n\nTook :run-time:`page`.\n", None)
    assert "executed" not in page
    assert "run-time: no run of 'page'" in warnings


@pytest.mark.long
def test_a_script_of_an_output_becomes_text_and_its_hash_is_not_in_the_policy(tmp_path):
    script = "document.title = 'planted';"
    raw = f'.. raw:: html\n\n   <script>{script}</script><b onclick="{script}">x</b>\n'
    html, _ = build(tmp_path / "book", f"Title\n=====\n\n{raw}", None)
    assert f"&lt;script>{script}&lt;/script>" in html
    assert policy.hash_of(script) not in html
    (stated,) = policy.STATED.findall(html)
    assert stated == policy.policy(map(policy.hash_of, policy.INLINE.findall(html)))
    assert policy.HASH.search(stated)  # the theme's own


MOVED = {
    "old/new": "Title\n=====\n\n.. _fig-a:\n\nSection\n-------\n\nText.\n",
    "old/page": "Page\n====\n\nText.\n",
    "page": ".. toctree::\n\n   old/new\n   old/page\n",
}


def build_moved(folder: Path, moved: str) -> Path:
    """A site of three pages with a table of what moved."""
    for name, text in MOVED.items():
        (folder / "book" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "book" / f"{name}.rst").write_text(f"{text}")
    (folder / "book" / "old" / "moved.yml").write_text(moved)
    settings = {"extensions": ["lindiff_nb.site"], "html_theme": "basic", "root_doc": "page"}
    places = (folder / "book", None, folder / "out", folder / "trees", "html")
    Sphinx(*places, settings, status=None, warning=None).build()
    return folder / "out" / "old"


@pytest.mark.long
def test_old_addresses_lead_to_where_things_are_now(tmp_path):
    moved = 'page: {fig-a: new}\ngone: {"": new}\n'
    pages = build_moved(tmp_path, moved)
    assert (
        'to Title: <a id="fig-a" href="new.html#fig-a">fig-a</a>'
        in (pages / "page.html").read_text()
    )
    gone = (pages / "gone.html").read_text()
    assert '<meta http-equiv="refresh" content="0; url=new.html" />' in gone
    assert policy.STATED.search(gone)


@pytest.mark.long
@pytest.mark.parametrize(
    ("moved", "words"),
    [
        ("page: {fig-b: new}", "fig-b of old/page is not in old/new"),
        ("page: {fig-a: nowhere}", "there is no page old/nowhere"),
        ("gone: {fig-a: new}", "there is no page old/gone"),
    ],
)
def test_an_address_that_leads_to_nothing_fails_the_build(tmp_path, moved, words):
    with pytest.raises(ExtensionError, match=words):
        build_moved(tmp_path, moved)


def test_the_figure_of_the_answer_is_lifted_to_behind_the_box():
    box = nodes.container(classes=["overture"])
    output = nodes.container(classes=["cell_output"])
    cell = nodes.container("", nodes.container(classes=["cell_input"]), output)
    cell["classes"] = ["cell", "tag_lede"]
    section = nodes.section("", nodes.title("", "T"), box, nodes.paragraph("", "text"), cell)
    for text, code in (("Try it. So:", "lindiff-nb run page"), ("a sentence", "code")):
        section += [nodes.paragraph("", text), nodes.literal_block("", code)]
    document = new_document("page")
    document += section
    lede.lift(None, document)
    assert section[1] is box
    assert section[2]["classes"] == ["cell", "lede"]
    assert section[2][0] is output
    assert output not in cell
    assert [part.astext() for part in section[3:5]] == ["Try it. So:", "lindiff-nb run page"]
    assert [part.astext() for part in section[-2:]] == ["a sentence", "code"]
    before = document.pformat()
    lede.lift(None, document)  # nothing is left to lift
    assert document.pformat() == before


NOTATION = """\
```{list-table} Symbols.
* - Symbol
  - In code
  - Meaning
  - Introduced
* - $x$, $y = 2x$
  - `x`, `y`
  - two numbers
  - {ref}`ch-here`
* - $n$
  - `n`
  - how many
  - {ref}`ch-before`
* - $\\nu$
  -
  - a rank
  - {ref}`ch-before`
* - $q$
  - `q`
  - a letter of many meanings
  - {ref}`ch-before`
```

```{list-table} Letters.
* - Letter
  - Meanings
* - $q$
  - this ({ref}`ch-before`); that ({ref}`ch-other`)
```
"""
BOXED = """\
(ch-here)=
# Here

::::{div} overture
**The question.** What is $x$, what is $n$, how often $n$ and $n$?
::::

$q$, $q$, $q$, $\\nu$, $\\nu$ and $n_0$.
"""


def test_a_chapter_opens_with_its_minutes_and_its_symbols():
    page = [
        {"cell_type": "markdown", "metadata": {}, "source": BOXED},
        {"cell_type": "markdown", "metadata": {}, "source": "word " * 220 + "\n\n| a | b |\n"},
        {"cell_type": "code", "metadata": {}, "source": "x = 1\n\n" * 24},
        {"cell_type": "code", "metadata": {"tags": ["hide-input"]}, "source": "subplots()\n" * 9},
    ]
    assert 2.5 < reading.cost(page)["minutes"] < 2.7  # words, 24 visible lines, one figure
    opening.opened(NOTATION, page)
    text = page[0]["source"]
    assert text.index("# Here") < text.index("3 minutes to read") < text.index("overture")
    rows = text[text.index("Symbols of this page") :]
    assert "* - $x$, $y = 2x$\n  - `x`, `y`\n  - two numbers\n* - $n$" in rows
    assert "$\\nu$" not in rows.split("```\n:::::")[0]  # twice is not often
    assert "many meanings" not in rows
    plain = [{"cell_type": "markdown", "metadata": {}, "source": "# A page\n"}]
    opening.opened(NOTATION, plain)
    assert plain[0]["source"] == "# A page\n"


@pytest.mark.long
def test_a_page_that_states_no_policy_is_not_published(tmp_path):
    (tmp_path / "foreign.html").write_text("<p>A page of somebody else's.</p>")
    text = "Title\n=====\n\nGet :download:`it <../foreign.html>`.\n"
    with pytest.raises(ExtensionError, match=r"foreign\.html is no page of the book"):
        build(tmp_path / "book", text, None)


# ---- the last look at a page


def test_an_id_stays_with_the_first_element_that_has_it():
    no_tags = """<!-- <b id="a"> --><script>'<b id="a">'</script> id="a" """
    page = """<b id="a">1</b><b class="x" id="a">2</b><B ID='a'>3</B><i id="b"/>"""
    once = """<b id="a">1</b><b class="x">2</b><B>3</B><i id="b"/>"""
    assert pages.without_repeated_ids(no_tags + page) == no_tags + once


def test_a_policy_is_only_ever_narrowed():
    known, planted = "let known = 1;", "let planted = 1;"
    tag = policy.TAG.format(policy.policy(map(policy.hash_of, (known, "absent"))))
    page = f"<head>{tag}</head><script>{known}</script><script>{planted}</script>"
    narrowed = policy.narrowed(page)
    assert policy.stated(narrowed) == policy.policy([policy.hash_of(known)])
    assert policy.STATED.sub("", narrowed) == policy.STATED.sub("", page)
    assert policy.narrowed(page.replace(tag, "")) == page.replace(tag, "")


@pytest.mark.parametrize("name", ["script", "iframe", "META", "base", "link", "object", "embed"])
@pytest.mark.parametrize("end", [">", " x>", "\n>", "/>", "\f>", ""])
def test_tags_that_no_output_may_bring_are_text(name, end):
    for tag in (f"<{name}{end}", f"</{name}{end}"):
        assert policy.defused(f"<p>a</p>{tag}") == f"<p>a</p>&lt;{tag[1:]}"
    assert policy.defused(f"<{name}s>") == f"<{name}s>"
