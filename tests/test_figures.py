"""The visual grammar: one style, prediction as a line, measurement as markers, images in rows."""

import base64
import io

import hypothesis.strategies as st
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image

from lindiff_nb.figures import image_grid, overlay, palette, raster, use_style
from lindiff_nb.figures.plots import measured

NUMBERS = st.floats(0.1, 10)


@pytest.fixture(autouse=True)
def style():
    with mpl.rc_context():
        mpl.use("svg")
        use_style()
        yield
        plt.close("all")


def svg(fig) -> str:
    out = io.StringIO()
    fig.savefig(out, format="svg", metadata={"Date": None})
    return out.getvalue()


# ---- style


def test_the_same_figure_is_the_same_file():
    files = set()
    for _ in range(2):
        fig, ax = plt.subplots()
        overlay(ax, [1, 2], [1, 2], [[1, 2], [2, 3]], label="a")
        ax.legend()
        files.add(svg(fig))
    assert len(files) == 1


def test_its_picture_is_as_large_as_the_figure_and_a_few_kilobytes():
    fig, ax = plt.subplots()
    ax.imshow(np.linspace(0, 1, 10_000).reshape(100, 100))
    overlay(ax, [1, 50], [1, 50], [[1, 2], [2, 3]])
    fig.savefig(io.BytesIO(), format="svg")
    before = fig.canvas, fig.get_layout_engine(), ax.get_position().bounds
    png = base64.b64decode(raster.of_figure(fig))
    with Image.open(io.BytesIO(png)) as picture:
        assert picture.size == tuple(fig.bbox.size)
    assert len(png) < 40_000
    assert (fig.canvas, fig.get_layout_engine(), ax.get_position().bounds) == before
    assert raster.of_figure(plt.figure()) is None


def test_a_figure_is_drawn_on_white_and_its_style_uses_the_palette():
    assert mpl.colors.to_hex(mpl.rcParams["figure.facecolor"]) == palette.WHITE
    cycle = [mpl.colors.to_hex(c) for c in mpl.rcParams["axes.prop_cycle"].by_key()["color"]]
    assert tuple(cycle) == palette.CYCLE
    assert mpl.colors.to_hex(mpl.rcParams["text.color"]) == palette.INK


# ---- overlay


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=2, max_size=6))
def test_markers_are_means_and_bars_two_standard_errors(draws):
    fig, ax = plt.subplots()
    line = overlay(ax, [1, 2, 3], [1, 2, 3], draws, label="condition")
    marks, _, (bars,) = ax.containers[0].lines
    draws = np.array(draws)
    error = 2 * np.std(draws, axis=0, ddof=1) / np.sqrt(len(draws))
    assert marks.get_ydata() == pytest.approx(draws.mean(axis=0))
    ends = np.array([segment[:, 1] for segment in bars.get_segments()])
    assert ends[:, 1] - ends[:, 0] == pytest.approx(2 * error, abs=1e-12)
    assert marks.get_color() == line.get_color()
    assert [text.get_text() for text in ax.legend().get_texts()] == ["condition"]
    plt.close(fig)


def test_the_line_may_be_finer_than_the_markers_and_infinite_somewhere():
    _, ax = plt.subplots()
    line = overlay(ax, [1, 3], [1, np.inf, 3], [[1, 3]], x_line=[1, 2, 3], linestyle="--")
    assert list(line.get_xdata()) == [1, 2, 3]
    assert line.get_linestyle() == "--"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"draws": [[1, 2, 3]]}, "draws"),
        ({"draws": np.zeros((2, 2, 2))}, "draws"),
        ({"predicted": [1, 2, 3]}, "predicted"),
        ({"x": [1, np.nan]}, "x"),
        ({"x_line": [[1, 2]]}, "x_line"),
    ],
)
def test_overlay_refuses_what_does_not_fit(change, named):
    _, ax = plt.subplots()
    good = {"x": [1, 2], "predicted": [1, 2], "draws": [[1, 2]]}
    with pytest.raises(ValueError, match=f"^{named} must"):
        overlay(ax, **good | change)


def test_a_measurement_may_stand_alone():
    _, ax = plt.subplots()
    drawn = measured(ax, [1, 2], [[1, 2], [3, 4]], label="alone", color="C1")
    assert list(drawn.lines[0].get_ydata()) == [2, 3]
    assert drawn.get_label() == "alone"


# ---- images


def test_images_are_laid_out_row_by_row_and_stay_pixels():
    images = np.linspace(0, 1, 5 * 6).reshape(5, 2, 3)
    fig, ax = image_grid(images, columns=3, rows=["first", "second"], labels=list("abcde"))
    left, _, _, top = np.array([image.get_extent() for image in ax.images]).T
    assert len(np.unique(top)) == 2
    assert list(left[:2]) == list(left[3:])
    assert [text.get_text() for text in ax.texts] == [*"abcde", "first", "second"]
    for image, drawn in zip(images, ax.images, strict=True):
        assert np.array_equal(drawn.get_array(), image)
        assert drawn.get_clim() == (0, 1)
        width, height = np.abs(np.diff(np.reshape(drawn.get_extent(), (2, 2)))).ravel()
        assert height / width == pytest.approx(2 / 3)
    assert svg(fig).count("<image") == 5
    assert "pixelated" in svg(fig)
    assert fig.get_size_inches()[0] <= 6.41


def test_labels_may_name_the_columns():
    _, ax = image_grid(np.zeros((4, 2, 2)), columns=2, labels=["left", "right"])
    lowest = min(image.get_extent()[2] for image in ax.images)
    assert [text.get_text() for text in ax.texts] == ["left", "right"]
    assert all(text.get_position()[1] < lowest for text in ax.texts)


def test_a_grid_is_drawn_again_without_a_warning():
    fig, _ = image_grid(np.ones((2, 2, 2)))
    assert svg(fig) == svg(fig)


def test_signed_images_are_white_at_zero():
    _, ax = image_grid(np.array([[[-1.0, 3.0]]]), signed=True)
    assert ax.images[0].get_clim() == (-3, 3)
    assert ax.images[0].cmap(0.5)[:3] == pytest.approx((1, 1, 1), abs=0.04)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"images": np.zeros((2, 4))}, "images"),
        ({"images": np.full((1, 2, 2), np.nan)}, "images"),
        ({"columns": 0}, "columns"),
        ({"rows": ["one", "two"]}, "rows"),
        ({"labels": ["one"]}, "labels"),
    ],
)
def test_image_grid_refuses_what_does_not_fit(change, named):
    with pytest.raises(ValueError, match=f"^{named} must"):
        image_grid(**{"images": np.zeros((4, 2, 2))} | change)
