"""`predict.random_features`: against a perturbation by hand, a measurement, and its own limits."""

import numpy as np
import pytest
from hard_cases import assert_refused
from quasi_features import FEATURES, POINTS, POPULATION

from lindiff_nb.exact.modes import Mixture
from lindiff_nb.exact.sde import VP
from lindiff_nb.measure import random_features as measured
from lindiff_nb.predict import random_features as predicted

TAU = np.array([1e3, 1e5, 1e6, 1e10])
UNEQUAL = Mixture([-3.0, 2.0], [0.3, 0.7], [0.5, 1.5])
LAWS = pytest.mark.parametrize("law", [POPULATION, UNEQUAL], ids=["equal", "unequal"])


@LAWS
def test_the_bias_is_the_bound_on_infinitely_many_points(law):
    a = measured.coefficients(*measured.normal_equations(FEATURES, law), TAU)
    expected = measured.bound(FEATURES, a, law)
    assert predicted.terms(FEATURES, law, TAU).bias == pytest.approx(expected, rel=1e-9)


@LAWS
def test_the_data_term_is_what_a_little_more_weight_on_each_point_does(law):
    """delta by a difference quotient of the whole flow, for each node of x_0."""
    tau, nodes, h = [1.0, 1e2, 1e4], 8, 1e-6
    z, w = np.polynomial.hermite_e.hermegauss(5)
    x0 = (law.means[:, None] + law.deviation[:, None] * z).ravel()
    p = np.outer(law.weights, w / w.sum()).ravel()
    K, b = measured.normal_equations(FEATURES, law, nodes=nodes)
    K_bound, _ = measured.normal_equations(FEATURES, law, VP.girsanov, nodes)
    V = 0
    for x, share in zip(x0, p, strict=True):
        K_x, b_x = measured.normal_equations(FEATURES, Mixture([x]), nodes=nodes)
        up, down = (
            measured.coefficients(K + e * (K_x - K), b + e * (b_x - b), tau) for e in (h, -h)
        )
        delta = (up - down) / (2 * h)
        V = V + share * np.sum(delta @ K_bound * delta, axis=-1)
    found = predicted.terms(FEATURES, law, tau, nodes=nodes, points=5)
    assert found.data == pytest.approx(V, rel=1e-4)


@pytest.mark.long
def test_the_predicted_rise_is_the_measured_one():
    """100 seeds of 400 points, features fixed; 4.5 standard errors, eight times: 1 in 18,000.

    The bound's rise, and the part of it that is quadratic in what the points moved, which has less
    noise. What is left out is of second order in 1 / n: less than a tenth here.
    """
    n, rng = 400, np.random.default_rng(0)
    features = measured.draw(rng, 16)
    x = rng.choice([-3, 3], size=(100, n)) + rng.standard_normal((100, n))
    a = measured.coefficients(*measured.normal_equations(features, Mixture(x)), TAU)
    moved = a - measured.coefficients(*measured.normal_equations(features, POPULATION), TAU)
    K_bound, _ = measured.normal_equations(features, POPULATION, VP.girsanov)
    found = predicted.terms(features, POPULATION, TAU)
    for rise, power in [
        (n * np.sum(moved @ K_bound * moved, axis=-1), 0.15),
        (n * (measured.bound(features, a, POPULATION) - found.bias), 0.5),
    ]:
        error = rise.std(axis=0, ddof=1) / np.sqrt(len(rise))
        assert np.all(np.abs(rise.mean(axis=0) - found.data) < 4.5 * error + 0.1 * found.data)
        assert np.all(error < power * found.data)


def test_the_bias_falls_and_the_data_term_rises():
    found = predicted.terms(FEATURES, POPULATION, np.logspace(1, 9, 17))
    assert np.all(np.diff(found.bias) < 0)
    assert np.all(np.diff(found.data) > 0)


def test_the_sum_of_both_for_several_n_and_draws():
    features = measured.draw(np.random.default_rng(1), 4, 3)
    found = predicted.terms(features, POPULATION, TAU, nodes=6)
    alone = predicted.terms(features[1], POPULATION, TAU, nodes=6)
    assert found.data[1] == pytest.approx(alone.data)
    both = found.bound([10, 1000])
    assert both == pytest.approx(found.bias + found.data / np.array([10, 1000])[:, None, None])
    assert found.bound(10) == pytest.approx(both[0])
    assert alone.bound(1000) == pytest.approx(both[1, 1])


def test_the_rule_over_points_has_converged():
    coarse, fine = (predicted.terms(FEATURES, POPULATION, TAU, points=k).data for k in (12, 40))
    assert coarse == pytest.approx(fine, rel=0.01)


def test_before_training_nothing_is_learned_and_nothing_fluctuates():
    found = predicted.terms(FEATURES, POPULATION, 0.0)
    assert found.bias == pytest.approx(VP.information(POPULATION, 48))
    assert found.data == pytest.approx(0, abs=1e-15)


def test_bad_input_is_refused_by_name():
    good = {"features": FEATURES, "law": POPULATION, "tau": [1.0], "nodes": 4}
    assert_refused(predicted.terms, {**good, "points": 3}, "points", [0, 2.5])
    assert_refused(predicted.terms, good, "tau", [-1.0, np.nan])
    assert_refused(predicted.terms, good, "nodes", [0, -3])
    assert_refused(predicted.terms(**good).bound, {"n": 5}, "n", [0, -1, 2.5])
    with pytest.raises(ValueError, match="deviation must be positive"):
        predicted.terms(FEATURES, POINTS, 1.0)
    with pytest.raises(ValueError, match="law must be one mixture"):
        predicted.terms(FEATURES, Mixture(np.zeros((2, 1)), deviation=1.0), 1.0)
