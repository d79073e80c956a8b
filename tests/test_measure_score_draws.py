"""`measure.score_draws`: against the quadrature of one dimension and an exactly solvable case."""

import numpy as np
import pytest
from hard_cases import assert_refused
from quasi_features import FEATURES, NODES, POINTS, POPULATION

from lindiff_nb.exact import divergence
from lindiff_nb.exact.isotropic import IsotropicModes
from lindiff_nb.exact.sde import VP
from lindiff_nb.measure import random_features, score_draws

TAU = np.array([1e2, 1e4, 1e6, 1e10])
LINE = score_draws.VectorFeatures(FEATURES.w[:, None], FEATURES.u)
EIGHT = IsotropicModes(POINTS.means[:, None])
LAW = IsotropicModes(POPULATION.means[:, None], deviation=1.0)
A = random_features.coefficients(
    *random_features.normal_equations(FEATURES, POINTS, nodes=NODES), TAU
)
TWO = IsotropicModes([[-3.0, 0.0], [3.0, 0.0]], deviation=[1.5, 0.5])


def true_score(law):
    return lambda x, t: law.score(x, VP.alpha_bar(t))


@pytest.mark.parametrize("d", [1, 3, 8])
def test_the_bound_of_a_wrong_gaussian_is_known(d):
    """A difference of two divergences, exactly. 4.5 standard errors, three times: 1 in 50,000."""
    wrong = IsotropicModes(np.full((1, d), 0.3), deviation=1.5)
    right = IsotropicModes(np.linspace(0.5, 0.7, d)[None], deviation=1.2)

    def kl(a):
        p, q = (
            (np.sqrt(a) * law.means[0], (a * law.deviation[0] ** 2 + 1 - a) * np.eye(d))
            for law in (right, wrong)
        )
        return divergence.gaussian_kl(*p, *q)

    found = score_draws.bound(np.random.default_rng(d), true_score(wrong), right, draws=2**14)
    assert found.nats == pytest.approx(
        kl(VP.alpha_bar(0.01)) - kl(VP.alpha_bar(1.0)), abs=4.5 * found.error
    )
    assert found.error < 0.02 * found.nats


def test_the_bound_is_that_of_the_quadrature_on_the_line():
    """4.5 standard errors, four times: 1 in 37,000."""
    judged = score_draws.score(LINE, A[:, None])
    found = score_draws.bound(np.random.default_rng(0), judged, LAW, draws=2**15)
    exact = random_features.bound(FEATURES, A, POPULATION, NODES)
    assert np.all(np.abs(found.nats - exact) < 4.5 * found.error)
    assert np.all(found.error < 0.03 * exact)


@pytest.mark.long
def test_training_by_draws_is_training_by_quadrature_on_the_line():
    """20 seeds scatter by 3.1 percent at the end; five times that, 1 in 400,000 for each time."""
    a = score_draws.train(np.random.default_rng(0), LINE, EIGHT, TAU, 2**16)
    found = random_features.bound(FEATURES, a[:, 0], POPULATION, NODES)
    exact = random_features.bound(FEATURES, A, POPULATION, NODES)
    assert a.shape == (4, 1, 64)
    assert found == pytest.approx(exact, rel=0.155)


def test_the_bound_is_the_mean_of_its_modes():
    features = score_draws.draw(np.random.default_rng(1), 8, 2)
    rng = np.random.default_rng(1)
    found = score_draws.score(features, score_draws.train(rng, features, TWO, 1e5, 2**12))
    whole, *parts = (
        score_draws.bound(rng, found, TWO, mode=mode, draws=2**14) for mode in (None, 0, 1)
    )
    mean = (parts[0].nats + parts[1].nats) / 2
    error = np.sqrt(whole.error**2 + (parts[0].error ** 2 + parts[1].error ** 2) / 4)
    assert np.abs(whole.nats - mean) < 4.5 * error


