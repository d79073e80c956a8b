"""Images above a plot stand where their x is."""

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lindiff_nb.figures import images_above

X = np.array([0.1, 1.0, 100.0])


@pytest.fixture
def ax():
    """Axes with a log scale."""
    fig, ax = plt.subplots(layout="constrained")
    ax.set(xscale="log", xlim=(0.01, 1000))
    yield ax
    plt.close(fig)


def test_each_image_is_centred_over_its_x_also_on_a_log_scale(ax):
    images_above(ax, X, np.zeros((2, 3, 4, 4)), rows=["a", "b"])
    ax.figure.canvas.draw()
    middles = [(tile.bbox.x0 + tile.bbox.x1) / 2 for tile in ax.child_axes]
    wanted = ax.transData.transform(np.column_stack([X, np.ones(3)]))[:, 0]
    np.testing.assert_allclose(middles, [*wanted, *wanted], atol=1e-6)


def test_the_first_row_is_on_top_and_no_image_covers_the_plot(ax):
    images_above(ax, X, np.stack([np.zeros((3, 4, 4)), np.ones((3, 4, 4))]), rows=["a", "b"])
    ax.figure.canvas.draw()
    shown = {int(t.images[0].get_array().max()): t.bbox for t in ax.child_axes}
    assert shown[0].y0 > shown[1].y1
    assert shown[1].y0 > ax.bbox.y1


def test_images_that_do_not_fit_the_rows_are_refused(ax):
    with pytest.raises(ValueError, match="images must be of shape"):
        images_above(ax, X, np.zeros((1, 3, 4, 4)), rows=["a", "b"])
