"""Live figures compute in a real browser what the package computes, and move by keyboard alone.

A small site has one figure of each kind, each beside a still picture.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import small_site
from nbformat.v4 import new_code_cell, new_output
from site_browser import Reader, Visit, reading

from lindiff_nb.predict import marchenko_pastur, white

pytestmark = pytest.mark.browser

PAGE = "book/moving.html"
POINTS = 200
VIA = pytest.mark.parametrize("via", ["http", "file"])
rng = np.random.default_rng(18)

FIGURES: dict[str, dict[str, Any]] = {"marchenko-pastur": {}}


def moving(kind: str, data: dict[str, Any]) -> Any:
    """A cell that shows a still picture and what moves beside it."""
    mime, content = small_site.moving(kind, **data)
    shown = {"image/svg+xml": small_site.FIGURE, mime: content}
    figure = {"name": f"fig-{kind}", "caption": f"The {kind} moves."}
    options = {"figure": figure, "image": {"alt": f"A still picture of the {kind}."}}
    output = new_output("display_data", data=shown)
    return new_code_cell("1", outputs=[output], metadata={"mystnb": options})


@pytest.fixture(scope="module")
def reader(tmp_path_factory) -> Iterator[Reader]:
    page = small_site.page("Moving")
    page.cells += [moving(kind, data) for kind, data in FIGURES.items()]
    with reading(small_site.build(tmp_path_factory.mktemp("moving"), {"moving": page})) as reader:
        yield reader


def numbers(visit: Visit, kind: str, points: list[dict[str, float]]) -> list[dict[str, Any]]:
    """What the figure of this kind gives at each point."""
    ask = """([kind, points]) => points.map(
        point => document.querySelector(`.live[data-kind="${kind}"]`).numbers(point))"""
    return visit.page.evaluate(ask, [kind, points])


def log_uniform(low: float, high: float) -> np.ndarray:
    return np.exp(rng.uniform(np.log(low), np.log(high), POINTS))


def table(**columns: np.ndarray) -> list[dict[str, Any]]:
    """One dictionary for each point."""
    rows = zip(*(values.tolist() for values in columns.values()), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def of_marchenko_pastur(n_over_d: float, c: float, alpha_bar: float) -> dict[str, Any]:
    return {
        "test": white.test_loss(alpha_bar, 1 / n_over_d, c),
        "train": white.train_loss(alpha_bar, 1 / n_over_d, c),
        "atom": marchenko_pastur.atom(1 / n_over_d),
        "edges": marchenko_pastur.edges(1 / n_over_d),
    }


CASES = {
    "marchenko-pastur": (
        of_marchenko_pastur,
        table(
            n_over_d=log_uniform(0.25, 16),
            c=log_uniform(1e-9, 1),
            alpha_bar=rng.uniform(0.5, 0.999, POINTS),
        ),
    ),
}


@pytest.mark.parametrize("kind", CASES)
def test_the_browser_computes_what_the_package_computes(reader, kind):
    expected, points = CASES[kind]
    with reader.open(PAGE) as visit:
        found = numbers(visit, kind, points)
    for point, values in zip(points, found, strict=True):
        for name, value in expected(**point).items():
            assert values[name] == pytest.approx(value, rel=1e-8, abs=1e-13), (name, point)


@VIA
def test_an_arrow_key_moves_every_slider_and_what_is_said(reader, via):
    with reader.open(PAGE, via=via) as visit:
        for kind in FIGURES:
            box = visit.page.locator(f'.live[data-kind="{kind}"]')
            assert box.locator(".words").get_attribute("aria-live") == "polite"
            for slider in box.locator("input[type=range]").all():
                label = box.locator(f'label:has(input[name="{slider.get_attribute("name")}"])')
                assert len(label.locator("span").first.inner_text()) > 3
                before = slider.get_attribute("aria-valuetext"), box.locator(".panels").inner_html()
                for end in ("Home", "End"):
                    slider.press(end)
                visit.page.wait_for_function("() => new Promise(requestAnimationFrame)")
                after = slider.get_attribute("aria-valuetext"), box.locator(".panels").inner_html()
                slider.press("Home")
                assert before[1] != after[1] or before[0] == after[0]
        assert visit.complaints == []
        own = (reader.address, reader.site.as_uri(), "data:")
        assert [url for url in visit.requests if not url.startswith(own)] == []
