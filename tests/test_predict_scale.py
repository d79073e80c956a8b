"""Every public function of `predict` in other units: the same bits, or a refusal by name.

The tables list them all; a function that is in none of them fails the first test.
"""

import inspect
import itertools
import pkgutil
from importlib import import_module

import numpy as np
import pytest
from hard_cases import assert_form_free

from lindiff_nb import predict
from lindiff_nb.predict import best_ridge, fluctuations, losses, shrinkage, unequal_images
from lindiff_nb.predict.elliptical import Levels
from lindiff_nb.predict.replica import Overlaps

SPECTRUM = np.array([3.0, 1, 1, 0.5, 0.01, 0.0])
POSITIVE = np.array([3.0, 1, 1, 0.5, 0.01, 0.3])
UNITS = {  # what an argument has in units of variance
    "spectrum": 1,
    "eigenvalues": 1,
    "energies": 1,
    "xi": 1,
    "other": 1,
    "kappa": 1,
    "c": 1,
    "x": 1,
    "eigenvalue": 1,
    "above": 1,
    "source": 1,
    "trace": -1,
    "levels": 1,
    "s": 1,
}
GOOD = {
    "spectrum": SPECTRUM,
    "eigenvalues": np.array([3.0, 1, 0.5, 0.0]),
    "energies": np.array([[4.0, 0, 0.3], [0.5, 1, 0.1], [1e-3, 2, 0.0]]),
    "xi": np.array([0.1, 1e-9, 30.0]),
    "other": np.array([2.0]),
    "kappa": np.array([0.0, 0.1]),
    "c": np.array([0.2, 1e-6]),
    "x": np.array([0.7, 1.3]),
    "eigenvalue": np.array([0.0, 0.7, 50.0]),
    "above": -0.01,
    "source": 0.5,
    "trace": np.array([0.4]),
    "n": 8,
    "share": 0.1,
    "levels": Levels(SPECTRUM, np.array([1.0, 1, 2, 0.5, 1, 1])),
    "s": np.array([0.4, 3.0]),
    "d": 6,
    "m": 2,
    "p": np.array([0.0, 0.3, 0.8, 1.0]),
    "alpha_bar": np.array([0.3, 0.9]),
    "tau": 2.0,
    "f": lambda x: x,
    "at": Overlaps(2.0, 0.1, 0.7, 0.1),
}
XI_0, C_0 = {"xi": np.array([0.0, 0.1])}, {"c": 0.0}
ONE_XI = {"xi": 0.1}
LENGTHS = {"energies": np.array([0.5, 1.0, 4.0])}
FULL, FEW, FITTED = {"spectrum": POSITIVE}, {"n": 3}, {"estimated_mean": True}
KL = [
    {},
    FULL,
    FULL | FEW,
    FULL | {"direction": "population||sampler"},
    FULL | FITTED,
    FULL | FITTED | {"direction": "population||sampler"},
    C_0 | {"direction": "population||sampler"},
]
HOMOGENEOUS = {  # arguments, the power of the unit in each result, other arguments to try
    "ridge.degrees_of_freedom": ("kappa spectrum", [0], [{}, {"power": 2}]),
    "ridge.effective_ridge": ("xi spectrum n", [1], [{}, XI_0 | FEW, {"n": 5}]),
    "ridge.response": ("xi spectrum n", [1, 0, 0, 0], [{}, XI_0, XI_0 | FEW]),
    "complex_ridge.effective_ridge": ("xi spectrum n", [1], [{"xi": np.array([1j - 1, -0.1j])}]),
    "best_ridge.for_kl": (
        "spectrum n",
        [1],
        [{}, FULL, FULL | FEW, FULL | {"estimated_mean": True}],
    ),
    "frechet.distance": ("spectrum n", [1], [{}, FEW, FITTED, {"reference": 5, "fitted_to": 3}]),
    "frechet.distance_sd": ("spectrum n", [1], [{}, FEW, FITTED, {"reference": 5}]),
    "frechet.with_ridge": ("spectrum n c", [1], [{}, C_0]),
    "frechet.best_ridge": ("spectrum n", [1], [FEW]),
    "frechet.effective_dimension": ("spectrum", [0], [{}]),
    "frechet.needed": ("spectrum share", [0], [{}]),
    "elliptical.test_loss": ("levels m s c energies", [0], [LENGTHS, LENGTHS | C_0]),
    "elliptical.traces": ("levels m xi energies", [-1, -2, -1], [LENGTHS]),
    "divergence.kl": ("spectrum n c", [0], KL),
    "fluctuations.kl_sd": ("spectrum n c", [0], KL),
    "fluctuations.log_det": ("xi spectrum n", [0], [{}, XI_0, FEW]),
    "fluctuations.resolvent_trace": ("xi spectrum n", [-1], [{}, FEW]),
    "unequal_images.kl": ("energies n c", [0], [{}]),
    "replica.order_parameter": ("xi spectrum n", [0], [{}, XI_0]),
    "replica.resolvent": ("xi spectrum n", [-1], [{}, FEW]),
    "replica.spectrum_free": ("xi trace d n", [0], [{}]),
    "replica.conditions": ("at m xi spectrum n source", [0], [ONE_XI]),
    "replica.stationary_point": ("m xi spectrum n source", [0] * 4, [ONE_XI, ONE_XI | FEW]),
    "shrinkage.oracle": ("eigenvalue spectrum n", [1], [{}, FEW, {"n": 5}]),
    "shrinkage.null_space": ("spectrum n", [1], [{}, FEW]),
    "shrinkage.from_sample": ("eigenvalues n", [1], [{}, FEW]),
    "spectral_density.atom": ("spectrum n", [0], [{}, FEW]),
    "spectral_density.edges": ("spectrum n", [1], [{}, FEW, {"n": 10**6}]),
    "spectral_density.weights": ("spectrum n", [0], [{}, FEW, {"n": 10**6}]),
    "spectral_density.density": ("x spectrum n", [-1], [{}, {"x": np.array([-1.0, 0, 9])}]),
    "spectral_density.cdf": ("x spectrum n", [0], [{}, FEW, {"x": np.array([-1.0, 0, 9])}]),
    "spectral_density.quantile": ("p spectrum n", [1], [{}, FEW]),
    "spectral_density.overlaps": ("x spectrum n", [0], [{}]),
}
LOGARITHMIC = {  # these lose (d / 2) ln 2^k
    "replica.potential": ("at m xi spectrum n source", ONE_XI),
    "replica.log_moment": ("m xi spectrum n", {}),
    "replica_integer_m.log_moment": ("m xi spectrum n", ONE_XI),
}
NOISY = {  # what the noise has a variance of its own in: no unit is left
    **dict.fromkeys(
        (
            f"losses.{name}"
            for name in ("test_loss", "train_loss", "test_and_train_loss", "gap", "scatter")
        ),
        "spectrum n alpha_bar c",
    ),
    "losses.mean_error": "spectrum n alpha_bar c",
    "losses.alignment": "spectrum n alpha_bar",
    "losses.residual_loss": "spectrum alpha_bar",
    "fluctuations.test_loss_sd": "spectrum n alpha_bar c",
    "fluctuations.train_loss_sd": "spectrum n alpha_bar c",
    "best_ridge.for_test_loss": "spectrum n alpha_bar",
    "unequal_images.losses": "energies n alpha_bar c",
    "unequal_images.test_loss": "energies n alpha_bar c",
    "unequal_images.train_loss": "energies n alpha_bar c",
    "unequal_images.scatter": "energies n alpha_bar c",
    "shrinkage.best_linear_loss": "spectrum n alpha_bar",
    "training.test_loss": "spectrum n alpha_bar tau c",
    "training.train_loss": "spectrum n alpha_bar tau c",
    "training.best_stopping": "spectrum n alpha_bar c",
    "training.best_stopping_time": "spectrum n alpha_bar c",
    "training.best_stopped_loss": "spectrum n alpha_bar c",
}
WITHOUT_UNIT = {
    "random_features.terms",
    "divergence.wishart_kl",
    "fluctuations.wishart_kl_sd",
    *(f"marchenko_pastur.{name}" for name in ("edges", "atom", "density", "cdf", "quantile")),
    "marchenko_pastur.stieltjes",
    *(f"white.{name}" for name in ("density", "kappa", "train_loss", "test_loss")),
}
INTERNAL = {  # these take what is solved or in its unit already
    "losses.of_fit",
    *(f"population.{name}" for name in ("known", "enter", "enter_varying")),
    *(f"complex_ridge.{name}" for name in ("along", "certified", "solve")),
}


