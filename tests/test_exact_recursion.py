"""`exact.recursion`, found in `exact.sampling`: printed values, 50 digits, limits."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lindiff_nb.exact import sampling, schedule, spacing, spectra

SPECTRUM = np.array([10, 1, 1e-2, 1e-4])
PRINTED = {
    "ddim": ["9.44742", "0.997310", "0.00976824", "0.0000454831"],
    "ddpm": ["9.94339", "0.999890", "0.0100752", "0.0000650744"],
}


@pytest.mark.parametrize("sampler", PRINTED)
def test_variances_match_the_printed_values_to_their_last_digit(sampler):
    variance = sampling.sampled_variance(SPECTRUM, schedule.linear(), sampler=sampler)
    printed = np.array([float(text) for text in PRINTED[sampler]])
    ulp = 10.0 ** (np.floor(np.log10(printed)) - 5)
    assert np.all(np.abs(variance - printed) < 0.51 * ulp)


def textbook(eigenvalue, made, c, sampler, last_noise, h=None):
    """(variance, mean / mu_0) of one eigendirection, the samplers' own formulas in 50 digits."""
    lam, variance, mean, one = mpmath.mpf(eigenvalue) + c, mpmath.mpf(1), mpmath.mpf(0), 1
    alpha_bar = [mpmath.mpf(1)]
    for beta in made.beta:
        alpha_bar.append(alpha_bar[-1] * (1 - mpmath.mpf(beta)))
    for t in range(made.steps, 0, -1):
        a, before, beta = alpha_bar[t], alpha_bar[t - 1], mpmath.mpf(made.beta[t - 1])
        w = mpmath.sqrt(1 - a) / (a * lam + 1 - a)
        b = -mpmath.sqrt(a) * w  # eps_hat = w x + b mu_0, here with mu_0 = 1
        if h is not None:  # sqrt(z) x_0_hat + sqrt(1 - z - h w) eps_hat + noise, z = a_{t-1}
            ratio, posterior = mpmath.sqrt(before / a), beta * (1 - before) / (1 - a)
            noise = mpmath.sqrt(one - before - h * posterior)
            slope = ratio * (1 - mpmath.sqrt(1 - a) * w) + noise * w
            offset = -ratio * mpmath.sqrt(1 - a) * b + noise * b
        elif sampler == "ddpm":
            slope = (1 - beta / mpmath.sqrt(1 - a) * w) / mpmath.sqrt(1 - beta)
            offset = -beta / mpmath.sqrt(1 - a) * b / mpmath.sqrt(1 - beta)
        else:
            ratio, noise = mpmath.sqrt(before / a), mpmath.sqrt(one - before)
            slope = ratio * (1 - mpmath.sqrt(1 - a) * w) + noise * w
            offset = -ratio * mpmath.sqrt(1 - a) * b + noise * b
        added = beta if sampler == "ddpm" and (t > 1 or last_noise) else 0
        if h is not None:
            added = h * (added if sampler == "ddpm" else posterior)
        variance, mean = slope**2 * variance + added, slope * mean + offset
    return float(variance), float(mean)


@pytest.mark.parametrize("sampler", ["ddpm", "ddim"])
@pytest.mark.parametrize("made", [schedule.linear(60), schedule.cosine(60)], ids=["lin", "cos"])
@pytest.mark.parametrize(("c", "last_noise"), [(0.0, False), (0.3, True)])
def test_recursion_is_the_samplers_own_arithmetic(sampler, made, c, last_noise):
    with mpmath.workdps(50):
        expected = [textbook(x, made, c, sampler, last_noise) for x in (*SPECTRUM, 0.0)]
    variance, mean = np.array(expected).T
    spectrum = np.append(SPECTRUM, 0.0)
    found = sampling.sampled_variance(spectrum, made, c, sampler, last_noise)
    assert found == pytest.approx(variance, rel=1e-9)  # 1 - alpha_bar loses digits in float64
    assert sampling.sampled_mean(spectrum, made, c, sampler) == pytest.approx(mean, rel=1e-9)


@pytest.mark.parametrize("sampler", ["ddpm", "ddim"])
@pytest.mark.parametrize("made", [schedule.linear(60), schedule.cosine(60)], ids=["lin", "cos"])
@pytest.mark.parametrize("last_noise", [False, True])
def test_between_ddim_and_ddpm_it_is_the_samplers_own_arithmetic(sampler, made, last_noise):
    strengths = np.array([0.0, 0.3, 1.0])
    with mpmath.workdps(50):
        rows = [
            [textbook(x, made, 0.1, sampler, last_noise, h) for x in SPECTRUM] for h in strengths
        ]
    variance, mean = np.moveaxis(np.array(rows), 2, 0)
    found = sampling.sampled_variance(SPECTRUM, made, 0.1, sampler, last_noise, h=strengths)
    assert found == pytest.approx(variance, rel=1e-9)
    found = sampling.sampled_mean(SPECTRUM, made, 0.1, sampler, h=strengths)
    assert found == pytest.approx(mean, rel=1e-9)


def test_a_sampler_s_name_is_one_end_of_its_family():
    made = schedule.cosine(20)
    for sampler, h in (("ddim", 0.0), ("ddpm", 1.0)):
        for function in (sampling.sampled_variance, sampling.sampled_mean):
            named = function(SPECTRUM, made, 0.1, sampler)
            assert np.array_equal(function(SPECTRUM, made, 0.1, sampler, h=h), named)
    none = [sampling.sampled_variance(SPECTRUM, made, sampler=name, h=0) for name in PRINTED]
    assert np.array_equal(*none)


