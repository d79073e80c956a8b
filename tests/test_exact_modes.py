"""`exact.modes` against naive sums, numerical integrals and each other."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from lindiff_nb.exact.modes import Mixture

X = np.linspace(-6, 7, 131)
TWO = Mixture([-3.0, 2.0], [0.3, 0.7], [1.0, 0.5])


def naive_density(law, x):
    return sum(
        w * norm.pdf(x, m, s) for w, m, s in zip(law.weights, law.means, law.deviation, strict=True)
    )


@pytest.mark.parametrize("alpha_bar", [1e-4, 0.3, 1.0])
def test_the_density_is_the_sum_over_modes_at_every_noise(alpha_bar):
    law = TWO.at(alpha_bar)
    assert np.exp(law.logpdf(X)) == pytest.approx(naive_density(law, X), rel=1e-12)
    assert law.means == pytest.approx(np.sqrt(alpha_bar) * TWO.means)
    assert law.deviation**2 == pytest.approx(alpha_bar * TWO.deviation**2 + 1 - alpha_bar)


def test_noise_in_two_steps_is_noise_in_one():
    once, twice = TWO.at(0.42), TWO.at(0.7).at(0.6)
    assert twice.means == pytest.approx(once.means, rel=1e-14)
    assert twice.deviation == pytest.approx(once.deviation, rel=1e-14)


def test_points_are_modes_without_width():
    """The density of noised points is the mean of Gaussians about them."""
    points, a = np.array([-1.0, 0.5, 4.0]), 0.8
    expected = norm.pdf(X[:, None], np.sqrt(a) * points, np.sqrt(1 - a)).mean(axis=1)
    assert np.exp(Mixture(points).at(a).logpdf(X)) == pytest.approx(expected, rel=1e-12)


def test_the_score_is_the_slope_of_the_log_density():
    h = 1e-5
    slope = (TWO.logpdf(X + h) - TWO.logpdf(X - h)) / (2 * h)
    assert TWO.score(X) == pytest.approx(slope, abs=1e-8)


def test_the_score_far_from_every_mode_is_that_of_the_widest():
    assert TWO.score(np.array([-300.0]))[0] == pytest.approx(297.0, rel=1e-12)


def test_masses_are_integrals_of_the_density_and_keep_their_digits_in_both_tails():
    edges = np.array([-20.0, -12.0, -3.0, 0.0, 2.5, 6.0, 7.0])
    expected = [
        quad(lambda x: naive_density(TWO, x), *ends, epsabs=0, epsrel=1e-11)[0]
        for ends in pairwise(edges)
    ]
    assert TWO.masses(edges) == pytest.approx(expected, rel=1e-8)
    mirrored = Mixture(-TWO.means, TWO.weights, TWO.deviation)
    assert mirrored.masses(-edges[::-1])[::-1] == pytest.approx(TWO.masses(edges), rel=1e-12)


@pytest.mark.parametrize("p", [0, 1, 2])
def test_moments_above_a_threshold_are_integrals(p):
    thresholds = np.array([-9.0, -2.0, 0.4, 5.0])
    found = TWO.above(thresholds)[:, p]
    expected = [
        quad(lambda x: x**p * naive_density(TWO, x), c, 40, points=[2, 3, 5], epsabs=1e-13)[0]
        for c in thresholds
    ]
    assert found == pytest.approx(expected, abs=1e-9)
    assert TWO.moments()[p] == pytest.approx(found[0], abs=1e-7)


def test_fisher_information_of_one_gaussian_is_one_over_its_variance():
    assert Mixture([3.0], deviation=0.2).fisher() == pytest.approx(25, rel=1e-10)


def test_fisher_information_of_far_modes_is_the_mean_of_theirs():
    law = Mixture([-40.0, 40.0], [0.25, 0.75], [1.0, 0.5])
    assert law.fisher() == pytest.approx(0.25 + 0.75 * 4, rel=1e-9)


def test_leading_axes_are_laws_beside_each_other():
    rng = np.random.default_rng(0)
    points = rng.standard_normal((3, 2, 5))
    many, one = Mixture(points).at(0.5), Mixture(points[1, 0]).at(0.5)
    for got, alone in [
        (many.logpdf(X), one.logpdf(X)),
        (many.score(X), one.score(X)),
        (many.masses(X), one.masses(X)),
        (many.above(np.ones((3, 2, 4))), one.above(np.ones(4))),
        (many.moments(), one.moments()),
    ]:
        assert got.shape == (3, 2, *alone.shape)
        assert got[1, 0] == pytest.approx(alone, rel=1e-12)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"means": []}, "means"),
        ({"means": [np.nan]}, "means"),
        ({"means": [0, 1], "weights": [0.5, 0.4]}, "weights"),
        ({"means": [0, 1], "weights": [1.5, -0.5]}, "weights"),
        ({"means": [0, 1], "weights": [1.0]}, "weights"),
        ({"means": [0, 1], "weights": [0.2, 0.3, 0.5]}, "weights"),
        ({"means": [0, 1], "deviation": -1}, "deviation"),
        ({"means": [0, 1], "deviation": [1, 2, 3]}, "deviation"),
    ],
)
def test_what_is_no_mixture_is_refused_by_name(given, name):
    with pytest.raises(ValueError, match=name):
        Mixture(**given)


@pytest.mark.parametrize("ask", ["logpdf", "score", "masses", "above"])
def test_points_have_no_density(ask):
    with pytest.raises(ValueError, match=r"deviation must be positive: points have no density"):
        getattr(Mixture([0.0, 1.0]), ask)(np.array([0.0, 1.0]))


@pytest.mark.parametrize("alpha_bar", [0, -1, 1.1, np.nan])
def test_noise_levels_outside_the_range_are_refused(alpha_bar):
    with pytest.raises(ValueError, match="alpha_bar"):
        TWO.at(alpha_bar)


def test_edges_that_turn_back_and_thresholds_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match="edges must be increasing"):
        TWO.masses([0.0, 1.0, 0.5])
    with pytest.raises(ValueError, match="c must be finite"):
        TWO.above([0.0, np.nan])


def test_drawn_points_follow_the_law():
    """400,000 points in ten cells: a share off by 5 standard errors in 1 of 170,000 tests."""
    edges = np.linspace(-6, 4, 11)
    points = TWO.draw(np.random.default_rng(0), 4000, (10, 10))
    assert points.shape == (10, 10, 4000)
    shares, masses = np.histogram(points, edges)[0] / points.size, TWO.masses(edges)
    assert np.all(np.abs(shares - masses) < 5 * np.sqrt(masses / points.size) + 1e-9)


def test_points_are_drawn_from_one_law_and_some_of_them():
    rng = np.random.default_rng(0)
    for n in (0, 2.5):
        with pytest.raises(ValueError, match=r"^n must be"):
            TWO.draw(rng, n)
    with pytest.raises(ValueError, match="law must be one mixture"):
        Mixture(np.zeros((2, 3))).draw(rng, 5)
