"""Each chapter runs, assertions included, with another seed and with small sizes."""

import pytest

from lindiff_nb.run.chapters import find_book
from lindiff_nb.run.declarations import parameters
from lindiff_nb.run.parameters import check
from lindiff_nb.run.runner import run_chapter

BOOK = find_book()
SMALL = {
    "intro": {"seed": 1, "draws": 3, "steps": 100},
    "diffusion-primer": {"seed": 2, "steps": 100, "largest": 1024, "images": 8},
    "optimal-denoisers": {"seed": 3, "size": 8, "draws": 5, "descent": 300},
    "sampling": {"seed": 6, "size": 8, "images": 200, "longest": 200, "kept": 16, "noises": 100},
    "marchenko-pastur": {"seed": 4, "d": 50, "draws": 5, "kept": 50},
    "replica": {"seed": 5, "d": 8, "n": 6, "draws": 500, "large": 50, "sets": 10},
    "divergence": {"seed": 5, "d": 40, "draws": 5, "many": 50},
    "learning-dynamics": {
        "seed": 6,
        "d": 60,
        "draws": 3,
        "levels": 12,
        "repeats": 64,
        "largest": 100,
        "descent": 300,
        "samples": 500,
    },
    "random-features": {"seed": 6, "draws": 10, "largest": 64, "width": 64, "descent": 1000},
    "structured-data": {"seed": 6, "size": 8, "images": 2000, "draws": 4, "others": "att-faces"},
    "linear-vs-unet": {"seed": 6, "tested": 40, "levels": 8, "largest": 16},
    "memorization": {
        "seed": 6,
        "samples": 20,
        "followed": 20,
        "paired": 10,
        "steps": 8,
        "largest": 16,
        "longest": 1000,
    },
    "best-linear": {"seed": 6, "d": 60, "draws": 4, "sets": 3, "size": 8, "tried": 10},
    "calculator": {"seed": 6, "size": 6, "n": 20, "draws": 20, "steps": 100},
}


def test_every_chapter_is_tried():
    assert set(SMALL) == set(BOOK.chapters)


@pytest.mark.parametrize("chapter", SMALL)
@pytest.mark.kernel
def test_assertions_hold_for_another_seed_and_small_sizes(chapter):
    values = check(parameters(BOOK, chapter), SMALL[chapter].items())
    _, record = run_chapter(BOOK, chapter, values, timeout=300)
    assert record["parameters"] == {p.name: p.default for p in parameters(BOOK, chapter)} | values


@pytest.mark.parametrize("chapter", SMALL)
def test_every_parameter_says_what_it_means_and_what_it_may_be(chapter):
    for parameter in parameters(BOOK, chapter):
        assert parameter.meaning
        if parameter.type in (int, float):
            assert parameter.low is not None
            assert parameter.low <= parameter.default <= parameter.high
