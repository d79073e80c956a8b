"""`exact.scale_mixture`: one scale is linear; Bayes by hand; optimal where its assumption holds."""

import numpy as np
import pytest
from hard_cases import assert_refused
from scipy.stats import multivariate_normal

from lindiff_nb.exact import denoiser, sampling, scale_mixture, schedule

SCHEDULE = schedule.linear(50)
D = 3
MEAN = np.array([0.5, -1.0, 2.0])
ROOT = np.random.default_rng(0).standard_normal((D, D))
COVARIANCE = ROOT @ ROOT.T
SQUARES = np.array([0.01, 1.0, 4.0])
QUERIES = np.random.default_rng(1).standard_normal((20, D)) * 2
T = pytest.mark.parametrize("t", [1, 20, 50])


@T
@pytest.mark.parametrize("c", [0.0, 0.1])
def test_one_scale_is_the_affine_denoiser(t, c):
    one = scale_mixture.optimal(MEAN, COVARIANCE, np.ones(1), SCHEDULE, c)
    assert one(QUERIES, t) == pytest.approx(
        sampling.affine(MEAN, COVARIANCE, SCHEDULE, c)(QUERIES, t)
    )


@T
def test_it_is_the_posterior_average_over_scales(t):
    a, found = SCHEDULE.alpha_bar[t - 1], np.zeros_like(QUERIES)
    weight = np.zeros((len(QUERIES), len(SQUARES)))
    for k, square in enumerate(SQUARES):
        law = a * square * COVARIANCE + (1 - a) * np.eye(D)
        weight[:, k] = multivariate_normal(np.sqrt(a) * MEAN, law).pdf(QUERIES)
    weight /= weight.sum(axis=1, keepdims=True)
    for k, square in enumerate(SQUARES):
        W, b = denoiser.optimal(MEAN, square * COVARIANCE, a)
        found += weight[:, [k]] * (QUERIES @ W.T + b)
    assert scale_mixture.optimal(MEAN, COVARIANCE, SQUARES, SCHEDULE)(QUERIES, t) == pytest.approx(
        found
    )


def test_on_images_of_these_scales_it_beats_the_affine_denoiser():
    """Paired on 20,000 points; the lead is 53 standard errors, give or take one; 40 are asked."""
    rng, t = np.random.default_rng(), 20
    a, n = SCHEDULE.alpha_bar[t - 1], 20_000
    r = np.sqrt(rng.choice(SQUARES, (n, 1)))
    x = MEAN + r * (rng.standard_normal((n, D)) @ ROOT.T)
    eps = rng.standard_normal((n, D))
    noisy = np.sqrt(a) * x + np.sqrt(1 - a) * eps
    affine = sampling.affine(MEAN, SQUARES.mean() * COVARIANCE, SCHEDULE)
    ours = scale_mixture.optimal(MEAN, COVARIANCE, SQUARES, SCHEDULE)
    lead = [np.sum((eps - guess(noisy, t)) ** 2, axis=1) for guess in (affine, ours)]
    difference = lead[0] - lead[1]
    assert difference.mean() > 40 * difference.std(ddof=1) / np.sqrt(n)


def test_bad_input_raises_naming_argument_and_value():
    good = {"mean": MEAN, "covariance": COVARIANCE, "squares": SQUARES, "schedule": SCHEDULE}
    assert_refused(scale_mixture.optimal, good, "mean", [np.ones((1, D)), np.full(D, np.nan)])
    assert_refused(scale_mixture.optimal, good, "squares", [[], [-1.0], [np.nan], 2.0])
    assert_refused(scale_mixture.optimal, good, "schedule", [None, SCHEDULE.beta])
    assert_refused(scale_mixture.optimal, {**good, "c": 0.0}, "c", [-1, np.nan])
    query = {"x": QUERIES, "t": 1}
    assert_refused(scale_mixture.optimal(**good), query, "t", [0, 51, 1.0])
    with pytest.raises(ValueError, match="dimension 3"):
        scale_mixture.optimal(**good)(np.ones((2, 4)), 1)
