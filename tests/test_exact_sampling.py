"""`exact.sampling`: any denoiser runs, and the affine one does what `recursion` says."""

import io
import sys

import numpy as np
import pytest
from scipy import stats

from lindiff_nb.exact import denoiser, sampling, schedule, spectra

D = 4
MADE = schedule.linear(40, 1e-3, 0.2)


@pytest.fixture
def moments():
    root = np.random.default_rng(0).standard_normal((D, D)) * [2, 1, 0.3, 0.01]
    return np.arange(D) - 1.0, root @ root.T


@pytest.mark.parametrize("c", [0.0, 0.2])
def test_affine_is_the_optimal_denoiser_of_each_step(moments, c):
    x = np.random.default_rng(1).standard_normal((6, D))
    eps_hat = sampling.affine(*moments, MADE, c)
    for t in (1, 17, 40):
        weight, b = denoiser.optimal(*moments, MADE.alpha_bar[t - 1], c)
        assert eps_hat(x, t) == pytest.approx(x @ weight.T + b, rel=1e-9)


def test_ddim_with_the_affine_denoiser_is_a_linear_map_with_the_exact_moments(moments):
    mean, covariance = moments
    c = 0.05
    inputs = np.vstack([np.zeros(D), np.eye(D)])
    outputs = sampling.ddim(sampling.affine(mean, covariance, MADE, c), inputs, MADE)
    offset, rows = outputs[0], outputs[1:] - outputs[0]
    eigenvalues, v = spectra.eigenpairs(covariance)
    variance = sampling.sampled_variance(eigenvalues, MADE, c, "ddim")
    assert rows.T @ rows == pytest.approx((v * variance) @ v.T, abs=1e-11)
    factor = sampling.sampled_mean(eigenvalues, MADE, c, "ddim")
    assert offset == pytest.approx(v @ (factor * (v.T @ mean)), abs=1e-11)


@pytest.mark.parametrize("last_noise", [False, True])
def test_ddpm_with_the_affine_denoiser_samples_the_exact_gaussian(moments, last_noise):
    """Exact tests at level 1e-6 / 12 each, for 4 variances, 4 means, 4 neighbouring correlations.

    The samples are exactly Gaussian, so their second moments are chi-squared and the sums
    normal; the false-alarm rate of the whole is below 1e-6.
    """
    mean, covariance = moments
    rng, count, c, level = np.random.default_rng(), 4000, 0.05, 1e-6 / 12
    eps_hat = sampling.affine(mean, covariance, MADE, c)
    start = rng.standard_normal((count, D))
    samples = sampling.ddpm(eps_hat, start, MADE, rng, last_noise=last_noise)
    eigenvalues, v = spectra.eigenpairs(covariance)
    expected = sampling.sampled_mean(eigenvalues, MADE, c) * (mean @ v)
    variance = sampling.sampled_variance(eigenvalues, MADE, c, "ddpm", last_noise)
    z = (samples @ v - expected) / np.sqrt(variance)
    chi2 = stats.chi2(count)
    sums = np.sum(z**2, axis=0)
    assert np.all(2 * np.minimum(chi2.cdf(sums), chi2.sf(sums)) > level)
    assert np.all(2 * stats.norm.sf(np.abs(z.sum(axis=0)) / np.sqrt(count)) > level)
    r = np.array([np.corrcoef(z[:, i], z[:, i - 1])[0, 1] for i in range(D)])
    t = np.abs(r) * np.sqrt((count - 2) / (1 - r**2))
    assert np.all(2 * stats.t.sf(t, count - 2) > level)


def test_samplers_follow_their_formulas_for_any_denoiser():
    made, x = schedule.Schedule(np.array([0.1, 0.3])), np.array([[1.0, -2.0]])

    def eps_hat(x, t):
        return np.tanh(t * x)

    expected = x
    z = np.random.default_rng(5).standard_normal((1, 2))
    for beta, a, noise in ((0.3, 0.63, np.sqrt(0.3) * z), (0.1, 0.9, 0)):
        guess = eps_hat(expected, 2 if beta == 0.3 else 1)
        expected = (expected - beta / np.sqrt(1 - a) * guess) / np.sqrt(1 - beta) + noise
    found = sampling.ddpm(eps_hat, x, made, np.random.default_rng(5))
    assert found == pytest.approx(expected, rel=1e-12)

    expected = x
    for t, a, before in ((2, 0.63, 0.9), (1, 0.9, 1.0)):
        guess = eps_hat(expected, t)
        data = (expected - np.sqrt(1 - a) * guess) / np.sqrt(a)
        expected = np.sqrt(before) * data + np.sqrt(1 - before) * guess
    assert sampling.ddim(eps_hat, x, made) == pytest.approx(expected, rel=1e-12)


