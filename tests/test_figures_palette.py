"""Colours that every reader can tell apart, on white and on the dark page."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from lindiff_nb.figures import palette

COLOURS = st.tuples(*[st.integers(0, 255)] * 3).map(lambda rgb: "#{:02x}{:02x}{:02x}".format(*rgb))

# Vienot, Brettel & Mollon 1999 for red and green, Brettel's matrix for blue; linear RGB.
SEEN = {
    "normal": np.eye(3),
    "protanopia": [[0.112, 0.888, 0], [0.112, 0.888, 0], [0.004, -0.004, 1]],
    "deuteranopia": [[0.293, 0.707, 0], [0.293, 0.707, 0], [-0.022, 0.022, 1]],
    "tritanopia": [[1.017, 0.027, -0.044], [-0.006, 0.958, 0.048], [-0.06, 1.089, -0.028]],
}


def _see(colour: str, vision: str) -> np.ndarray:
    channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return np.clip(np.array(SEEN[vision]) @ linear, 0, 1)


def _lab(linear: np.ndarray) -> np.ndarray:
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    x, y, z = np.cbrt(np.maximum(np.array(to_xyz) @ linear / (0.9505, 1, 1.089), 0.008856))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("colour", palette.CYCLE)
def test_data_colours_stand_out_from_white_and_from_the_dark_page(colour):
    assert palette.contrast(colour, palette.WHITE) >= 3
    assert palette.contrast(colour, palette.DARK_PAGE) >= 3  # live figures keep the colour
    assert palette.contrast(palette.for_dark(colour), palette.DARK_PAGE) >= 3


@pytest.mark.parametrize("vision", ["normal", "protanopia", "deuteranopia", "tritanopia"])
@pytest.mark.parametrize("page", [lambda colour: colour, palette.for_dark], ids=["white", "dark"])
def test_data_colours_differ_for_every_reader(vision, page):
    """Distance in CIELAB after simulating the colour deficiency; 10 is a clear difference."""
    seen = np.array([_lab(_see(page(colour), vision)) for colour in palette.CYCLE])
    distance = np.linalg.norm(seen[:, None] - seen[None], axis=-1)
    assert distance[~np.eye(len(seen), dtype=bool)].min() > 12


@settings(deadline=None)
@given(COLOURS)
def test_the_dark_partner_has_the_contrast_that_the_colour_had(colour):
    light = palette.contrast(colour, palette.WHITE)
    most = palette.contrast("#ffffff", palette.DARK_PAGE)
    dark = palette.contrast(palette.for_dark(colour), palette.DARK_PAGE)
    assert dark == pytest.approx(min(light, most), rel=0.04)  # the rounding to 8 bits


@settings(deadline=None)
@given(COLOURS, COLOURS)
def test_what_is_darker_on_white_is_lighter_on_the_dark_page(first, second):
    first, second = sorted((first, second), key=lambda c: palette.contrast(c, palette.WHITE))
    low, high = (palette.contrast(palette.for_dark(c), palette.DARK_PAGE) for c in (first, second))
    assert low <= high * 1.04


def test_white_becomes_the_page_and_black_becomes_white():
    assert palette.for_dark("#FFFFFF") == palette.DARK_PAGE
    assert palette.for_dark("#000000") == "#ffffff"