def test_the_truth_is_no_distance_from_itself():
    found = score_draws.bound(np.random.default_rng(0), true_score(TWO), TWO, draws=100)
    assert found.nats == pytest.approx(0, abs=1e-20)
    assert found.error == pytest.approx(0, abs=1e-20)


@pytest.mark.long
def test_infinitely_many_points_are_the_limit_of_many():
    """4096 points and the population: 20 seeds scatter by 1.8 percent; five times that and more."""
    rng = np.random.default_rng(2)
    features = score_draws.draw(rng, 16, 2)
    many, endless = (
        score_draws.score(features, score_draws.train(rng, features, law, [1e3, 1e5], 2**14))
        for law in (IsotropicModes(TWO.draw(rng, 4096)), TWO)
    )
    bounds = [score_draws.bound(rng, found, TWO, draws=2**14).nats for found in (many, endless)]
    assert bounds[0] == pytest.approx(bounds[1], rel=0.1)


def test_an_experiment_measures_on_new_and_on_own_points():
    rng = np.random.default_rng(3)
    found = score_draws.along_training(rng, TWO, 64, 4, [0.0, 1e8], 2, 2**12)
    assert found.new.shape == found.own.shape == found.copied.shape == (2, 2)
    assert found.truth.shape == (2,)
    assert np.all(found.own[:, 1] < found.own[:, 0])
    assert np.all(found.copied[:, 1] < 1)
    assert np.all(found.copied[:, 0] > 1)
    assert np.all(found.new[:, 1] > found.own[:, 1] - found.truth)


def test_an_experiment_is_a_training_and_three_bounds_by_an_eighth_of_the_draws():
    found = score_draws.along_training(np.random.default_rng(7), TWO, 6, 3, [0.0, 1e3], 1, 200)
    rng = np.random.default_rng(7)
    features, points = score_draws.draw(rng, 6, 2), IsotropicModes(TWO.draw(rng, 3))
    learned = score_draws.score(features, score_draws.train(rng, features, points, [0.0, 1e3], 200))
    judge = int(rng.integers(2**32))
    for part, score, law in (
        (found.new, learned, TWO),
        (found.own, learned, points),
        (found.truth, true_score(TWO), points),
    ):
        bound = score_draws.bound(np.random.default_rng(judge), score, law, draws=25).nats
        np.testing.assert_array_equal(part, [bound])


def test_drawn_features_have_norm_one():
    w, u = score_draws.draw(np.random.default_rng(4), 50, 3)
    assert np.abs(w).sum(axis=1) + np.abs(u).sum(axis=1) == pytest.approx(1)
    assert w.shape == (50, 3)


def test_bad_input_is_refused_by_name():
    rng, features = np.random.default_rng(0), score_draws.draw(np.random.default_rng(0), 4, 2)
    good = {"rng": rng, "features": features, "law": TWO, "tau": [1.0], "draws": 8}
    assert_refused(score_draws.train, good, "tau", [-1.0, np.nan])
    assert_refused(score_draws.train, good, "draws", [0, 2.5])
    assert_refused(score_draws.train, good, "law", [LAW])
    assert_refused(score_draws.draw, {"rng": rng, "m": 3, "d": 2}, "m", [0, 1.5])
    assert_refused(score_draws.draw, {"rng": rng, "m": 3, "d": 2}, "d", [0, 1.5])
    judged = {"rng": rng, "score": true_score(TWO), "law": TWO, "draws": 8}
    assert_refused(score_draws.bound, judged, "draws", [1, 2.5])
    assert_refused(score_draws.bound, judged, "rng", [0])
    for wrong in (lambda x, t: x[:, 0], lambda x, t: np.full(x.shape, np.nan)):
        with pytest.raises(ValueError, match=r"^score must be finite and of shape"):
            score_draws.bound(rng, wrong, TWO, draws=8)
    run = {"rng": rng, "law": TWO, "m": 2, "n": 2, "tau": [1.0], "seeds": 1, "draws": 16}
    for name in ("m", "n", "seeds", "draws"):
        assert_refused(score_draws.along_training, run, name, [0, 1.5])