def function(name):
    module, attribute = name.split(".")
    return getattr(import_module(f"lindiff_nb.predict.{module}"), attribute)


def public():
    for module in pkgutil.iter_modules(predict.__path__):
        if not module.name.startswith("_"):
            loaded = import_module(f"lindiff_nb.predict.{module.name}")
            for name, found in inspect.getmembers(loaded, inspect.isfunction):
                if found.__module__ == loaded.__name__ and not name.startswith("_"):
                    yield f"{module.name}.{name}"


def test_every_public_function_is_in_one_of_the_tables():
    listed = [*HOMOGENEOUS, *LOGARITHMIC, *NOISY, *WITHOUT_UNIT, *INTERNAL]
    assert sorted(listed) == sorted(public())


def scaled(value, k):
    """value 2^k; complex ones part by part."""
    if isinstance(value, Levels):
        return value._replace(lam=scaled(value.lam, k))
    value = np.asarray(value)
    if np.iscomplexobj(value):
        return np.ldexp(value.real, k) + 1j * np.ldexp(value.imag, k)
    with np.errstate(over="ignore"):
        return np.ldexp(value, k)


def call(name, arguments, k, more):
    """The function with all that has a unit in units of 2^-k; its results one by one."""
    given = {each: GOOD[each] for each in arguments.split()} | more
    for each, power in UNITS.items():
        if each in given:
            given[each] = scaled(given[each], k * power)
    result = function(name)(**given)
    return [np.asarray(part) for part in (result if isinstance(result, tuple) else (result,))]


