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
        ("tau", ([0.0, 1.0], [1.0, 2.0], 0.1)),
        ("loss", ([1.0, 2.0], [1.0, -2.0], 0.1)),
        ("loss", ([1.0, 2.0], [1.0], 0.1)),
        ("share", ([1.0, 2.0], [1.0, 2.0], -0.1)),
    ],
)
def test_risen_refuses_what_is_no_curve(name, arguments):
    with pytest.raises(ValueError, match=name):
        stopping.risen(*arguments)
