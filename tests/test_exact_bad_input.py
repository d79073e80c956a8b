"""Every function of `exact` refuses every kind of bad number, and says which argument it was."""

import re

import numpy as np
import pytest

from lindiff_nb.exact import (
    denoiser,
    divergence,
    empirical,
    inversion,
    left_out,
    recursion,
    sampler_error,
    sampling,
    schedule,
    spacing,
    spectra,
    told,
)

EYE, ZERO, X = np.eye(3), np.zeros(3), np.ones((4, 3))
MADE = schedule.linear(10)
SAMPLE = left_out.of_points(np.vstack([EYE, -EYE]))
SEEN = inversion.inverted(SAMPLE).seen
MODES = denoiser.modes(ZERO, EYE, ZERO, EYE)
ASYMMETRIC = np.array([[1.0, 0.5, 0], [0, 1, 0], [0, 0, 1]])

WHOLE = [0, -1, 2.5, True, np.nan, np.inf, "3", None]
MASKED = np.ma.masked_greater([[0.5, 0.25, 0.9], [1.0, 0.25, 0.5], [0.25, 0.5, 0.9]], 0.8)
HIDDEN = [MASKED, list(MASKED)]
NUMBER = [*HIDDEN, np.nan, np.inf, "0.1", None, 1j, True, [[1.0], [1.0, 2.0]]]
NUMBER += [[0.5, np.nan]]
ONE = [*NUMBER, [0.1, 0.2]]
NONNEGATIVE = [*NUMBER, -1e-9, [0.5, -1e-9]]
SIGNAL = [*NUMBER, 0, -0.1, 1 + 1e-9, [0.5, 0], [0.5, 1 + 1e-9]]
FRACTION = [*ONE, 0, 1, -0.1, 1.5]
SPECTRUM = [[], [[1.0, 2.0]], [1.0, -1e-3], [1.0, np.nan], [np.inf], ZERO, 1.0, None, "abc", [1j]]
SPECTRUM += [MASKED[0], list(MASKED[0])]
RIDGES = [1.0, [0.0], [0.5, -0.5], [np.nan], [True, False], "abc", None, MASKED[0]]
VECTOR = [MASKED[0], [], [1.0, 2.0], [1.0, 2.0, np.nan], EYE, 1.0, None, "abc"]
NAN, INF = np.full((3, 3), np.nan), np.full((3, 3), np.inf)
MATRIX = [*HIDDEN, np.zeros((0, 0)), np.eye(2), np.ones((3, 2)), NAN, INF, 1.0, None, "abc"]
COVARIANCE = [*MATRIX, ASYMMETRIC, np.diag([1.0, 1.0, -1e-3])]
POINTS = [*HIDDEN, np.ma.ones((4, 3)), np.zeros((0, 3)), np.ones(3), NAN, INF, None, "abc"]
QUERIES = [*POINTS, np.ones((2, 4))]
SCHEDULE = [None, np.array([0.1, 0.2]), 10]
SAMPLER = ["DDPM", "", None, 1]
CALLABLE = [None, EYE]
RNG = [None, 0, np.random.RandomState(0)]


def swap(**change):
    """Modes with one bad entry."""
    return MODES._replace(**change)