def refused_or(result, names):
    """What is returned, or None if one of the named arguments is refused."""
    try:
        return result()
    except ValueError as error:
        if str(error).split()[0] not in names:
            raise
        return None


EXACT = [
    pytest.param(name, arguments, powers, more, id=f"{name}-{i}")
    for name, (arguments, powers, others) in HOMOGENEOUS.items()
    for i, more in enumerate(others)
]


@pytest.mark.long
@pytest.mark.parametrize(("name", "arguments", "powers", "more"), EXACT)
def test_other_units_give_the_same_bits(name, arguments, powers, more):
    expected = call(name, arguments, 0, more)
    assert not any(np.isnan(part).any() for part in expected)
    for k in (-900, -300, -3, 3, 300, 900):
        if abs(k) * max(map(abs, powers)) > 1000:
            continue  # no number is so large or so small
        found = call(name, arguments, k, more)
        for part, whole, power in zip(found, expected, powers, strict=True):
            assert np.array_equal(part, scaled(whole, k * power)), k


@pytest.mark.parametrize(("name", "arguments", "powers", "more"), EXACT)
def test_at_the_ends_of_the_normal_numbers_too_or_they_are_refused_by_name(
    name, arguments, powers, more
):
    expected = call(name, arguments, 0, more)
    for k in (-1060, -1015, -1000, 1000, 1015):
        found = refused_or(lambda k=k: call(name, arguments, k, more), {*UNITS, "f"})
        for part, whole, power in zip(found or expected, expected, powers, strict=True):
            assert not found or np.array_equal(part, scaled(whole, k * power)), k


@pytest.mark.parametrize("name", LOGARITHMIC)
def test_logarithms_lose_that_of_the_unit(name):
    arguments, more = LOGARITHMIC[name]
    (expected,) = call(name, arguments, 0, more)
    for k in (-900, -300, 300, 900):
        (found,) = call(name, arguments, k, more)
        assert found + 3 * k * np.log(2) == pytest.approx(expected, rel=1e-12, abs=1e-12 * abs(k))


