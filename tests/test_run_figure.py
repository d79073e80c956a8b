"""`lindiff-nb figure NAME`: the pictures of one figure and its numbers, as files."""

import csv
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image
from tiny_book import cell, chapter, tiny_book

from lindiff_nb.run.cli import main

FIGURE = """\
---
mystnb:
  figure:
    name: {name}
    caption: A line.
---
{source}"""
DRAW = "fig, ax = plt.subplots()\nax.plot([0, 1], [0, a], label='slope');"
HEAD = """\
import matplotlib.pyplot as plt
from lindiff_nb.figures import use_style
from lindiff_nb.run import record
use_style()
record(slope=a)"""
PAGES = {
    "law": chapter(
        "The law",
        cell("a: int = 3  # slope [1, 99]", "parameters"),
        cell(HEAD),
        cell(FIGURE.format(name="fig-slope", source=DRAW)),
        cell(FIGURE.format(name="fig-hidden", source="if a > 50: plt.subplots();")),
    ).replace("---\n\n#", "lindiff_nb:\n  small:\n    a: 2\n---\n\n#"),
    "none": chapter("None", cell("1")),
}


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """An empty folder to stand in, away from the book that the commands find."""
    monkeypatch.setenv("LINDIFF_BOOK", str(tiny_book(tmp_path, PAGES).folder))
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def files(here: Path) -> dict[Path, int]:
    return {p: p.stat().st_mtime_ns for p in here.parent.rglob("*") if p.is_file()}


def last_row() -> dict[str, str]:
    with Path("fig-slope.csv").open(newline="") as file:
        return list(csv.DictReader(file))[-1]


@pytest.mark.kernel
def test_a_figure_becomes_a_png_an_svg_and_its_numbers_from_a_kept_run_where_nothing_changed(
    here, capsys
):
    assert main(["figure", "fig-slope"]) == 0
    assert ", kept from" not in capsys.readouterr().out
    assert {path.name for path in here.iterdir()} == {
        f"fig-slope.{end}" for end in ("png", "svg", "csv")
    }
    with Image.open("fig-slope.png") as picture:
        assert picture.format == "PNG"
    assert ElementTree.parse("fig-slope.svg").getroot().tag.endswith("svg")
    row = last_row()
    assert (row["panel"], row["kind"], row["name"], row["x"], row["y"]) == (
        "1",
        "line",
        "slope",
        "1",
        "3",
    )
    assert main(["run", "law"]) == 0
    assert ", kept from" in capsys.readouterr().out  # by `figure`, for both
    assert main(["figure", "fig-slope", "--small", "-f"]) == 0
    assert last_row()["y"] == "2"
    assert main(["figure", "fig-slope", "--small", "-p", "a", "7", "-f"]) == 0
    assert last_row()["y"] == "7"


@pytest.mark.kernel
def test_a_print_gets_its_dots_from_a_run_that_is_not_kept(here, capsys):
    assert main(["figure", "fig-slope"]) == 0
    with Image.open("fig-slope.png") as picture:
        width = picture.width
    assert main(["figure", "fig-slope", "-f", "--dpi", "300"]) == 0
    with Image.open("fig-slope.png") as picture:
        assert picture.width == 3 * width
        assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    capsys.readouterr()
    assert main(["figure", "fig-slope", "-f"]) == 0
    assert ", kept from" in capsys.readouterr().out
    with Image.open("fig-slope.png") as picture:
        assert picture.width == width


@pytest.mark.kernel
def test_a_figure_that_was_not_drawn_is_a_failure_and_leaves_no_file(here, capsys):
    assert main(["figure", "fig-hidden"]) == 1
    assert "law drew no fig-hidden with these values" in capsys.readouterr().err
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("fig-slop", "no figure 'fig-slop'; the nearest is 'fig-slope' (of fig-slope, fig-hidden)"),
        ("law", "there is no figure 'law' (of fig-slope, fig-hidden)"),
        ("fig-slope -o nowhere", "there is no folder nowhere"),
        ("fig-slope -o kept", "kept/fig-slope.csv exists: --force replaces it"),
        ("fig-slope --dpi 1201", "--dpi must be a whole number from 1 to 1200, got 1201"),
        ("fig-slope -p a 0", "a must be a whole number in [1, 99], got '0'"),
        ("fig-slope -p b 0", "there is no parameter 'b'"),
    ],
)
def test_a_request_that_cannot_be_met_runs_and_writes_nothing(here, capsys, arguments, words):
    (here / "kept").mkdir()
    (here / "kept" / "fig-slope.csv").write_text("mine")
    before = files(here)
    assert main(["figure", *arguments.split()]) == 2
    assert words in capsys.readouterr().err
    assert files(here) == before
