"""Chapters by their lindiff:// addresses, through the real papermill."""

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import papermill
import pytest
from papermill.exceptions import PapermillExecutionError
from tiny_book import cell, chapter, tiny_book

from lindiff_nb.run import read_records
from lindiff_nb.run.papermill_io import ChapterHandler, Refused, allowed

PARAMETERS = """\
d: int = 3  # dimension [1, 99]
c: float = 0.5  # ridge [-1, 1]
images: str = "mnist"  # image set {mnist, photo-crops}
centred: bool = True  # subtract the mean"""
PAGES = {
    "intro": "# Introduction\n",
    "law": chapter(
        "The law",
        cell(PARAMETERS, "parameters"),
        cell("from lindiff_nb.run import record\nrecord(product=d * c, images=images)"),
    ),
    "plain": chapter("Plain", cell("1 + 1")),
}
DEFAULTS = {"d": 3, "c": 0.5, "images": "mnist", "centred": True}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch) -> Path:
    """An empty folder to stand in, away from the book."""
    book = tiny_book(tmp_path, PAGES)
    monkeypatch.setenv("LINDIFF_BOOK", str(book.folder))
    folder = tmp_path / "a folder with a name"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def command(*arguments: str) -> subprocess.CompletedProcess:
    """papermill at the command line."""
    run = [sys.executable, "-m", "papermill", *arguments]
    return subprocess.run(run, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def refusal(*arguments: str) -> str:
    """The one line with which a request is refused, status 2, before there is a kernel.

    Above it stand papermill's two notebooks, and its word on an address without an ending.
    """
    done = command(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.count("Error: ") == 1
    assert not Path("out.ipynb").exists()
    return done.stderr.splitlines()[-1]


def test_the_handler_lists_chapters_and_refuses_to_write():
    assert ChapterHandler.listdir("lindiff://") == ["lindiff://law.ipynb", "lindiff://plain.ipynb"]
    assert ChapterHandler.pretty_path("lindiff://law.ipynb") == "lindiff://law.ipynb"
    with pytest.raises(Refused, match="only read"):
        ChapterHandler.write("", "lindiff://law.ipynb")


def test_a_chapter_is_served_with_its_check_behind_the_parameters_and_folded_away():
    notebook = nbformat.reads(ChapterHandler.read("lindiff://law.ipynb"), as_version=4)
    nbformat.validate(notebook)
    assert [cell.cell_type for cell in notebook.cells] == ["markdown", "code", "code", "code"]
    assert "allowed(globals()" in notebook.cells[2].source
    assert notebook.cells[2].metadata["jupyter"]["source_hidden"]
    assert "allowed" not in ChapterHandler.read("lindiff://plain.ipynb")


def test_parameters_are_told_by_address():
    told = papermill.inspect_notebook("lindiff://law.ipynb")["d"]
    assert (told["inferred_type_name"], told["default"]) == ("int", "3")
    assert told["help"] == "dimension [1, 99]"


@pytest.mark.parametrize(
    ("name", "given", "meant"),
    [("d", "60", 60), ("c", 1, 1.0), ("centred", "false", False), ("images", "mnist", "mnist")],
)
def test_a_value_reaches_the_chapter_in_its_declared_type(name, given, meant):
    values = allowed(DEFAULTS | {name: given, "other": 1}, PARAMETERS)
    assert values == DEFAULTS | {name: meant}
    assert type(values[name]) is type(meant)


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("d", 0, r"\[1, 99\], got 0"),
        ("d", 2.5, "whole number"),
        ("d", "hello", "whole number"),
        ("d", None, "whole number"),
        ("d", True, "whole number"),
        ("c", float("nan"), r"a number in \[-1.0, 1.0\], got nan"),
        ("images", 3, "one of mnist, photo-crops"),
        ("centred", "True?", "true or false"),
    ],
)
def test_a_value_that_is_not_allowed_is_named_with_what_is(name, given, words):
    with pytest.raises(ValueError, match=f"{name} must be .*{words}"):
        allowed(DEFAULTS | {name: given}, PARAMETERS)


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("law.ipynb out.ipynb -p d 0", "d must be a whole number in [1, 99], got '0'"),
        ("law.ipynb out.ipynb -p d hello", "d must be a whole number in [1, 99], got 'hello'"),
        ("law.ipynb out.ipynb -r images cats", "images must be one of mnist, photo-crops"),
        ("lwa.ipynb out.ipynb", "there is no chapter 'lwa.ipynb'; the nearest is 'law'"),
        (" out.ipynb", "lindiff:// names no chapter: lindiff-nb list tells them"),
        ("law.ipynb no/where/out.ipynb", "there is no folder no/where for the output out.ipynb"),
    ],
)
def test_at_the_command_line_a_request_that_cannot_be_met_ends_in_one_line(arguments, words):
    assert words in refusal(*f"lindiff://{arguments}".split(" "))


@pytest.mark.kernel
def test_a_chapter_runs_from_any_folder_and_unknown_names_are_warned_of():
    done = command("lindiff://law.ipynb", "out.ipynb", "-p", "d", "9", "-p", "image", "x")
    assert done.returncode == 0
    assert read_records("out.ipynb") == {"product": 4.5, "images": "mnist"}
    assert "no parameter 'image'; the nearest is 'images'" in done.stderr


@pytest.mark.kernel
def test_a_value_out_of_range_ends_the_run_before_the_chapter_computes(here):
    """However it was given: here as YAML, which the handler never sees."""
    done = command("lindiff://law.ipynb", "out.ipynb", "-y", "d: 0")
    assert done.returncode == 1
    assert "d must be a whole number in [1, 99], got 0" in done.stderr
    cells = json.loads(Path("out.ipynb").read_text())["cells"]
    assert not cells[-1]["outputs"]
    with pytest.raises(PapermillExecutionError, match=r"c must be a number in \[-1.0, 1.0\]"):
        papermill.execute_notebook("lindiff://law.ipynb", None, {"c": 7}, progress_bar=False)


def test_in_python_a_refusal_is_a_value_error():
    with pytest.raises(ValueError, match="nearest is 'law'"):
        papermill.execute_notebook("lindiff://laww.ipynb", None)
