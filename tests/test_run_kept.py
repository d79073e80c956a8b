"""Runs that are kept: by chapter, values and ingredients; and chapters in anybody's executor."""

import json
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import pytest
from tiny_book import cell, chapter, tiny_book, write

from lindiff_nb.run import read_records
from lindiff_nb.run.cache import Store, key
from lindiff_nb.run.chapters import Book, find_book
from lindiff_nb.run.cli import main
from lindiff_nb.run.runner import in_parallel, run_chapter

LAW = chapter(
    "The law",
    cell("d: int = 3  # dimension [1, 99]\nc: float = 0.5  # ridge [-1, 1]", "parameters"),
    cell("from lindiff_nb.run import record\nrecord(product=d * c)"),
)
SMALL = LAW.replace("---\n\n#", "lindiff_nb:\n  small:\n    d: 2\n    c: 0.25\n---\n\n#")
WARNS = chapter("Warns", cell("import warnings\nwarnings.warn('beware')"))


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """An empty folder to stand in, away from the book that the commands find."""
    book = tiny_book(tmp_path, {"law": SMALL, "plain": LAW, "warns": WARNS})
    monkeypatch.setenv("LINDIFF_BOOK", str(book.folder))
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def dates(here: Path) -> dict[str, str]:
    """The runs that are kept, by their keys, and when they were made."""
    notes = (here.parent / "_build" / "executed").glob("*.json")
    return {path.stem: json.loads(path.read_text())["record"]["date"] for path in notes}


@pytest.mark.kernel
def test_a_run_is_made_once_and_again_when_an_ingredient_changed_or_a_fresh_one_is_asked_for(
    here, capsys
):
    def kept(*arguments: str) -> bool:
        assert main(["run", "law", "-o", "out.ipynb", *arguments]) == 0
        return ", kept from" in capsys.readouterr().out

    assert not kept("-p", "d", "7")
    assert kept("-p", "d", "+7", "-p", "c", "0.5")  # the same values: that of c is the published
    assert read_records("out.ipynb") == {"product": 3.5}
    assert not kept("-p", "d", "8")
    assert not kept()
    assert kept("-p", "d", "3")  # the published run, and so the one that a build would keep
    assert set(dates(here)) == {"law", key("law", {"d": 7}), key("law", {"d": 8})}
    assert not kept("-p", "d", "7", "--fresh")
    write(here.parent, {"requirements.lock": "numpy==2.1\n"})
    assert not kept("-p", "d", "7")
    assert kept("-p", "d", "7")
    assert not kept("--small", "-p", "c", "0.75")
    assert read_records("out.ipynb") == {"product": 1.5}


@pytest.mark.kernel
def test_what_a_page_could_not_show_is_not_kept(here):
    assert main(["run", "warns"]) == 0
    assert dates(here) == {}


def test_small_needs_small_values(here, capsys):
    assert main(["run", "plain", "--small"]) == 2
    assert "plain names no small values" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("small", "words"),
    [
        ("[1]", "law: small must hold names and values"),
        ("{e: 1}", "law, small: there is no parameter 'e'"),
        ("{d: 100}", r"law, small: d must be a whole number in \[1, 99\]"),
        ("{d: 2.5}", "law, small: d must be"),
    ],
)
def test_small_values_that_the_parameters_do_not_allow_are_named(tmp_path, small, words):
    page = LAW.replace("---\n\n#", f"lindiff_nb:\n  small: {small}\n---\n\n#")
    book = tiny_book(tmp_path, {"law": page})
    with pytest.raises(ValueError, match=words):
        _ = book.chapters["law"].small


def test_other_runs_stay_while_their_chapter_does(tmp_path):
    from tiny_book import notebook

    store = Store(tmp_path)
    for run in ("law", key("law", {"d": 7}), key("gone", {"d": 7}), "gone"):
        store.keep(run, notebook("1"), {"seconds": 1.0}, {})
    write(tmp_path, {".ld-1.part": ""})  # that a run just writes: process 1 lives
    store.prune({"law": None})
    kept = {path.name for path in tmp_path.iterdir()} - {".ld-1.part"}
    assert {name.partition(".")[0] for name in kept} == {"law", key("law", {"d": 7})}
    assert (tmp_path / ".ld-1.part").exists()


def test_values_have_one_key_in_any_order():
    assert key("law", {"d": 7, "c": 0.5}) == key("law", {"c": 0.5, "d": 7})
    assert len({key("law", v) for v in ({}, {"d": 7}, {"d": 8}, {"c": 7}, {"d": "7"})}) == 5


@pytest.mark.kernel
def test_a_sweep_runs_in_any_executor_of_processes_too(here):
    law = find_book().find("law")
    jobs = {str(d): partial(run_chapter, law, {"d": d}, timeout=120) for d in (4, 6)}
    products = {}
    with ProcessPoolExecutor(2, get_context("spawn")) as executor:
        in_parallel(
            jobs,
            executor,
            lambda name, future: products.update({name: future.result()[1]["recorded"]["product"]}),
        )
    assert products == {"4": 2.0, "6": 3.0}


@pytest.mark.kernel
def test_chapters_of_a_build_run_in_an_executor_of_the_caller_s(here, monkeypatch):
    from lindiff_nb.run.dependencies import Dependencies
    from lindiff_nb.run.executed import Executed
    from lindiff_nb.run.progress import Progress

    monkeypatch.syspath_prepend(here.parent)
    book = Book(here.parent / "book", package="tinybook")
    executed = Executed(book, Dependencies("tinybook"))
    with ProcessPoolExecutor(1, get_context("spawn")) as executor, Progress(3) as progress:
        (failure,) = executed.run(executed.stale(), executor, 120, progress)
    assert "warns failed in code cell 1 of 1: it writes to stderr" in failure
    assert set(executed.entries) == {"law", "plain"}
    assert set(executed.stale()) == {"warns"}
