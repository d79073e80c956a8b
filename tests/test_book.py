"""Each chapter runs, assertions included, with another seed and with small sizes."""

import re
import shlex
from pathlib import Path

import figure_witness
import pytest
from test_house import TRY

from lindiff_nb.figures import series
from lindiff_nb.run import cli
from lindiff_nb.run.chapters import Chapter, find_book
from lindiff_nb.run.runner import run_chapter

CHAPTERS = find_book().chapters
TO_TRY = {name: TRY.findall(chapter.text) for name, chapter in CHAPTERS.items()}
TRIED = [name for name in TO_TRY if TO_TRY[name]]


def watched(chapter: Chapter) -> Chapter:
    """The chapter, what the axes of its figures hold kept beside each."""
    watch = f"import sys; sys.path.append({str(Path(__file__).parent)!r})"
    watch += "; __import__('figure_witness').watch()"
    text = re.sub(r"^use_style\(\)$", rf"\g<0>\n{watch}", chapter.text, count=1, flags=re.M)
    return Chapter(chapter.name, chapter.book, text)


@pytest.mark.slow
@pytest.mark.parametrize("name", CHAPTERS)
@pytest.mark.kernel
def test_for_another_seed_and_small_sizes_assertions_hold_and_tables_tell_the_figures(name):
    chapter = CHAPTERS[name]
    notebook, record = run_chapter(watched(chapter), chapter.small, timeout=300)
    assert record["parameters"] == {p.name: p.default for p in chapter.parameters} | chapter.small
    for figure, drawn in series.by_figure(notebook).items():
        table = series.table(drawn[series.MIME])
        assert figure_witness.told(table) == drawn[figure_witness.MIME]["held"], figure


@pytest.mark.parametrize("name", CHAPTERS)
def test_the_small_values_are_allowed_and_all_differ_from_the_published(name):
    chapter = CHAPTERS[name]
    assert "seed" in chapter.small
    assert chapter.values(chapter.small.items()) == chapter.small


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_parameter_says_what_it_means_and_what_it_may_be(name):
    for parameter in CHAPTERS[name].parameters:
        assert parameter.meaning
        if parameter.type in (int, float):
            assert parameter.low is not None
            assert parameter.low <= parameter.default <= parameter.high


@pytest.mark.parametrize("name", TRIED)
def test_the_command_that_a_chapter_tells_to_try_gives_a_parameter_another_value(name):
    (command,) = TO_TRY[name]
    program, run, chapter, *options = shlex.split(command)
    assert (program, run, chapter, set(options[::3])) == ("lindiff-nb", "run", name, {"-p"})
    assert CHAPTERS[name].values(zip(options[1::3], options[2::3], strict=True))


@pytest.mark.parametrize("name", TRIED)
@pytest.mark.kernel
@pytest.mark.slow
def test_that_command_runs(name, tmp_path):
    (command,) = TO_TRY[name]
    where = ["--small", "--timeout", "300", "-o", str(tmp_path / "tried.ipynb")]
    assert cli.main([*shlex.split(command)[1:], *where]) == 0
