"""`exact.denoiser`: the optimum is one, its losses are what it costs, and the gap is their gap."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lindiff_nb._base import blocks
from lindiff_nb.exact import denoiser, spectra

ALPHA_BAR = np.array([0.01, 0.5, 0.99, 1 - 1e-6])
RIDGES = np.array([0.0, 1e-3, 2.0])
D = 12


def setting(n, seed=0):
    """(mean, covariance) of n points and of the population they were drawn from."""
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((D, D)) / np.sqrt(D)
    mu = rng.standard_normal(D)
    return spectra.moments(rng.standard_normal((n, D)) @ root.T + mu), (mu, root @ root.T)


def objective(weight, b, moments, a, c):
    """What training minimises."""
    return denoiser.loss(weight, b, *moments, a) + c * a * np.sum(weight**2) / D


@pytest.mark.parametrize("n", [5, 40])
@pytest.mark.parametrize("a", ALPHA_BAR)
@pytest.mark.parametrize("c", RIDGES)
def test_optimum_is_stationary_and_every_change_is_worse(n, a, c):
    training, _ = setting(n)
    weight, b = denoiser.optimal(*training, a, c)
    best = objective(weight, b, training, a, c)
    rng = np.random.default_rng(1)
    for _ in range(20):
        dW, db = rng.standard_normal((D, D)), rng.standard_normal(D)
        up = objective(weight + dW, b + db, training, a, c)
        down = objective(weight - dW, b - db, training, a, c)
        # the objective is quadratic: up and down differ by the gradient alone, exactly
        assert up - down == pytest.approx(0, abs=1e-9 * (up + np.sum(weight**2)))
        assert min(up, down) > best


@pytest.mark.parametrize("n", [5, 40])
def test_optimum_solves_the_normal_equations(n):
    (mean, covariance), _ = setting(n)
    a, c = 0.9, 0.1
    weight, b = denoiser.optimal(mean, covariance, a, c)
    matrix = a * covariance + (1 - a + c * a) * np.eye(D)
    assert weight == pytest.approx(np.sqrt(1 - a) * np.linalg.inv(matrix), rel=1e-10)
    assert b == pytest.approx(-np.sqrt(a) * weight @ mean, rel=1e-10)


def test_loss_is_the_average_over_data_and_noise():
    """The z-score of 20,000 draws exceeds 5.5 with probability below 1e-7."""
    _, (mu, sigma) = setting(40)
    rng = np.random.default_rng()
    weight, b, a, draws = rng.standard_normal((D, D)), rng.standard_normal(D), 0.7, 20_000
    x0 = mu + rng.standard_normal((draws, D)) @ np.linalg.cholesky(sigma).T
    eps = rng.standard_normal((draws, D))
    x = np.sqrt(a) * x0 + np.sqrt(1 - a) * eps
    costs = np.sum((eps - x @ weight.T - b) ** 2, axis=1) / D
    error = costs.std() / np.sqrt(draws)
    assert abs(costs.mean() - denoiser.loss(weight, b, mu, sigma, a)) < 5.5 * error


def test_predicting_nothing_costs_one():
    _, population = setting(5)
    assert denoiser.loss(np.zeros((D, D)), np.zeros(D), *population, 0.3) == pytest.approx(1)


@pytest.mark.parametrize("n", [1, 5, 12, 40])
def test_one_eigendecomposition_gives_the_losses_of_every_step_and_ridge(n):
    training, population = setting(n)
    modes = denoiser.modes(*training, *population)
    test = denoiser.test_loss(modes, ALPHA_BAR[:, None], RIDGES)
    train = denoiser.train_loss(modes, ALPHA_BAR[:, None], RIDGES)
    assert test.shape == train.shape == (4, 3)
    for i, a in enumerate(ALPHA_BAR):
        for j, c in enumerate(RIDGES):
            weight, b = denoiser.optimal(*training, a, c)
            assert test[i, j] == pytest.approx(denoiser.loss(weight, b, *population, a), rel=1e-8)
            assert train[i, j] == pytest.approx(denoiser.loss(weight, b, *training, a), rel=1e-6)


def test_both_losses_in_one_pass_are_the_two_losses():
    training, population = setting(5)
    args = denoiser.modes(*training, *population), np.append(ALPHA_BAR, 1.0)[:, None], RIDGES
    test, train = denoiser.losses(*args)
    assert test == pytest.approx(denoiser.test_loss(*args), rel=1e-13)
    assert train == pytest.approx(denoiser.train_loss(*args), rel=1e-13)


@pytest.mark.parametrize("n", [1, 5, 12, 40])
def test_gap_by_mode_sums_to_the_gap(n):
    training, population = setting(n)
    modes = denoiser.modes(*training, *population)
    args = modes, ALPHA_BAR[:, None], RIDGES
    gap = denoiser.gap_by_mode(*args)
    assert gap.shape == (4, 3, D)
    difference = denoiser.test_loss(*args) - denoiser.train_loss(*args)
    assert gap @ modes.multiplicity / D == pytest.approx(difference, rel=1e-9, abs=1e-13)


def test_gap_of_the_last_step_sits_in_the_smallest_modes():
    training, population = setting(5)
    modes = denoiser.modes(*training, *population)
    gap = denoiser.gap_by_mode(modes, 0.9999)
    assert gap[modes.eigenvalues == 0].sum() > 0.999 * gap.sum()


@pytest.mark.parametrize("n", [1, 5, 8])
def test_collapsing_the_null_space_changes_no_loss(n):
    training, population = setting(n)
    full = denoiser.modes(*training, *population)
    null = full.eigenvalues == 0
    assert np.count_nonzero(null) == D - n + 1
    averaged = (np.append(part[~null], part[null].mean()) for part in (full[0], full[2], full[3]))
    eigenvalues, seen, shift = averaged
    counts = np.append(np.ones(n - 1), null.sum())
    small = denoiser.Modes(eigenvalues, None, seen, shift, counts)
    for quantity in (denoiser.test_loss, denoiser.train_loss):
        expected = quantity(full, ALPHA_BAR[:, None], RIDGES)
        assert quantity(small, ALPHA_BAR[:, None], RIDGES) == pytest.approx(expected, rel=1e-10)
    gap = denoiser.gap_by_mode(small, 0.9, 0.1) @ counts
    assert gap == pytest.approx(denoiser.gap_by_mode(full, 0.9, 0.1).sum(), rel=1e-10)


def test_training_on_the_population_leaves_the_residual_loss():
    _, population = setting(5)
    modes = denoiser.modes(*population, *population)
    residual = denoiser.residual_loss(spectra.of_covariance(population[1]), ALPHA_BAR)
    assert denoiser.test_loss(modes, ALPHA_BAR) == pytest.approx(residual, rel=1e-9)
    assert denoiser.train_loss(modes, ALPHA_BAR) == pytest.approx(residual, rel=1e-9)


@given(
    n=st.integers(1, 40),
    a=st.floats(1e-6, 1 - 1e-6),
    c=st.floats(0, 10, allow_subnormal=False),
    seed=st.integers(0),
)
@settings(max_examples=40, deadline=None)
def test_no_training_set_beats_the_residual_loss(n, a, c, seed):
    training, population = setting(n, seed)
    modes = denoiser.modes(*training, *population)
    residual = denoiser.residual_loss(spectra.of_covariance(population[1]), a)
    assert denoiser.test_loss(modes, a, c) >= residual * (1 - 1e-10)
    assert denoiser.train_loss(modes, a, c) >= denoiser.train_loss(modes, a) * (1 - 1e-10)


def exactly(modes, a, c, variance):
    """A loss as theory writes it, to 50 digits."""
    total, s = mpmath.mpf(0), mpmath.sqrt(1 - mpmath.mpf(a))
    for lam, seen, count in zip(modes.eigenvalues, variance, modes.multiplicity, strict=True):
        noisy = mpmath.mpf(a) * mpmath.mpf(lam) + 1 - mpmath.mpf(a)
        w = s / (noisy + mpmath.mpf(a) * mpmath.mpf(c))
        noise = mpmath.mpf(a) * mpmath.mpf(seen) + 1 - mpmath.mpf(a)
        total += mpmath.mpf(count) * (1 - 2 * s * w + w**2 * noise)
    return float(total / mpmath.fsum(modes.multiplicity))


@pytest.mark.parametrize("a", [1e-12, 0.5, 1 - 1e-4, 1 - 1e-9, float(np.nextafter(1, 0))])
@pytest.mark.parametrize("c", [0.0, 1e-12, 1.0, 1e6])
def test_losses_keep_their_digits_at_every_noise_level(a, c):
    eigenvalues = np.array([1e3, 1.0, 1e-6, 1e-12, 0.0])
    seen, shift = np.array([900.0, 1.1, 3e-6, 1e-3, 1e-7]), np.array([0.1, 0, 1e-9, 0, 0.2])
    modes = denoiser.Modes(eigenvalues, None, seen, shift, np.array([1.0, 2, 1, 1, 7]))
    with mpmath.workdps(50):
        test, train = exactly(modes, a, c, seen + shift), exactly(modes, a, c, eigenvalues)
    assert denoiser.test_loss(modes, a, c) == pytest.approx(test, rel=1e-12)
    assert denoiser.train_loss(modes, a, c) == pytest.approx(train, rel=1e-12)


def test_residual_loss_is_its_sum():
    spectrum = np.array([1e6, 1.0, 1e-9, 0.0])
    for a in (1e-9, 0.3, 1 - 1e-12):
        naive = sum(a * x / (a * x + (1 - a)) for x in spectrum) / 4
        assert denoiser.residual_loss(spectrum, a) == pytest.approx(naive, rel=1e-12)


def test_without_noise_each_loss_is_its_limit():
    training, population = setting(5)  # rank 4: eight directions without training variance
    modes = denoiser.modes(*training, *population)
    assert denoiser.train_loss(modes, 1.0) == pytest.approx(4 / D, rel=1e-12)
    assert denoiser.train_loss(modes, 1 - 1e-9) == pytest.approx(4 / D, rel=1e-6)
    assert denoiser.test_loss(modes, 1.0) == np.inf
    assert denoiser.test_loss(modes, 1 - 1e-12) > 1e9
    assert denoiser.test_loss(modes, 1.0, 0.1) == pytest.approx(1, rel=1e-12)
    assert denoiser.train_loss(modes, 1.0, 0.1) == pytest.approx(1, rel=1e-12)
    assert denoiser.residual_loss([2.0, 1.0, 0.0], 1.0) == pytest.approx(2 / 3, rel=1e-12)
    assert denoiser.residual_loss([2.0, 1.0, 1e-17], 1.0) == pytest.approx(2 / 3, rel=1e-12)
    gap = denoiser.gap_by_mode(modes, 1.0)
    assert np.all(gap[modes.eigenvalues == 0] == np.inf)
    assert np.all(gap[modes.eigenvalues > 0] == 0)
    unseen = denoiser.modes(*training, *training)  # the population has no variance there either
    assert denoiser.test_loss(unseen, 1.0) == pytest.approx(4 / D, rel=1e-12)
    assert not denoiser.gap_by_mode(unseen, 1.0).any()


def test_without_noise_the_optimum_guesses_nothing():
    training, _ = setting(5)
    weight, b = denoiser.optimal(*training, 1.0)
    assert not weight.any()
    assert not b.any()


def test_weights_are_the_eigenvalues_of_the_optimal_matrix():
    (mean, covariance), _ = setting(40)
    weight, _ = denoiser.optimal(mean, covariance, 0.8, 0.3)
    expected = np.sort(denoiser.weights(spectra.of_covariance(covariance), 0.8, 0.3))
    assert np.linalg.eigvalsh(weight) == pytest.approx(expected, rel=1e-10)
    assert denoiser.weights(0.0, 1.0) == np.inf
    assert denoiser.weights(0.0, 1.0, 0.5) == denoiser.weights(2.0, 1.0) == 0


def test_numbers_in_give_floats_out_and_arrays_broadcast():
    training, population = setting(5)
    modes = denoiser.modes(*training, *population)
    for value in (
        denoiser.test_loss(modes, 0.5),
        denoiser.train_loss(modes, 0.5, 0.1),
        denoiser.weights(1.0, 0.5),
        denoiser.residual_loss(np.ones(3), 0.5),
    ):
        assert isinstance(value, float)
    assert denoiser.test_loss(modes, ALPHA_BAR, 0.1).shape == (4,)
    assert denoiser.test_loss(modes, 0.5, RIDGES).shape == (3,)
    assert denoiser.gap_by_mode(modes, 0.5).shape == (D,)
    assert denoiser.weights(np.ones((2, 1)), ALPHA_BAR).shape == (2, 4)


def test_a_grid_longer_than_a_block_is_the_same_grid(monkeypatch):
    training, population = setting(5)
    modes = denoiser.modes(*training, *population)
    whole = denoiser.test_loss(modes, ALPHA_BAR[:, None], RIDGES)
    monkeypatch.setattr(blocks, "NUMBERS", 5 * D)
    assert denoiser.test_loss(modes, ALPHA_BAR[:, None], RIDGES) == pytest.approx(whole, rel=1e-14)


def test_the_loss_on_data_is_that_of_the_data_that_the_guess_implies():
    """x_0 - x_0_hat = -sqrt((1-a) / a) (eps - eps_hat), point by point."""
    rng = np.random.default_rng(0)
    a, x, eps, guess = 0.3, *rng.standard_normal((3, 50, 4))
    noised = np.sqrt(a) * x + np.sqrt(1 - a) * eps
    implied = (noised - np.sqrt(1 - a) * guess) / np.sqrt(a)
    loss = np.mean((eps - guess) ** 2)
    assert denoiser.loss_on_data(loss, a) == pytest.approx(np.mean((x - implied) ** 2), rel=1e-13)


def test_the_loss_on_data_broadcasts_and_vanishes_without_noise():
    found = denoiser.loss_on_data([[1.0], [2.0]], [0.5, 1.0])
    assert np.array_equal(found, [[1.0, 0.0], [2.0, 0.0]])
    for loss in (-1.0, np.inf, np.nan):
        with pytest.raises(ValueError, match="loss"):
            denoiser.loss_on_data(loss, 0.5)
    with pytest.raises(ValueError, match="alpha_bar"):
        denoiser.loss_on_data(1.0, 0.0)


@pytest.mark.parametrize("name", ["eigenvalues", "population"])
def test_what_rounding_left_below_zero_is_zero_and_what_lies_deeper_is_refused(name):
    zero = np.zeros(3)
    modes = denoiser.Modes(np.array([2.0, 1, 0]), None, np.array([2.0, 1, 0]), zero, zero + 1)
    rounded = modes._replace(**{name: np.array([2.0, 1, -1e-16])})
    assert denoiser.losses(rounded, 0.5, 0.1) == denoiser.losses(modes, 0.5, 0.1)
    with pytest.raises(ValueError, match=f"modes.{name} must be non-negative"):
        denoiser.losses(modes._replace(**{name: np.array([2.0, 1, -1e-13])}), 0.5, 0.1)


def test_a_mode_that_counts_for_nothing_changes_no_loss():
    one, two = np.ones(1), np.ones(2)
    alone = denoiser.Modes(one, None, one, 0 * one, one)
    beside = denoiser.Modes(two, None, two * [1, 5], 0 * two, two * [1, 0])
    assert denoiser.test_loss(beside, ALPHA_BAR) == pytest.approx(
        denoiser.test_loss(alone, ALPHA_BAR), rel=1e-14
    )
