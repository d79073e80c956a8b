"""`exact.empirical` against a naive sum, 50 digits, limits, and what a sampler makes of it."""

import tracemalloc

import mpmath
import numpy as np
import pytest

from lindiff_nb.exact import denoiser, empirical, sampling, schedule, spectra

MADE = schedule.linear(60, 1e-3, 0.2)


def naively(points, x, a):
    """One query after the other, one point after the other."""
    rows = []
    for query in x:
        cost = [np.sum((query - np.sqrt(a) * p) ** 2) / (2 * (1 - a)) for p in points]
        weights = np.exp(min(cost) - np.array(cost))
        rows.append(sum(w * p for w, p in zip(weights, points, strict=True)) / weights.sum())
    return np.array(rows)


def exactly(points, query, a):
    """The posterior mean of one query in mpmath."""
    a = mpmath.mpf(a)
    root = mpmath.sqrt(a)
    costs = [
        mpmath.fsum(
            (mpmath.mpf(u) - root * mpmath.mpf(v)) ** 2 for u, v in zip(query, p, strict=True)
        )
        / (2 * (1 - a))
        for p in points
    ]
    weights = [mpmath.exp(min(costs) - cost) for cost in costs]
    total = mpmath.fsum(weights)
    return [
        float(mpmath.fsum(w * mpmath.mpf(v) for w, v in zip(weights, column, strict=True)) / total)
        for column in np.transpose(points)
    ]


@pytest.mark.parametrize("a", [1e-6, 0.3, 0.9, 0.999])
def test_posterior_mean_is_the_weighted_sum(a):
    rng = np.random.default_rng(0)
    points, eps = rng.random((30, 5)), rng.standard_normal((11, 5))
    x = np.sqrt(a) * points[:11] + np.sqrt(1 - a) * eps
    found = empirical.posterior_mean(points, x, a)
    assert found == pytest.approx(naively(points, x, a), rel=1e-9)


@pytest.mark.parametrize("noise", [1e-4, 1e-6, 1e-8])
def test_close_calls_at_tiny_noise_keep_their_digits(noise):
    """Queries midway between two points, far from the origin, off by a standard deviation."""
    rng = np.random.default_rng(1)
    points = 100 + rng.random((8, 6))
    points[1] = points[0] + np.sqrt(noise) * rng.standard_normal(6)
    a = 1 - noise
    x = np.sqrt(a) * (points[0] + points[1]) / 2 + np.sqrt(noise) * 0.3 * rng.standard_normal(6)
    with mpmath.workdps(50):
        expected = np.array(exactly(points, x, a))
    found = empirical.posterior_mean(points, x[None], a)[0]
    share = (found - points[0]) @ (points[1] - points[0]) / np.sum((points[1] - points[0]) ** 2)
    exact = (expected - points[0]) @ (points[1] - points[0]) / np.sum((points[1] - points[0]) ** 2)
    assert 0.01 < exact < 0.99
    # centring leaves a rounding of 100 eps on each coordinate of a query, felt as 1 / noise
    assert share == pytest.approx(exact, abs=1e-12 / np.sqrt(noise))


def test_far_queries_do_not_underflow():
    points = np.array([[0.0, 0.0], [1.0, 0.0]])
    found = empirical.posterior_mean(points, np.array([[1e6, 0.0], [-1e6, 3.0]]), 0.99)
    assert np.array_equal(found, [[1, 0], [0, 0]])


def test_limits_are_the_mean_under_noise_and_the_nearest_point_without():
    rng = np.random.default_rng(0)
    points, x = rng.random((20, 3)), rng.random((7, 3))
    assert empirical.posterior_mean(points, x, 1e-30) == pytest.approx(
        np.tile(points.mean(axis=0), (7, 1)), rel=1e-9
    )
    distances = np.linalg.norm(x[:, None] - points, axis=2)
    nearest = points[distances.argmin(axis=1)]
    assert empirical.posterior_mean(points, x, 1.0) == pytest.approx(nearest, rel=1e-12)
    tie = empirical.posterior_mean(np.array([[0.0], [2.0], [8.0]]), np.array([[1.0]]), 1.0)
    assert tie == pytest.approx(np.array([[1.0]]))


def test_symmetric_points_share_a_query_evenly():
    points = np.array([[-1.0, 0], [1.0, 0]])
    assert empirical.posterior_mean(points, np.array([[0.0, 5.0]]), 0.8) == pytest.approx(
        0, abs=1e-15
    )
    x = np.array([[0.3, -2.0]])
    expected = np.tanh(np.sqrt(0.8) * 0.3 / 0.2)  # of the logistic weights
    assert empirical.posterior_mean(points, x, 0.8)[0, 0] == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("queries", [1, 3, 7, 100])
