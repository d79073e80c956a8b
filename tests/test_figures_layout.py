"""`figures.layout`, and log axes: what recurs in figures of several panels, and on axes."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from lindiff_nb.figures import layout, use_style


@pytest.fixture
def axes():
    with mpl.rc_context():
        mpl.use("svg")
        use_style()
        yield plt.subplots(1, 2)[1]
        plt.close("all")


def extent(artist):
    """Where an artist lies in the figure, in pixels."""
    figure = artist.figure
    figure.draw_without_rendering()
    return artist.get_window_extent()


@pytest.mark.parametrize("where", ["upper center", "lower center", "upper right"])
def test_one_legend_lies_beside_the_panels_and_names_what_one_of_them_draws(axes, where):
    for ax in axes:
        ax.plot([1, 2], label="first")
        ax.plot([2, 1], label="second")
        ax.plot([2, 2])
    legend = layout.legend(axes[1], 2, where)
    assert [text.get_text() for text in legend.get_texts()] == ["first", "second"]
    assert axes[0].figure.legends == [legend]
    for ax in axes:
        assert not extent(legend).overlaps(extent(ax))


@pytest.mark.parametrize(("x", "y"), [(0.05, 0.9), (0.97, 0.85), (0.05, 0.05), (0.95, 0.05)])
def test_a_panel_s_name_stays_within_it(axes, x, y):
    axes[0].set(xscale="log", xlim=(1, 100))
    text, panel = extent(layout.name(axes[0], "photo crops", x, y)), extent(axes[0])
    assert panel.x0 < text.x0 < text.x1 < panel.x1
    assert panel.y0 < text.y0 < text.y1 < panel.y1


def test_ticks_are_at_the_values_alone(axes):
    for labels, expected in ((None, ["0.25", "1", "4"]), ("abc", ["a", "b", "c"])):
        axes[0].set(xscale="log", xlim=(0.2, 8))
        layout.ticks(axes[0], np.array([0.25, 1, 4]), labels)
        axes[0].figure.draw_without_rendering()
        assert axes[0].get_xticks().tolist() == [0.25, 1, 4]
        assert [text.get_text() for text in axes[0].get_xticklabels()] == expected
        assert axes[0].get_xticks(minor=True).size == 0


def test_labels_that_do_not_fit_are_refused(axes):
    with pytest.raises(ValueError, match=r"labels must be 2, one for each value, got \['a'\]"):
        layout.ticks(axes[0], [1, 2], ["a"])
    with pytest.raises(ValueError, match="values must be "):
        layout.ticks(axes[0], 3.0)


def titles(figure):
    figure.draw_without_rendering()
    return [ax.get_title(loc="left") for ax in figure.axes]


def test_panels_have_letters_row_by_row_once_there_are_two(axes):
    assert titles(axes[0].figure) == ["a", "b"]
    assert titles(plt.subplots(2, 2)[0]) == ["a", "b", "c", "d"]
    assert titles(plt.subplots()[0]) == [""]


def test_a_bar_of_colours_and_an_inset_have_no_letter(axes):
    mesh = axes[0].pcolormesh(np.eye(2))
    axes[0].figure.colorbar(mesh, ax=list(axes))
    axes[1].inset_axes((0, 0, 1, 1))
    assert titles(axes[0].figure) == ["a", "b", ""]


@pytest.mark.parametrize(
    ("low", "high", "numbers"),
    [
        (0.2, 8, ["0.2", "0.5", "1", "2", "5"]),
        (0.05, 0.6, ["0.05", "0.1", "0.2", "0.5"]),
        (2, 6, ["2", "3", "4", "5", "6"]),
        (1, 100, ["1", "10", "100"]),
        (1e-3, 1.1, ["$\\mathdefault{10^{-3}}$", "$\\mathdefault{10^{-2}}$"]),
        (2e-5, 8e-5, ["$\\mathdefault{2\\times10^{-5}}$"]),
    ],
)
def test_a_log_axis_has_plain_numbers_where_it_spans_little(axes, low, high, numbers):
    for name in "xy":
        axes[0].set(**{f"{name}scale": "log", f"{name}lim": (low, high)})
        axes[0].figure.draw_without_rendering()
        axis = getattr(axes[0], f"{name}axis")
        ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
        seen = [tick for tick in ticks if low <= tick.get_loc() <= high]
        texts = [t.label1.get_text() for t in sorted(seen, key=lambda tick: tick.get_loc())]
        assert [text for text in texts if text][: len(numbers)] == numbers


def test_a_log_axis_of_base_two_has_its_powers(axes):
    axes[0].set_xscale("log", base=2)
    axes[0].set_xlim(1, 32)
    axes[0].figure.draw_without_rendering()
    texts = [text.get_text() for text in axes[0].get_xticklabels()]
    assert r"$\mathdefault{2^{4}}$" in texts
