"""`exact` and `measure` in other units: the same bits, or a refusal by name.

Variances scaled by 2^(2k), and points and means by 2^k, with c and xi as the variances.
"""

import itertools
from importlib import import_module

import numpy as np
import pytest
from hard_cases import assert_form_free

from lindiff_nb.exact import (
    denoiser,
    empirical,
    isotropic,
    recursion,
    sampler_error,
    scale_mixture,
    schedule,
    shrinkage,
    spacing,
    spectra,
    stopping,
    training,
    validation,
)
from lindiff_nb.exact.modes import Mixture

RNG = np.random.default_rng(0)
SPECTRUM = np.array([3.0, 1, 1, 0.5, 0.01, 0.3])
X, Y = 1.7 * RNG.standard_normal((2, 9, 6))
X_FLAT = X * [1, 1, 1, 1, 0, 0]
MEAN, COVARIANCE = spectra.moments(X)
MODES = denoiser.modes(MEAN, COVARIANCE, MEAN / 3, np.diag(SPECTRUM))
MADE = schedule.linear(20)
DATA, VARIANCE = 1, 2  # powers of the unit
POWERS = {
    **dict.fromkeys(
        ["x", "images", "mean", "mean_p", "mean_q", "population_mean", "points", "samples"], DATA
    ),
    **dict.fromkeys(["training", "first", "second", "others"], DATA),
    **dict.fromkeys(
        ["spectrum", "variances", "covariance", "cov_p", "cov_q", "population_covariance"], VARIANCE
    ),
    **dict.fromkeys(["c", "xi", "eigenvalues", "delta", "gram"], VARIANCE),
}
KL = {"mean_p": MEAN, "cov_p": COVARIANCE, "mean_q": MEAN / 3, "cov_q": np.diag(SPECTRUM)}
SET = {"spectrum": SPECTRUM, "n": 9}
HOMOGENEOUS = [  # arguments, and the power of the unit in each result
    ("exact.spectra.participation_ratio", {"spectrum": SPECTRUM}, [0]),
    ("exact.spectra.fit_exponent", {"spectrum": SPECTRUM, "first": 2, "last": 5}, [0]),
    ("exact.spectra.moments", {"x": X}, [1, 2]),
    ("exact.spectra.of_data", {"x": X}, [2]),
    ("exact.spectra.of_data", {"x": X[:4]}, [2]),
    ("exact.spectra.of_data", {"x": X_FLAT}, [2]),
    ("exact.spectra.of_covariance", {"covariance": COVARIANCE}, [2]),
    ("exact.spectra.eigenpairs", {"covariance": COVARIANCE}, [2, 0]),
    ("exact.spectra.resolved", {"variances": np.append(SPECTRUM, 1e-17)}, [2]),
    ("exact.left_out.of_points", {"x": X}, [0, 2, 0, None]),
    ("exact.left_out.of_points", {"x": X[:4]}, [0, 2, 0, None]),
    ("exact.left_out.of_gram", {"gram": X @ X.T, "d": 6}, [0, 2, 0, None]),
    ("exact.shrinkage.ledoit_wolf", {"x": X}, [0]),
    ("exact.shrinkage.oas", {"eigenvalues": SPECTRUM, "n": 9}, [0]),
    ("exact.spectra.continued", {"spectrum": SPECTRUM, "d": 9}, [2]),
    ("exact.divergence.gaussian_kl", KL, [0]),
    ("exact.divergence.frechet", KL, [2]),
    ("exact.fourier.radial_power", {"images": X[:, :4].reshape(9, 2, 2)}, [0]),
    ("exact.fourier.mean_frequency", {"images": X[:, :4].reshape(9, 2, 2)}, [0]),
    ("measure.cross_validated.variances", {"rng": 0, "x": X, "folds": 3}, [2]),
    ("measure.surrogates.random_signs", {"rng": 0, "points": X, "n": 5}, [1]),
    ("measure.surrogates.independent", {"rng": 0, "points": X, "n": 5}, [1]),
    ("measure.surrogates.gaussian", {"rng": 0, "points": X, "n": 5}, [1]),
    (
        "measure.surrogates.borrowed_lengths",
        {"rng": 0, "points": X, "n": 5, "lengths": np.linspace(0, 2, 9)},
        [1],
    ),
    ("measure.agreement.distances", {"first": X, "second": Y}, [2, 2]),
    ("measure.comparison.distance", {"first": X[None], "second": Y[None]}, [2]),
    (
        "measure.comparison.by_mode",
        {"first": X[None], "second": Y[None], "eigenvectors": np.linalg.qr(Y)[1].T},
        [2, 2],
    ),
    ("measure.memorization.nearest", {"samples": X, "training": Y}, [0, 1, 1, 1]),
    ("measure.memorization.cosine_similarity", {"samples": X, "others": Y}, [0]),
    *(
        (f"measure.experiments.{name}", {"rng": 0, **SET, **more}, powers)
        for name, more, powers in [
            ("sample_modes", {}, [2, None, 2, 2, 0]),
            ("sample_modes", {"n": 3, "estimated_mean": True}, [2, None, 2, 2, 0]),
            ("eigenvalues", {"draws": 2}, [2]),
            ("kl", {"c": np.array([0.0, 0.1])}, [0]),
            ("kl", {"c": np.array([0.1]), "n": 3, "estimated_mean": True}, [0]),
            ("kl", {"c": np.array([0.1]), "direction": "population||sampler"}, [0]),
        ]
    ),
    ("measure.partition_functions.overlaps", {"rng": 0, **SET, "xi": 0.2, "draws": 2}, [0]),
]