BAD_MODES = {
    "modes.eigenvalues": [swap(eigenvalues=bad) for bad in ([-1.0, 1, 1], [np.nan, 1, 1], [])],
    "modes.population": [swap(population=bad) for bad in ([-1.0, 1, 1], [1.0, 1], np.nan)],
    "modes.mean_shift": [swap(mean_shift=bad) for bad in ([-1.0, 1, 1], [1.0], [np.inf, 0, 0])],
    "modes.multiplicity": [swap(multiplicity=bad) for bad in ([-1.0, 1, 1], [1.0], ZERO)],
}
MOMENTS = {"mean": [[], np.ones((3, 1)), [np.nan] * 3, None], "covariance": COVARIANCE}
GOOD_MOMENTS = {"mean": ZERO, "covariance": EYE}
WALK = {"spectrum": np.ones(3), "schedule": MADE}
BAD_WALK = {"spectrum": SPECTRUM, "schedule": SCHEDULE, "c": [*ONE, -1], "sampler": SAMPLER}
STRENGTH = {"h": [-0.1, 1.1, np.nan, [0.5, 2.0], "abc"]}
LIMIT = {"spectrum": np.ones(3), "alpha_bar_T": 0.1}
BAD_LIMIT = {
    "spectrum": SPECTRUM,
    "alpha_bar_T": [*SIGNAL, [0.1, 0.2]],
    "c": [*ONE, -1],
    "sampler": SAMPLER,
}
LOSS = {"modes": MODES, "alpha_bar": 0.5}
BAD_LOSS = {"alpha_bar": SIGNAL, "c": NONNEGATIVE, "modes": BAD_MODES}
KL = {"mean_p": ZERO, "cov_p": EYE, "mean_q": ZERO, "cov_q": EYE}
RUN = {"denoiser": lambda x, t: x, "x": X, "schedule": MADE}
BAD_RUN = {"denoiser": CALLABLE, "x": POINTS, "schedule": SCHEDULE}
TABLE = [
    (schedule.Schedule, {"beta": [0.1]}, {"beta": [[], [0.1, 1.0], [0.0], [np.nan], 0.1, [-0.1]]}),
    (schedule.Schedule, {"beta": [0.1]}, {"beta": [np.full(400, 0.99)]}),
    (
        schedule.linear,
        {},
        {"steps": WHOLE, "beta_start": FRACTION, "beta_end": FRACTION},
    ),
    (schedule.cosine, {}, {"steps": WHOLE, "offset": [*ONE, -0.1], "beta_max": FRACTION}),
    (
        spacing.from_noise,
        {"noise_ratio": [0.1, 1.0]},
        {"noise_ratio": [[], [1.0, 0.1], [0.0, 1.0], [-1.0], [0.1, 0.1], [np.nan], 0.1, "abc"]},
    ),
    (
        spacing.respaced,
        {"schedule": MADE, "kept": [1, 10]},
        {
            "schedule": SCHEDULE,
            "kept": [[], [0, 3], [3, 11], [3, 3], [4, 2], [1.0, 2.0], [True], 3, None, "abc"],
        },
    ),
    (spacing.evenly, {"schedule": MADE, "steps": 5}, {"schedule": SCHEDULE, "steps": [*WHOLE, 11]}),
    (
        spacing.karras,
        {"steps": 5},
        {
            "steps": WHOLE,
            "sigma_min": [*ONE, 0, -1],
            "sigma_max": [*ONE, 0, 0.001],
            "rho": [*ONE, 0],
        },
    ),
    (
        spacing.log_uniform,
        {"steps": 5},
        {"steps": WHOLE, "sigma_min": [*ONE, 0], "sigma_max": [*ONE, 0, 0.002]},
    ),
    (
        spacing.for_spectrum,
        {"spectrum": np.ones(3), "steps": 5},
        {
            "spectrum": SPECTRUM,
            "steps": WHOLE,
            "alpha_bar_T": FRACTION,
            "aim": ["KL", "", None, 1],
        },
    ),
    (
        spacing.path_length,
        {"spectrum": np.ones(3)},
        {"spectrum": SPECTRUM, "alpha_bar_T": FRACTION, "aim": ["KL", "", None, 1]},
    ),
    (
        sampler_error.sampler_kl,
        WALK,
        {
            **BAD_WALK,
            **STRENGTH,
            "direction": ["sampler", "", None, 1],
            "mean": [[], [1.0, 2.0], [np.nan] * 3, "abc"],
        },
    ),
    (
        sampler_error.sampler_w2,
        WALK,
        {**BAD_WALK, **STRENGTH, "mean": [[], [1.0, 2.0], [np.nan] * 3, "abc"]},
    ),
    (spectra.power_law, {"d": 3, "exponent": 1}, {"d": WHOLE, "exponent": [*ONE, -1]}),
    (spectra.participation_ratio, {"spectrum": np.ones(3)}, {"spectrum": SPECTRUM}),
    (
        spectra.fit_exponent,
        {"spectrum": np.ones(9), "first": 2, "last": 5},
        {
            "spectrum": [*SPECTRUM, [1.0, 1, 1, 0, 0, 0]],
            "first": WHOLE,
            "last": [*WHOLE, 2, 10],
        },
    ),
    (spectra.moments, {"x": X}, {"x": POINTS}),
    (spectra.of_data, {"x": X}, {"x": POINTS}),
    (spectra.of_covariance, {"covariance": EYE}, {"covariance": [ASYMMETRIC, -EYE, X, np.nan]}),
    (spectra.eigenpairs, {"covariance": EYE}, {"covariance": [ASYMMETRIC, -EYE, X, np.nan]}),
    (
        denoiser.optimal,
        {**GOOD_MOMENTS, "alpha_bar": 0.5},
        {**MOMENTS, "alpha_bar": [*SIGNAL, [0.1, 0.2]], "c": [*ONE, -1]},
    ),
    (
        denoiser.loss,
        {"W": EYE, "b": ZERO, **GOOD_MOMENTS, "alpha_bar": 0.5},
        {"W": MATRIX, "b": VECTOR, **MOMENTS, "alpha_bar": [*SIGNAL, [0.1, 0.2]]},
    ),
    (
        denoiser.modes,
        {**GOOD_MOMENTS, "population_mean": ZERO, "population_covariance": EYE},
        {**MOMENTS, "population_mean": VECTOR, "population_covariance": COVARIANCE},
    ),
    (
        denoiser.weights,
        {"eigenvalue": 1.0, "alpha_bar": 0.5},
        {"eigenvalue": NONNEGATIVE, "alpha_bar": SIGNAL, "c": NONNEGATIVE},
    ),
    (denoiser.test_loss, LOSS, BAD_LOSS),
    (denoiser.train_loss, LOSS, BAD_LOSS),
    (denoiser.losses, LOSS, BAD_LOSS),
    (denoiser.gap_by_mode, LOSS, BAD_LOSS),
    (
        denoiser.residual_loss,
        {"spectrum": np.ones(3), "alpha_bar": 0.5},
        {"spectrum": SPECTRUM, "alpha_bar": SIGNAL},
    ),
    (
        divergence.gaussian_kl,
        KL,
        {
            "mean_p": MOMENTS["mean"],
            "cov_p": COVARIANCE,
            "mean_q": VECTOR,
            "cov_q": COVARIANCE,
        },
    ),
    (
        divergence.frechet,
        KL,
        {
            "mean_p": MOMENTS["mean"],
            "cov_p": COVARIANCE,
            "mean_q": VECTOR,
            "cov_q": COVARIANCE,
        },
    ),
    (
        divergence.frechet_of_roots,
        {"root_p": X, "root_q": X[:, :1]},
        {"root_p": [np.nan, ZERO, "abc"], "root_q": [np.nan, ZERO, EYE[:0], X[:1]]},
    ),
    (left_out.curves, {"sample": SAMPLE, "xi": [0.5]}, {"xi": RIDGES}),
    (
        left_out.influence,
        {"sample": SAMPLE, "s": [0.5], "weights": EYE[0, :1], "c": 0.1},
        {"s": RIDGES[1:], "c": [*ONE, -1]},
    ),
    (inversion.effective_ridges, {"sample": SAMPLE, "xi": [0.5]}, {"xi": RIDGES}),
    (inversion.energies, {"sample": SAMPLE, "xi": 0.5}, {"xi": [*ONE, 0, -0.5]}),
    (inversion.worth, {"e": [0.5, 1.5]}, {"e": [MASKED[0], [], [-0.5, 1], [np.nan], 1.0, "abc"]}),
    (
        told.blurred_kl,
        {"sample": SAMPLE, "seen": SEEN, "c": 0.1, "j": 1.0},
        {"c": [*ONE, -1], "j": [*ONE, 0, SEEN.kappa[0] * 0.99]},
    ),
    (
        told.halves,
        {"sample": SAMPLE, "c": 0.1, "rng": np.random.default_rng(0)},
        {"c": [*ONE, -1], "rng": RNG},
    ),
    (recursion.sampled_variance, WALK, {**BAD_WALK, **STRENGTH}),
    (recursion.sampled_mean, WALK, {**BAD_WALK, **STRENGTH}),
    (recursion.continuum_variance, LIMIT, BAD_LIMIT),
    (recursion.continuum_mean, LIMIT, BAD_LIMIT),
    (sampling.ddpm, {**RUN, "rng": np.random.default_rng(0)}, {**BAD_RUN, "rng": RNG}),
    (sampling.ddim, RUN, BAD_RUN),
    (
        sampling.affine,
        {**GOOD_MOMENTS, "schedule": MADE},
        {**MOMENTS, "schedule": SCHEDULE, "c": [*ONE, -1]},
    ),
    (
        sampling.gaussian_jump,
        {"x": X, **GOOD_MOMENTS, "schedule": MADE, "t": 0},
        {
            "x": QUERIES,
            **MOMENTS,
            "schedule": SCHEDULE,
            "t": [*WHOLE[1:], 11],
            "c": [*ONE, -1],
        },
    ),
    (
        sampling.ddim_map,
        {**GOOD_MOMENTS, "schedule": MADE},
        {**MOMENTS, "schedule": SCHEDULE, "c": [*ONE, -1]},
    ),
    (
        empirical.posterior_mean,
        {"points": X, "x": X, "alpha_bar": 0.5},
        {"points": POINTS, "x": QUERIES, "alpha_bar": [*SIGNAL, [0.1, 0.2]]},
    ),
    (
        empirical.optimal,
        {"points": X, "schedule": MADE},
        {"points": POINTS, "schedule": SCHEDULE},
    ),
    (sampling.affine(ZERO, EYE, MADE), {"x": X, "t": 1}, {"x": QUERIES, "t": [*WHOLE, 11]}),
    (empirical.optimal(X, MADE), {"x": X, "t": 1}, {"x": QUERIES, "t": [*WHOLE, 11]}),
]


