"""The numbers that a figure draws are kept beside it."""

import csv
import io
import json

import figure_witness
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from lindiff_nb.figures import image_grid, log_map, series
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
    theory, samples, nameless = kept(ax)
    assert theory["name"] == "theory"
    assert np.allclose([theory["x"], theory["y"]], [x, 1 / x], rtol=1e-5)
    assert (samples["kind"], samples["name"]) == ("points", "samples")
    assert (samples["x"], samples["y"]) == ([1, None], [3, None])
    assert nameless["name"] == ""


def test_error_bars_keep_their_ends_and_their_caps_are_no_series(ax):
    ax.errorbar([1, 2], [3, 4], yerr=[0.5, 1.0], capsize=3, label="measured")
    (only,) = kept(ax)
    assert only["name"] == "measured"
    assert [only[name] for name in ("x", "y", "low", "high")] == [
        [1, 2],
        [3, 4],
        [2.5, 3],
        [3.5, 5],
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


def everything(axes) -> None:
    """One of each kind of thing that the book's figures are made of."""
    left, right = axes
    x = np.geomspace(1, 100, 4)
    left.loglog(x, 1 / x, label='a, "quoted" name')
    left.errorbar([1, 2], [3, np.nan], xerr=[0.5, 0.1], yerr=[1, 2], fmt="o", capsize=2)
    left.fill_between(x, 1 / x, 2 / x, where=x > 2, label="between")
    left.axhline(0.5, label="floor")
    left.axvline(2)
    left.axhspan(0.1, 0.2)
    left.vlines([3, 4], 0.1, 1)
    left.hist([1, 2, 2, 3], bins=3, label="counts")
    left.hist([1, 2, 2, 3], bins=3, histtype="step")
    left.contour(x, x, np.add.outer(x, x), [20, 60])
    log_map(right, x, [1, 3, 9], [np.outer(x, [0, 1, 2])], label="value")
    right.inset_axes((0, 0, 0.1, 0.1)).imshow(np.eye(3), label="unit")


def test_the_table_holds_all_that_the_axes_hold():
    """Read by `figure_witness`, which knows nothing of series: only corners of what is drawn."""
    figure, axes = plt.subplots(1, 2)
    everything(axes)
    text = series.table(series.of_figure(figure))
    assert figure_witness.told(text) == figure_witness.held(figure)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert tuple(rows[0]) == series.COLUMNS
    assert {row["kind"] for row in rows} == {
        *("line", "level", "points", "band", "bar", "outline", "contour", "map", "image")
    }
    assert {row["name"] for row in rows} >= {'a, "quoted" name', "between", "counts", "unit"}
    places = {(row["x"], row["y"]): row["value"] for row in rows if row["kind"] == "map"}
    assert places["100", "9"] == "200"
    assert places["100", "1"] == ""
    plt.close(figure)


@pytest.mark.parametrize("away", [np.inf, np.nan])
def test_what_lies_at_infinity_is_not_drawn_and_is_in_no_row(ax, away):
    ax.plot([1, 2, 3], [1, away, 3], "o")
    ax.errorbar([1, 2], [2, away], [0.1, 0.1])
    ax.axhline(away)
    ax.axvline(away)
    ax.axhline(2)
    text = series.table(series.of_figure(ax.figure))
    assert figure_witness.told(text) == figure_witness.held(ax.figure)
    assert [row["y"] for row in csv.DictReader(io.StringIO(text)) if row["kind"] == "level"] == [
        "2"
    ]


def test_the_witness_sees_what_a_table_leaves_out(ax):
    line, _ = ax.plot([1, 2], [3, 4], [1, 2], [5, 6])
    text = series.table(series.of_figure(ax.figure))
    line.set_data([1, 2], [3, 4.01])
    assert figure_witness.told(text) != figure_witness.held(ax.figure)


def test_images_carry_the_titles_of_their_rows_and_columns():
    figure, _ = image_grid(np.arange(24).reshape(6, 2, 2), columns=3, rows=["a", "b"], labels="xyz")
    (only,) = series.of_figure(figure)["axes"]
    assert [one["name"] for one in only["series"]] == ["a x", "a y", "a z", "b x", "b y", "b z"]
    plt.close(figure)
