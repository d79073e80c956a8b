"""What is in the reader's reach beside the text: numbers of figures, on a site of three pages."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import small_site
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from site_browser import Reader, reading

from lindiff_nb.figures import series

pytestmark = pytest.mark.browser
X = np.array([1.0, 2.0, 5.0])
SEEN = "# Seen\n\nThe curve of {numref}`fig-curve`."


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


@pytest.fixture(scope="module")
def reader(tmp_path_factory) -> Iterator[Reader]:
    notebooks = {
        "seen": page(new_markdown_cell(SEEN), figure_cell("fig-curve", drawn())),
    }
    with reading(small_site.build(tmp_path_factory.mktemp("hand"), notebooks)) as reader:
        yield reader


@pytest.mark.parametrize("via", ["http", "file"])
def test_the_numbers_of_a_figure_and_its_command_stand_in_the_foot_of_its_caption(reader, via):
    with reader.open("book/seen.html", via=via) as visit:
        foot = visit.page.locator("#fig-curve figcaption .figure-foot")
        assert foot.locator("code").inner_text() == "lindiff-nb figure fig-curve"
        assert (
            visit.complaints == []
        )  # to some browsers a download from the disk is a failed request
        with visit.page.expect_download() as download:
            foot.get_by_role("link").click()
        assert download.value.suggested_filename == "fig-curve.csv"
        rows = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    assert [(row["x"], row["y"]) for row in rows] == [(f"{x:.6g}", f"{1 / x:.6g}") for x in X]
    assert {(row["x_axis"], row["y_axis"], row["name"]) for row in rows} == {("x", "y", "1 over x")}