@pytest.mark.long
@pytest.mark.parametrize("name", NOISY)
def test_with_noise_no_scale_breaks_the_arithmetic(name):
    """A number >= 0, and an infinite one only without noise; or an argument is refused by name."""
    arguments = NOISY[name].split()
    answered = 0
    grid = ((1e-310, 1e-300, 1e-30, 0.5, 1 - 2**-53, 1.0), (0.0, 1e-300, 1e-30, 1e200))
    for a, c, k, n in itertools.product(*grid, (-600, 0, 600), (3, 10**9)):
        given = {each: GOOD[each] for each in arguments} | {"alpha_bar": a, "n": n, "c": c}
        given = {each: given[each] for each in arguments}
        (units,) = {"spectrum", "energies"} & set(arguments)
        given[units] = given[units] * 2.0**k
        result = refused_or(lambda given=given: function(name)(**given), {"alpha_bar", "c", units})
        if result is None:
            continue
        answered += 1
        assert np.all(np.asarray(result) >= 0), given
        time = name in ("training.best_stopping", "training.best_stopping_time")
        assert np.all(np.isfinite(result)) or a == 1 or time, given
    assert answered > 10


VARY = {"xi": [[0.0, 0.1]], "kappa": [[0.0, 0.1]], "c": [[0.0], [0.1]], "alpha_bar": [[0.5], [1.0]]}
REFUSED = {*UNITS, "n", "alpha_bar"}
OF_SPECTRUM = [
    pytest.param(name, arguments.split(), more, id=f"{name}-{i}")
    for name, (arguments, *_, others) in {
        **HOMOGENEOUS,
        **{name: (arguments, [more]) for name, (arguments, more) in LOGARITHMIC.items()},
        **{name: (arguments, [{}]) for name, arguments in NOISY.items()},
    }.items()
    for i, more in enumerate(others)
    if {"spectrum", "eigenvalues"} & set(arguments.split())
]


@pytest.mark.long
@pytest.mark.parametrize(("name", "arguments", "more"), OF_SPECTRUM)
def test_variance_within_rounding_is_none_where_answers_jump(name, arguments, more):
    """Without noise and ridge rank counts, and computed eigenvalues have that of exact ones.

    n is below, at and above either rank; what is refused with zeros is refused without.
    """
    (which,) = {"spectrum", "eigenvalues"} & set(arguments)
    exact = np.array([3.0, 1, 1, 0.5, 0.01, 0, 0, 0])
    computed = np.array([3.0, 1, 1, 0.5, 0.01, 1e-16, -3e-17, 1e-18])
    ranges = {each: VARY[each] for each in arguments if each in VARY and np.ndim(GOOD[each])}
    for n, values in itertools.product((3, 5, 6, 7, 8, 30), itertools.product(*ranges.values())):
        given = {each: GOOD[each] for each in arguments} | more
        given |= {"n": n} if "n" in arguments else {}
        given |= dict(zip(ranges, map(np.array, values), strict=True))
        wanted, found = (
            refused_or(lambda s=s, given=given: function(name)(**given | {which: s}), REFUSED)
            for s in (exact, computed)
        )
        assert (wanted is None) == (found is None)
        parts = [] if wanted is None else [(found, wanted)]
        parts = zip(found, wanted, strict=True) if isinstance(wanted, tuple) else parts
        for part, whole in parts:
            assert np.asarray(part) == pytest.approx(np.asarray(whole), rel=1e-6, abs=1e-12), given


@pytest.mark.parametrize("c", [5e-324, 1e-310, 1e-200])
@pytest.mark.parametrize("name", [name for name in NOISY if NOISY[name].endswith(" c")])
def test_beside_noise_the_smallest_ridge_is_none(name, c):
    given = {each: GOOD[each] for each in NOISY[name].split()}
    none, tiny = (function(name)(**given | {"c": each}) for each in (0.0, c))
    assert np.asarray(tiny) == pytest.approx(np.asarray(none), rel=1e-12)


def test_one_call_may_hold_both_ends_of_the_noise():
    """The probes of the integral span more decades than float64 has between two numbers' ratio."""
    a = np.array([1e-300, 0.5, 1 - 2**-53])
    together = shrinkage.best_linear_loss(np.ones(4), 3, a)
    alone = [shrinkage.best_linear_loss(np.ones(4), 3, each) for each in a]
    assert together == pytest.approx(np.array(alone), rel=1e-9, abs=0)
    assert together == pytest.approx(losses.residual_loss(np.ones(4), a), rel=1e-9, abs=0)


