"""Pages and YAML as people write them: what is wrong is said with file and line, before work."""

import os
import re

import pytest
from tiny_book import HEADER, cell, chapter, tiny_book

from lindiff_nb._base.errors import UsageError
from lindiff_nb.run import sources
from lindiff_nb.run.build import build
from lindiff_nb.run.chapters import Book
from lindiff_nb.run.cli import main

PAGES = {"intro": "# Introduction\n", "law": chapter("Law", cell("x = 1"))}
BAD = [
    ("_toc.yml", b"root: book/intro\nchapters: [\n", r"_toc\.yml, line 3: "),
    ("_toc.yml", b"", r"_toc\.yml must hold names and values.*got nothing"),
    ("_toc.yml", b"- a\n", r"_toc\.yml must hold names and values.*got a list"),
    ("_toc.yml", b"root: book/intro\nchapters:\n- file: 5\n", r"_toc\.yml: a page must be .* 5"),
    ("_toc.yml", b"[" * 100_000, r"_toc\.yml"),
    ("_config.yml", b"", r"_config\.yml must hold names and values.*got nothing"),
    ("_config.yml", b"- 1\n", r"_config\.yml must hold names and values.*got a list"),
    ("_config.yml", b"title: x\n\tbad: y\n", r"_config\.yml, line 2: "),
    ("_config.yml", b"title: x\nexecute: 3\n", r"_config\.yml: execute must hold names"),
    ("_config.yml", b"title: \xe9\n", r"_config\.yml, line 1: this is not UTF-8"),
    ("book/law.md", b"---\njupytext: [\n---\n# Law\n", r"law\.md, line 2: "),
    ("book/law.md", b"---\na: b: c\n---\n# Law\n", r"law\.md, line 2: "),
    ("book/law.md", b"# Law\n\ncaf\xe9\n", r"law\.md, line 3: this is not UTF-8"),
    ("book/law.md", b"# Law\n\n\x00\n", r"law\.md, line 3: a NUL"),
]


@pytest.mark.long
@pytest.mark.parametrize(("name", "content", "words"), BAD)
def test_a_malformed_source_is_named_with_its_line(tmp_path, name, content, words, monkeypatch):
    book = tiny_book(tmp_path, PAGES)
    (tmp_path / name).write_bytes(content)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UsageError, match=words) as error:
        build(book)
    assert str(tmp_path / name) in str(error.value) or name == "_config.yml"
    assert not (book.build / "executed").exists()


def test_what_is_no_file_in_the_book_is_named_before_anything_runs(tmp_path, monkeypatch):
    book = tiny_book(tmp_path, PAGES)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "book" / "static").mkdir()
    odd = tmp_path / "book" / "static" / "odd"
    odd.symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError, match=r"static/odd is a link that leads to no file"):
        build(book)
    odd.unlink()
    os.mkfifo(odd)
    with pytest.raises(UsageError, match=r"static/odd is not a file"):
        build(book)
    odd.rename(odd.with_name(".hidden"))  # an editor's lock, say
    sources.check_tree(book.folder)


@pytest.mark.parametrize("kind", ["fifo", "link", "folder"])
def test_a_page_that_is_no_file_is_refused_and_never_waited_for(
    tmp_path, kind, monkeypatch, capsys
):
    book = tiny_book(tmp_path, PAGES)
    page = book.folder / "law.md"
    page.unlink()
    if kind == "fifo":
        os.mkfifo(page)
    elif kind == "link":
        page.symlink_to(tmp_path / "nowhere")
    else:
        page.mkdir()
    monkeypatch.setenv("LINDIFF_BOOK", str(book.folder))
    assert main(["list"]) == 2
    assert re.search(r"law\.md is (not a file|a link that leads)", capsys.readouterr().err)


def test_a_chapter_that_is_no_notebook_is_named(tmp_path):
    broken = HEADER + "# Law\n\n```{code-cell} python\n---\na: [\n---\n1\n```\n"
    book = tiny_book(tmp_path, {"intro": "# I\n", "law": broken})
    with pytest.raises(UsageError, match=r"law\.md is no notebook: "):
        _ = book.chapters["law"].notebook


def test_line_ends_and_a_byte_order_mark_make_no_difference(tmp_path):
    book = tiny_book(tmp_path, PAGES)
    before = book.chapters["law"]
    page = book.folder / "law.md"
    page.write_bytes(b"\xef\xbb\xbf" + page.read_bytes().replace(b"\n", b"\r\n"))
    again = Book(book.folder)
    assert list(again.chapters) == ["law"]
    assert again.chapters["law"].text == before.text == PAGES["law"]
    assert again.chapters["law"].notebook == before.notebook


@pytest.mark.parametrize("name", ["a[b]", "what?", "a*"])
def test_a_folder_whose_name_sphinx_takes_for_a_pattern_is_refused(tmp_path, name, monkeypatch):
    book = tiny_book(tmp_path / name, PAGES)
    monkeypatch.syspath_prepend(tmp_path / name)
    with pytest.raises(UsageError, match="Sphinx cannot read a folder"):
        build(book)
    assert not book.build.exists()
