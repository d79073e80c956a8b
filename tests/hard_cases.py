"""Inputs that more than one test file tries: spectra where formulas break, and what is refused."""

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


def assert_refused(
    function: Callable[..., Any], good: Mapping[str, Any], name: str, values: Iterable[Any]
) -> None:
    """The good arguments are taken; each of the values raises ValueError naming the argument."""
    function(**good)
    for bad in values:
        with pytest.raises(ValueError, match=rf"^{re.escape(name)} .*, got "):
            function(**{**good, name: bad})
