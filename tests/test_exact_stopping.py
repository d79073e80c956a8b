"""`exact.stopping`: the best time of one training set, against brute force and closed forms."""

import numpy as np
import pytest

from lindiff_nb.exact import denoiser, spectra, stopping, training
from lindiff_nb.exact.denoiser import Modes


@pytest.fixture
def modes():
    rng = np.random.default_rng(0)
    spectrum = spectra.power_law(30, 1.0)
    x = rng.standard_normal((18, 30)) * np.sqrt(spectrum)
    return denoiser.modes(*spectra.moments(x), np.zeros(30), np.diag(spectrum))


def one_mode(eigenvalue: float, population: float) -> Modes:
    one = np.ones(1)
    return Modes(eigenvalue * one, None, population * one, 0 * one, one)


@pytest.mark.parametrize("a", [0.3, 0.99, 0.9999])
@pytest.mark.parametrize("c", [0.0, 0.01])
def test_no_time_on_a_fine_grid_is_better(modes, a, c):
    tau = np.geomspace(1e-3, 1e6, 4000)
    curve = training.test_loss(modes, a, tau, c)
    best = stopping.best_stopping_time(modes, a, c)
    assert stopping.best_stopped_loss(modes, a, c) <= curve.min() * (1 + 1e-14)
    assert training.test_loss(modes, a, best, c) == stopping.best_stopped_loss(modes, a, c)
    assert best == pytest.approx(tau[curve.argmin()], rel=0.01)


def test_a_direction_without_training_variance_stops_when_its_true_variance_is_learnt():
    """phi = 1 / (a v + 1 - a), that is 2 eta tau (1-a) = ln(1 + (1-a) / (a v))."""
    a, v = np.array([0.2, 0.9, 0.999]), 0.3
    expected = np.log1p((1 - a) / (a * v)) / (2 * (1 - a))
    found = stopping.best_stopping_time(one_mode(0.0, v), a, eta=0.25)
    assert found == pytest.approx(expected / 0.25, rel=1e-9)
    assert stopping.best_stopped_loss(one_mode(0.0, v), a) == pytest.approx(
        a * v / (a * v + 1 - a), rel=1e-12
    )


def test_waiting_is_best_where_the_training_set_tells_the_truth():
    assert stopping.best_stopping_time(one_mode(0.5, 0.5), 0.9) == np.inf
    assert stopping.best_stopping_time(one_mode(0.5, 0.1), 0.9) == np.inf
    assert stopping.best_stopped_loss(one_mode(0.5, 0.5), 0.9) == denoiser.test_loss(
        one_mode(0.5, 0.5), 0.9
    )


def test_one_time_for_all_lies_between_and_costs_more(modes):
    a, weights = np.array([0.5, 0.99]), np.array([1.0, 3.0])
    each = stopping.best_stopping_time(modes, a)
    both = stopping.best_stopping_time(modes, a, weights=weights)
    assert each.min() < both < each.max()
    single = weights @ stopping.best_stopped_loss(modes, a) / 4
    joint = stopping.best_stopped_loss(modes, a, weights=weights)
    assert joint > single
    assert joint == pytest.approx(weights @ training.test_loss(modes, a, both) / 4, rel=1e-12)


def test_the_order_of_the_modes_does_not_matter():
    lam, seen = np.array([1.0, 1e-6, 1e-2]), np.array([0.8, 2e-3, 2e-2])
    turned = [Modes(lam[k], None, seen[k], 0 * lam, 1 + 0 * lam) for k in ([0, 2, 1], [2, 1, 0])]
    times = [stopping.best_stopping_time(modes, 0.9999) for modes in turned]
    assert times[1] == pytest.approx(times[0], rel=1e-9)
    assert np.isfinite(times[0])


def test_no_noise_levels_have_no_times(modes):
    assert stopping.best_stopping_time(modes, []).shape == (0,)
    assert training.test_loss(modes, 0.5, np.zeros(0)).shape == (0,)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("alpha_bar", 1.0),
        ("alpha_bar", 0.0),
        ("c", -1.0),
        ("eta", 0.0),
        ("weights", np.zeros(2)),
        ("weights", -np.ones(2)),
        ("weights", np.ones(3)),
    ],
)
def test_bad_arguments_are_refused_by_name(modes, name, value):
    good = {"alpha_bar": np.array([0.5, 0.9]), "c": 0.0, "eta": 1.0}
    with pytest.raises(ValueError, match=name):
        stopping.best_stopping_time(modes, **{**good, name: value})


def test_risen_finds_the_second_crossing_of_a_parabola():
    """loss = 1 + (ln tau)^2 is 1.25 at tau = exp(1/2), on the way up."""
    tau = np.geomspace(0.1, 10, 2001)
    assert stopping.risen(tau, 1 + np.log(tau) ** 2, 0.25) == pytest.approx(np.exp(0.5), rel=1e-5)
    assert stopping.risen(tau, 1 / tau, 0.25) == np.inf
    assert stopping.risen(tau, tau, 0.5) == pytest.approx(0.15, rel=1e-5)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("tau", ([1.0, 1.0], [1.0, 2.0], 0.1)),
        ("tau", ([1.0, 3.0, 2.0], [1.0, 2.0, 3.0], 0.1)),
        ("tau", ([0.0, 1.0], [1.0, 2.0], 0.1)),
        ("loss", ([1.0, 2.0], [1.0, -2.0], 0.1)),
        ("loss", ([1.0, 2.0], [1.0], 0.1)),
        ("share", ([1.0, 2.0], [1.0, 2.0], -0.1)),
    ],
)
def test_risen_refuses_what_is_no_curve(name, arguments):
    with pytest.raises(ValueError, match=name):
        stopping.risen(*arguments)


