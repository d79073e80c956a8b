"""`measure.score_matching`: gradient descent finds the optimum, at the known pace."""

from itertools import islice

import numpy as np
import pytest
import torch

from lindiff_nb.exact import denoiser, spectra
from lindiff_nb.measure import score_matching
from lindiff_nb.measure.score_matching import gradient_descent, largest_eta

D, A = 4, 0.9


def points(n=7, centred=True):
    x = np.random.default_rng(0).standard_normal((n, D)) * np.sqrt(spectra.power_law(D, 1.0)) + 0.7
    return x - x.mean(axis=0) if centred else x


def last(states):
    *_, state = states
    return state


@pytest.mark.parametrize("n", [2, 7])
@pytest.mark.parametrize("c", [0.0, 0.1])
def test_it_ends_at_the_optimal_denoiser(n, c):
    x, a = points(n, centred=False), 0.3
    end = last(gradient_descent(x, a, eta=0.9 * largest_eta(x, a, c), c=c, steps=300))
    W, b = denoiser.optimal(*spectra.moments(x), a, c)
    assert np.abs(end.W - W).max() < 1e-9
    assert np.abs(end.b - b).max() < 1e-9
    assert end.W.dtype == end.b.dtype == np.float64


@pytest.mark.parametrize("c", [0.0, 0.1])
def test_each_mode_relaxes_at_its_own_rate(c):
    """After tau steps the share 1 - (1 - 2 eta rate)^tau of the optimum, exactly."""
    x, eta = points(), 0.05
    eigenvalues, v = np.linalg.eigh(spectra.moments(x)[1])
    rate = A * (eigenvalues + c) + 1 - A
    for state in gradient_descent(x, A, eta=eta, c=c, steps=40):
        learned = denoiser.weights(eigenvalues, A, c) * (1 - (1 - 2 * eta * rate) ** state.step)
        assert v.T @ state.W @ v == pytest.approx(np.diag(learned), abs=1e-12)
        assert state.b == pytest.approx(np.zeros(D), abs=1e-14)


def test_states_carry_the_loss_of_their_own_weights_and_it_falls():
    x = points(centred=False)
    states = list(gradient_descent(x, A, eta=0.1, steps=30))
    assert [state.step for state in states] == list(range(31))
    assert states[0].loss == 1  # nothing predicted
    losses = [denoiser.loss(s.W, s.b, *spectra.moments(x), A) for s in states]
    assert [s.loss for s in states] == pytest.approx(losses, rel=1e-12)
    assert np.all(np.diff(losses) < 0)


def test_without_a_number_of_steps_it_goes_on():
    states = gradient_descent(points(), A, eta=0.1)
    assert [state.step for state in islice(states, 5)] == [0, 1, 2, 3, 4]


def test_the_bound_on_the_learning_rate_is_sharp():
    x = points(centred=False)
    bound = largest_eta(x, A)
    with pytest.raises(ValueError, match=f"eta must be below {bound:.6g}"):
        gradient_descent(x, A, eta=bound)
    below = [state.loss for state in gradient_descent(x, A, eta=0.99 * bound, steps=300)]
    beyond = score_matching._descend(torch.as_tensor(x), A, 0.0, 1.01 * bound, 300, None)
    assert np.all(np.diff(below) < 0)
    assert last(beyond).loss > 10


def test_sampled_noise_gives_the_exact_gradient_on_average():
    """W after one step is eta times the mean gradient; the z-score exceeds 6.5 with p < 1e-9."""
    x, eta, draws = points(), 0.05, 400
    exact = last(gradient_descent(x, A, eta=eta, steps=1)).W
    noise = torch.Generator().manual_seed(int(np.random.default_rng().integers(2**31)))
    first = [last(gradient_descent(x, A, eta=eta, steps=1, noise=noise)).W for _ in range(draws)]
    error = np.std(first, axis=0) / np.sqrt(draws)
    assert np.all(np.abs(np.mean(first, axis=0) - exact) < 6.5 * error)


def test_noise_comes_from_the_generator_alone():
    runs = [
        last(
            gradient_descent(points(), A, eta=0.1, steps=3, noise=torch.Generator().manual_seed(s))
        )
        for s in (1, 1, 2)
    ]
    assert np.array_equal(runs[0].W, runs[1].W)
    assert not np.array_equal(runs[0].W, runs[2].W)


@pytest.mark.long
def test_with_sampled_noise_it_learns_the_optimum_too():
    """The mean of the last states: at this pace one step moves them by little."""
    x, a = points(n=6, centred=False) + 1.0, 0.3
    noise = torch.Generator().manual_seed(0)
    states = list(gradient_descent(x, a, eta=0.01, noise=noise, steps=4000))
    _, b = denoiser.optimal(*spectra.moments(x), a)
    assert np.mean([s.b for s in states[2000:]], axis=0) == pytest.approx(b, abs=0.15)
    assert np.abs(b).max() > 0.3


def test_torch_has_its_threads_again_between_two_steps():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        for _ in gradient_descent(points(), A, eta=0.01, steps=2):
            assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
