"""`predict.population`: a spectrum is checked once, and what broadcasts is what says so."""

import inspect
import pkgutil
from importlib import import_module

import numpy as np
import pytest
from hard_cases import HARD_SPECTRA

from lindiff_nb import predict
from lindiff_nb._base import validate
from lindiff_nb._base.types import Array, Integers, Reals, Wholes
from lindiff_nb.calculator import report
from lindiff_nb.exact import schedule, spectra
from lindiff_nb.predict.population import Population, Spectrum
from lindiff_nb.predict.replica import Overlaps

GOOD = {
    "spectrum": np.array([3.0, 1.0, 0.5, 0.1, 0.1]),
    "energies": np.array([[1.0, 2.0, 0.5], [0.3, 0.1, 2.0]]),
    "eigenvalues": np.array([3.0, 1.0, 0.5]),
    "eigenvalue": 0.7,
    "n": 4,
    "share": 0.1,
    "d": 2,
    "m": 1,
    "alpha_bar": 0.6,
    "c": 0.2,
    "tau": 1.5,
    "eta": 0.9,
    "xi": 0.4,
    "kappa": 0.4,
    "trace": 0.4,
    "p": 0.4,
    "z": -0.5,
    "x": 1.0,
    "aspect": 0.6,
    "at": Overlaps(1.0, 0.1, 0.5, 0.1),
}
ONLY_KAPPA = ("ridge", "losses", "divergence", "fluctuations")  # depends on n there
OTHER = ("white", "random_features", "elliptical")  # of no population
INTERNAL = {"of_fit", "along", "certified", "solve", "known", "enter", "enter_varying"}


def public():
    for module in pkgutil.iter_modules(predict.__path__):
        if not module.name.startswith("_") and module.name not in OTHER:
            loaded = import_module(f"lindiff_nb.predict.{module.name}")
            for name, found in inspect.getmembers(loaded, inspect.isfunction):
                inside = name.startswith("_") or name in INTERNAL
                if found.__module__ == loaded.__name__ and not inside:
                    yield pytest.param(found, id=f"{module.name}.{name}")


def needed(function):
    """The parameters that a call must give, and those that say they broadcast."""
    parameters = inspect.signature(function, eval_str=True).parameters
    given = {
        name: 0.5j if function.__module__.endswith("complex_ridge") and name == "xi" else GOOD[name]
        for name, each in parameters.items()
        if each.default is inspect.Parameter.empty
    }
    return given, {name: each.annotation for name, each in parameters.items()}


def parts(result):
    return result if isinstance(result, tuple) else (result,)


@pytest.mark.parametrize("function", [*public()])
def test_what_is_annotated_so_broadcasts_and_nothing_else(function):
    given, kinds = needed(function)
    free = [name for name, kind in kinds.items() if kind in (Reals, Wholes) and name in GOOD]
    if free:
        values = {name: np.full((2, 1) if i else 3, GOOD[name]) for i, name in enumerate(free)}
        shape = np.broadcast_shapes(*(value.shape for value in values.values()))
        for part in parts(function(**{**given, **values})):
            assert np.shape(part)[: len(shape)] == shape
    for name in given.keys() & {"n", "m", "d", "xi", "aspect"} - set(free):
        if kinds[name] in (int, float):
            with pytest.raises(ValueError, match=f"^{name} must be"):
                function(**{**given, name: np.array([GOOD[name]] * 2)})


@pytest.mark.parametrize("function", [*public()])
def test_n_broadcasts_where_kappa_is_all_that_depends_on_it(function):
    _, kinds = needed(function)
    if "n" in kinds and Spectrum in kinds.values():
        module = function.__module__.rpartition(".")[2]
        assert (kinds["n"] == Wholes) == (module in ONLY_KAPPA)


@pytest.mark.parametrize("function", [*public()])
def test_a_result_of_no_dimensions_is_a_number(function):
    given, _ = needed(function)
    for part in parts(function(**given)):
        assert np.ndim(part) > 0 or not isinstance(part, np.ndarray)


@pytest.mark.long
@pytest.mark.parametrize("function", [*public()])
@pytest.mark.parametrize("name", HARD_SPECTRA)
def test_a_population_gives_what_its_spectrum_gives(function, name):
    """To the bit, or the same refusal."""
    given, kinds = needed(function)
    if Spectrum not in kinds.values():
        return
    spectrum = HARD_SPECTRA[name] * 3e5
    for known in (Population(spectrum), Population(spectrum).varying):
        answers = []
        for each in (spectrum, known):
            try:
                answers.append(parts(function(**{**given, "spectrum": each})))
            except ValueError as error:
                answers.append((str(error),))
        if known == Population(spectrum) or function.__module__.endswith("spectral_density"):
            assert all(map(np.array_equal, *answers))


def test_it_is_made_of_its_levels_in_a_unit_of_its_own():
    known = Population([0.0, 6.0, 3.0, 6.0])
    assert known.unit.exponent == 2
    assert list(known.levels) == [0.75, 1.5]
    assert list(known.counts) == [1, 2]
    assert (known.d, known.rank, known.trace) == (4, 3, 3.75)
    assert known == Population([0.0, 6.0, 3.0, 6.0]) != Population([6.0, 6.0, 3.0, 0.0])
    assert known.own != known
    assert known.seen.d == 3
    assert list(known.beside_noise.levels) == [3, 6]


@pytest.mark.parametrize("bad", [[], [-1.0], [0.0, 0.0], [np.nan], [1.0, 1e-200], "no"])
def test_what_is_no_spectrum_is_refused(bad):
    with pytest.raises(ValueError, match=r"^spectrum must be"):
        Population(bad)


@pytest.mark.long
def test_one_report_checks_its_spectrum_once(monkeypatch):
    checked = []

    def counted(value, name="spectrum"):
        return checked.append(np.size(value)) or check(value, name)

    d, check = 40, validate.spectrum
    monkeypatch.setattr(validate, "spectrum", counted)  # `varying` goes through it
    report(spectra.power_law(d, 1.0), 30, schedule.linear().alpha_bar)
    assert checked.count(d) == 1
    assert len(checked) == 1


def test_annotations_are_the_shared_types():
    assert Reals == float | Array
    assert Wholes == int | Integers
