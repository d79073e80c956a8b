"""The command line: what it says, what it writes, its exit status."""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import pytest
from bound import bound
from tiny_book import cell, chapter, tiny_book, write

import lindiff_nb.cli
from lindiff_nb._base.errors import RunFailed, UsageError
from lindiff_nb.run import read_records, single
from lindiff_nb.run.chapters import find_book
from lindiff_nb.run.cli import main
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
        ("law -o con.ipynb", "the output con.ipynb has a name that Windows reserves"),
        ("law -o NUL.old.ipynb", "has a name that Windows reserves"),
        ("law -o COM1.ipynb", "has a name that Windows reserves"),
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


def test_a_default_that_a_help_names_is_the_default(monkeypatch):
    """Of every command: "(50)" at the end, or "default: ddim" ("linear: 0.01")."""
    parsers = []
    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", lambda own, *_: parsers.append(own))
    with pytest.raises(AttributeError):
        lindiff_nb.cli.main([])
    (table,) = (action for action in parsers[0]._actions if action.choices)
    told = 0
    for name, command in table.choices.items():
        for option in command._actions:
            named = re.search(r"(?:\(|default: |linear: )([\w.]+)\)?$", option.help or "")
            if named and option.default not in (None, argparse.SUPPRESS):
                told += 1
                assert f"{option.default}" in (named[1], f"{named[1]}.0"), (name, option.dest)
    assert told >= 10


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
    assert [path.name for path in (here.parent / "_build").iterdir()] == ["lock"]
    assert (here.parent / "book" / "law.md").exists()


def test_clean_waits_for_no_build_and_leaves_its_work_alone(here, capsys):
    import fcntl

    write(here.parent, {"_build/executed/law.json": ""})
    with (here.parent / "_build" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert main(["clean"]) == 1
        assert "another build is under way" in capsys.readouterr().err
        assert (here.parent / "_build" / "executed" / "law.json").exists()
    assert main(["clean"]) == 0
    assert not (here.parent / "_build" / "executed").exists()


def test_clean_empties_the_folder_behind_a_link(here, tmp_path):
    write(tmp_path / "elsewhere", {"html/index.html": ""})
    (here.parent / "_build").symlink_to(tmp_path / "elsewhere")
    assert main(["clean"]) == 0
    assert (here.parent / "_build").is_symlink()
    assert not (tmp_path / "elsewhere" / "html").exists()


@pytest.mark.long
def test_what_clean_cannot_remove_it_names_by_its_whole_path(here):
    write(here.parent, {"_build/executed/law.json": ""})
    place = here.parent / "_build" / "executed"
    place.chmod(0o555)
    done = bound("-m", "lindiff_nb", "clean")
    place.chmod(0o755)
    assert done.returncode == 1
    assert done.stderr == f"lindiff-nb: {place}: cannot be removed: Permission denied\n"


CHANGED = chapter("Changed", cell("from lindiff_nb.run import record\nrecord(changed=1)"))


@pytest.mark.parametrize("name", ["law.md", "./law.md", "deep/law.md", "../mine/law.md"])
@pytest.mark.kernel
def test_a_file_that_is_named_is_the_file_that_is_run(here, tmp_path, capsys, name):
    path = here / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(CHANGED)
    assert main(["run", name, "-o", "out.ipynb"]) == 0
    assert read_records("out.ipynb") == {"changed": 1}
    capsys.readouterr()
    assert main(["info", name]) == 0
    assert "law: Changed\n\nno parameters" in capsys.readouterr().out
    assert main(["run", name, "-p", "d", "3"]) == 2
    assert "takes none" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["info", "run"])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("./law.md", "there is no file ./law.md; the book's own chapter is called law"),
        ("mine/law.md", "there is no file mine/law.md; the book's own chapter is called law"),
        ("law.ipynb", "law.ipynb is a file, but no chapter in MyST; the book's own"),
        ("notes.md", "notes.md is no chapter"),
    ],
)
def test_a_file_that_is_none_of_the_book_s_is_never_taken_for_it(
    here, capsys, command, name, words
):
    write(here, {"law.ipynb": '{"metadata": {"lindiff_nb": {}}}', "notes.md": "# Notes\n"})
    assert main([command, name]) == 2
    assert words in capsys.readouterr().err


def test_a_chapter_of_the_book_may_be_named_by_its_file(here, capsys):
    assert main(["info", str(here.parent / "book" / "law.md")]) == 0
    assert "lindiff-nb run law -p d 3" in capsys.readouterr().out


