"""`measure.comparison`: denoisers asked about the same noisy points."""

import numpy as np
import pytest
from hard_cases import assert_refused

from lindiff_nb.exact import denoiser, sampling, schedule, spectra
from lindiff_nb.measure import comparison

SCHEDULE = schedule.linear(100)
STEPS = np.array([1, 3, 10, 40, 100])
D = 6
POINTS = np.random.default_rng(0).standard_normal((50, D)) * np.arange(1, D + 1)


def points(seed=0):
    return comparison.noised(np.random.default_rng(seed), POINTS, SCHEDULE, STEPS)


def test_points_are_noised_as_the_schedule_says():
    found = points()
    a = SCHEDULE.alpha_bar[STEPS - 1, None, None]
    assert found.x == pytest.approx(np.sqrt(a) * POINTS + np.sqrt(1 - a) * found.eps)
    assert len(np.unique(found.eps)) == found.eps.size


def test_images_are_points():
    flat, images = (
        comparison.noised(np.random.default_rng(1), x, SCHEDULE, STEPS)
        for x in (POINTS, POINTS.reshape(-1, 2, 3))
    )
    assert np.array_equal(flat.x, images.x)


def test_the_losses_are_those_of_the_formula():
    """2000 affine losses against the formula in the moments: six standard errors (2e-9)."""
    x = np.tile(POINTS, (40, 1))
    mean, covariance = spectra.moments(POINTS)
    noisy = comparison.noised(np.random.default_rng(), x, SCHEDULE, STEPS)
    found = comparison.losses(sampling.affine(mean, covariance, SCHEDULE), noisy)
    for each, t in zip(found, STEPS, strict=True):
        a = SCHEDULE.alpha_bar[t - 1]
        exact = denoiser.loss(*denoiser.optimal(mean, covariance, a), mean, covariance, a)
        assert abs(each.mean() - exact) < 6 * each.std(ddof=1) / np.sqrt(len(x))


def test_modes_add_up_to_the_whole():
    noisy = points()
    first, second = noisy.eps, noisy.x
    v = np.linalg.qr(np.random.default_rng(2).standard_normal((D, D)))[0]
    apart, whole = comparison.by_mode(first, second, v)
    assert apart.shape == whole.shape == (len(STEPS), len(POINTS), D)
    assert apart.mean(axis=2) == pytest.approx(comparison.distance(first, second))
    assert whole.sum(axis=2) == pytest.approx(np.sum(second**2, axis=2))
    assert whole[..., 0] == pytest.approx((second @ v[:, 0]) ** 2)


def test_the_error_is_the_largest_relative_one_of_the_mean_of_the_draws():
    draws = np.array([[1.0, 2.0, 8.0], [3.0, 2.0, 12.0]])  # means 2, 2, 10
    assert comparison.error(draws, [2, 4, 11]) == pytest.approx(0.5)
    assert comparison.error(draws, 10) == pytest.approx(0.8)
    assert comparison.error(3 * draws, 3 * np.array([2, 4, 11])) == pytest.approx(0.5)
    assert comparison.error(draws, draws.mean(axis=0)) == 0


def test_an_error_that_means_nothing_is_refused():
    good = {"draws": np.ones((2, 3)), "predicted": np.ones(3)}
    assert_refused(comparison.error, good, "draws", [1.0, np.ones((0, 3)), [[np.nan]], None])
    assert_refused(comparison.error, good, "predicted", [np.zeros(3), np.inf, "a"])
    with pytest.raises(ValueError, match=r"draws \(3,\) and predicted \(2,\) must have shapes"):
        comparison.error(np.ones((2, 3)), np.ones(2))


def test_bad_input_raises_naming_argument_and_value():
    rng, noisy = np.random.default_rng(0), points()
    good = {"rng": rng, "x": POINTS, "schedule": SCHEDULE, "t": STEPS}
    assert_refused(comparison.noised, good, "rng", [0, None])
    assert_refused(comparison.noised, good, "x", [np.ones(3), np.full((2, 2), np.nan)])
    assert_refused(comparison.noised, good, "schedule", [None, SCHEDULE.beta])
    assert_refused(comparison.noised, good, "t", [[0, 1], [2, 1], [1, 101], [1.0], [], 3])
    with pytest.raises(ValueError, match="first and second"):
        comparison.distance(noisy.eps, noisy.x[:1])
    modes = {"first": noisy.eps, "second": noisy.x, "eigenvectors": np.eye(D)}
    assert_refused(comparison.by_mode, modes, "eigenvectors", [np.eye(D + 1), np.ones(D)])


@pytest.mark.parametrize("t", [[0, 2, 5, 9], [1, 2, 5, 10], [1, 2, 2, 9], [1, 5, 2, 9], [-1], [10]])
def test_steps_outside_the_schedule_are_refused_at_either_end(t):
    short = schedule.linear(9)
    with pytest.raises(ValueError, match="t must be integers increasing within 1 to 9"):
        comparison.noised(np.random.default_rng(0), POINTS, short, np.array(t))


def test_the_last_and_the_first_step_are_taken():
    found = comparison.noised(
        np.random.default_rng(0), POINTS, schedule.linear(9), np.array([1, 9])
    )
    assert np.array_equal(found.t, [1, 9])


def test_distances_are_of_the_first_from_the_second_mode_by_mode():
    first, second = np.array([[[3.0, 1.0]]]), np.array([[[1.0, 2.0]]])
    v = np.array([[0.0, 1.0], [1.0, 0.0]])
    apart, size = comparison.by_mode(first, second, v)
    assert np.array_equal(apart, [[[1, 4]]])
    assert np.array_equal(size, [[[4, 1]]])
    assert np.array_equal(comparison.distance(first, second), [[2.5]])


def test_one_step_alone_can_be_asked_about():
    found = comparison.noised(np.random.default_rng(0), POINTS, SCHEDULE, [7])
    assert found.x.shape == (1, *POINTS.shape)
