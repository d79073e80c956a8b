"""`predict.white`: the closed forms are the general predictions, in numpy and in the browser."""

import math
import warnings

import altair as alt
import numpy as np
import pytest

from lindiff_nb.predict import losses, ridge, white

D = 12
ASPECT_N = pytest.mark.parametrize("n", [1, 5, 11, 12, 13, 50, 10**6])
ALPHA_BAR, C = np.array([1e-3, 0.5, 0.99, 1 - 1e-9]), np.array([[0.0], [1e-6], [0.1], [100]])


@ASPECT_N
def test_kappa_is_the_effective_ridge(n):
    xi = np.array([0, 1e-14, 1e-6, 0.1, 1, 1e6])
    general = ridge.effective_ridge(xi, np.ones(D), n)
    assert white.kappa(xi, D / n) == pytest.approx(general, rel=1e-12)


@ASPECT_N
@pytest.mark.parametrize("name", ["test_loss", "train_loss"])
def test_losses_are_the_general_ones(n, name):
    general = getattr(losses, name)(np.ones(D), n, ALPHA_BAR, C)
    assert getattr(white, name)(ALPHA_BAR, D / n, C) == pytest.approx(general, rel=1e-11)


@pytest.mark.parametrize("aspect", [0.3, 1.0, 4.0])
def test_no_formula_warns_or_fails_at_the_edges(aspect):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.all(white.density(np.array([-1.0, 0, 1e-320, 1, 100]), aspect) >= 0)
        assert white.kappa(0.0, aspect) == pytest.approx(max(aspect - 1, 0))


def evaluate(expression, **fields):
    """A Vega expression, in Python: the operators and functions it uses are spelled the same."""
    return eval(repr(expression), {"sqrt": math.sqrt, "abs": abs, "datum": fields})


@pytest.mark.parametrize("aspect", [0.3, 1.0, 4.0])
def test_the_browser_gets_the_same_formulas(aspect):
    fields = {"x": 0.7, "aspect": aspect, "a": 0.9, "c": 0.01, "xi": 0.2}
    x, ratio, a, c, xi = (alt.datum[name] for name in fields)
    for formula, symbols, values in [
        (white.density, (x, ratio), (0.7, aspect)),
        (white.kappa, (xi, ratio), (0.2, aspect)),
        (white.test_loss, (a, ratio, c), (0.9, aspect, 0.01)),
        (white.train_loss, (a, ratio, c), (0.9, aspect, 0.01)),
    ]:
        in_browser = evaluate(formula(*symbols, xp=alt.expr), **fields)
        assert in_browser == pytest.approx(formula(*values), rel=1e-13)
