"""`exact.sampler_error` against dense matrices, drawn samples' law, 50 digits and the limits."""

from itertools import pairwise

import mpmath
import numpy as np
import pytest

from lindiff_nb.exact import recursion, sampling, schedule, spacing, spectra
from lindiff_nb.exact.divergence import POPULATION, SAMPLER, frechet, gaussian_kl
from lindiff_nb.exact.sampler_error import sampler_kl, sampler_w2

SPECTRUM = np.array([30.0, 2.0, 1.0, 1e-2, 1e-4])
MEAN = np.array([1.0, -2.0, 0.0, 0.1, 0.01])
SCHEDULES = [schedule.linear(30), schedule.linear(1000), schedule.cosine(20), spacing.karras(9)]


def through_the_sampler(spectrum, mean, made, c):
    """The affine map of ddim, found by sending the unit vectors through the sampler itself."""
    d = len(spectrum)
    model = sampling.affine(mean, np.diag(spectrum), made, c)
    out = sampling.ddim(model, np.vstack([np.zeros(d), np.eye(d)]), made)
    return out[0], (out[1:] - out[0]).T


@pytest.mark.parametrize("made", SCHEDULES, ids=repr)
@pytest.mark.parametrize("c", [0.0, 0.02])
def test_ddim_is_priced_as_what_the_sampler_does_to_unit_vectors(made, c):
    offset, matrix = through_the_sampler(SPECTRUM, MEAN, made, c)
    law, truth = (offset, matrix @ matrix.T), (MEAN, np.diag(SPECTRUM))
    for direction, p, q in ((SAMPLER, law, truth), (POPULATION, truth, law)):
        found = sampler_kl(SPECTRUM, made, c, "ddim", direction=direction, mean=MEAN)
        assert found * 5 == pytest.approx(gaussian_kl(*p, *q), rel=1e-6)


@pytest.mark.parametrize("made", SCHEDULES, ids=repr)
@pytest.mark.parametrize("last_noise", [False, True])
def test_ddpm_is_the_divergence_of_dense_matrices(made, last_noise):
    rotation = np.linalg.qr(np.random.default_rng(0).standard_normal((5, 5)))[0]
    variance = recursion.sampled_variance(SPECTRUM, made, 0.01, "ddpm", last_noise)
    centre = recursion.sampled_mean(SPECTRUM, made, 0.01) * MEAN
    p = rotation @ centre, (rotation * variance) @ rotation.T
    q = rotation @ MEAN, (rotation * SPECTRUM) @ rotation.T
    found = sampler_kl(SPECTRUM, made, 0.01, last_noise=last_noise, mean=MEAN)
    assert 5 * found == pytest.approx(gaussian_kl(*p, *q), rel=1e-7)


@pytest.mark.parametrize("eigenvalue", [30.0, 1.0, 1e-3])
@pytest.mark.parametrize("steps", [5, 2000])
def test_small_prices_keep_their_digits(eigenvalue, steps):
    """With the schedule of this one variance, ddim keeps cos^2T of the angle, in 50 digits."""
    made = spacing.for_spectrum(np.array([eigenvalue]), steps)
    with mpmath.workdps(50):
        lam = mpmath.mpf(eigenvalue)
        levels = [mpmath.mpf(0), *map(mpmath.mpf, made.noise_ratio)]
        angles = [mpmath.atan(mpmath.sqrt(s / lam)) for s in levels]
        ratio = (1 + levels[-1]) / (lam + levels[-1])  # 1 / V_T
        for low, high in pairwise(angles):
            ratio *= mpmath.cos(high - low) ** 2
        expected = float((ratio - 1 - mpmath.log(ratio)) / 2)
    found = sampler_kl(np.array([eigenvalue]), made, sampler="ddim")
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0])
def test_the_best_schedule_costs_the_fourth_power_of_its_length_or_more(exponent):
    """h(exp(-x)) is convex: the price is at least h of the mean loss L^2 / (d T), near L^4."""
    spectrum = spectra.power_law(50, exponent)
    length, steps = spacing.path_length(spectrum, 1e-9), 400
    made = spacing.for_spectrum(spectrum, steps, 1e-9)
    bound = (length**2 / (50 * steps)) ** 2 / 4
    assert bound * 0.97 < sampler_kl(spectrum, made, sampler="ddim") < 1.5 * bound


@pytest.mark.parametrize("sampler", ["ddpm", "ddim"])
def test_price_falls_like_one_over_T_squared(sampler):
    spectrum = spectra.power_law(20, 1.0)
    price = [
        sampler_kl(spectrum, spacing.for_spectrum(spectrum, T, 1e-9), 0.0, sampler)
        for T in (1000, 2000)
    ]
    assert price[0] / price[1] == pytest.approx(4, rel=0.05)


def test_prices_do_not_depend_on_the_order_of_the_modes():
    made = schedule.linear(50)
    forward = sampler_kl(SPECTRUM, made, mean=MEAN)
    assert sampler_kl(SPECTRUM[::-1], made, mean=MEAN[::-1]) == pytest.approx(forward, rel=1e-12)


def test_a_ridge_is_an_error_of_the_denoiser():
    made = spacing.for_spectrum(np.ones(4), 5000, 1e-9)
    ridge = np.array([0.5, 1.0])
    found = [sampler_kl(np.ones(4), made, c, "ddim") for c in ridge]
    assert found == pytest.approx((ridge - np.log1p(ridge)) / 2, rel=5e-3)


