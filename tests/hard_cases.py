"""Inputs that more than one test file tries: spectra where formulas break, and what is refused."""

import itertools
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pytest

from lindiff_nb.exact import spectra
from lindiff_nb.predict.population import Population

HARD_SPECTRA = {
    "one": np.array([2.5]),
    "white": np.ones(6),
    "power law": spectra.power_law(6, 2.0),
    "twelve decades": np.geomspace(1, 1e-12, 7),
    "a gap": np.repeat([1, 1e-12], 3),
    "low rank": np.array([3.0, 0, 1, 1e-5, 0, 0]),
    "two levels": np.repeat([1.0, 100.0], 3),
    "many bulks": np.geomspace(1, 1e-3, 4),
    "far from one": 1e-9 * np.linspace(1, 3, 7),
}


def as_it_is(spectrum: Any) -> Population:
    """The population of a spectrum for what is inside `predict`, in the unit of these numbers."""
    return Population(spectrum).beside_noise


def strided(value: np.ndarray) -> np.ndarray:
    """The same numbers, every other one of an array, from its end."""
    wide = np.repeat(value, 2, axis=-1)[..., ::-1]
    return wide[..., ::-2]


FORMS: list[tuple[int, Callable[[np.ndarray], Any]]] = [  # of halves, or of whole numbers
    (2, np.ndarray.tolist),
    (2, strided),
    (2, lambda value: value.astype(">f8")),
    (2, lambda value: value.astype(np.float32)),
    (1, lambda value: value.astype(np.uint8 if np.all(value >= 0) else np.int8)),
]


def assert_form_free(function: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
    """Each array of numbers in any form that holds them: the same result, and it is left alone.

    Numbers are rounded to what all forms hold; those that the function refuses then are not tried.
    """

    def answer(name: str, value: Any) -> list[np.ndarray]:
        fresh = {"rng": np.random.default_rng(0)} if "rng" in arguments else {}
        result = function(**{**arguments, name: value, **fresh})
        if hasattr(result, "second_distance"):
            result = tuple(vars(result).values())
        return [np.asarray(part) for part in (result if isinstance(result, tuple) else (result,))]

    arrays = {n: v for n, v in arguments.items() if isinstance(v, np.ndarray) and v.dtype == "f8"}
    for (name, value), (unit, form) in itertools.product(arrays.items(), FORMS):
        plain = np.round(value * unit) / unit
        try:
            expected = answer(name, plain)
        except ValueError:
            continue
        given = form(plain)
        found = answer(name, given)
        assert np.array_equal(given, plain)
        for part, whole in zip(found, expected, strict=True):
            assert part.dtype == whole.dtype
            if part.dtype != object:
                size = np.abs(whole[np.isfinite(whole)]).max(initial=0.0)
                assert np.allclose(part, whole, rtol=1e-12, atol=1e-13 * size)


def assert_refused(
    function: Callable[..., Any], good: Mapping[str, Any], name: str, values: Iterable[Any]
) -> None:
    """The good arguments are taken; each of the values raises ValueError naming the argument."""
    function(**good)
    for bad in values:
        with pytest.raises(ValueError, match=rf"^{re.escape(name)} .*, got "):
            function(**{**good, name: bad})
