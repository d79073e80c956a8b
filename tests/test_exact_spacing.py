"""`exact.spacing`: levels in, levels out; and the schedule for a spectrum is the best one."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate
from scipy.optimize import minimize

from lindiff_nb.exact import recursion, schedule, spacing, spectra
from lindiff_nb.exact.sampler_error import sampler_kl, sampler_w2


def lost(spectrum, made):
    """Log variance that ddim loses between the first and the last level, a sum over modes."""
    limit = recursion.continuum_variance(spectrum, made.alpha_bar[-1], sampler="ddim")
    return -np.log(recursion.sampled_variance(spectrum, made, sampler="ddim") / limit).sum()


@given(st.lists(st.floats(1e-6, 1e4), min_size=1, max_size=20, unique=True))
@settings(max_examples=40, deadline=None)
def test_a_schedule_from_noise_levels_has_these_noise_levels(levels):
    levels = np.sort(levels)
    if np.all(np.diff(levels) > 1e-9 * levels[1:]):
        assert spacing.from_noise(levels).noise_ratio == pytest.approx(levels, rel=1e-8)


@pytest.mark.parametrize("first", [2e-13, 1e-10, 1e-3])
def test_a_schedule_keeps_its_first_level_to_three_digits_or_is_refused(first):
    made = spacing.from_noise([first, 1.0])
    assert made.noise_ratio[0] == pytest.approx(first, rel=1e-3)
    for c in (0.0, 1.0):
        assert np.all(np.isfinite(recursion.sampled_variance([1.0, 0.0], made, c)))


@pytest.mark.parametrize("levels", [[1, 3, 2], [0, 1, 2], [-1, 1, 2], [1, 1, 2]])
def test_one_level_out_of_order_is_refused(levels):
    with pytest.raises(ValueError, match="noise_ratio must be positive and increasing"):
        spacing.from_noise(levels)


@pytest.mark.parametrize("least", [0.9e-13, 1e-17, 1e-300])
def test_levels_that_a_schedule_cannot_tell_are_refused_by_the_argument_that_asks(least):
    tiny = np.sqrt(least)
    for name, ask in (
        ("noise_ratio", lambda: spacing.from_noise([least, 1.0])),
        ("noise_ratio", lambda: spacing.from_noise([1e-3, 1e-3 + least, 1.0])),
        ("sigma_min", lambda: spacing.karras(5, sigma_min=tiny)),
        ("sigma_min", lambda: spacing.log_uniform(5, sigma_min=tiny)),
        ("spectrum", lambda: spacing.for_spectrum([least, least], 50)),
        ("beta", lambda: schedule.Schedule([least, 0.5])),
        ("beta", lambda: schedule.linear(5, least, 0.9 * least)),
    ):
        with pytest.raises(ValueError, match=rf"^{name} must be .*, got "):
            ask()
    assert schedule.Schedule([schedule.LEAST]).steps == 1


def test_a_schedule_goes_through_its_noise_levels_and_back():
    made = schedule.linear(50)
    assert spacing.from_noise(made.noise_ratio).beta == pytest.approx(made.beta, rel=1e-9)


def test_respacing_keeps_the_noise_levels_of_the_kept_steps():
    made, kept = schedule.linear(100), [1, 2, 50, 100]
    short = spacing.respaced(made, kept)
    assert short.noise_ratio == pytest.approx(made.noise_ratio[np.array(kept) - 1], rel=1e-12)
    assert spacing.respaced(made, np.arange(1, 101)).beta == pytest.approx(made.beta, rel=1e-9)


@pytest.mark.parametrize("steps", [1, 3, 7, 99, 100])
def test_even_respacing_ends_where_the_long_schedule_ends(steps):
    made = schedule.cosine(100)
    short = spacing.evenly(made, steps)
    assert short.steps == steps
    assert short.alpha_bar[-1] == pytest.approx(made.alpha_bar[-1], rel=1e-9)


def test_karras_levels_are_the_published_formula_in_50_digits():
    found = np.sqrt(spacing.karras(18).noise_ratio)
    with mpmath.workdps(50):
        low, high = (mpmath.mpf(x) ** (mpmath.mpf(1) / 7) for x in (0.002, 80.0))
        published = [float((high + mpmath.mpf(i) / 17 * (low - high)) ** 7) for i in range(18)]
    assert found == pytest.approx(published[::-1], rel=1e-9)


def test_karras_tends_to_levels_uniform_in_the_logarithm():
    found = spacing.karras(30, rho=1e7).noise_ratio
    assert found == pytest.approx(spacing.log_uniform(30).noise_ratio, rel=1e-5)
    assert np.diff(np.log(spacing.log_uniform(30).noise_ratio)) == pytest.approx(
        2 * np.log(80 / 0.002) / 29, rel=1e-9
    )


@pytest.mark.parametrize("make", [spacing.karras, spacing.log_uniform])
def test_one_step_goes_to_the_end(make):
    assert make(1).noise_ratio == pytest.approx([6400])


@pytest.mark.parametrize("variance", [1e-6, 1.0, 50.0])
def test_one_variance_turns_by_equal_angles(variance):
    made = spacing.for_spectrum(np.full(3, variance), 20, 1e-3)
    angles = np.arctan(np.sqrt(np.append(0, made.noise_ratio) / variance))
    assert np.diff(angles) == pytest.approx(angles[-1] / 20, rel=1e-4)
    length = spacing.path_length(np.full(3, variance), 1e-3)
    assert length == pytest.approx(np.sqrt(3) * angles[-1], rel=1e-5)
    weighed = spacing.path_length(np.full(3, variance), 1e-3, aim="w2")
    assert weighed == pytest.approx(np.sqrt(variance) * length, rel=1e-6)


def test_variance_one_gives_the_cosine_schedule():
    made = spacing.for_spectrum(np.ones(2), 50, np.cos(0.49 * np.pi) ** 2)
    assert made.alpha_bar == pytest.approx(np.cos(0.49 * np.pi * np.arange(1, 51) / 50) ** 2, 1e-4)


@pytest.mark.parametrize("exponent", [0.5, 2.0])
def test_length_is_the_integral_by_adaptive_quadrature(exponent):
    spectrum = np.append(spectra.power_law(30, exponent), [0.0, 0.0])
    positive, end = spectrum[:30], np.sqrt((1 - 1e-4) / 1e-4)
    length, error = integrate.quad(
        lambda x: np.exp(x) * np.sqrt(np.sum(positive / (positive + np.exp(2 * x)) ** 2)),
        -25,
        np.log(end),
        epsabs=1e-9,
        limit=400,
    )
    assert error < 1e-6
    assert spacing.path_length(spectrum) == pytest.approx(length, rel=1e-5)


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0])
def test_with_many_steps_the_loss_is_the_squared_length_over_T(exponent):
    spectrum = spectra.power_law(40, exponent)
    squared = spacing.path_length(spectrum) ** 2
    for steps in (200, 400):
        found = lost(spectrum, spacing.for_spectrum(spectrum, steps))
        assert found == pytest.approx(squared / steps, rel=6 / steps)


@pytest.mark.parametrize("seed", range(5))
def test_no_other_schedule_with_the_same_end_loses_less(seed):
    """Bend the levels smoothly by 10 % in the path's length: the loss rises."""
    rng = np.random.default_rng(seed)
    spectrum = rng.exponential(size=20) ** 2
    made = spacing.for_spectrum(spectrum, 300)
    t = np.arange(0, 301) / 300
    sigma = np.append(0, np.sqrt(made.noise_ratio))
    k = rng.integers(1, 4)
    bent = np.interp(t + 0.1 / k * np.sin(np.pi * k * t) / np.pi, t, sigma)
    assert lost(spectrum, spacing.from_noise(bent[1:] ** 2)) > lost(spectrum, made)


