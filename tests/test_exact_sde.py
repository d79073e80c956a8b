"""`exact.sde`: the clock of the continuous process, and its rules for means over it."""

import numpy as np
import pytest
from scipy.integrate import quad

from lindiff_nb.exact.modes import Mixture
from lindiff_nb.exact.sde import VP, VarianceExploding, VariancePreserving


@pytest.mark.parametrize("process", [VP, VariancePreserving(1.0, 1.0, 0.2)])
def test_the_signal_decays_at_the_rate_beta(process):
    for t in (process.start, 0.5, 1.0):
        integral = quad(
            lambda u: process.beta_min + (process.beta_max - process.beta_min) * u, 0, t
        )
        assert process.alpha_bar(t) == pytest.approx(np.exp(-integral[0]), rel=1e-12)
        assert process.alpha_bar(t) + process.noise(t) == 1


@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.array, np.longdouble])
def test_a_process_is_that_of_its_numbers_whatever_they_come_as(kind):
    for given, plain in (
        (VarianceExploding(kind(25)), VarianceExploding(25.0)),
        (VariancePreserving(kind(1), kind(20)), VariancePreserving(1.0, 20.0)),
    ):
        assert given.alpha_bar(0.7).dtype == float
        assert given.alpha_bar(0.7) == plain.alpha_bar(0.7)
        assert given == plain
        assert hash(given) == hash(plain)


def test_many_small_steps_of_a_schedule_are_the_process():
    times = np.linspace(0, 1, 100_001)[1:]
    beta = (VP.beta_min + (VP.beta_max - VP.beta_min) * times) / len(times)
    assert np.cumprod(1 - beta)[49_999] == pytest.approx(VP.alpha_bar(0.5), rel=1e-3)


def test_a_mean_over_times_is_exact_for_polynomials_of_the_time():
    times, weights = VP.rule(12)
    for power in range(6):
        exact = (1 - VP.start ** (power + 1)) / (power + 1) / (1 - VP.start)
        assert weights @ times**power == pytest.approx(exact, rel=1e-13)


def test_half_the_integral_of_beta_is_a_mean_with_the_weight_of_girsanov():
    times, weights = VP.rule(20)
    half = np.log(VP.alpha_bar(VP.start) / VP.alpha_bar(1.0)) / 2
    assert weights @ VP.girsanov(times) == pytest.approx(half, rel=1e-12)


def test_the_information_of_a_gaussian_is_an_elementary_integral():
    """With v = alpha_bar s^2 + 1 - alpha_bar, dv = -(s^2 - 1) beta alpha_bar dt and F = 1/v."""
    law = Mixture([0.4], deviation=1.5)

    def antiderivative(a):
        return np.log(a / (a * 1.25 + 1))

    expected = (antiderivative(VP.alpha_bar(VP.start)) - antiderivative(VP.alpha_bar(1.0))) / 2
    assert VP.information(law, 48) == pytest.approx(expected, rel=1e-10)


def test_steps_go_from_start_to_one_and_are_dense_at_the_start():
    steps = np.diff(VP.steps(50))
    assert VP.steps(50)[[0, -1]] == pytest.approx([VP.start, 1])
    assert np.all(np.diff(steps) > 0)


@pytest.mark.parametrize("t", [0.0, 0.0099, 1.01, -1, np.nan, [0.5, 2.0]])
@pytest.mark.parametrize("ask", ["beta", "alpha_bar", "noise", "girsanov"])
def test_times_outside_the_range_are_refused(ask, t):
    with pytest.raises(ValueError, match="t must be"):
        getattr(VP, ask)(t)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"beta_min": 0}, "beta_min"),
        ({"beta_max": 0.05}, "beta_max"),
        ({"start": 0}, "start"),
        ({"start": 1}, "start"),
        ({"start": np.nan}, "start"),
    ],
)
def test_what_is_no_process_is_refused_by_name(given, name):
    with pytest.raises(ValueError, match=name):
        VariancePreserving(**given)


VE = VarianceExploding(start=0.065)


def test_noise_that_grows_without_shrinking_the_data_has_the_deviation_of_its_equation():
    for t in (VE.start, 0.5, 1.0):
        assert VE.deviation(t) ** 2 == pytest.approx(quad(lambda u: 25 ** (2 * u), 0, t)[0])
    assert VE.deviation(VE.start) == pytest.approx(0.284, abs=5e-4)  # as quoted in the literature


def test_on_the_scale_that_keeps_the_variance_it_is_a_process_as_any_other():
    """alpha_bar = 1 / (1 + deviation^2) decays at the rate beta."""
    for t in (0.1, 0.4, 0.9):
        slope = np.log(VE.alpha_bar(t + 1e-6) / VE.alpha_bar(t - 1e-6)) / 2e-6
        assert VE.beta(t) == pytest.approx(-slope, rel=1e-7)
    times, weights = VE.rule(30)
    half = np.log(VE.alpha_bar(VE.start) / VE.alpha_bar(1.0)) / 2
    assert weights @ VE.girsanov(times) == pytest.approx(half, rel=1e-12)


def test_a_score_on_that_scale_is_the_score_of_the_shrunken_points():
    law, x = Mixture([-3.0, 3.0], deviation=1.0), np.linspace(-4, 4, 9)

    def of_y(y, t):
        return Mixture([-3.0, 3.0], deviation=np.hypot(1, VE.deviation(t))).score(y)

    for t in (VE.start, 0.3, 1.0):
        assert VE.scaled(of_y)(x, t) == pytest.approx(VE.score(law)(x, t), rel=1e-12)


@pytest.mark.parametrize(("given", "name"), [({"sigma": 1}, "sigma"), ({"start": 0}, "start")])
def test_what_is_no_exploding_process_is_refused_by_name(given, name):
    with pytest.raises(ValueError, match=name):
        VarianceExploding(**given)


def test_so_many_steps_go_from_the_start_to_the_end():
    for count in (1, 2, 7):
        times = VP.steps(count)
        assert times.size == count + 1
        assert (times[0], times[-1]) == (VP.start, 1)