def function(name):
    room, module, attribute = name.split(".")
    return getattr(import_module(f"lindiff_nb.{room}.{module}"), attribute)


def call(name, arguments, k):
    given = {
        each: np.ldexp(value, k * POWERS[each])
        if POWERS.get(each) and not isinstance(value, int)
        else value
        for each, value in arguments.items()
    }
    if "rng" in given:
        given["rng"] = np.random.default_rng(0)
    result = function(name)(**given)
    if hasattr(result, "second_distance"):
        return [getattr(result, each) for each in vars(result)]
    return list(result) if isinstance(result, tuple) else [result]


CASES = [pytest.param(*case, id=f"{case[0]}-{i}") for i, case in enumerate(HOMOGENEOUS)]


@pytest.mark.parametrize(("name", "arguments", "powers"), CASES)
def test_other_units_give_the_same_bits(name, arguments, powers):
    expected = call(name, arguments, 0)
    for k in (-450, -150, -3, 1, 3, 150, 450):
        found = call(name, arguments, k)
        for part, whole, power in zip(found, expected, powers, strict=True):
            assert power is None or np.array_equal(part, np.ldexp(whole, k * power)), k


@pytest.mark.parametrize(("name", "arguments", "powers"), CASES)
def test_beyond_the_normal_numbers_they_are_refused_by_name(name, arguments, powers):
    """At either end: twice the same bits, or a ValueError that names an argument."""
    expected = call(name, arguments, 0)
    found = expected
    for k in (-530, -509, 509, 515):
        with np.errstate(over="ignore"):
            try:
                found = call(name, arguments, k)
            except ValueError as error:
                refusal = str(error)
            else:
                refusal = None
            wanted = [
                None if p is None else np.ldexp(w, k * p)
                for w, p in zip(expected, powers, strict=True)
            ]
        assert refusal is None or refusal.split()[0] in arguments
        for part, whole in zip(found, wanted, strict=True):
            assert refusal or whole is None or np.array_equal(part, whole), k


def test_the_logarithm_of_z_loses_that_of_the_unit():
    name = "measure.partition_functions.log_partition"
    arguments = {"rng": 0, **SET, "xi": np.array([0.2, 3.0]), "draws": 2}
    (expected,) = call(name, arguments, 0)
    for k in (-450, 450):
        (found,) = call(name, arguments, k)
        assert found + 6 * k * np.log(2) == pytest.approx(expected, abs=1e-10)


FEW = denoiser.modes(*spectra.moments(X[:4]), MEAN / 3, np.diag(SPECTRUM))
NOISY = [  # where the noise has a variance of its own: name, function of (unit^2, a, c)
    ("denoiser", lambda u, a, c: denoiser.losses(in_unit(MODES, u), a, c)),
    ("rank", lambda u, a, c: denoiser.losses(in_unit(FEW, u), a, c)),
    ("training", lambda u, a, c: training.losses(in_unit(FEW, u), a, [0, 1e-3, 1e9, np.inf], c)),
    ("stopping", lambda u, a, c: stopping.best_stopped_loss(in_unit(FEW, u), min(a, 0.9), c)),
    ("shrinkage", lambda u, a, c: shrinkage.best_loss(in_unit(FEW, u), a)),
    ("left out", lambda u, a, c: validation.left_out_loss(X * np.sqrt(u), a, c)),
    ("cross-validated", lambda u, a, c: validation.gcv_loss(SPECTRUM * u, 9, a, c)),
    ("residual", lambda u, a, c: denoiser.residual_loss(SPECTRUM * u, a)),
    ("continuum", lambda u, a, c: recursion.continuum_variance(SPECTRUM * u, a, c)),
    ("sampled", lambda u, a, c: recursion.sampled_variance(SPECTRUM * u, MADE, c)),
    ("sampled ddim", lambda u, a, c: recursion.sampled_variance(SPECTRUM * u, MADE, c, "ddim")),
    ("sampler", lambda u, a, c: sampler_error.sampler_kl(SPECTRUM * u, MADE, c)),
    ("path", lambda u, a, c: spacing.path_length(SPECTRUM * u, min(a, 0.9))),
]