def test_blocks_do_not_show(monkeypatch, queries):
    rng = np.random.default_rng(0)
    points, x = rng.random((20, 3)), rng.random((7, 3))
    whole, answer = empirical.posterior_mean(points, x, 0.9), empirical.optimal(points, MADE)(x, 5)
    monkeypatch.setattr(empirical, "BLOCK", queries * len(points))
    assert empirical.posterior_mean(points, x, 0.9) == pytest.approx(whole, rel=1e-12)
    assert empirical.optimal(points, MADE)(x, 5) == pytest.approx(answer, rel=1e-9)


def test_memory_is_that_of_a_block_not_of_all_pairs(monkeypatch):
    rng = np.random.default_rng(0)
    points, x = rng.random((2000, 4)), rng.random((2000, 4))
    monkeypatch.setattr(empirical, "BLOCK", 2**16)
    tracemalloc.start()
    empirical.posterior_mean(points, x, 0.9)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**21 < 2000 * 2000 * 8


@pytest.mark.parametrize("t", [1, 20, 60])
def test_denoiser_and_posterior_mean_say_the_same(t):
    rng = np.random.default_rng(0)
    points, x = rng.random((20, 3)), rng.standard_normal((7, 3))
    a = MADE.alpha_bar[t - 1]
    eps_hat = empirical.optimal(points, MADE)(x, t)
    data = (x - np.sqrt(1 - a) * eps_hat) / np.sqrt(a)
    assert data == pytest.approx(empirical.posterior_mean(points, x, a), abs=1e-12)


def test_a_sampler_that_follows_it_ends_on_the_points():
    rng = np.random.default_rng(0)
    points = rng.standard_normal((5, 3))
    eps_hat = empirical.optimal(points, MADE)
    for samples in (
        sampling.ddim(eps_hat, rng.standard_normal((20, 3)), MADE),
        sampling.ddpm(eps_hat, rng.standard_normal((20, 3)), MADE, rng),
    ):
        distance = np.linalg.norm(samples[:, None] - points, axis=2).min(axis=1)
        assert np.median(distance) < 1e-3


def test_it_beats_the_best_affine_denoiser_on_the_training_points():
    """The difference of the losses over 20,000 draws is positive by more than 6 standard errors."""
    rng = np.random.default_rng()
    points = np.random.default_rng(0).standard_normal((5, 3))
    a, t = MADE.alpha_bar[19], 20
    weight, b = denoiser.optimal(*spectra.moments(points), a)
    eps = rng.standard_normal((20_000, 3))
    x = np.sqrt(a) * points[rng.integers(5, size=20_000)] + np.sqrt(1 - a) * eps
    affine = np.sum((eps - x @ weight.T - b) ** 2, axis=1)
    best = np.sum((eps - empirical.optimal(points, MADE)(x, t)) ** 2, axis=1)
    difference = affine - best
    assert difference.mean() > 6 * difference.std() / np.sqrt(20_000)


def test_images_are_points():
    images = np.random.default_rng(0).random((6, 2, 3))
    found = empirical.posterior_mean(images, images, 0.99)
    assert found == pytest.approx(
        empirical.posterior_mean(images.reshape(6, 6), images.reshape(6, 6), 0.99)
    )


@pytest.mark.parametrize("t", [1, 10])
def test_coordinates_by_themselves_are_the_mixture_of_all_combinations(t):
    """Independent coordinates: every combination of their values is equally likely."""
    rng, made = np.random.default_rng(0), schedule.linear(10)
    points, queries = rng.standard_normal((3, 2)), rng.standard_normal((5, 2))
    grid = np.stack(np.meshgrid(*points.T), axis=-1).reshape(-1, 2)
    whole = empirical.optimal(grid, made)(queries, t)
    assert empirical.coordinatewise(points, made)(queries, t) == pytest.approx(whole, rel=1e-9)


@pytest.mark.long
@pytest.mark.parametrize(("n", "blocks"), [(5, 1), (2**20, 25)])
def test_as_many_queries_as_fit_are_answered_at_a_time(n, blocks, monkeypatch):
    """A block holds four million weights: all of 100 queries of 5 points, four of 2^20."""
    asked, weights = [], empirical._weights
    monkeypatch.setattr(empirical, "_weights", lambda *at: asked.append(len(at[0])) or weights(*at))
    empirical.posterior_mean(np.linspace(0, 1, n)[:, None], np.linspace(0, 1, 100)[:, None], 0.5)
    assert len(asked) == blocks


def test_more_points_than_a_block_holds_are_one_query_at_a_time(monkeypatch):
    monkeypatch.setattr(empirical, "BLOCK", 3)
    points = np.linspace(0, 1, 7)[:, None]
    found = empirical.posterior_mean(points, points, 0.5)
    monkeypatch.undo()
    assert found == pytest.approx(empirical.posterior_mean(points, points, 0.5), rel=1e-14)
