"""The first cell of a download finds the package, installs it on Colab, or says how to."""

import os
import subprocess
import sys

import nbformat
import pytest
from tiny_book import cell, chapter, tiny_book

from lindiff_nb.run import downloads

# The cell in IPython, pip only told what to do; lindiff_nb and Colab there or not.
RUN = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.register_magic_function(lambda line: print("pip", line), magic_name="pip")
{before}
result = shell.run_cell({source!r})
print(repr(result.error_in_exec))
"""
GONE = "sys.modules['lindiff_nb'] = None"
COLAB = "sys.modules['google.colab'] = sys"


@pytest.fixture(autouse=True)
def no_address(monkeypatch):
    monkeypatch.delenv("LINDIFF_REPOSITORY_URL", raising=False)


def said_by_the_first_cell(tmp_path, before: str) -> list[str]:
    source = downloads.first_cell("lindiff_nb")
    code = RUN.format(before=before, source=source)
    home = os.environ | {"IPYTHONDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=home, capture_output=True, text=True, check=True
    )
    return done.stdout.strip().splitlines()


@pytest.mark.long
def test_where_the_package_is_the_first_cell_does_nothing(tmp_path):
    assert said_by_the_first_cell(tmp_path, "") == ["None"]
    assert said_by_the_first_cell(tmp_path, COLAB) == ["None"]


def test_on_colab_it_installs_the_package_and_leaves_what_is_there(tmp_path):
    said = said_by_the_first_cell(tmp_path, f"{GONE}; {COLAB}")
    assert said == ["pip install --quiet 'lindiff-nb'", "None"]


@pytest.mark.long
def test_elsewhere_it_says_the_line_that_installs_it_and_stops(tmp_path):
    said = said_by_the_first_cell(tmp_path, GONE)[-1]
    assert "ModuleNotFoundError" in said
    assert "first run: pip install 'lindiff-nb[all]'" in said


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("", "'lindiff-nb[all]'"),
        ("https://example.org/us/book/", "'lindiff-nb[all] @ git+https://example.org/us/book@v1'"),
    ],
)
def test_the_package_comes_from_the_repository_where_it_is_known(monkeypatch, url, wanted):
    monkeypatch.setenv("LINDIFF_REPOSITORY_URL", url)
    monkeypatch.setenv("LINDIFF_REPOSITORY_BRANCH", "v1")
    assert downloads.wanted("lindiff_nb", "[all]") == wanted


def test_the_button_of_a_page_leads_to_its_readable_notebook(tmp_path):
    """The executed one of the stage, its text in words, behind the first cell."""
    law = chapter("The law", cell("x = 1"), "(here)=\nBy {eq}`eq-a`.\n\n$$\ny\n$$ (eq-a)")
    book = tiny_book(tmp_path, {"law": law})
    stage, html = tmp_path / "stage", tmp_path / "html"
    (stage / "book").mkdir(parents=True)
    (html / "_sources" / "book").mkdir(parents=True)
    nbformat.write(book.chapters["law"].notebook, stage / "book" / "law.ipynb")
    downloads.replace(html, stage, book)
    first, *cells = nbformat.read(html / "_sources" / "book" / "law.ipynb", 4).cells
    assert "import tinybook" in first.source
    assert "pip install 'tinybook[all]'" in first.source
    assert cells[-1].source == "By [(1)](law.html#equation-eq-a).\n\n$$\ny\n\\tag{1}\n$$"