@pytest.mark.parametrize("direction", [SAMPLER, POPULATION])
@pytest.mark.parametrize("sampler", ["ddpm", "ddim"])
def test_a_direction_with_neither_variance_nor_noise_does_not_count(sampler, direction):
    made, mean = schedule.linear(100), np.array([1.0, 2.0])
    settings = {"sampler": sampler, "direction": direction}
    alone = sampler_kl(np.ones(1), made, mean=mean[:1], **settings)
    assert sampler_kl(np.array([1.0, 0.0]), made, mean=mean, **settings) == alone / 2


@pytest.mark.parametrize("direction", [SAMPLER, POPULATION])
def test_noise_where_nothing_varies_costs_infinitely_much(direction):
    flat, made = np.array([1.0, 0.0]), schedule.linear(100)
    assert sampler_kl(flat, made, 0.1, direction=direction) == np.inf
    assert sampler_kl(flat, made, 0.1, "ddim", direction=direction) == np.inf
    assert sampler_kl(flat, made, last_noise=True, direction=direction) == np.inf


@pytest.mark.parametrize("made", SCHEDULES, ids=repr)
def test_the_frechet_distance_is_that_of_dense_matrices(made):
    offset, matrix = through_the_sampler(SPECTRUM, MEAN, made, 0.02)
    found = sampler_w2(SPECTRUM, made, 0.02, "ddim", mean=MEAN)
    wanted = frechet(offset, matrix @ matrix.T, MEAN, np.diag(SPECTRUM))
    assert found == pytest.approx(wanted, rel=1e-6)


def test_what_is_best_for_the_divergence_is_bad_for_the_distance():
    """Shares of the variance that another program found: ten steps, lambda_k = k^-2."""
    spectrum = spectra.power_law(256, 2)
    share = {
        aim: sampler_w2(spectrum / spectrum.mean(), made, 0, "ddim") / 256
        for aim in ("kl", "w2")
        for made in [spacing.for_spectrum(spectrum / spectrum.mean(), 10, aim=aim)]
    }
    assert share == pytest.approx({"kl": 0.354987, "w2": 0.0234172}, rel=1e-4)
    kl = [
        sampler_kl(spectrum, spacing.for_spectrum(spectrum, 10, aim=aim), 0, "ddim")
        for aim in ("kl", "w2")
    ]
    assert kl[0] < kl[1]


def test_the_best_noise_strength_lies_between_ddim_and_ddpm():
    """As another program found: ten steps for the distance, lambda_k = k^-2."""
    spectrum = spectra.power_law(256, 2)
    spectrum, h = spectrum / spectrum.mean(), np.linspace(0, 1, 1001)
    made = spacing.for_spectrum(spectrum, 10, aim="w2")
    share = sampler_w2(spectrum, made, h=h) / 256
    assert h[share.argmin()] == pytest.approx(0.2968, rel=2e-3)
    assert share.min() == pytest.approx(0.0205416, rel=1e-4)


@pytest.mark.parametrize("distance", [sampler_kl, sampler_w2])
@pytest.mark.parametrize("sampler", ["ddpm", "ddim"])
def test_an_array_of_noise_strengths_is_each_alone(distance, sampler):
    h, made = np.array([[0.0, 0.2], [0.7, 1.0]]), schedule.cosine(20)
    found = distance(SPECTRUM, made, 0.01, sampler, mean=MEAN, h=h)
    alone = [distance(SPECTRUM, made, 0.01, sampler, mean=MEAN, h=each) for each in h.flat]
    assert found == pytest.approx(np.reshape(alone, h.shape), rel=1e-13)
    flat = sampler_kl(np.array([1.0, 0.0]), made, last_noise=True, h=np.array([0.0, 0.5]))
    assert list(np.isinf(flat)) == [False, True]


@pytest.mark.parametrize(
    ("steps", "shipped", "repaired"),
    [(10, 0.0417413, 0.0359404), (50, 0.00228998, 0.00143597)],
)
def test_a_schedulers_off_by_one_costs_what_another_program_found(steps, shipped, repaired):
    """DDIM read at evenly spaced steps: gone to t - 1000 / T, or to the step read next."""
    spectrum = spectra.power_law(256, 1)
    long = schedule.Schedule(np.linspace(1e-4, 0.02, 1000))
    model = sampling.affine(np.zeros(256), np.diag(spectrum), long)
    read = np.rint(np.linspace(0, 999, steps)).astype(int)[::-1]
    for goals, wanted in ((read - 1000 // steps, shipped), (np.append(read[1:], -1), repaired)):
        x = np.eye(256)
        for t, goal in zip(read, goals, strict=True):
            a, after = long.alpha_bar[t], long.alpha_bar[goal] if goal >= 0 else 1.0
            noise = model(x, t + 1)
            clean = (x - np.sqrt(1 - a) * noise) / np.sqrt(a)
            x = np.sqrt(after) * clean + np.sqrt(1 - after) * noise
        w2 = frechet(np.zeros(256), x.T @ x, np.zeros(256), np.diag(spectrum))
        assert w2 / spectrum.sum() == pytest.approx(wanted, rel=1e-5)
