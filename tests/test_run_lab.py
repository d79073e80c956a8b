"""Chapters in JupyterLab: which file is opened, where it lies, and that saving changes nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jupytext
import pytest
from jupytext.config import load_jupytext_config
from tiny_book import cell, chapter, tiny_book

from lindiff_nb.run import lab
from lindiff_nb.run.chapters import find_book
from lindiff_nb.run.cli import main

ROOT = Path(__file__).parents[1]
LAW = chapter("The law", cell("x = 1"))


@pytest.fixture
def opened(tmp_path, monkeypatch) -> list:
    """What JupyterLab would be started with; the commands stand in an empty folder."""
    tiny_book(tmp_path, {"law": LAW, "replica": LAW})
    monkeypatch.setenv("LINDIFF_BOOK", str(tmp_path / "book"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    starts = []
    monkeypatch.setattr(lab, "start", lambda *how: starts.append(how))
    return starts


@pytest.fixture
def installed(opened, tmp_path, monkeypatch) -> list:
    """The same, where the book is that of an installed package."""
    monkeypatch.setattr("lindiff_nb.run.chapters.PACKAGE", tmp_path / "site")
    monkeypatch.setattr(lab, "PACKAGE", tmp_path / "site")
    monkeypatch.delenv("LINDIFF_BOOK")
    tiny_book(tmp_path / "site", {"law": LAW, "replica": LAW}, checkout=False)
    (tmp_path / "site" / "book").rename(tmp_path / "site" / "chapters")
    return opened


@pytest.mark.long
@pytest.mark.parametrize("chapter", find_book().chapters)
def test_a_chapter_is_written_as_jupytext_writes_it(chapter):
    """So saving it in Jupyter changes nothing. jupytext --to md:myst book/NAME.md writes it so."""
    page = ROOT / "book" / f"{chapter}.md"
    config, text = load_jupytext_config(str(page)), page.read_text(encoding="utf-8")
    notebook = jupytext.reads(text, fmt="md:myst", config=config)
    assert jupytext.writes(notebook, fmt="md:myst", config=config) == text


def test_the_source_is_opened_in_the_folder_of_the_whole_checkout(opened, tmp_path, capsys):
    assert main(["lab", "replica", "--no-browser", "--port", "9999"]) == 0
    page = tmp_path / "book" / "replica.md"
    assert opened == [(page, tmp_path, False, 9999)]
    assert f"saved in {page}" in capsys.readouterr().out


def test_without_a_name_it_is_the_first_chapter(opened, tmp_path):
    assert main(["lab"]) == 0
    assert opened == [(tmp_path / "book" / "law.md", tmp_path, True, None)]


def test_a_chapter_of_the_users_own_is_opened_where_it_lies(opened):
    Path("mine.md").write_text(LAW)
    assert main(["lab", "mine.md"]) == 0
    assert opened == [(Path.cwd() / "mine.md", Path.cwd(), True, None)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("lwa", "there is no chapter 'lwa'; the nearest is 'law'"),
        ("no/law.md", "there is no file no/law.md"),
        ("law --port 0", "--port must be in [1, 65535], got 0"),
        ("law --port 70000", "--port must be in [1, 65535], got 70000"),
    ],
)
def test_what_cannot_be_opened_is_refused_in_a_line(opened, capsys, arguments, words):
    assert main(["lab", *arguments.split()]) == 2
    said = capsys.readouterr()
    assert words in said.err
    assert said.err.count("\n") == 1
    assert opened == []


def test_without_jupyterlab_the_command_that_installs_it_is_named(opened, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "jupyterlab", None)
    assert main(["lab", "law"]) == 2
    assert capsys.readouterr().err.endswith("pip install 'lindiff-nb[all]'\n")


def test_an_installed_chapter_is_copied_once_and_the_copy_is_the_users(installed, capsys):
    assert main(["lab", "law"]) == 0
    copy = Path.cwd() / "law.md"
    assert copy.read_text() == LAW
    assert f"a copy of the installed chapter, to change as you like: {copy}" in (
        capsys.readouterr().out
    )
    copy.write_text(LAW + "mine")
    assert main(["lab", "law"]) == 0
    assert copy.read_text() == LAW + "mine"
    assert "is opened as it is" in capsys.readouterr().out
    assert installed == 2 * [(copy, Path.cwd(), True, None)]


def test_a_copy_to_read_is_never_written_over_what_is_there(opened, capsys):
    Path("law.ipynb").write_text("mine")
    assert main(["lab", "law", "--read"]) == 0
    assert Path("law.ipynb").read_text() == "mine"
    assert opened == [(Path.cwd() / "law.ipynb", Path.cwd(), True, None)]
    assert "is opened as it is" in capsys.readouterr().out


@pytest.mark.kernel
def test_a_copy_to_read_is_the_executed_chapter_in_the_users_folder(opened):
    assert main(["lab", "law", "--read"]) == 0
    assert opened == [(Path.cwd() / "law.ipynb", Path.cwd(), True, None)]
    assert json.loads(Path("law.ipynb").read_text())["cells"][-1]["execution_count"]


def test_binder_opens_chapters_as_the_command_does(tmp_path):
    """Its postBuild puts the same settings into the environment."""
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\necho {tmp_path}\n")
    python.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    subprocess.run([ROOT / "postBuild"], cwd=ROOT, env={"PATH": path}, check=True)
    name = "labconfig/default_setting_overrides.json"
    there = (tmp_path / "etc" / "jupyter" / name).read_text()
    assert there == (lab.VIEWER / name).read_text()
    assert json.loads(there)["@jupyterlab/docmanager-extension:plugin"]["defaultViewers"]
