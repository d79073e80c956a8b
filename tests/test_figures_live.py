"""Live figures: the text of a formula, and a specification in the ink of the page."""

import re

import altair as alt
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from lindiff_nb.figures import live, palette

NUMBERS = st.floats(0.1, 10)


@settings(deadline=None)
@given(NUMBERS, NUMBERS)
def test_a_formula_is_the_text_of_the_same_closed_form(x, y):
    def closed(a, b, xp):
        return (1 - a / b) ** 2 + xp.sqrt(xp.abs(a - 2 * b)) / np.float64(3) - xp.max(a, b)

    parameter = alt.param(name="y", value=1)
    text = live.formula(closed(alt.datum.x, parameter, alt.expr))
    text = text.replace("datum.x", repr(x)).replace("max(", "maximum(")
    names = {name: getattr(np, name) for name in ("sqrt", "abs", "maximum")}
    found = eval(text, {"pow": pow, "y": y, **names})
    assert found == pytest.approx(closed(x, y, _Numpy), rel=1e-12)


class _Numpy:
    sqrt, abs, max = np.sqrt, np.abs, np.maximum


def test_a_parameter_and_a_number_are_formulas():
    assert live.formula(alt.param(name="y", value=1)) == "y"
    assert live.formula(np.float64(0.25)) == "0.25"


def test_a_live_figure_is_drawn_in_the_ink_of_the_page_and_described():
    chart = alt.Chart(alt.sequence(0, 3, as_="t")).mark_line().encode(x="t:Q", y="t:Q")
    spec = live.specification(chart, "A rising line.")
    assert spec["description"] == "A rising line."
    assert spec["$schema"] == live.SCHEMA
    inks = re.findall(r"'\w*[cC]olor': '([^']*)'", str(spec["config"]))
    assert set(inks) <= {"currentColor", palette.BLUE}
    assert spec["config"]["background"] == "transparent"
