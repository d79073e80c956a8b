"""The live figure says, drawn by Vega without a browser, what the closed forms say in numpy."""

import json
import re

import pytest
import vl_convert

from lindiff_nb.figures import live, white_live
from lindiff_nb.predict import marchenko_pastur, white


def spoken(n_over_d: float, c: float, alpha_bar: float) -> dict[str, float]:
    """The numbers that the dots of the figure say aloud where the sliders stand."""
    start = {"n_over_d": n_over_d, "c": c, "alpha_bar": alpha_bar}
    chart = white_live.chart(white.density, white.test_loss, white.train_loss, **start)
    svg = vl_convert.vegalite_to_svg(json.dumps(live.specification(chart, "a figure")))
    labels = re.findall(r'aria-label="(N/d: [^"]*)"', svg)
    return {
        name: float(value)
        for label in labels
        for name, value in re.findall(r"(test loss|training loss|atom at zero): ([-+.\de]+)", label)
    }


@pytest.mark.parametrize(
    ("n_over_d", "c", "alpha_bar"), [(0.5, 0.0, 0.99), (1.0, 0.0, 0.5), (2.0, 0.3, 0.9)]
)
def test_the_dots_say_what_the_closed_forms_give(n_over_d, c, alpha_bar):
    setting = (alpha_bar, 1 / n_over_d, c)
    expected = {
        "test loss": white.test_loss(*setting),
        "training loss": white.train_loss(*setting),
        "atom at zero": marchenko_pastur.atom(1 / n_over_d),
    }
    assert spoken(n_over_d, c, alpha_bar) == pytest.approx(expected, rel=1e-9)


def test_an_arrow_key_moves_each_slider_by_a_step_that_reaches_its_end():
    chart = white_live.chart(white.density, white.test_loss, white.train_loss)
    sliders = [p["bind"] for p in chart.to_dict()["params"] if "bind" in p]
    assert len(sliders) == 3
    for slider in sliders:
        steps = (slider["max"] - slider["min"]) / slider["step"]
        assert steps == pytest.approx(round(steps))
