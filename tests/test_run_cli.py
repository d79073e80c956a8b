"""The command line: what it says, what it writes, its exit status."""

import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import pytest
from papermill import inspect_notebook
from tiny_book import cell, chapter, tiny_book, write

import lindiff_nb
from lindiff_nb.run import read_records
from lindiff_nb.run.chapters import find_book
from lindiff_nb.run.cli import main
from lindiff_nb.run.errors import RunFailed, UsageError
from lindiff_nb.run.serve import server

PARAMETERS = """\
d: int = 3  # dimension [1, 99]
c: float = 0.5  # ridge [-1, 1]
images: str = "mnist"  # image set {mnist, photo-crops}"""
PAGES = {
    "intro": "# Introduction\n",
    "law": chapter(
        "The law",
        cell(PARAMETERS, "parameters"),
        cell("from lindiff_nb.run import record\nrecord(product=d * c, images=images)"),
    ),
    "wrong": chapter("Wrong", cell("1 / 0")),
}


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """An empty folder to stand in, away from the book that the commands find."""
    book = tiny_book(tmp_path, PAGES)
    monkeypatch.setenv("LINDIFF_BOOK", str(book.folder))
    folder = tmp_path / "a folder {with} a name"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("law -p d 2.5", "d must be a whole number in [1, 99], got '2.5'"),
        ("law -p d 0", "d must be a whole number in [1, 99], got '0'"),
        ("law -p c -1.5e0", "c must be a number in [-1.0, 1.0], got '-1.5e0'"),
        ("law -p c nan", "c must be a number in [-1.0, 1.0], got 'nan'"),
        ("law -p c -inf", "got '-inf'"),
        ("law -p images cifar", "images must be one of mnist, photo-crops, got 'cifar'"),
        ("law -p dd 3", "there is no parameter 'dd'; the nearest is 'd' (of d, c, images)"),
        ("law -p d 3 -p d 3", "d is given twice"),
        ("lwa", "there is no chapter 'lwa'; the nearest is 'law'"),
        ("intro", "there is no chapter 'intro'"),
        ("wrong -p d 3", "takes none"),
        ("law -o nowhere/out.ipynb", "no folder nowhere"),
        ("law -o out.md", "must end in .ipynb"),
        ("law -o folder.ipynb", "is a folder"),
        ("law -o mine.ipynb", "--force"),
        ("law -o " + 300 * "x" + ".ipynb", "cannot be written"),
    ],
)
def test_a_request_that_cannot_be_met_runs_and_writes_nothing(here, capsys, arguments, words):
    (here / "folder.ipynb").mkdir()
    (here / "mine.ipynb").write_text('{"metadata": {}, "cells": []}')
    before = {path: path.stat().st_mtime_ns for path in here.parent.rglob("*")}
    assert main(["run", *arguments.split()]) == 2
    printed = capsys.readouterr()
    assert words in printed.err
    assert printed.out == ""
    assert {path: path.stat().st_mtime_ns for path in here.parent.rglob("*")} == before


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "fly",
        "run",
        "run law -p d",
        "run law -p d -o out.ipynb",
        "run law --timeout 0",
        "run law --timeout nan",
        "build -j 0",
    ],
)
def test_a_command_that_is_none_is_a_usage_error(here, capsys, arguments):
    with pytest.raises(SystemExit, match="2"):
        main(arguments.split())
    assert "usage: lindiff-nb" in capsys.readouterr().err


@pytest.mark.kernel
def test_a_run_writes_one_notebook_with_its_record_and_says_what_it_recorded(here, capsys):
    assert main(["run", "law.md", "-p", "d", "7", "-p", "c", "-1e-3"]) == 0
    assert [path.name for path in here.iterdir()] == ["law.ipynb"]
    assert read_records("law.ipynb") == {"product": 7 * -1e-3, "images": "mnist"}
    record = json.loads(Path("law.ipynb").read_text())["metadata"]["lindiff_nb"]
    assert record["parameters"] == {"d": 7, "c": -1e-3, "images": "mnist"}
    assert record["versions"]["lindiff_nb"] == lindiff_nb.__version__
    assert f"  product = {7 * -1e-3!r}\n" in capsys.readouterr().out
    text = Path("law.ipynb").read_text()
    assert str(here.parent) not in text
    assert '"papermill"' not in text