def test_risen_starts_to_look_at_the_lowest_point():
    assert stopping.risen([1, 2, 4], [5, 1, 2], 0.5) == pytest.approx(np.sqrt(8), rel=1e-12)


def assert_least_of_all_times(modes, a, c=0.0, weights=None):
    """No time on a fine grid is better, nor a little less or more training than the best."""

    def loss(tau):
        at = np.asarray(training.test_loss(modes, a, tau, c))
        return at if weights is None else at @ weights / weights.sum()

    best = stopping.best_stopping_time(modes, a, c, weights=weights)
    least = stopping.best_stopped_loss(modes, a, c, weights=weights)
    grid = np.append(np.geomspace(1e-9, 1e9, 1500), np.inf)
    assert least <= loss(grid if weights is None else grid[:, None]).min() * (1 + 1e-12)
    assert loss(best) == pytest.approx(least, rel=1e-14)
    for side in (1 - 1e-3, 1 + 1e-3):
        assert loss(best * side) >= least * (1 - 1e-15)
    for side in (0.5, 2):
        assert best == np.inf or loss(best * side) > least


@pytest.mark.parametrize("a", [0.1, 0.9, 0.9999])
@pytest.mark.parametrize("ratio", [1e-6, 1e-2, 1.0, 20.0, 1e4])
def test_the_best_time_is_right_whatever_the_training_set_varies(ratio, a):
    """Much less than new data, as one image does whose mean is its own, or much more."""
    assert_least_of_all_times(one_mode(ratio, 1.0), a)
    assert_least_of_all_times(one_mode(1.0, 1 / ratio), a)
    both = Modes(np.array([ratio, 1.0]), None, np.ones(2), np.zeros(2), np.array([1.0, 3.0]))
    assert_least_of_all_times(both, a)


@pytest.mark.parametrize("a", [0.3, 0.999])
@pytest.mark.parametrize("shift", [0.0, 30.0])
def test_one_image_with_its_own_mean_stops_when_the_variance_of_new_data_is_learnt(a, shift):
    """Nothing varies in training: phi = (1 - e^-x) / (1-a) is best at 1 / (a v + 1 - a)."""
    d, v = 4, 1 + shift**2
    modes = denoiser.modes(np.zeros(d), np.zeros((d, d)), np.full(d, shift), np.eye(d))
    mean = np.trace(np.eye(d)) / d + shift**2
    assert mean == v
    time = np.log1p((1 - a) / (a * v)) / (2 * (1 - a))
    one = denoiser.Modes(np.zeros(1), None, np.ones(1), np.full(1, shift**2), np.ones(1))
    assert stopping.best_stopping_time(one, a) == pytest.approx(time, rel=1e-9)
    assert stopping.best_stopping_time(modes, a) == pytest.approx(time, rel=1e-9)


@pytest.mark.parametrize("seed", range(40))
def test_the_best_time_is_right_for_few_dimensions_and_points(seed):
    rng = np.random.default_rng(seed)
    d, n = rng.integers(1, 4, size=2)
    x = rng.standard_normal((n, d)) * 10.0 ** rng.uniform(-2, 1)
    mean, covariance = spectra.moments(x) if seed % 2 else (np.zeros(d), x.T @ x / n)
    modes = denoiser.modes(mean, covariance, np.zeros(d), np.eye(d))
    assert_least_of_all_times(modes, 1 - 10.0 ** rng.uniform(-4, -0.1), rng.choice([0, 0.1]))


@pytest.mark.parametrize("weights", [[1.0, 3.0], [1.0, 0.0], [1e-3, 1.0], [5.0, 1.0]])
def test_one_time_for_all_is_the_least_of_the_weighted_mean(modes, weights):
    assert_least_of_all_times(modes, np.array([0.2, 0.999]), weights=np.array(weights))


@pytest.mark.parametrize("c", [0.0, 0.3])
@pytest.mark.parametrize("a", [0.1, 0.5, 0.9999])
def test_the_grid_starts_where_every_mode_still_learns_and_ends_where_all_is_learnt(a, c):
    """The loss falls at its first time; at its last no more time changes it; and it is dense."""
    modes = Modes(np.array([1e-4, 2.0]), None, np.array([5.0, 1.0]), np.ones(2), np.ones(2))
    grid = stopping._times(modes, np.array([a, 0.3]), np.array([c, 0.0]))
    first, last = grid[[0, -1]] / 2
    for each in (a, 0.3):
        for mode in range(2):
            one = Modes(*(None if v is None else v[[mode]] for v in modes))
            early = training.test_loss(one, each, np.array([0.0, first, 1.01 * first]), c)
            assert np.all(np.diff(early) < 0)
        final = training.test_loss(modes, each, np.array([last, np.inf]), c)
        assert final[0] == pytest.approx(final[1], rel=1e-13)
    steps = np.diff(np.log10(grid))
    assert steps == pytest.approx(np.full(steps.size, steps[0]), rel=1e-9)
    assert 0.9 < steps[0] * stopping.PER_DECADE <= 1
