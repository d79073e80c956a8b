"""`exact.isotropic`: against `modes` on the line, derivatives of the density, and `empirical`."""

import numpy as np
import pytest
from hard_cases import assert_refused
from scipy.stats import multivariate_normal

from lindiff_nb.exact import empirical
from lindiff_nb.exact.isotropic import IsotropicModes
from lindiff_nb.exact.modes import Mixture

MEANS = np.array([[1.0, -2.0, 0.5], [-1.0, 0.0, 3.0]])
LAW = IsotropicModes(MEANS, [0.3, 0.7], [0.5, 1.5])


def test_on_the_line_it_is_the_mixture():
    line = Mixture([-3.0, 1.0], [0.2, 0.8], [1.0, 0.5])
    law = IsotropicModes(line.means[:, None], line.weights, line.deviation)
    x = np.linspace(-6, 4, 21)
    found = law.score(x[:, None], 0.6)[:, 0]
    assert found == pytest.approx(line.at(0.6).score(x), rel=1e-12)


def test_the_score_is_the_slope_of_the_log_density():
    a, x, h = 0.4, np.array([0.3, -0.2, 1.0]), 1e-6

    def log_density(at):
        parts = zip(MEANS, LAW.weights, a * LAW.deviation**2 + 1 - a, strict=True)
        return np.log(sum(w * multivariate_normal.pdf(at, np.sqrt(a) * M, v) for M, w, v in parts))

    slopes = [(log_density(x + h * e) - log_density(x - h * e)) / (2 * h) for e in np.eye(3)]
    assert LAW.score(x[None], a)[0] == pytest.approx(slopes, rel=1e-7)


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_points_have_the_score_of_the_denoiser_that_memorises(offset):
    points = np.random.default_rng(0).standard_normal((5, 3)) + offset
    x = np.sqrt(0.7) * points[:4] + 0.3
    pulled = np.sqrt(0.7) * empirical.posterior_mean(points, x, 0.7) - x
    assert IsotropicModes(points).score(x, 0.7) == pytest.approx(
        pulled / 0.3, abs=1e-9 + 1e-9 * offset
    )


def test_each_query_may_have_a_noise_of_its_own():
    x, a = np.random.default_rng(1).standard_normal((4, 3)), np.array([0.1, 0.5, 0.9, 1.0])
    each = [LAW.score(row[None], level)[0] for row, level in zip(x, a, strict=True)]
    assert LAW.score(x, a) == pytest.approx(np.array(each), rel=1e-12)


def test_a_mode_of_no_weight_is_not_there():
    with_it = IsotropicModes([[0.0, 0.0], [9.0, 9.0]], [1.0, 0.0], 1.0)
    x = np.ones((1, 2))
    assert with_it.score(x, 0.5) == pytest.approx(
        IsotropicModes([[0.0, 0.0]], deviation=1.0).score(x, 0.5)
    )


def test_draws_have_the_moments_of_the_modes():
    """20,000 draws: 5 standard errors of the mean, six times; less than one in 100,000 fails."""
    rng = np.random.default_rng(2)
    for mode, (mean, deviation) in enumerate(zip(MEANS, LAW.deviation, strict=True)):
        x = LAW.draw(rng, 20_000, mode)
        assert x.mean(axis=0) == pytest.approx(mean, abs=5 * deviation / np.sqrt(20_000))
    assert LAW.draw(rng, 7).shape == (7, 3)


def test_bad_input_is_refused_by_name():
    good = {"means": MEANS, "weights": [0.3, 0.7], "deviation": 1.0}
    assert_refused(IsotropicModes, good, "means", [np.zeros((0, 2)), [1.0, 2.0], [[np.nan, 1.0]]])
    assert_refused(IsotropicModes, good, "weights", [[0.3, 0.6], [-0.5, 1.5]])
    assert_refused(IsotropicModes, good, "deviation", [-1.0, np.inf])
    call = {"x": np.zeros((2, 3)), "alpha_bar": 0.5}
    assert_refused(LAW.score, call, "alpha_bar", [0.0, 1.5, -1.0])
    assert_refused(IsotropicModes(MEANS).score, call, "alpha_bar", [1.0])
    assert_refused(LAW.draw, {"rng": np.random.default_rng(0), "n": 2}, "n", [0, 1.5])
    assert_refused(LAW.draw, {"rng": np.random.default_rng(0), "n": 2}, "rng", [0])
    with pytest.raises(ValueError, match="x must have points of dimension 3, got 2"):
        LAW.score(np.zeros((4, 2)), 0.5)