@pytest.mark.kernel
def test_a_failed_run_leaves_what_there_is_apart_and_a_good_one_as_it_was(here, capsys):
    Path("wrong.ipynb").write_text('{"metadata": {"lindiff_nb": {}}, "cells": []}')
    before = Path("wrong.ipynb").read_text()
    assert main(["run", "wrong"]) == 1
    said = capsys.readouterr().err
    assert "wrong failed in code cell 1 of 1: ZeroDivisionError" in said
    assert "    1 / 0\n" in said
    assert Path("wrong.ipynb").read_text() == before
    assert "ZeroDivisionError" in Path("wrong.failed.ipynb").read_text()


def test_chapters_and_parameters_are_listed(here, capsys):
    assert main(["list"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split() for line in listed] == [["law", "The", "law"], ["wrong", "Wrong"]]
    assert main(["info", "law"]) == 0
    told = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["d", "int", "3", "[1,", "99]", "dimension"] in told
    assert ["images", "str", "mnist", "mnist,", "photo-crops", "image", "set"] in told
    assert ["last", "run:", "none", "here"] in told
    assert main(["info", "wrong"]) == 0
    assert "no parameters" in capsys.readouterr().out


def test_clean_removes_what_was_made(here):
    write(here.parent, {"_build/html/index.html": "", "_build/executed/law.json": ""})
    assert main(["clean"]) == 0
    assert not (here.parent / "_build").exists()
    assert (here.parent / "book" / "law.md").exists()


@pytest.mark.parametrize("command", ["build", "serve", "clean"])
def test_without_a_checkout_there_is_no_website(here, capsys, command):
    (here.parent / "_toc.yml").unlink()
    assert main([command]) == 2
    assert "holds no _toc.yml" in capsys.readouterr().err
    assert not (here.parent / "_build").exists()


@pytest.mark.kernel
def test_papermill_runs_a_chapter_by_its_address_from_any_folder(here):
    papermill = [sys.executable, "-m", "papermill", "lindiff://law.ipynb", "out.ipynb"]
    subprocess.run([*papermill, "-p", "d", "9"], check=True, capture_output=True)
    assert read_records("out.ipynb")["product"] == 4.5


def test_papermill_reads_the_parameters_of_a_chapter_by_its_address(here):
    told = inspect_notebook("lindiff://law.ipynb")["d"]
    assert (told["inferred_type_name"], told["default"]) == ("int", "3")
    assert told["help"] == "dimension [1, 99]"


def test_the_installed_command_gives_its_status_and_no_traceback(here):
    command = Path(sys.executable).with_name("lindiff-nb")
    done = subprocess.run([command, "run", "law", "-p", "d", "x"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == "lindiff-nb: d must be a whole number in [1, 99], got 'x'\n"


def test_a_wheel_carries_chapters_and_commands_and_knows_that_it_is_no_checkout(
    tmp_path, monkeypatch
):
    root = Path(__file__).parents[1]
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=root, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = (
        "from lindiff_nb.run.chapters import find_book; book = find_book();"
        "print(book.folder, *book.pages); import sys; from lindiff_nb.run.cli import main;"
        "sys.exit(main(['build']))"
    )
    environment = {k: v for k, v in os.environ.items() if k != "LINDIFF_BOOK"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
    )
    folder, *pages = done.stdout.split()
    assert folder == str(tmp_path / "site" / "lindiff_nb" / "chapters")
    monkeypatch.delenv("LINDIFF_BOOK", raising=False)
    assert pages == list(find_book().pages)
    assert done.returncode == 2
    assert "checkout" in done.stderr
    for command, said in (
        ("predict --power-law 8 1 -n 20", "20"),
        ("train --data mnist -n 8 --size 8 --width 2 --batch 2 --steps 1", "it never saw"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "lindiff_nb", *command.split()],
            cwd=tmp_path,
            env=environment | {"PYTHONPATH": str(tmp_path / "site")},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert said in done.stdout


@pytest.mark.network
def test_the_site_is_served_locally_and_only_if_there_is_one(tmp_path):
    with pytest.raises(RunFailed, match="run lindiff-nb build first"):
        server(tmp_path)
    write(tmp_path, {"index.html": "<h1>Tiny</h1>"})
    with server(tmp_path, 0) as site:
        host, port = site.server_address[:2]
        assert host == "127.0.0.1"
        with pytest.raises(UsageError, match=f"port {port} of 127.0.0.1 cannot be used"):
            server(tmp_path, port)
        threading.Thread(target=site.serve_forever, daemon=True).start()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as answer:
            assert answer.read() == b"<h1>Tiny</h1>"
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/missing")
        site.shutdown()
