"""The reference of functions, made from the docstrings, and the links that lead to it."""

import html
import json
import re
from pathlib import Path

import pytest
from site_browser import ROOT, TOC, reading
from sphinx.highlighting import PygmentsBridge

from lindiff_nb.networks import training
from lindiff_nb.networks.unet import UNet
from lindiff_nb.predict import ridge
from lindiff_nb.site import api, links

PUBLIC = sorted(api.public())


def test_every_package_has_a_page_of_its_own_in_the_table_of_contents():
    pages = [page["file"] for part in TOC["parts"] for page in part["chapters"]]
    for package in api.packages():
        assert f"book/api-{package}" in pages
        assert api.BLOCK.findall((ROOT / f"book/api-{package}.md").read_text()) == [package]
    assert api.BLOCK.findall((ROOT / "book/api.md").read_text()) == [""]


def test_a_docstring_in_plain_text_becomes_paragraphs_formulas_and_lists():
    text = """The loss |x|^2 of *all* in `data`, x_ included.

    L = a * b      (1)

    M = |c|

n, d   how many,
       and of what
path   a file

1. One.
2. Two,
on two lines."""
    assert api.as_rst(text, {"data": "lindiff_nb.data"}.get) == [
        r"\ The loss \|x\|^2 of \*all\* in :py:obj:`data <lindiff_nb.data>`, x\_ included.",
        "",
        *(".. code-block:: text", "", "       L = a * b      (1)", ""),
        *(".. code-block:: text", "", "       M = |c|", ""),
        *(r"\ ``n, d``", r"   \ how many, and of what", r"\ ``path``", r"   \ a file", ""),
        *(r"\ 1. One.", "", r"\ 2. Two, on two lines.", ""),
    ]


def test_types_stand_in_a_signature_as_the_source_has_them():
    arguments, result = api.sign(None, "function", "", ridge.effective_ridge, None)
    assert "xi: Reals" in arguments
    assert result == "Array"
    arguments, result = api.sign(None, "class", "", UNet, None)
    assert arguments.startswith("(channels: int=1, width: int=16, mean: float=0.0,")
    assert api.sign(None, "class", "", training.Settings, None) == ("", "")
    assert api._fields(training.State)[1] == "    network: UNet  # as trained"


def code(*cells: str) -> str:
    """Cells of a page as Pygments marks them."""
    marked = (PygmentsBridge("html").highlight_block(cell, "ipython3") for cell in cells)
    return "".join(f'<div class="highlight-ipython3 notranslate">{cell}</div>' for cell in marked)


ADDRESSES = {
    "lindiff_nb.exact.spectra": "e.html#s",
    "lindiff_nb.exact.spectra.power_law": "e.html#p",
}


def linked(*cells: str) -> list[tuple[str, str]]:
    body = links.link(code(*cells), ADDRESSES)
    found = re.findall(r'<a class="api" href="([^"]*)">(.*?)</a>', body)
    assert html.unescape(re.sub("<[^>]*>", "", body)) == html.unescape(
        re.sub("<[^>]*>", "", code(*cells))
    )
    return [(address, re.sub("<[^>]*>", "", text)) for address, text in found]


@pytest.mark.long
def test_a_name_leads_to_the_reference_from_every_cell_that_uses_it_once():
    first = "from lindiff_nb.exact import spectra as own"
    second = "x = own.power_law(3, 1).max() + own.power_law(4, 1)\nf(own=1).own.power_law(2)"
    assert linked(first, second) == [("e.html#s", "own"), ("e.html#p", "own.power_law")]


@pytest.mark.parametrize(
    "cell",
    [
        "import numpy as spectra; spectra.power_law",
        "from lindiff_nb.exact import spectra; spectra = 3; spectra.power_law",
        "other.spectra.power_law",
        "'spectra.power_law'",
        "%magic spectra.power_law",
    ],
)
def test_a_name_that_means_something_else_leads_nowhere(cell):
    assert not [address for address, _ in linked(cell) if address == "e.html#p"]


@pytest.fixture(scope="module")
def site() -> Path:
    with reading() as reader:
        return reader.site


@pytest.mark.browser
def test_every_public_name_stands_on_the_page_of_its_package_and_in_the_search(site):
    index = (site / "searchindex.js").read_text()
    known = json.loads(index[index.index("{") : index.rindex("}") + 1])["objects"]
    found = {f"{module}.{entry[4]}" for module, entries in known.items() for entry in entries}
    for name in PUBLIC:
        package = name.split(".")[1]
        page = (site / f"book/api-{package}.html").read_text()
        assert f'id="{name}"' in page or f'id="module-{name}"' in page, name
        assert name in found or name.count(".") == 1, name


@pytest.mark.browser
def test_chapters_lead_to_the_reference(site):
    page = (site / "book/optimal-denoisers.html").read_text()
    assert 'class="api" href="api-exact.html#lindiff_nb.exact.denoiser.optimal"' in page
