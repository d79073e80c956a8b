"""Maps of a positive quantity over a plane, on one colour scale."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from lindiff_nb.figures import log_map

X, Y = np.array([1.0, 10.0, 100.0]), np.array([1.0, 2.0])


@pytest.fixture
def panels():
    matplotlib.use("agg")
    fig, axes = plt.subplots(1, 2)
    yield axes
    plt.close(fig)


def test_all_panels_share_one_scale_that_ends_at_the_largest_value(panels):
    values = np.array([np.full((3, 2), 2.0), np.full((3, 2), 50.0)])
    bar = log_map(panels, X, Y, values, label="gap", decades=3)
    scales = {ax.collections[0].get_clim() for ax in panels}
    assert scales == {(50.0 / 10**3, 50.0)} == {bar.mappable.get_clim()}
    assert bar.ax.get_ylabel() == "gap"


def test_a_value_lies_over_its_x_and_y(panels):
    values = np.arange(1.0, 13.0).reshape(2, 3, 2)
    log_map(panels, X, Y, values, label="gap")
    shown = panels[1].collections[0].get_array()
    assert shown.shape == (2, 3)
    assert np.array_equal(shown, values[1].T)


def test_values_that_are_not_positive_stay_blank_and_small_ones_do_not(panels):
    values = np.ones((2, 3, 2))
    values[0, 0] = [-1.0, 0.0]
    values[0, 1, 0] = 1e-30
    log_map(panels, X, Y, values, label="gap")
    blank = np.ma.getmaskarray(panels[0].collections[0].get_array()).T
    assert blank[0].all()
    assert blank.sum() == 2


def test_one_panel_needs_no_array_of_axes(panels):
    bar = log_map(panels[0], X, Y, np.ones((1, 3, 2)), label="gap")
    assert bar.mappable is panels[0].collections[0]


@pytest.mark.parametrize(
    "values",
    [np.ones((2, 2, 3)), np.ones((1, 3, 2)), np.zeros((2, 3, 2)), np.full((2, 3, 2), np.nan)],
)
def test_panels_of_another_shape_or_without_a_positive_value_are_refused(panels, values):
    with pytest.raises(ValueError, match="panels must be"):
        log_map(panels, X, Y, values, label="gap")