@pytest.mark.parametrize("sampler", ["ddpm", "ddim"])
def test_one_step_of_a_right_law_errs_in_the_second_order_of_its_length(sampler):
    """By delta^2 [h / s (1 + s) - (1 + h)^2 lambda / 4 s (lambda + s)]; "ddim" lacks the first.

    From s to s - delta, and then to 0, where m = lambda / (lambda + s - delta) and no noise is
    added. The start has variance 1 in place of lambda, of which the square of 1 - mean arrives.
    """
    h, s, delta, lam = np.array([[0.0], [0.4], [1.0]]), 0.7, 1e-4, np.array([10, 1, 0.1])
    two_steps = lam, spacing.from_noise([s - delta, s]), 0, sampler
    lost = 1 - sampling.sampled_mean(*two_steps, h=h[:, 0])
    arrived = sampling.sampled_variance(*two_steps, h=h[:, 0]) + lost**2 * (lam - 1)
    right = lam + s - delta
    error = (arrived * (right / lam) ** 2 - right) / delta**2
    second = -((1 + h) ** 2) * lam / (4 * s * (lam + s))
    second = second + (sampler == "ddpm") * h / (s * (1 + s))
    assert error == pytest.approx(second, rel=1e-2, abs=1e-6)


@pytest.mark.parametrize("sampler", ["ddpm", "ddim"])
def test_continuum_is_reached_like_one_over_T(sampler):
    spectrum = spectra.power_law(20, 1.0)
    errors = []
    for steps in (2000, 4000):
        made = schedule.linear(steps, 0.1 / steps, 10 / steps)
        end = made.alpha_bar[-1]
        variance = sampling.sampled_variance(spectrum, made, 0.05, sampler)
        mean = sampling.sampled_mean(spectrum, made, 0.05, sampler)
        limit = sampling.continuum_variance(spectrum, end, 0.05, sampler)
        errors.append(np.abs(variance / limit - 1).max())
        expected_mean = sampling.continuum_mean(spectrum, end, 0.05, sampler)
        assert mean == pytest.approx(expected_mean, rel=1e-2)
    assert errors[1] < 1e-2
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.1)


def test_mean_of_ddpm_is_its_continuum_limit_at_any_number_of_steps():
    for made in (schedule.linear(3), schedule.linear(), schedule.cosine(30)):
        exact = sampling.sampled_mean(SPECTRUM, made, 0.1)
        limit = sampling.continuum_mean(SPECTRUM, made.alpha_bar[-1], 0.1)
        assert exact == pytest.approx(limit, rel=1e-10)


@given(
    lam=st.floats(0, 1e3),
    a=st.floats(1e-6, 1 - 1e-6),
    c=st.floats(1e-9, 10),
)
@settings(max_examples=40, deadline=None)
def test_continuum_variance_is_the_fokker_planck_solution(lam, a, c):
    """lambda + a^2 lambda^2 (1 - lambda) / V^2 with lambda + c for lambda, and lambda / V."""
    x = mpmath.mpf(lam) + mpmath.mpf(c)
    v = mpmath.mpf(a) * x + 1 - mpmath.mpf(a)
    spectrum = np.array([lam, 1.0])
    noisy = sampling.continuum_variance(spectrum, a, c)[0]
    assert noisy == pytest.approx(float(x + a**2 * x**2 * (1 - x) / v**2), rel=1e-6)
    assert sampling.continuum_variance(spectrum, a, c, "ddim")[0] == pytest.approx(float(x / v))


def test_a_schedule_that_reaches_pure_noise_samples_the_training_gaussian():
    spectrum = spectra.power_law(10, 1.0)
    made = schedule.linear(4000, 1e-4 / 4, 4e-2 / 4)  # alpha_bar_T = 2e-9
    for sampler in ("ddpm", "ddim"):
        variance = sampling.sampled_variance(spectrum, made, 0.0, sampler)
        assert variance == pytest.approx(spectrum, rel=0.02)
        assert sampling.sampled_mean(spectrum, made, 0.0, sampler) == pytest.approx(1, abs=1e-3)


def test_ridge_is_a_floor_on_the_spectrum():
    made = schedule.linear(100)
    for function in (sampling.sampled_variance, sampling.sampled_mean):
        assert function(SPECTRUM, made, 0.5) == pytest.approx(function(SPECTRUM + 0.5, made))
    for function in (sampling.continuum_variance, sampling.continuum_mean):
        assert function(SPECTRUM, 0.1, 0.5) == pytest.approx(function(SPECTRUM + 0.5, 0.1))


def test_without_variance_and_noise_nothing_is_sampled():
    spectrum = np.array([1.0, 0.0])
    for sampler in ("ddpm", "ddim"):
        assert sampling.continuum_variance(spectrum, 1.0, 0.0, sampler)[1] == 0
        assert sampling.sampled_variance(spectrum, schedule.linear(50), 0.0, sampler)[1] < 1e-9


def test_schedule_survives_the_recursion():
    made = schedule.linear(10)
    sampling.sampled_variance(SPECTRUM, made)
    assert made.beta[0] > 0
