"""What the parameters cell of a chapter declares, and checks on what replaces it.

One declaration a line, its range or its choices at the end of the comment:

    d: int = 400           # dimension of the data [1, 4096]
    c: float = 0.01        # ridge [0, 10]
    images: str = "mnist"  # image set {mnist, photo-crops}
    others: str = "a, b"   # further sets, some of these with commas between [a, b, c]
    centred: bool = True   # subtract the mean

The values there are the published run. An override is a string (command line) or a Python value.
A string for an int is digits and a sign: no 1e3, no 1_000, no digits of other scripts. An int is
accepted for a float, never a float or a truth value for an int; true and false are the strings
for a bool. No value is NaN or infinite, and both ends of a range are allowed.
"""

import math
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from lindiff_nb._base.errors import UsageError, nearest

Value = bool | int | float | str

INTEGER = re.compile(r"[+-]?[0-9]{1,400}", flags=re.ASCII)
DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", flags=re.ASCII)


@dataclass(frozen=True)
class Parameter:
    """One line of the parameters cell."""

    name: str
    type: type[bool] | type[int] | type[float] | type[str]
    default: Value
    meaning: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    several: bool = False  # some of the choices, with commas between, instead of one

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        if self.several:
            return "some of " + ", ".join(self.choices) + ", with commas between"
        if self.choices:
            return "one of " + ", ".join(self.choices)
        kinds = {bool: "true or false", int: "a whole number", float: "a number", str: "a string"}
        span = "" if self.low is None else f" in [{self.low!r}, {self.high!r}]"
        return kinds[self.type] + span

    def read(self, given: object) -> Value:
        """The value that was given; UsageError names parameter, value and what is allowed."""
        value = _parse(given, self.type) if isinstance(given, str) else _convert(given, self.type)
        if value is None or not self._contains(value):
            raise UsageError(f"{self.name} must be {self.allowed}, got {_shown(given)}")
        return float(value) if self.type is float else value

    def _contains(self, value: Value) -> bool:
        """Whether a value of the right type is within the range or among the choices."""
        if isinstance(value, str) and self.several:
            chosen = [name.strip() for name in value.split(",")] if value else []
            return set(chosen) <= set(self.choices) and len(set(chosen)) == len(chosen)
        if isinstance(value, str):
            return value in self.choices if self.choices else value.isprintable()
        return self.low is None or self.high is None or self.low <= value <= self.high


def check(
    parameters: Iterable[Parameter],
    overrides: Iterable[tuple[str, object]],
    whose: str = "this chapter",
) -> dict[str, Value]:
    """The values of the overrides, in their types; UsageError for the first that cannot be used."""
    known = {parameter.name: parameter for parameter in parameters}
    values: dict[str, Value] = {}
    for name, given in overrides:
        if not known:
            raise UsageError(f"there is no parameter {name!r}: {whose} takes none")
        if name not in known:
            names = ", ".join(known)
            raise UsageError(f"there is no parameter {name!r}{nearest(name, known)} (of {names})")
        if name in values:
            raise UsageError(f"{name} is given twice")
        values[name] = known[name].read(given)
    return values


def _parse(text: str, wanted: type) -> Value | None:
    """The value a string stands for, None if it stands for none of that type."""
    if wanted is str:
        return text
    if wanted is bool:
        return {"true": True, "false": False}.get(text.lower())
    if wanted is int:
        return int(text) if INTEGER.fullmatch(text) else None
    return _finite(_rounded(text)) if DECIMAL.fullmatch(text) else None


def _rounded(text: str) -> float:
    """The number that these digits stand for; NaN if it is too small to be told from zero."""
    value = float(text)
    digits = re.split("[eE]", text)[0]
    return math.nan if value == 0 and re.search("[1-9]", digits) else value


def _convert(value: object, wanted: type) -> Value | None:
    """A Python value as one of that type, None if it is not one; numpy scalars are unwrapped."""
    if getattr(value, "shape", None) == ():
        value = getattr(value, "item", lambda: None)()
    if isinstance(value, bool) or wanted is bool:
        return value if isinstance(value, bool) and wanted is bool else None
    if isinstance(value, int) and wanted is int:
        return value
    return _finite(value) if isinstance(value, int | float) and wanted is float else None


def _finite(value: float) -> float | None:
    """None for NaN, the infinities, and whole numbers that no float can hold."""
    return value if abs(value) <= sys.float_info.max else None


def _shown(given: object) -> str:
    """A value in a message: at most 60 characters."""
    try:
        text = repr(given)
    except ValueError:  # Python writes no number of thousands of digits
        text = f"a {type(given).__name__} of too many digits"
    return text if len(text) <= 60 else text[:57] + "..."
