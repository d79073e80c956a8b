"""The pieces of a drawing that a phone shows one under the other."""

import io
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from panels_cut import cut

from lindiff_nb.figures import layout, maps, raster, style
from lindiff_nb.site import panels


@pytest.fixture(autouse=True)
def _style():
    with plt.rc_context():
        style.use_style()
        yield
        plt.close("all")


def drawn(figure: Any) -> tuple[str, str]:
    """A figure as a notebook holds it: SVG and PNG."""
    svg = io.StringIO()
    figure.savefig(svg, format="svg", bbox_inches=None)
    return svg.getvalue(), raster.of_figure(figure) or ""


def figure(rows: int, columns: int, names: int = 0, **how: Any) -> Any:
    fig, axes = plt.subplots(rows, columns, squeeze=False, **how)
    for k, ax in enumerate(axes.flat):
        ax.plot([1, 2, 3], np.array([1, 30, 200]) * (k + 1), label="a")
        for name in range(1, names):
            ax.plot([1, 2], [1, 2 + name], label=f"a rather long name, {name}")
        ax.set(xlabel="x", yscale="log")
    axes[0, 0].set_ylabel("a quantity")
    if names:
        layout.legend(axes[0, 0], names)
    return fig


@pytest.mark.long
@pytest.mark.parametrize("columns", [2, 3])
@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("shared", [False, True])
def test_each_column_is_a_piece_and_one_without_numbers_has_those_of_the_first(
    rows, columns, shared
):
    svg, png = drawn(figure(rows, columns, sharey=shared))
    assert cut(svg, png)
    assert [len(line) for line in panels.pieces(svg)] == [1, *[1 + shared] * (columns - 1)]


@pytest.mark.long
@pytest.mark.parametrize(("names", "lines"), [(1, 1), (2, 1), (3, 2)])
def test_what_the_whole_figure_has_stands_above_and_below_in_lines_that_fit(names, lines):
    fig = figure(1, 2, names)
    fig.supxlabel("a name of both axes")
    svg, png = drawn(fig)
    assert cut(svg, png)
    found = panels.pieces(svg)
    assert len(found) == lines + 2 + 1
    assert found[-1][0][3] == pytest.approx(259.2)


@pytest.mark.long
@pytest.mark.parametrize("columns", [2, 3])
def test_each_map_stands_beside_the_bar_of_its_colours(columns):
    fig, axes = plt.subplots(1, columns, sharey=True)
    x, y = np.arange(1, 21), np.arange(1, 9)
    maps.log_map(axes, x, y, np.ones((columns, 20, 8)) * np.arange(1, 9), label="a share")
    svg, png = drawn(fig)
    assert cut(svg, png)
    found = panels.pieces(svg)
    assert [len(line) for line in found] == [2, *[3] * (columns - 1)]
    assert len({line[-1] for line in found}) == 1


@pytest.mark.long
def test_one_panel_or_map_and_pictures_are_shown_whole():
    assert panels.pieces(drawn(figure(2, 1))[0]) == []
    fig, ax = plt.subplots()
    maps.log_map(ax, [1, 2], [1, 2], np.ones((1, 2, 2)), label="a share")
    assert panels.pieces(drawn(fig)[0]) == []
    fig, axes = plt.subplots(1, 2)
    for ax in axes:
        ax.imshow(np.eye(3))
        ax.axis("off")
    assert panels.pieces(drawn(fig)[0]) == []
