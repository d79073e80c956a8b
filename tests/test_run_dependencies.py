"""What makes a chapter run again, and what does not."""

import json
import platform
import signal
import sys

import pytest
from tiny_book import cell, chapter, tiny_book, write

from lindiff_nb.run.cache import Store
from lindiff_nb.run.chapters import Book
from lindiff_nb.run.dependencies import Dependencies, changes
from lindiff_nb.run.signals import Ended

PAGES = {
    "direct": chapter("Direct", cell("from tinybook.exact import direct"), cell("direct.twice")),
    "images": chapter("Images", cell("from tinybook.images import load")),
    "lazy": chapter("Lazy", cell("from tinybook import exact")),
    "magic": chapter("Magic", cell("%timeit 1")),
    "plain": chapter("Plain", cell("import math")),
}
EXACT = {"direct", "lazy", "magic"}


@pytest.fixture
def book(tmp_path, monkeypatch) -> Book:
    monkeypatch.syspath_prepend(tmp_path)
    return tiny_book(tmp_path, PAGES)


def ingredients(book: Book) -> dict[str, dict[str, str]]:
    """Those of all chapters as they are now: a `Book` reads its pages once."""
    book, dependencies = Book(book.folder, book.package), Dependencies(book.package)
    return {name: dependencies.ingredients(chapter) for name, chapter in book.chapters.items()}


def changed_by(book: Book, file: str, text: str) -> set[str]:
    """The chapters that run again when this file is written."""
    before = ingredients(book)
    write(book.root, {file: text})
    after = ingredients(book)
    return {name for name in book.chapters if changes(before[name], after[name])}


@pytest.mark.parametrize(
    ("file", "chapters"),
    [
        ("book/plain.md", {"plain"}),
        ("tinybook/exact/direct.py", EXACT),
        ("tinybook/exact/deep.py", EXACT),  # imported by direct only
        ("tinybook/exact/idle.py", {"lazy", "magic"}),  # a lazy package may hand it out
        ("tinybook/exact/__init__.py", EXACT),
        ("tinybook/exact/unknown.py", {"lazy", "magic"}),  # a new file
        ("tinybook/exact/styles/new.mplstyle", EXACT),
        ("tinybook/images/load.py", {"images", "magic"}),
        ("tinybook/images/embedded/digits.bin", {"images", "magic"}),
        ("tinybook/__init__.py", {"direct", "images", "lazy", "magic"}),
        ("requirements.lock", set(PAGES)),
        ("README.md", set()),
        ("_toc.yml", set()),
        ("tinybook/exact/__pycache__/direct.pyc", set()),
    ],
)
def test_a_chapter_runs_again_if_what_it_uses_changed_and_only_then(book, file, chapters):
    new = PAGES["plain"] + "One more word.\n" if file.startswith("book/") else "# new\n"
    if file.endswith("__init__.py"):
        new = (book.root / file).read_text() + new
    if file == "_toc.yml":
        new = (book.root / file).read_text() + "# new\n"
    assert changed_by(book, file, new) == chapters


def test_another_python_runs_every_chapter_again(book, monkeypatch):
    before = ingredients(book)
    monkeypatch.setattr(platform, "python_version", lambda: "3.99.0")
    after = ingredients(book)
    assert all(changes(before[name], after[name]) == "changed: python" for name in PAGES)


@pytest.mark.parametrize(
    ("code", "modules"),
    [
        (
            "from tinybook.exact import deep, idle as x",
            {"tinybook.exact.deep", "tinybook.exact.idle"},
        ),
        ("def f():\n    from tinybook.exact.deep import value", {"tinybook.exact.deep"}),
        ("import tinybook.exact.deep as deep", {"tinybook.exact.deep"}),
        ("import tinybook.exact.deep", {"tinybook"}),  # binds tinybook, which may hand out anything
        ("import tinybook as tb", {"tinybook"}),
        ("from tinybook.exact import *", {"tinybook.exact"}),
        ("import numpy, tinybooklet", set()),
    ],
)
def test_imports_are_read_as_python_reads_them(book, code, modules):
    assert Dependencies("tinybook").imported([code]) == modules


def test_recording_a_number_ties_a_chapter_to_nothing_else_of_run():
    dependencies = Dependencies("lindiff_nb")
    files = dependencies.of_modules(dependencies.imported(["from lindiff_nb.run import record"]))
    rooms = ("__init__", "_moved", "run/__init__", "run/records")
    names = {f"lindiff_nb/{room}.py" for room in rooms}
    assert set(files) == names


def test_one_module_of_a_lazy_package_is_one_module():
    dependencies = Dependencies("lindiff_nb")
    files = dependencies.of_modules(
        dependencies.imported(["from lindiff_nb.exact import schedule"])
    )
    assert "lindiff_nb/exact/schedule.py" in files
    assert "lindiff_nb/exact/__init__.py" in files
    assert "lindiff_nb/exact/empirical.py" not in files


def test_changes_are_named():
    assert changes(None, {}) == "not run yet"
    assert changes({"a": "1"}, {"a": "1"}) == ""
    assert changes({"a": "1", "b": "1"}, {"a": "2", "c": "1"}) == "changed: a, c and 1 more"


def test_a_kept_chapter_is_used_only_if_its_files_are_as_they_were_written(tmp_path):
    from tiny_book import notebook

    store = Store(tmp_path)
    record = {"seconds": 1.0}
    store.keep("law", notebook("1 + 1"), record, {"a": "1"})
    entry = store.entry("law")
    assert entry is not None
    assert (entry.record, entry.ingredients) == (record, {"a": "1"})
    whole = {file: file.read_bytes() for file in tmp_path.iterdir()}
    for file, content in whole.items():
        for broken in (b"", content[:-9], content.replace(b"1 + 1", b"1 - 1") + b" "):
            file.write_bytes(broken)
            assert store.entry("law") is None or json.loads(broken) == json.loads(content)
        file.write_bytes(content)
    assert store.entry("law") == entry
    store.prune([])
    assert list(tmp_path.iterdir()) == []
    assert store.entry("law") is None


def test_nothing_of_the_package_was_imported_to_find_this_out(book):
    ingredients(book)
    assert "tinybook" not in sys.modules


@pytest.mark.long
def test_a_signal_is_heard_while_imports_are_read():
    """In any moment; within grimp's Rust it would end in a panic and a traceback."""

    def ring(*_: object) -> None:
        raise Ended(signal.SIGTERM)

    def read_until(moment: float) -> None:
        signal.setitimer(signal.ITIMER_REAL, moment)
        while True:
            Dependencies("lindiff_nb")

    before = signal.signal(signal.SIGALRM, ring)
    try:
        for moment in (0.02, 0.05, 0.1, 0.2, 0.4):
            with pytest.raises(Ended):
                read_until(moment)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