def searched(spectrum, aim, *, free_end):
    """The error of ten steps of ddim: of the schedule, and the least that a search finds."""
    price = {"kl": sampler_kl, "w2": sampler_w2}[aim]
    made = spacing.for_spectrum(spectrum, 10, aim=aim)
    sigma = np.sqrt(made.noise_ratio)
    start = np.log(np.diff(sigma, prepend=0))

    def error(log_gaps):
        levels = np.cumsum(np.exp(log_gaps))
        levels *= 1 if free_end else sigma[-1] / levels[-1]
        return np.log(price(spectrum, spacing.from_noise(levels**2), sampler="ddim"))

    bounds = np.stack([start - 3, start + 3], axis=1)
    return np.exp([error(start), minimize(error, start, method="L-BFGS-B", bounds=bounds).fun])


@pytest.mark.parametrize("aim", ["kl", "w2"])
@pytest.mark.parametrize("exponent", [0, 1, 2])
def test_a_free_search_over_ten_levels_with_this_end_gains_little(exponent, aim):
    made, best = searched(spectra.power_law(256, exponent), aim, free_end=False)
    assert best * (1 - 1e-9) <= made < 1.06 * best


@pytest.mark.parametrize(("exponent", "share"), [(1, 0.0186), (2, 0.0218)])
def test_with_a_free_end_the_search_finds_what_another_program_found(exponent, share):
    spectrum = spectra.power_law(256, exponent)
    made, best = searched(spectrum, "w2", free_end=True)
    assert best / spectrum.sum() == pytest.approx(share, abs=5e-5)
    assert made < 1.15 * best
    made, best = searched(spectrum, "kl", free_end=True)
    assert 1.3 * best < made < 1.4 * best


def test_wide_spectra_and_high_dimensions_are_no_trouble():
    made = spacing.for_spectrum(np.geomspace(1e-12, 1e2, 5000), 100)
    assert np.all(np.diff(made.noise_ratio) > 0)
    assert made.alpha_bar[-1] == pytest.approx(spacing.ENDING, rel=1e-6)


def test_even_respacing_never_visits_a_step_twice():
    for length in range(1, 40):
        made = schedule.linear(length)
        for steps in range(1, length + 1):
            assert spacing.evenly(made, steps).steps == steps


@pytest.mark.parametrize("make", [spacing.karras, spacing.log_uniform])
def test_two_steps_are_the_two_ends(make):
    levels = 1 / make(2, 0.3, 7.0).alpha_bar - 1
    assert levels == pytest.approx([0.09, 49.0], rel=1e-12)


@pytest.mark.parametrize("small", [1.0, 1e-4, 1e-12])
def test_the_path_is_an_integral_over_noise_levels_however_far_the_variances_lie_apart(small):
    """L = int sqrt(sum of (dtheta / dsigma)^2) with theta = arctan(sigma / deviation)."""
    spectrum = np.array([1.0, small])

    def speed(u):
        sigma = np.exp(u)
        return sigma * np.sqrt(np.sum(spectrum / (spectrum + sigma**2) ** 2))

    end = np.log(np.sqrt(1 / 1e-4 - 1))
    exact = sum(
        integrate.quad(speed, low, low + 2, epsabs=1e-12)[0] for low in np.arange(end - 60, end, 2)
    )
    assert spacing.path_length(spectrum, 1e-4) == pytest.approx(exact, rel=1e-6)
