"""The numbers that a figure draws are kept beside it."""

import json

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from lindiff_nb.figures import series
from lindiff_nb.figures.plots import measured, overlay


@pytest.fixture
def ax():
    with mpl.rc_context():
        mpl.use("svg")
        figure, ax = plt.subplots()
        yield ax
        plt.close(figure)


def kept(ax) -> list[dict]:
    """The series of one figure of one pair of axes, as JSON brings them back."""
    made = series.of_figure(ax.figure)
    (only,) = json.loads(json.dumps(made, allow_nan=False))["axes"]
    return only["series"]


def test_lines_and_clouds_are_what_was_plotted(ax):
    x = np.geomspace(1, 1e6, 5)
    ax.loglog(x, 1 / x, label="theory")
    ax.scatter([1, 2], [3.0, np.nan], label="samples")
    ax.plot([1], [2])
    ax.set(xlabel="N", ylabel="loss")
    made = series.of_figure(ax.figure)["axes"][0]
    assert (made["x"], made["y"]) == ("N", "loss")
    theory, nameless, samples = kept(ax)
    assert theory["name"] == "theory"
    assert np.allclose([theory["x"], theory["y"]], [x, 1 / x], rtol=1e-5)
    assert samples == {"name": "samples", "x": [1, None], "y": [3, None]}
    assert nameless["name"] == ""


def test_error_bars_keep_their_ends_and_their_caps_are_no_series(ax):
    ax.errorbar([1, 2], [3, 4], yerr=[0.5, 1.0], capsize=3, label="measured")
    assert kept(ax) == [
        {"name": "measured", "x": [1, 2], "y": [3, 4], "low": [2.5, 3], "high": [3.5, 5]}
    ]


def test_points_that_are_not_finite_are_null_with_their_bars(ax):
    ax.errorbar([1, 2, 3], [3, np.nan, 4], yerr=[0.5, 1.0, np.nan])
    (only,) = kept(ax)
    assert only["y"] == [3, None, 4]
    assert (only["low"], only["high"]) == ([2.5, None, None], [3.5, None, None])


def test_the_book_s_own_panels_keep_theirs(ax):
    overlay(ax, [1, 2, 3], [1.0, 2.0, 3.0], [[1.1, 2.1, 3.1], [0.9, 1.9, 2.9]], label="loss")
    measured(ax, [1, 2, 3], [[1.0, 2.0, 3.0], [1.2, 2.2, 3.2]], label="again")
    assert {"loss", "again"} <= {one["name"] for one in kept(ax)}
    assert any("low" in one for one in kept(ax))


def test_a_picture_has_no_series(ax):
    ax.imshow(np.eye(3))
    assert series.of_figure(ax.figure) is None
