"""Where the chapters are, in which order, and each as a notebook."""

import json
from pathlib import Path

import pytest
from tiny_book import cell, chapter, tiny_book

from lindiff_nb._base.errors import UsageError
from lindiff_nb.run.chapters import find_book

PAGES = {
    "intro": "# Introduction\n\n````md\n```{code-cell} python\n```\n````\n",
    "replica": chapter("Replicas", cell("x = 1")),
    "law": chapter("The law", cell("d: int = 3  # dimension [1, 9]", "parameters"), cell("d + 1")),
}


def test_order_is_that_of_the_table_of_contents_and_notebooks_say_so_in_their_header(tmp_path):
    book = tiny_book(tmp_path, PAGES)
    assert list(book.pages) == ["intro", "replica", "law"]
    assert list(book.chapters) == ["replica", "law"]
    assert [chapter.title for chapter in book.chapters.values()] == ["Replicas", "The law"]


def test_without_a_table_of_contents_order_is_that_of_the_alphabet(tmp_path):
    book = tiny_book(tmp_path, PAGES, checkout=False)
    assert list(book.pages) == ["intro", "law", "replica"]
    assert not book.is_checkout


def test_parts_and_sections_of_the_table_of_contents_are_followed(tmp_path):
    book = tiny_book(tmp_path, PAGES)
    toc = {"root": "book/law", "parts": [{"chapters": [{"file": "book/intro"}]}]}
    toc["parts"][0]["chapters"][0]["sections"] = [{"file": "book/replica"}]
    (tmp_path / "_toc.yml").write_text(json.dumps(toc))
    assert list(book.pages) == ["law", "intro", "replica"]


def test_a_page_that_is_listed_and_missing_is_named(tmp_path):
    book = tiny_book(tmp_path, PAGES)
    (tmp_path / "book" / "law.md").unlink()
    with pytest.raises(UsageError, match=r"lists law, but there is no .*law\.md"):
        book.find("law")


@pytest.mark.parametrize("name", ["law", "law.md", "law.ipynb", "book/law.md", "book\\law.md"])
def test_a_chapter_is_found_by_name_or_path(tmp_path, name):
    assert tiny_book(tmp_path, PAGES).find(name).name == "law"


@pytest.mark.parametrize("name", ["lwa", "LWA", "Laws", "law.txt", "replicas"])
def test_an_unknown_chapter_is_refused_with_the_nearest(tmp_path, name):
    with pytest.raises(UsageError, match=r"no chapter .*; the nearest is '(law|replica)'"):
        tiny_book(tmp_path, PAGES).find(name)


@pytest.mark.parametrize("name", ["", "../law/..", "intro", "kernel", "x"])
def test_no_nearest_is_named_where_none_is_near(tmp_path, name):
    with pytest.raises(UsageError, match=r"no chapter '[^;]*$"):
        tiny_book(tmp_path, PAGES).find(name)


def test_two_readings_of_a_chapter_are_the_same_and_name_the_common_kernel(tmp_path):
    law, again = (tiny_book(tmp_path, PAGES).chapters["law"] for _ in range(2))
    assert law.notebook == again.notebook
    assert law.notebook.metadata["kernelspec"]["name"] == "python3"
    law.notebook.cells.clear()  # the caller's own
    assert law.notebook == again.notebook


def test_without_chapters_the_places_that_were_looked_at_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("LINDIFF_BOOK", str(tmp_path / "nowhere"))
    with pytest.raises(UsageError, match="nowhere"):
        find_book()


def test_the_checkout_serves_its_own_book(monkeypatch):
    monkeypatch.delenv("LINDIFF_BOOK", raising=False)
    assert find_book().folder == Path(__file__).parents[1] / "book"
