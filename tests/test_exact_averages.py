"""`exact.averages`: a few noise levels stand for all steps of a schedule."""

import numpy as np
import pytest
from hard_cases import assert_refused
from hypothesis import given, settings
from hypothesis import strategies as st

from lindiff_nb.exact import denoiser, schedule, spectra
from lindiff_nb.exact.averages import gauss_rule
from lindiff_nb.predict import losses, shrinkage

SCHEDULES = {
    "Merger and Goldt": schedule.linear(),
    "Ho et al.": schedule.linear(beta_end=schedule.HO_BETA_END),
    "cosine": schedule.cosine(),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_thirty_two_levels_stand_for_a_thousand(name):
    every = SCHEDULES[name].alpha_bar
    a, share = gauss_rule(every)
    assert a.size == 32
    assert share.sum() == pytest.approx(1, rel=1e-14)
    assert np.all(share > 0)
    for spectrum in (np.ones(30), spectra.power_law(30, 2.0), np.geomspace(1, 1e-12, 30)):
        for n in (5, 30, 200):
            for c in (0, 1e-3, 1):
                exact = np.mean(losses.test_loss(spectrum, n, every, c))
                assert share @ losses.test_loss(spectrum, n, a, c) == pytest.approx(exact, rel=1e-7)


@pytest.mark.parametrize("name", SCHEDULES)
def test_they_stand_for_a_thousand_in_a_measurement_too(name):
    """Training sets without ridge, fewer points than dimensions: the steepest losses there are."""
    every = SCHEDULES[name].alpha_bar
    a, share = gauss_rule(every)
    rng, law = np.random.default_rng(), np.diag(spectra.power_law(12, 1.0))
    for n in (3, 12, 40):
        x = rng.standard_normal((n, 12)) @ np.sqrt(law)
        modes = denoiser.modes(np.zeros(12), x.T @ x / n, np.zeros(12), law)
        exact = np.mean(denoiser.test_loss(modes, every))
        assert denoiser.test_loss(modes, a) @ share == pytest.approx(exact, rel=1e-7)


def test_ten_levels_do_for_a_measurement():
    every = SCHEDULES["Merger and Goldt"].alpha_bar
    a, share = gauss_rule(every, 10)
    for spectrum in (np.ones(64), spectra.power_law(256, 1.4), spectra.power_law(256, 2.0)):
        for n in (4, 64, 256, 512):
            exact = np.mean(losses.test_loss(spectrum, n, every, 1e-6))
            assert losses.test_loss(spectrum, n, a, 1e-6) @ share == pytest.approx(exact, rel=1e-3)


@pytest.mark.parametrize("nodes", [1, 5, 100, 1000])
def test_noise_grows_along_the_levels(nodes):
    a, _ = gauss_rule(schedule.linear().alpha_bar, nodes)
    assert a.size == nodes
    assert np.all(np.diff(a) < 0)


def test_a_share_of_the_steps_is_no_substitute():
    """Every twentieth step is several times off where little noise costs most."""
    every, spectrum = schedule.linear().alpha_bar, spectra.power_law(200, 1.0)
    a, share = gauss_rule(every)
    exact = np.mean(losses.test_loss(spectrum, 100, every))
    assert losses.test_loss(spectrum, 100, a) @ share == pytest.approx(exact, rel=1e-7)
    assert np.mean(losses.test_loss(spectrum, 100, every[::20])) > 4 * exact
    floor = np.mean(shrinkage.best_linear_loss(spectrum, 100, every))
    assert shrinkage.best_linear_loss(spectrum, 100, a) @ share == pytest.approx(floor, rel=1e-6)


def test_few_levels_are_kept_with_how_often_they_occur():
    a, share = gauss_rule(np.array([0.9, 0.1, 0.9, 0.9]))
    assert a.tolist() == [0.9, 0.1]
    assert share.tolist() == [0.75, 0.25]


@given(st.integers(1, 6), st.lists(st.floats(-8, 8), min_size=7, max_size=30, unique=True))
@settings(max_examples=50, deadline=None)
def test_the_rule_is_exact_for_polynomials_of_twice_its_size(nodes, log_ratios):
    x = np.sort(log_ratios)
    a, share = gauss_rule(1 / (1 + np.exp(x)), nodes)
    places = np.log1p(-a) - np.log(a)
    for degree in range(2 * nodes):
        assert share @ places**degree == pytest.approx(np.mean(x**degree), abs=1e-7 * 8**degree)


def test_bad_input_raises_naming_argument_and_value():
    good = {"alpha_bar": np.array([0.9, 0.5, 0.1]), "nodes": 2}
    assert_refused(gauss_rule, good, "alpha_bar", [[], [0.5, 1.0], [0.0], 0.5, [np.nan]])
    assert_refused(gauss_rule, good, "nodes", [0, 1.5])


def test_as_many_levels_as_nodes_are_returned_as_they_are():
    every = np.linspace(0.1, 0.9, 7)
    a, share = gauss_rule(every, 7)
    assert np.array_equal(a, every[::-1])
    assert np.array_equal(share, np.full(7, 1 / 7))
    assert gauss_rule(every, 6)[0].size == 6