def in_unit(modes, unit):
    return modes._replace(
        **{
            each: unit * getattr(modes, each)
            for each in ("eigenvalues", "population", "mean_shift")
        }
    )


@pytest.mark.parametrize(("name", "function"), NOISY, ids=[name for name, _ in NOISY])
def test_with_noise_no_scale_breaks_the_arithmetic(name, function):
    """A number >= 0, and an infinite one only without noise; or an argument is refused by name."""
    answered, named = 0, {"c", "alpha_bar", "alpha_bar_T", "spectrum", "eigenvalues", "x"}
    levels, ridges = (1e-310, 1e-300, 1e-30, 0.5, 1 - 2**-53, 1.0), (0.0, 1e-300, 1e-30, 1e200)
    for a, c, k in itertools.product(levels, ridges, (-1000, -600, 0, 600, 1000)):
        try:
            result = np.asarray(function(2.0**k, a, c))
        except ValueError as error:
            refusal = str(error)
            result = None
        if result is None:
            assert refusal.split()[0] in named
            continue
        answered += 1
        assert np.all(result >= 0), (a, c, k)
        assert np.all(np.isfinite(result)) or a == 1, (a, c, k)
    assert answered > 60


@pytest.mark.parametrize("c", [5e-324, 3e-308, 1e-200])
@pytest.mark.parametrize(("name", "function"), NOISY, ids=[name for name, _ in NOISY])
def test_beside_noise_the_smallest_ridge_is_none(name, function, c):
    for unit, a in ((1.0, 0.5), (2.0**600, 1e-30), (2.0**-600, 1 - 2**-53)):
        try:
            none = np.asarray(function(unit, a, 0.0))
        except ValueError:
            continue
        assert np.asarray(function(unit, a, c)) == pytest.approx(none, rel=1e-12)


@pytest.mark.parametrize("c", [0.0, 1e-3, 1e150])
@pytest.mark.parametrize("a", [1e-20, 0.3, 1 - 1e-9])
def test_losses_depend_on_ratios_of_variances_only(a, c):
    """Noise, ridge and variances 2^40 times as large, which alpha_bar can say, cost the same."""
    s, unit = (1 - a) / a, 2.0**40
    there = 1 / (1 + unit * s)
    for modes in (MODES, FEW):
        here = denoiser.losses(modes, a, c)
        moved = denoiser.losses(in_unit(modes, unit), there, unit * c)
        assert moved == pytest.approx(here, rel=1e-6)


LINE = np.array([-1.0, 0.5])
SCORES = {  # of points, means and places 2^k as large, at alpha_bar: a result, or a refusal by name
    "posterior": lambda u, a: empirical.posterior_mean(X * u, Y * u, a),
    "far": lambda u, a: empirical.posterior_mean(X, Y * u, a),
    "memorising": lambda u, a: empirical.optimal(X * u, MADE)(Y * u, 3),
    "busy": lambda u, a: scale_mixture.optimal(MEAN, COVARIANCE, LINE**2, MADE)(X * u, 3),
    "points": lambda u, a: isotropic.IsotropicModes(X * u).score(Y * u, min(a, 0.9)),
    "round": lambda u, a: isotropic.IsotropicModes(X * u, None, u).score(Y * u, a),
    "line": lambda u, a: Mixture(LINE * u, None, u).score(LINE * u),
    "above": lambda u, a: Mixture(LINE * u, None, u).above(LINE * u),
    "noised": lambda u, a: Mixture(LINE * u).at(min(a, 0.9)).logpdf(LINE * u),
}


@pytest.mark.parametrize("name", SCORES)
def test_what_takes_squares_is_finite_or_refused_by_name(name):
    for k, a in itertools.product((-1070, -600, 0, 400, 510, 600, 1020), (1e-300, 0.5, 1.0)):
        refused, found = "", np.zeros(0)
        try:
            found = SCORES[name](2.0**k, a)
        except ValueError as error:
            refused = str(error).split()[0]
        assert refused in {"", "points", "x", "means", "deviation"}
        assert not refused or k or a < 0.5
        assert np.all(np.isfinite(found)), (k, a)


@pytest.mark.parametrize(("name", "arguments", "powers"), CASES)
def test_the_form_of_the_numbers_changes_nothing(name, arguments, powers):
    assert_form_free(function(name), arguments)
