"""`_base.types`: in help() a signature is as short as in the source."""

import inspect
import pkgutil
import pydoc
from importlib import import_module

import numpy as np
import pytest

import lindiff_nb
from lindiff_nb.predict import losses

LEFT_OUT = {  # what a function takes if it is not told
    "c": 0.0,
    "eta": 1.0,
    "estimated_mean": False,
    "direction": "sampler||population",
    "sampler": "ddpm",
    "aim": "kl",
    "last_noise": False,
    "alpha_bar_T": 1e-4,
    "beta_start": 1e-4,
    "beta_end": 0.01,
    "beta_max": 0.999,
    "offset": 0.008,
    "sigma_min": 0.002,
    "sigma_max": 80.0,
    "rho": 7.0,
    "source": 0.0,
    "reference": np.inf,
    "fitted_to": np.inf,
    "fluctuations": True,
    "power": 1,
    "exponent": 0.0,
    "level": 0.5,
    "threshold": 1 / 3,
    "clusters": 30,
    "components": 100,
    "folds": 10,
    "resamples": 1000,
    "replicas": 2,
    "z": 2.0,
    "loss_excess": 0.1,
    "kl": 0.01,
}


def functions(*packages):
    for package in packages:
        path = import_module(f"lindiff_nb.{package}").__path__
        for module in pkgutil.iter_modules(path):
            if not module.name.startswith("_"):
                loaded = import_module(f"lindiff_nb.{package}.{module.name}")
                for name, found in inspect.getmembers(loaded, inspect.isfunction):
                    if found.__module__ == loaded.__name__ and not name.startswith("_"):
                        yield pytest.param(found, id=f"{package}.{module.name}.{name}")


@pytest.mark.parametrize("function", [*functions("exact", "predict", "calculator")])
def test_signatures_are_in_short_types(function):
    assert "dtype" not in str(inspect.signature(function))


@pytest.mark.parametrize("function", [*functions("exact", "predict", "measure", "calculator")])
def test_what_is_left_out_is_the_same_in_every_function(function):
    given = inspect.signature(function).parameters.values()
    told = {each.name: each.default for each in given if each.default is not each.empty}
    assert told == {name: LEFT_OUT.get(name, default) for name, default in told.items()}


def test_help_says_array():
    text = pydoc.plain(pydoc.render_doc(losses.test_loss))
    assert "spectrum: Spectrum, n: int | Integers, alpha_bar: float | Array" in text
    assert "-> Array" in text
    assert lindiff_nb.__name__ not in text.splitlines()[2]
