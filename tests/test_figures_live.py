"""Live figures: the text of a formula, and a specification on a white card."""

import base64
import html
import io
import json
import re

import altair as alt
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image

from lindiff_nb.figures import live, palette
from lindiff_nb.site.live import markup

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


def rising() -> alt.Chart:
    return alt.Chart(alt.sequence(0, 3, as_="t")).mark_line().encode(x="t:Q", y="t:Q")


def inks(config: dict) -> set[str]:
    return set(re.findall(r"'\w*[cC]olor': '([^']*)'", str(config))) - {palette.BLUE}


def test_a_live_figure_is_drawn_on_white_as_all_figures_are_and_described():
    """A page that is dark, or an editor, cannot make it illegible."""
    spec = live.specification(rising(), "A rising line.")
    assert spec["description"] == "A rising line."
    assert spec["$schema"] == live.SCHEMA
    assert spec["config"]["background"] == palette.WHITE
    assert inks(spec["config"]) == {palette.INK}


def test_the_site_draws_it_in_the_ink_of_the_page():
    figure = markup(live.specification(rising(), "A rising line."))
    spec = json.loads(html.unescape(re.search('data-figure="([^"]*)"', figure)[1]))
    assert spec["config"]["background"] == "transparent"
    assert inks(spec["config"]) == {"currentColor"}


def test_what_is_shown_is_a_live_figure_a_picture_and_a_sentence(capture):
    live.show(rising(), "A rising line.")
    (shown,) = capture
    assert set(shown) == {live.MIME, "image/png", "text/plain"}
    with Image.open(io.BytesIO(base64.b64decode(shown["image/png"]))) as picture:
        assert picture.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
        assert len(picture.convert("RGB").getcolors()) > 2


@pytest.fixture
def capture(monkeypatch) -> list[dict]:
    shown: list[dict] = []
    show = "IPython.display.publish_display_data"
    monkeypatch.setattr(show, lambda data, metadata: shown.append(data))
    return shown
