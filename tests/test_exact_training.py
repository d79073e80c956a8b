"""`exact.training`: mode by mode, against the matrices themselves and a real gradient descent."""

from itertools import islice

import numpy as np
import pytest
from scipy.linalg import expm

from lindiff_nb.exact import denoiser, spectra, training
from lindiff_nb.measure import score_matching


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    return rng.standard_normal((6, 9)) * np.sqrt(spectra.power_law(9, 1.0)) + 0.3


@pytest.fixture
def population():
    return np.zeros(9), np.diag(spectra.power_law(9, 1.0))


@pytest.mark.parametrize("tau", [0.0, 0.01, 1.0, 30.0])
@pytest.mark.parametrize("c", [0.0, 0.1])
def test_losses_are_those_of_the_matrix_that_gradient_flow_reaches(data, population, tau, c):
    """W(tau) = (1 - exp(-2 eta tau M)) W*, as matrices, priced by `denoiser.loss`."""
    a, eta = 0.9, 0.7
    mean, covariance = spectra.moments(data)
    best, _ = denoiser.optimal(mean, covariance, a, c)
    M = a * (covariance + c * np.eye(9)) + (1 - a) * np.eye(9)
    W = (np.eye(9) - expm(-2 * eta * tau * M)) @ best
    b = -np.sqrt(a) * W @ mean
    modes = denoiser.modes(mean, covariance, *population)
    test, train = training.losses(modes, a, tau, c, eta)
    assert test == pytest.approx(denoiser.loss(W, b, *population, a), rel=1e-12)
    assert train == pytest.approx(denoiser.loss(W, b, mean, covariance, a), rel=1e-12)


def test_small_steps_of_gradient_descent_follow_it(data, population):
    """Centred points, Euler steps of eta: the error falls with eta, and here is below 1e-3."""
    a, c, eta, steps = 0.8, 0.05, 1e-3, 400
    x = data - data.mean(axis=0)
    modes = denoiser.modes(*spectra.moments(x), *population)
    states = list(islice(score_matching.gradient_descent(x, a, eta=eta, c=c), steps + 1))
    expected = training.train_loss(modes, a, np.arange(steps + 1), c, eta)
    assert [state.loss for state in states] == pytest.approx(expected, rel=1e-3)


def test_ends_are_nothing_learnt_and_the_optimum(data, population):
    modes = denoiser.modes(*spectra.moments(data), *population)
    a = np.array([0.1, 0.99, 1.0])
    for along, after in (
        (training.test_loss, denoiser.test_loss),
        (training.train_loss, denoiser.train_loss),
    ):
        assert along(modes, a, 0.0) == pytest.approx(np.ones(3), rel=1e-15)
        assert np.array_equal(along(modes, a, np.inf), after(modes, a))
        assert along(modes, a[:2], 1e6) == pytest.approx(after(modes, a[:2]), rel=1e-12)
    assert training.test_loss(modes, 1.0, 1e12) == 1


def test_arguments_broadcast(data, population):
    modes = denoiser.modes(*spectra.moments(data), *population)
    a, tau, c = np.array([0.2, 0.9]), np.array([[0.5], [np.inf], [3]]), np.zeros((1, 1, 1))
    found = training.test_loss(modes, a, tau, c, eta=[2.0, 1.0])
    assert found.shape == (1, 3, 2)
    assert found[0, 0, 0] == pytest.approx(training.test_loss(modes, 0.2, 1.0), rel=1e-14)
    assert isinstance(training.train_loss(modes, 0.2, 1.0), float)


@pytest.mark.parametrize("tau", [0.0, 0.3, 20.0])
@pytest.mark.parametrize("c", [0.0, 0.1])
def test_a_network_for_data_or_velocity_is_another_start(data, population, tau, c):
    """Gradient flow of x_0_hat = A x and of v_hat = V x, as matrices, priced as noise guesses."""
    a, mean = 0.9, np.zeros(9)
    x = data - data.mean(axis=0)
    covariance = spectra.moments(x)[1]
    best, _ = denoiser.optimal(mean, covariance, a, c)
    M = a * (covariance + c * np.eye(9)) + (1 - a) * np.eye(9)
    learnt = np.eye(9) - expm(-2 * tau * M)
    data_best = (np.eye(9) - np.sqrt(1 - a) * best) / np.sqrt(a)
    from_data = (np.eye(9) - np.sqrt(a) * learnt @ data_best) / np.sqrt(1 - a)
    velocity_best = (np.sqrt(a) * np.eye(9) - data_best) / np.sqrt(1 - a)
    kept = np.sqrt(a) * np.eye(9) - np.sqrt(1 - a) * learnt @ velocity_best
    from_velocity = (np.eye(9) - np.sqrt(a) * kept) / np.sqrt(1 - a)
    modes = denoiser.modes(mean, covariance, *population)
    for W, start in ((from_data, 0.0), (from_velocity, a)):
        test, train = training.losses(modes, a, tau, c, start=start)
        assert test == pytest.approx(denoiser.loss(W, mean, *population, a), rel=1e-11)
        assert train == pytest.approx(denoiser.loss(W, mean, mean, covariance, a), rel=1e-11)


def test_all_starts_end_at_the_same_optimum(data, population):
    modes = denoiser.modes(*spectra.moments(data), *population)
    found = training.test_loss(modes, 0.9, [1e4, np.inf], start=[[0.0], [0.9], [1.0]])
    assert found == pytest.approx(np.full((3, 2), denoiser.test_loss(modes, 0.9)), rel=1e-12)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("alpha_bar", 0.0),
        ("tau", -1.0),
        ("tau", np.nan),
        ("c", -1.0),
        ("eta", 0.0),
        ("eta", "x"),
        ("start", np.nan),
    ],
)
def test_bad_arguments_are_refused_by_name(data, population, name, value):
    modes = denoiser.modes(*spectra.moments(data), *population)
    good = {"alpha_bar": 0.5, "tau": 1.0, "c": 0.0, "eta": 1.0, "start": 1.0}
    with pytest.raises(ValueError, match=name):
        training.losses(modes, **{**good, name: value})


def test_without_noise_only_one_start_makes_sense(data, population):
    modes = denoiser.modes(*spectra.moments(data), *population)
    with pytest.raises(ValueError, match="start"):
        training.test_loss(modes, 1.0, 1.0, start=0.0)
