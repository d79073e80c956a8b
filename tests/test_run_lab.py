"""Chapters in JupyterLab: saving changes nothing."""

from pathlib import Path

import jupytext
import pytest
from jupytext.config import load_jupytext_config

from lindiff_nb.run.chapters import find_book

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("chapter", find_book().chapters)
def test_a_chapter_is_written_as_jupytext_writes_it(chapter):
    """So saving it in Jupyter changes nothing. jupytext --to md:myst book/NAME.md writes it so."""
    page = ROOT / "book" / f"{chapter}.md"
    config, text = load_jupytext_config(str(page)), page.read_text(encoding="utf-8")
    notebook = jupytext.reads(text, fmt="md:myst", config=config)
    assert jupytext.writes(notebook, fmt="md:myst", config=config) == text
