"""A chapter is begun in one command, and what it begins with is a chapter of the book."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest
import yaml
from bound import bound
from jupytext.config import load_jupytext_config
from tiny_book import chapter, tiny_book

from lindiff_nb.figures.series import MIME
from lindiff_nb.run import read_records
from lindiff_nb.run.build import build
from lindiff_nb.run.chapters import Book
from lindiff_nb.run.cli import main

ROOT = Path(__file__).parents[1]
NAME = "more-images"


@pytest.fixture
def checkout(tmp_path, monkeypatch) -> Path:
    """All of this checkout that the house rules look at."""
    for folder in ("book", "tests", "lindiff_nb"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "*.bin")
        )
    for file in ("_toc.yml", "_config.yml", "README.md", "pyproject.toml", "jupytext.toml"):
        shutil.copy(ROOT / file, tmp_path / file)
    monkeypatch.setenv("LINDIFF_BOOK", str(tmp_path / "book"))
    return tmp_path


def test_the_page_and_its_entry_are_written_and_the_rest_is_named(checkout, capsys):
    assert main(["new-chapter", NAME, "--title", "What more images bring"]) == 0
    before, after = ((root / "_toc.yml").read_text() for root in (ROOT, checkout))
    assert after.replace(f"      - file: book/{NAME}\n", "") == before
    *_, last = [part for part in yaml.safe_load(after)["parts"] if part.get("numbered")]
    assert last["chapters"][-1] == {"file": f"book/{NAME}"}
    new = Book(checkout / "book").chapters[NAME]
    assert new.title == "What more images bring"
    assert new.values(new.small.items()) == new.small != {}
    told = capsys.readouterr().out
    for place in ("_toc.yml", "notation.md", "references.bib", "reproductions.md", "tests/"):
        assert place in told


def test_nothing_is_written_where_its_entry_could_not_be(checkout):
    checkout.chmod(0o555)
    done = bound("-m", "lindiff_nb", "new-chapter", NAME)
    checkout.chmod(0o755)
    assert done.returncode == 2
    assert "_toc.yml cannot be written: Permission denied" in done.stderr
    assert not (checkout / "book" / f"{NAME}.md").exists()


@pytest.mark.slow
def test_the_house_rules_hold_for_it(checkout):
    """Those that read a chapter; README and clocks have nothing to do with it."""
    assert main(["new-chapter", NAME]) == 0
    house = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_house.py"]
    done = subprocess.run(
        [*house, "-k", "not readme and not clock and not how_long"],
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    page = checkout / "book" / f"{NAME}.md"
    config, text = load_jupytext_config(str(page)), page.read_text(encoding="utf-8")
    notebook = jupytext.reads(text, fmt="md:myst", config=config)
    assert jupytext.writes(notebook, fmt="md:myst", config=config) == text


@pytest.mark.kernel
def test_it_runs_and_becomes_a_page_with_its_figure_on_top(tmp_path, monkeypatch):
    """In a book of its own, where what it refers to is a heading."""
    intro = "(ch-notation)=\n# Notation\n\n(ch-optimal-denoisers)=\n(ch-sampling)=\n## Denoisers\n"
    book = tiny_book(tmp_path, {"intro": intro, "first": chapter("First", "")})
    shutil.copytree(ROOT / "book" / "static", book.folder / "static")
    (book.folder / "references.bib").touch()
    shutil.copy(ROOT / "_config.yml", tmp_path)
    monkeypatch.setenv("LINDIFF_BOOK", str(book.folder))
    assert main(["new-chapter", NAME]) == 0
    monkeypatch.chdir(tmp_path)
    assert main(["run", NAME, "--small", "--source"]) == 0
    assert set(read_records(f"{NAME}.ipynb")) == {"more_images_off"}
    cells = nbformat.read(f"{NAME}.ipynb", as_version=4).cells
    (kept,) = [
        o.data[MIME] for c in cells for o in c.get("outputs", []) if MIME in o.get("data", {})
    ]
    line, markers = kept["axes"][0]["series"]
    assert line["x"] == markers["x"] == [1, 2, 4]
    build(Book(book.folder))
    page = (book.build / "html" / "book" / f"{NAME}.html").read_text()
    order = (
        "minutes to read",
        "The answer.",
        "<figure",
        "Try it.",
        "In ten minutes.",
        "What may be",
    )
    places = [page.index(text) for text in order]
    assert places == sorted(places)
    assert page.count("<figure") == 1
    assert re.search(r'<th scope="row"[^>]*>(<p>)?largest distance of a marker', page)


@pytest.mark.parametrize(
    "name",
    ["", "Law", "2nd", "two words", "a_b", "a--b", "-a", "a-", "../a", "a.md", "search", "a" * 41],
)
def test_a_name_that_is_none_is_refused(tmp_path, monkeypatch, capsys, name):
    book = tiny_book(tmp_path, {"intro": "# I\n"})
    monkeypatch.setenv("LINDIFF_BOOK", str(book.folder))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert main(["new-chapter", "--title", "T", "--", name]) == 2
    assert repr(name) in capsys.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_name_that_is_taken_and_a_table_without_place_are_refused(tmp_path, monkeypatch, capsys):
    book = tiny_book(tmp_path, {"intro": "# I\n", "law": "# Law\n"})
    monkeypatch.setenv("LINDIFF_BOOK", str(book.folder))
    (book.folder / "draft.md").write_text("# A draft that is in no table\n")
    for name in ("law", "draft"):
        assert main(["new-chapter", name]) == 2
        assert f"there is a page {name} already" in capsys.readouterr().err
    (tmp_path / "_toc.yml").write_text("{format: jb-book, root: book/intro}\n")
    assert main(["new-chapter", "other"]) == 2
    assert "no line '- file: ...'" in capsys.readouterr().err
    (tmp_path / "_toc.yml").unlink()
    assert main(["new-chapter", "other"]) == 2
    assert "belongs to a checkout" in capsys.readouterr().err
    assert not (book.folder / "other.md").exists()


KILLED = """
import os, signal, sys
from lindiff_nb.run.cli import main
moment, steps, replace = sys.argv.pop(1), [], os.replace
def killed(source, target):
    steps.append(f"before {os.path.basename(target)}")
    if steps[-1] == moment: os.kill(os.getpid(), signal.SIGKILL)
    replace(source, target)
    steps.append(f"after {os.path.basename(target)}")
    if steps[-1] == moment: os.kill(os.getpid(), signal.SIGKILL)
os.replace = killed
main()
"""


@pytest.mark.long
@pytest.mark.parametrize("moment", ["before new.md", "after new.md", "before _toc.yml"])
def test_killed_anywhere_it_is_ended_by_the_same_request(tmp_path, monkeypatch, moment):
    """And what the killed one wrote beside is gone."""
    book = tiny_book(tmp_path, {"intro": "# I\n", "law": "# Law\n"})
    monkeypatch.setenv("LINDIFF_BOOK", str(book.folder))
    request = ["new-chapter", "new", "--title", "New"]
    killed = subprocess.run([sys.executable, "-c", KILLED, moment, *request])
    assert killed.returncode == -signal.SIGKILL
    assert list(Book(book.folder).pages) == ["intro", "law"]
    assert main(request) == 0
    assert list(Book(book.folder).pages) == ["intro", "law", "new"]
    assert not list(tmp_path.rglob(".ld-*"))
    assert main(request) == 2