@pytest.mark.kernel
def test_a_full_disk_does_not_cost_the_result(here, monkeypatch, tmp_path, capsys):
    """The disk is full where the output goes, then where temporary files go as well."""
    written = single.write
    full = [here]

    def write_or_fail(notebook, path):
        if any(folder in path.absolute().parents for folder in full):
            raise OSError(28, "No space left on device", str(path))
        written(notebook, path)

    monkeypatch.setattr(single, "write", write_or_fail)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert main(["run", "law", "-p", "d", "4"]) == 1
    said = capsys.readouterr().err
    assert "law.ipynb cannot be written: No space left on device; the result is in " in said
    assert "  product = 2.0" in said
    (kept,) = tmp_path.glob("lindiff-nb-*/law.ipynb")
    assert read_records(kept)["product"] == 2.0
    full.append(tmp_path)
    there = set(tmp_path.rglob("*"))
    assert main(["run", "law", "-p", "d", "4"]) == 1
    assert set(tmp_path.rglob("*")) == there
    said = capsys.readouterr().err
    assert "nor can it be written elsewhere" in said
    assert "  product = 2.0" in said


@pytest.mark.kernel
def test_a_value_recorded_twice_names_the_cell_and_keeps_the_notebook(here, capsys):
    record = "from lindiff_nb.run import record\nrecord(x=1)"
    write(here, {"twice.md": chapter("Twice", cell(record), cell("record(x=2)"))})
    assert main(["run", "./twice.md"]) == 1
    assert "twice failed in code cell 2 of 2: x is recorded twice" in capsys.readouterr().err
    assert "record(x=2)" in Path("twice.failed.ipynb").read_text()


@pytest.mark.parametrize(("name", "status"), [("SIGTERM", 143), ("SIGHUP", 129), ("SIGINT", 130)])
@pytest.mark.kernel
def test_a_command_that_is_asked_to_end_tidies_up_and_says_so(here, tmp_path, name, status):
    beats = tmp_path / "beats"
    beat = f"import time\nwhile True:\n    open({str(beats)!r}, 'a').write('.'); time.sleep(0.1)"
    write(here, {"hang.md": chapter("Hang", cell(beat))})
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    running = subprocess.Popen(
        [sys.executable, "-m", "lindiff_nb", "run", "./hang.md"],
        env=os.environ | {"TMPDIR": str(temporary)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's & ignores it
    )
    deadline = time.monotonic() + 120
    while not beats.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    running.send_signal(getattr(signal, name))
    _, said = running.communicate(timeout=60)
    assert running.returncode == status
    assert said.strip() == ("interrupted" if name == "SIGINT" else f"ended by {name}")
    assert not list(temporary.glob("ld-*"))
    lived = beats.stat().st_size
    time.sleep(0.5)
    assert beats.stat().st_size == lived


@pytest.mark.parametrize("loaded", ["lindiff_nb.advise.command", "argparse", "lindiff_nb.run.cli"])
def test_ctrl_c_while_commands_are_loaded_is_a_line_too(loaded):
    """As both the script and `python -m` start: all that they need is loaded where it is heard."""
    code = f"""import os, runpy, signal, sys
class Interrupting:
    def find_spec(self, name, *_):
        if name == {loaded!r}:
            os.kill(os.getpid(), signal.SIGINT)
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Interrupting())
sys.argv = ["lindiff-nb", "list"]
runpy.run_module("lindiff_nb", run_name="__main__")"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr.strip()) == (130, "", "interrupted")


@pytest.mark.kernel
def test_what_killed_processes_left_is_swept_and_nothing_else(here, tmp_path, monkeypatch):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    temporary = tmp_path / "temporary"
    left = [f"ld-{dead.pid}-abc/work/x", f".ld-{dead.pid}.part", f".ld-{dead.pid}-7.part"]
    alive = [f"ld-{os.getpid()}-abc/work/x", f".ld-{os.getpid()}.part", "ld-notes.txt", "x.part"]
    for folder in (temporary, here):
        write(folder, dict.fromkeys([*left, *alive], ""))
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    assert main(["run", "law"]) == 0
    for folder in (temporary, here):
        assert not any((folder / name).exists() for name in left)
        assert all((folder / name).exists() for name in alive)


@pytest.mark.parametrize("missing", ["grimp", "jupyter_book", "markdown_it"])
def test_without_the_packages_of_a_build_it_says_which_to_install(
    here, capsys, monkeypatch, missing
):
    monkeypatch.setitem(sys.modules, missing, None)
    assert main(["build"]) == 2
    said = capsys.readouterr().err
    assert missing in said
    assert "pip install 'lindiff-nb[book]'" in said
    (here.parent / "_toc.yml").unlink()
    assert main(["build"]) == 2
    assert "belongs to a checkout" in capsys.readouterr().err  # that is what is wrong first


@pytest.mark.parametrize("command", ["build", "serve", "clean"])
def test_without_a_checkout_there_is_no_website(here, capsys, command):
    (here.parent / "_toc.yml").unlink()
    assert main([command]) == 2
    assert "holds no _toc.yml" in capsys.readouterr().err
    assert not (here.parent / "_build").exists()


@pytest.mark.long
def test_the_installed_command_gives_its_status_and_no_traceback(here):
    command = Path(sys.executable).with_name("lindiff-nb")
    done = subprocess.run([command, "run", "law", "-p", "d", "x"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == "lindiff-nb: d must be a whole number in [1, 99], got 'x'\n"


@pytest.mark.slow
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