def test_same_generator_gives_the_same_samples_and_the_start_is_left_alone(moments):
    eps_hat, x = sampling.affine(*moments, MADE), np.ones((3, D))
    first, second = (sampling.ddpm(eps_hat, x, MADE, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first, second)
    assert np.array_equal(x, np.ones((3, D)))


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (
            np.zeros((3, D - 1)),
            r"denoiser\(x, 40\) must have the shape of x, \(3, 4\), got \(3, 3\)",
        ),
        (np.zeros(D), r"denoiser\(x, 40\) must have the shape of x"),
        (np.full((3, D), np.nan), r"denoiser\(x, 40\) must be finite"),
        (None, r"denoiser\(x, 40\) must be finite"),
    ],
)
def test_a_denoiser_that_answers_wrongly_is_named(answer, complaint):
    with pytest.raises(ValueError, match=complaint):
        sampling.ddim(lambda x, t: answer, np.ones((3, D)), MADE)
    with pytest.raises(ValueError, match=complaint):
        sampling.ddpm(lambda x, t: answer, np.ones((3, D)), MADE, np.random.default_rng(0))


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "patience", "progress", "drawn"),
    [
        (Terminal, 0.0, None, True),
        (Terminal, 60.0, None, False),  # a short run
        (io.StringIO, 0.0, None, False),  # not a terminal
        (io.StringIO, 60.0, True, True),
        (Terminal, 0.0, False, False),
    ],
)
def test_progress_bar_shows_on_request_or_on_a_terminal_when_it_takes_long(
    monkeypatch, stream, patience, progress, drawn
):
    written = stream()
    monkeypatch.setattr(sys, "stderr", written)
    monkeypatch.setattr(sampling, "PATIENCE", patience)
    sampling.ddim(lambda x, t: x, np.ones((1, 2)), MADE, progress=progress)
    assert ("sampling" in written.getvalue()) == drawn


def test_the_jump_to_the_end_is_what_many_small_ddim_steps_do(moments):
    x, made = np.random.default_rng(2).standard_normal((5, D)), schedule.linear(4000, 1e-6, 4e-3)
    walked = sampling.ddim(sampling.affine(*moments, made, 0.1), x, made)
    jumped = sampling.gaussian_jump(x, *moments, made, 0, 0.1)
    assert walked == pytest.approx(jumped, abs=3e-3 * np.abs(jumped).max())


@pytest.mark.parametrize("t", [1, 17, 40])
def test_a_jump_in_two_is_a_jump_in_one(moments, t):
    x, first = np.random.default_rng(2).standard_normal((5, D)), schedule.Schedule(MADE.beta[:t])
    between = sampling.gaussian_jump(x, *moments, MADE, t, 0.1)
    landed = sampling.gaussian_jump(between, *moments, first, 0, 0.1)
    assert landed == pytest.approx(sampling.gaussian_jump(x, *moments, MADE, 0, 0.1), abs=1e-10)


def test_a_jump_nowhere_stays(moments):
    x = np.random.default_rng(2).standard_normal((5, D))
    assert sampling.gaussian_jump(x, *moments, MADE, 40) == pytest.approx(x, abs=1e-12)


def test_the_jump_to_the_end_has_the_continuum_variance():
    covariance, made = np.diag([5.0, 0.2, 0.0]), schedule.linear(100)
    steps = sampling.gaussian_jump(np.eye(3), np.zeros(3), covariance, made, 0)
    limit = sampling.continuum_variance(np.diag(covariance), made.alpha_bar[-1], sampler="ddim")
    assert np.diag(steps) ** 2 == pytest.approx(limit, rel=1e-12)
