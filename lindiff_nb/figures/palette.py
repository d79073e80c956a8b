"""The book's colours, and what becomes of any colour when the page turns dark.

The six data colours keep the blue and the vermillion of Okabe and Ito; the other four were found
by search, so that any two are well apart for readers with each common form of colour blindness
(a test simulates them) and each has a contrast of at least 3 : 1 with a white page and with the
dark one (WCAG 2.2, criterion 1.4.11).

Where colour tells new data from training data, they are NEW and TRAINING; where colour tells
something else, new data are solid or filled and training data dashed or open.

A figure is drawn once, on white. `for_dark` then gives every colour the luminance Y' at which it
stands out from the dark page exactly as much as it did from the white one,

    (Y' + 0.05) / (Y_page + 0.05) = 1.05 / (Y + 0.05)

so black text becomes the lightest, a faint grid stays faint, and a colour keeps its hue.
"""

from collections.abc import Sequence

WHITE = "#ffffff"
DARK_PAGE = "#121212"  # background of the theme in dark mode
INK = "#1f2328"

BLUE = "#0072b2"
VERMILLION = "#d55e00"
GREEN = "#0ea77e"
PURPLE = "#a537de"
OCHRE = "#946d41"
GREY = "#636363"
CYCLE = (BLUE, VERMILLION, GREEN, PURPLE, OCHRE, GREY)
NEW, TRAINING = BLUE, VERMILLION  # new data and training data, in every figure

RGB = tuple[float, float, float]


def for_dark(colour: str) -> str:
    """The colour #rrggbb, of equal contrast with the dark page as `colour` has with white.

    Hue is kept; where the luminance asked for is out of reach at full saturation, the colour
    is mixed with the grey of that luminance. White becomes the page itself.
    """
    if colour.lower() == WHITE:
        return DARK_PAGE
    light = _linear(colour)
    y = _luminance(light)
    target = (_luminance(_linear(DARK_PAGE)) + 0.05) * 1.05 / (y + 0.05) - 0.05
    target = min(max(target, 0.0), 1.0)
    scaled = [channel * target / y for channel in light] if y else [target] * 3
    peak = max(scaled)
    mix = (1 - target) / (peak - target) if peak > 1 else 1.0
    return _hexadecimal([target + mix * (channel - target) for channel in scaled])


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours #rrggbb, from 1 (equal) to 21 (black on white); WCAG 2.2."""
    low, high = sorted(_luminance(_linear(colour)) for colour in (first, second))
    return (high + 0.05) / (low + 0.05)


def _linear(colour: str) -> RGB:
    """Linear red, green and blue in [0, 1] of the sRGB colour #rrggbb."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return _decode(red), _decode(green), _decode(blue)


def _decode(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _encode(channel: float) -> float:
    return 12.92 * channel if channel <= 0.0031308 else 1.055 * channel ** (1 / 2.4) - 0.055


def _luminance(rgb: Sequence[float]) -> float:
    """Relative luminance Y = 0.2126 R + 0.7152 G + 0.0722 B of linear channels."""
    return 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]


def _hexadecimal(rgb: Sequence[float]) -> str:
    return "#" + "".join(f"{round(255 * _encode(min(max(c, 0.0), 1.0))):02x}" for c in rgb)
