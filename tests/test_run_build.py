"""A whole build: real kernels, a real Sphinx, a book of three pages."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from bound import bound
from tiny_book import cell, chapter, tiny_book, write

from lindiff_nb._base.errors import RunFailed, UsageError
from lindiff_nb.run import read_records
from lindiff_nb.run.build import build
from lindiff_nb.run.chapters import Book
from lindiff_nb.run.render import Site
from lindiff_nb.run.stage import configuration

pytestmark = pytest.mark.kernel

RECORD = "from lindiff_nb.run import record\nfrom tinybook.exact import direct"
PAGES = {
    "intro": "# Introduction\n\nThe chapter says {glue:text}`uses.md::twice:.1f`.\n",
    "uses": chapter(
        "Uses", cell(RECORD), cell("record(twice=direct.twice)"), "{glue:text}`twice`\n"
    ),
    "alone": chapter("Alone", cell("x = 1"), cell("x + 1")),
}


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """The root of a book that was built; tests work on copies."""
    root = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as patch:
        importable(root, patch)
        build(tiny_book(root, PAGES))
    return root


@pytest.fixture
def book(built, tmp_path, monkeypatch) -> Book:
    """A book that was built."""
    root = shutil.copytree(built, tmp_path / "copy")
    importable(root, monkeypatch)
    return Book(root / "book", package="tinybook")


def importable(root: Path, patch: pytest.MonkeyPatch) -> None:
    """Let this process and its kernels import the package of this book."""
    patch.syspath_prepend(root)
    patch.setenv("PYTHONPATH", str(root))
    patch.delenv("LINDIFF_REPOSITORY_URL", raising=False)


def ran(book: Book, built: Path) -> set[str]:
    """The chapters that were executed since the book was copied."""
    old = {path.stem: path.stat().st_mtime_ns for path in built.glob("_build/executed/*.ipynb")}
    new = {path.stem: path.stat().st_mtime_ns for path in book.build.glob("executed/*.ipynb")}
    return {name for name, date in new.items() if date != old.get(name)}


def text_of(page: Path) -> str:
    """The text of a page without its marks."""
    return re.sub(r"<[^>]+>", "", page.read_text())


def test_a_build_shows_what_the_chapters_computed(built):
    assert "The chapter says 2.0." in text_of(built / "_build" / "html" / "book" / "intro.html")
    runs = json.loads((built / "_build" / "stage" / "runs.json").read_text())
    assert set(runs) == {"uses", "alone"}
    assert runs["uses"]["recorded"] == {"twice": 2}
    assert {"date", "seconds", "versions", "commit", "machine", "parameters"} <= set(runs["uses"])


def test_a_second_build_starts_no_kernel_and_no_sphinx(book, built, capsys, monkeypatch):
    def refuse(*command, **_options):
        raise AssertionError(f"started {command}")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    build(book)
    assert ran(book, built) == set()
    *rows, _, address = capsys.readouterr().out.splitlines()
    assert [(row.split()[0], "kept" in row) for row in rows] == [
        ("uses", True),
        ("alone", True),
        ("website", True),
    ]
    assert address == (book.build / "html" / "index.html").as_uri()


def test_a_failed_chapter_is_named_the_others_are_kept_and_no_site_stands(book, built, capsys):
    write(book.root, {"tinybook/exact/deep.py": "value = 4\n"})  # uses imports it indirectly
    write(book.root, {"book/alone.md": chapter("Alone", cell("x = 1"), cell("x / 0"))})
    with pytest.raises(
        RunFailed, match=r"alone failed in code cell 2 of 2: ZeroDivision"
    ) as failure:
        build(book)
    assert "    x / 0\n" in str(failure.value)
    assert "Traceback" in str(failure.value)
    assert "uses: running (changed: tinybook/exact/deep.py)" in capsys.readouterr().out
    assert ran(book, built) == {"uses"}
    assert read_records(book.build / "executed" / "uses.ipynb") == {"twice": 8}
    assert not (book.build / "html").exists()
    failed = nbformat.read(book.build / "failed" / "alone.ipynb", as_version=4)
    assert "ZeroDivisionError" in str(failed)


SPEAKS = "import warnings\nwarnings.warn('beware')"
RUNS = "from IPython.display import HTML\nHTML('<img src=x onerror=alert(1)>')"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (SPEAKS, "it writes to stderr, which is not published: <cell>:2: UserWarning: beware"),
        (RUNS, "text/html that is not passive is not published: the attribute onerror of <img>"),
        ("print(200_000 * 'x')", "it prints 200001 characters"),
    ],
)
def test_a_cell_that_may_not_be_published_fails_the_build_by_name(book, source, words):
    write(book.root, {"book/alone.md": chapter("Alone", cell("x = 1"), cell(source))})
    with pytest.raises(RunFailed, match="alone failed in code cell 2 of 2: ") as failure:
        build(book)
    assert words in str(failure.value)
    assert not (book.build / "html").exists()
    assert (book.build / "failed" / "alone.ipynb").exists()


@pytest.mark.long
def test_no_chapter_is_run_whose_run_could_not_be_kept(book, built, monkeypatch):
    """And the site that stands is left; what cannot be staged anew is named, and why."""
    monkeypatch.setenv("LINDIFF_BOOK", str(book.folder))
    write(book.root, {"book/alone.md": chapter("Alone", cell("x = 2"))})
    for name, status, said in (
        ("executed", 2, "the folder {} cannot be written to: Permission denied"),
        ("stage", 1, "{}: cannot be removed: Permission denied"),
    ):
        place = book.build / name
        place.chmod(0o555)
        done = bound("-m", "lindiff_nb", "build")
        place.chmod(0o755)
        assert (done.returncode, done.stderr) == (status, f"lindiff-nb: {said.format(place)}\n")
        assert (book.build / "html").exists() == (name == "executed")
        assert bool(ran(book, built)) == (name == "stage")


def test_a_site_that_was_changed_is_not_current(book):
    site = Site(book)
    key = json.loads(site.note.read_text())["key"]
    assert site.is_current(key)
    page = site.html / "book" / "alone.html"
    text = page.read_text()
    page.write_text(text.replace("Alone", "Alike"))
    assert not site.is_current(key)
    page.write_text(text)
    assert site.is_current(key)
    page.rename(page.with_name("other.html"))
    assert not site.is_current(key)
    page.with_name("other.html").rename(page)
    for wrong in ("", "{", "[]", "3", '{"key": 1}', "[" * 100_000, json.dumps({"key": key})):
        site.note.write_text(wrong)
        assert not site.is_current(key)


def test_a_page_that_is_missing_is_made_again(book, built):
    (book.build / "html" / "book" / "alone.html").unlink()
    (book.build / "executed" / ".ipynb_checkpoints").mkdir()  # JupyterLab's
    build(book)
    assert (book.build / "html" / "book" / "alone.html").exists()
    assert ran(book, built) == set()


def test_sphinx_does_not_outlive_a_build_that_was_killed(book):
    write(book.root, {"book/intro.md": PAGES["intro"] + "\nMore.\n"})
    running = subprocess.Popen(
        [sys.executable, "-u", "-m", "lindiff_nb", "build"],
        env=os.environ | {"LINDIFF_BOOK": str(book.folder)},
        stdout=subprocess.PIPE,
        text=True,
    )
    for line in running.stdout:
        if line.startswith("website: running"):
            break
    deadline = time.monotonic() + 60
    while not (sphinx := psutil.Process(running.pid).children()) and time.monotonic() < deadline:
        time.sleep(0.01)
    running.kill()
    running.wait()
    running.stdout.close()
    _, alive = psutil.wait_procs(sphinx, timeout=60)
    assert sphinx
    assert not alive
    build(book)
    assert not list(book.build.glob("site-*"))
    assert "More." in text_of(book.build / "html" / "book" / "intro.html")


def test_a_warning_of_sphinx_is_an_error_that_names_chapter_and_cell(book, built):
    (book.root / "book" / "alone.md").unlink()
    write(book.root, {"book/renamed.md": PAGES["alone"] + "Some words.\n\nSee {ref}`nowhere`.\n"})
    toc = (book.root / "_toc.yml").read_text().replace("alone", "renamed")
    write(book.root, {"_toc.yml": toc})
    with pytest.raises(RunFailed, match=r"book/renamed\.md: cell 4, near line 3: .*nowhere"):
        build(book)
    assert ran(book, built) == {"renamed"}
    assert not (book.build / "html").exists()
    assert (book.build / "previous" / "index.html").exists()
    for folder in ("executed", "stage"):  # and of the chapter's old name nothing is left
        assert not list((book.build / folder).rglob("alone*"))


def test_an_interrupted_build_ends_its_kernels_and_shows_no_site(book):
    pid = book.root / "pid"
    hang = f"import os, time\nopen({str(pid)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)"
    write(book.root, {"book/alone.md": chapter("Alone", cell(hang))})
    running = subprocess.Popen(
        [sys.executable, "-m", "lindiff_nb", "build"],
        env=os.environ | {"LINDIFF_BOOK": str(book.folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's & ignores it
    )
    deadline = time.monotonic() + 60
    while not (pid.exists() and pid.read_text()) and time.monotonic() < deadline:
        time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=30)
    assert (running.returncode, said.strip()) == (130, "interrupted")
    while psutil.pid_exists(int(pid.read_text())) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not psutil.pid_exists(int(pid.read_text()))
    assert not (book.build / "html").exists()


def test_a_wrong_parameters_cell_is_found_before_anything_runs(book):
    write(book.root, {"book/alone.md": chapter("Alone", cell("d = 3", "parameters"))})
    with pytest.raises(UsageError, match=r"alone: parameters cell, line 'd = 3'"):
        build(book)
    assert (book.build / "html" / "index.html").exists()  # not even the site was touched


def test_two_builds_at_a_time_are_one_too_many(book):
    import fcntl

    with (book.build / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(RunFailed, match="another build is under way"):
            build(book)


def test_repository_links_come_from_the_environment_and_are_never_invented(monkeypatch):
    settings = {"title": "Tiny", "html": {"favicon": "f"}, "execute": {"timeout": 3}}
    monkeypatch.delenv("LINDIFF_REPOSITORY_URL", raising=False)
    off = configuration(settings)
    assert off["execute"] == {"timeout": 3, "execute_notebooks": "off"}
    assert "repository" not in off
    assert off["html"] == {"favicon": "f"}
    monkeypatch.setenv("LINDIFF_REPOSITORY_URL", "https://gitlab.com/us/book/")
    on = configuration(settings)
    assert on["repository"] == {"url": "https://gitlab.com/us/book", "branch": "notebooks"}
    assert "launch_buttons" not in on | off  # Colab and Binder open what is on GitHub
    assert on["html"]["favicon"] == "f"
    assert on["html"]["use_repository_button"]
    assert settings["html"] == {"favicon": "f"}


@pytest.mark.parametrize("url", ["git@github.com:us/book.git", "us/book", "https://github.com/us"])
def test_what_is_no_address_of_a_repository_is_refused_before_anything_runs(monkeypatch, url):
    monkeypatch.setenv("LINDIFF_REPOSITORY_URL", url)
    with pytest.raises(UsageError, match="LINDIFF_REPOSITORY_URL must be like https"):
        configuration({})
