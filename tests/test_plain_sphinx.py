"""The pages do not depend on Jupyter Book: plain Sphinx makes the same text of what is staged."""

import plain_sphinx
import pytest
import small_site
from site_browser import ROOT, built_site


@pytest.mark.slow
def test_plain_sphinx_makes_the_same_small_site(tmp_path):
    page = small_site.page("A chapter", ("text/plain", "1"), ("text/latex", "$x$"))
    html = small_site.build(tmp_path, {"chapter": page})
    plain_sphinx.build(html.parent / "stage", tmp_path / "plain")
    found = plain_sphinx.texts(tmp_path / "plain")
    assert found == plain_sphinx.texts(html)
    assert set(found) == {"prose", "chapter"}
    assert "Theorem 1 (One) A claim." in found["prose"]


@pytest.mark.slow
@pytest.mark.kernel
def test_plain_sphinx_makes_the_same_book(tmp_path):
    html = built_site()
    plain_sphinx.build(ROOT / "_build" / "stage", tmp_path / "plain")
    assert plain_sphinx.texts(tmp_path / "plain") == plain_sphinx.texts(html)