def cases():
    """(function, good arguments, argument, name in the message, bad values), one by one."""
    for function, good, table in TABLE:
        for argument, values in table.items():
            named = values if isinstance(values, dict) else {argument: values}
            for name, bad in named.items():
                label = f"{function.__module__.split('.')[-1]}.{function.__name__}-{name}"
                yield pytest.param(function, good, argument, name, bad, id=label)


@pytest.mark.parametrize(("function", "good"), [entry[:2] for entry in TABLE])
def test_good_input_is_taken(function, good):
    function(**good)


@pytest.mark.parametrize(("function", "good", "argument", "name", "values"), list(cases()))
def test_bad_input_raises_naming_argument_and_value(function, good, argument, name, values):
    for bad in values:
        with pytest.raises(ValueError, match=rf"^{re.escape(name)} .*, got "):
            function(**{**good, argument: bad})


def test_arrays_that_do_not_broadcast_are_named_with_their_shapes():
    with pytest.raises(ValueError, match=r"alpha_bar \(2,\) and c \(3,\) must have shapes"):
        denoiser.test_loss(MODES, [0.1, 0.2], [0.1, 0.2, 0.3])


@pytest.mark.parametrize("steps", [1, 2])
def test_no_step_is_taken_on_bad_input(steps):
    calls = []

    def counting(x, t):
        calls.append(t)
        return x

    with pytest.raises(ValueError, match="rng"):
        sampling.ddpm(counting, X, schedule.linear(steps), rng=7)
    assert not calls
