"""`_base.types`: in help() a signature is as short as in the source."""

import inspect
import pkgutil
import pydoc
from importlib import import_module

import pytest

import lindiff_nb
from lindiff_nb.predict import losses


def functions():
    for package in ("exact", "predict", "calculator"):
        path = import_module(f"lindiff_nb.{package}").__path__
        for module in pkgutil.iter_modules(path):
            if not module.name.startswith("_"):
                loaded = import_module(f"lindiff_nb.{package}.{module.name}")
                for name, found in inspect.getmembers(loaded, inspect.isfunction):
                    if found.__module__ == loaded.__name__ and not name.startswith("_"):
                        yield pytest.param(found, id=f"{package}.{module.name}.{name}")


@pytest.mark.parametrize("function", [*functions()])
def test_signatures_are_in_short_types(function):
    assert "dtype" not in str(inspect.signature(function))


def test_help_says_array():
    text = pydoc.plain(pydoc.render_doc(losses.test_loss))
    assert "spectrum: Spectrum, n: int | Integers, alpha_bar: float | Array" in text
    assert "-> Array" in text
    assert lindiff_nb.__name__ not in text.splitlines()[2]
