"""Numbers as they are written at the command line, one rule for all commands.

ASCII digits with a sign, a point or an exponent: no 1_000, no digits of other scripts, no nan. A
whole number may have an exponent too, if it is whole: 1e3 is 1000.
"""

import argparse
from decimal import Decimal

from lindiff_nb.run.parameters import DECIMAL, INTEGER

DIGITS = 400  # of a number, its exponent counted out


def whole(text: str) -> int:
    """A whole number; argparse's error for what is none."""
    if INTEGER.fullmatch(text):
        return int(text)
    if DECIMAL.fullmatch(text):
        value = Decimal(text)
        if value.adjusted() < DIGITS and value == value.to_integral_value():
            return int(value)
    raise argparse.ArgumentTypeError(f"must be a whole number, got {_shown(text)}")


def number(text: str) -> float:
    """A finite number; argparse's error for what is none."""
    if DECIMAL.fullmatch(text) and abs(float(text)) < float("inf"):
        return float(text)
    raise argparse.ArgumentTypeError(f"must be a number, got {_shown(text)}")


def positive(text: str) -> float:
    """A positive number, as of seconds; argparse's error for what is none."""
    value = number(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"must be a positive number, got {text!r}")
    return value


def count(text: str) -> int:
    """A positive whole number; argparse's error for what is none."""
    value = whole(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"must be a positive whole number, got {text!r}")
    return value


def _shown(text: str) -> str:
    return repr(text) if len(text) <= 60 else repr(text[:57] + "...")
