"""The live figure of the Marchenko-Pastur chapter computes in the page what Python computes."""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from site_browser import Reader, reading

from lindiff_nb.predict import marchenko_pastur, white

pytestmark = pytest.mark.browser

PAGE = "book/marchenko-pastur.html"
SLIDERS = ("log_ratio", "c", "alpha_bar")
# For each slider, the keys that are pressed on it: from one of its ends, so many steps back.
KEYS = [
    ("Home", 5), ("Home", 0), ("End", 0),
    ("Home", 15), ("Home", 1), ("Home", 0),
    ("End", 0), ("End", 0), ("End", 0),
    ("Home", 0), ("Home", 30), ("Home", 20),
]  # fmt: skip
LABELS = "() => [...document.querySelectorAll('.live [aria-label]')].map(e => e.ariaLabel)"
DENSITY = """async () => {
  const view = document.querySelector('.live > div').view;
  await view.runAsync();
  const names = Object.keys(view.getState({data: () => true, signals: () => false}).data);
  const rows = names.flatMap(name => view.data(name)).filter(row => 'density' in row);
  return rows.map(row => [row.eigenvalue, row.aspect, row.density]);
}"""


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with reading() as reader:
        yield reader


def press(page: Any, name: str, end: str, steps: int) -> float:
    """Move a slider by the keyboard alone; where it stands then."""
    slider = page.locator(f'.live input[name="{name}"]')
    slider.focus()
    page.keyboard.press(end)
    for _ in range(steps):
        page.keyboard.press("ArrowRight" if end == "Home" else "ArrowLeft")
    return float(slider.input_value())


def spoken(page: Any, what: str) -> float:
    """The number after `what` in the one label that says it."""
    found = [re.search(rf"{what}: ([-+0-9.e]+)", label) for label in page.evaluate(LABELS)]
    (match,) = filter(None, found)
    return float(match[1])


@pytest.mark.parametrize("via", ["http", "file"])
def test_the_page_computes_what_python_computes(reader, via):
    with reader.open(PAGE, via=via) as visit:
        page = visit.page
        for first in range(0, len(KEYS), 3):
            keys = zip(SLIDERS, KEYS[first : first + 3], strict=True)
            log_ratio, c, alpha_bar = (press(page, name, *how) for name, how in keys)
            n_over_d = 2**log_ratio
            eigenvalue, aspect, density = np.array(page.evaluate(DENSITY)).T
            setting = (alpha_bar, 1 / n_over_d, c)
            test, train = white.test_loss(*setting), white.train_loss(*setting)
            assert spoken(page, "test loss") == pytest.approx(test, rel=1e-8)
            assert spoken(page, "train(?:ing)? loss") == pytest.approx(train, rel=1e-8)
            atom = marchenko_pastur.atom(1 / n_over_d)
            assert spoken(page, "atom at zero") == pytest.approx(atom, abs=1e-9)
            assert aspect == pytest.approx(np.full(aspect.shape, 1 / n_over_d), rel=1e-12)
            expected = white.density(eigenvalue, 1 / n_over_d)
            assert density == pytest.approx(expected, rel=1e-9, abs=1e-12)
            assert density.size > 100
        assert visit.complaints == []


def test_each_slider_says_what_it_moves(reader):
    with reader.open(PAGE, width=390) as visit:
        for name in SLIDERS:
            label = visit.page.locator(f'.live label:has(input[name="{name}"])')
            assert len(label.inner_text().strip()) > 3
            assert label.bounding_box()["height"] >= 24  # WCAG 2.2, 2.5.8: a target to touch


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_ink_of_the_live_figure_is_the_ink_of_the_page(reader, scheme):
    with reader.open(PAGE, scheme=scheme) as visit:
        inks = visit.page.evaluate("""() => [
          getComputedStyle(document.querySelector('.live .role-axis-title text')).fill,
          getComputedStyle(document.querySelector('.live')).color]""")
    assert inks[0] == inks[1]