@pytest.mark.parametrize("spread", [1e3, 1e15, 1e22, 1e30])
@pytest.mark.parametrize("n", [3, 8, 30])
def test_what_rounding_hides_in_the_spectrum_noise_shows(n, spread):
    """No denoiser beats the population's own, nor does the best ridge beat the best of all."""
    spectrum, a = np.append(np.ones(7), spread), np.array([1e-4, 0.5, 0.999])
    found = shrinkage.best_linear_loss(spectrum, n, a)
    best = losses.test_loss(spectrum, n, a, best_ridge.for_test_loss(spectrum, n, a))
    assert np.all(found >= losses.residual_loss(spectrum, a) * (1 - 1e-9))
    assert np.all(found <= best * (1 + 1e-9))


def test_values_at_the_ends_of_what_is_allowed():
    assert losses.test_loss(np.ones(4), 10**9, 1e-300) == pytest.approx(1e-300, rel=1e-9)
    assert fluctuations.test_loss_sd(np.ones(4), 8, 1.0, 1e-300) == 0
    assert fluctuations.test_loss_sd(np.ones(4), 2, 1.0, 1e-300) == 0
    assert fluctuations.train_loss_sd(np.ones(4), 2, 1.0, 1e-300) == 0


@pytest.mark.parametrize("c", [1e-160, 1e-200, 1e-270])
def test_the_deviation_of_the_divergence_grows_like_one_over_c_to_the_end(c):
    """n < d: KL(population || sampler) is about <..> / c, and its deviation too."""
    spectrum = np.array([1.0, 0.5, 0.2])
    near, far = (
        fluctuations.kl_sd(spectrum, 2, each, "population||sampler") for each in (1e-20, c)
    )
    assert far * c == pytest.approx(near * 1e-20, rel=1e-10)


def test_the_training_loss_of_energies_keeps_its_digits_in_strong_noise():
    """(M + c)^2 / xi^2 and s M / xi^2, where 1 - s g is left over from a cancellation."""
    found = unequal_images.train_loss([[3.9e-12, 0]], 1000, 5.9e-6, 3.1e-5)
    s = (1 - 5.9e-6) / 5.9e-6
    exact = (s * 3.9e-12 + (3.9e-12 + 3.1e-5) ** 2 + 3.1e-5**2) / (s + 3.1e-5) ** 2 / 2
    assert found == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize("low", [1e-160, 5e-320])
@pytest.mark.parametrize("name", [name for name in NOISY if name.startswith("losses")])
def test_a_spread_that_breaks_the_arithmetic_is_refused(name, low):
    given = {each: GOOD[each] for each in NOISY[name].split()} | {"spectrum": [1.0, low]}
    with pytest.raises(ValueError, match=r"^spectrum must be"):
        function(name)(**given)


EVERY = {name: arguments for name, (arguments, _, _) in HOMOGENEOUS.items()} | NOISY
EVERY = {name: of for name, of in EVERY.items() if not name.startswith("training.best_stopp")}
EVERY |= {f"marchenko_pastur.{name}": "x aspect" for name in ("density", "cdf")}
EVERY |= {"marchenko_pastur.quantile": "p aspect", "marchenko_pastur.stieltjes": "z aspect"}
EVERY |= {f"white.{name}": "alpha_bar aspect c" for name in ("train_loss", "test_loss")}
EVERY |= {"white.density": "x aspect", "white.kappa": "xi aspect"}
OTHERS = {"aspect": 0.5, "z": np.array([-0.5, -1.0])}
WHITE = {"aspect": np.array([1.0, 2.0]), "alpha_bar": 0.5, "xi": np.array([0.5, 3.0])}


@pytest.mark.parametrize("name", EVERY)
def test_the_form_of_the_numbers_changes_nothing(name):
    values = GOOD | OTHERS | (WHITE if name.startswith("white") else {})
    values |= LENGTHS if name.startswith("elliptical") else {}
    assert_form_free(function(name), {each: values[each] for each in EVERY[name].split()})
