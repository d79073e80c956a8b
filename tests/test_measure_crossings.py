"""`measure.crossings`: Wilson's interval, and where a curve crosses a level, once or for good."""

import mpmath
import numpy as np
import pytest

from lindiff_nb.measure.crossings import (
    binomial_interval,
    crossing,
    exponents,
    falls_below,
    resampled_crossings,
)


@pytest.mark.parametrize("z", [1.0, 2.0, 3.5])
@pytest.mark.parametrize("shape", [(19,), (1, 19)])
def test_the_ends_solve_the_equation_and_hold_the_fraction(z, shape):
    hits, n = np.arange(1, 20).reshape(shape), 20
    low, high = binomial_interval(hits, n, z)
    assert low.shape == high.shape == shape
    for p in (low, high):
        assert (hits / n - p) ** 2 == pytest.approx(z**2 * p * (1 - p) / n, rel=1e-9)
    assert np.all((low < hits / n) & (hits / n < high))


def test_no_hit_leaves_about_four_over_n():
    low, high = binomial_interval(0, 400)
    assert low == 0
    assert high == pytest.approx(4 / 404, rel=1e-12)
    assert binomial_interval(400, 400)[0] == pytest.approx(1 - 4 / 404, rel=1e-12)


@pytest.mark.parametrize("n", [1, 10, 4000, 10**12])
@pytest.mark.parametrize("z", [1e-160, 1e-9, 0.1, 2.0, 6.0, 8.0, 9.0, 40.0, 1e6, 1e150, 1e300])
def test_the_ends_are_wilson_s_roots_in_400_digits_for_any_z(n, z):
    hits = np.unique([0, 1, n // 3, n - 1, n])
    low, high = binomial_interval(hits, n, z)
    with mpmath.workdps(400):
        square = mpmath.mpf(z) ** 2
        for k, *ends in zip(hits.tolist(), low, high, strict=True):
            middle, half = k + square / 2, z * mpmath.sqrt(mpmath.mpf(k) * (n - k) / n + square / 4)
            roots = [float((middle + sign * half) / (n + square)) for sign in (-1, 1)]
            assert ends == pytest.approx(roots, rel=1e-14, abs=1e-300)
    assert np.all((low >= 0) & (low <= hits / n) & (hits / n <= high) & (high <= 1))


def test_one_count_gives_two_numbers():
    assert all(isinstance(end, float) for end in binomial_interval(3, 10))


def test_crossings_are_interpolated_in_the_logarithm():
    assert crossing([1, 10, 100], [0.0, 0.25, 0.75]) == pytest.approx(10**1.5)
    assert crossing([1, 10, 100], [1.0, 0.8, 0.2]) == pytest.approx(10**1.5)
    assert crossing([1, 10, 100], [0.0, 0.25, 0.75], 0.125) == pytest.approx(10**0.5)
    assert crossing([1, 10], [0.0, 0.5]) == pytest.approx(10)


def test_the_first_of_several_crossings_counts():
    assert crossing([1, 2, 4, 8], [0, 1, 0, 1]) == pytest.approx(np.sqrt(2))


@pytest.mark.parametrize("fraction", [[0.1, 0.2], [0.7, 0.9], [1.0, 0.5]])
def test_without_a_crossing_it_is_infinitely_far(fraction):
    assert crossing([1, 2], fraction) == np.inf


@pytest.mark.parametrize("level", [0.03, 0.2, 0.7])
def test_a_power_law_falls_below_a_level_where_it_does(level):
    x = np.array([1.0, 4, 9, 100])
    assert falls_below(x, x**-1.5, level) == pytest.approx(level ** (-2 / 3))


def test_it_falls_below_for_good():
    x = [1.0, 10, 100, 1000]
    assert falls_below(x, [1, 1, 1, 1], 2) == 1
    assert falls_below(x, [4, 4, 4, 4], 2) == np.inf
    assert falls_below(x, [4, 1, 1, 4], 2) == np.inf
    assert falls_below(x, [4, 1, 4, 1], 2) == pytest.approx(100 * np.sqrt(10))
    assert falls_below(x, [4, 2, 2, 1], 2) == pytest.approx(10)


def test_resampling_scatters_as_the_fraction_does():
    """A straight line in log x through one half: the slope turns binomial error into error of x.

    One noise for all x, so the curve moves up and down as a whole. 4000 draws know a standard
    deviation to 1.1 %; ten percent is nine of those.
    """
    samples, x = 400, np.geomspace(1, 16, 5)
    rank = np.arange(samples) / samples
    copied = rank[:, None] < np.linspace(0.1, 0.9, 5)
    drawn = resampled_crossings(np.random.default_rng(), x, copied, draws=4000)
    slope = 0.8 / np.log(16)
    expected = np.sqrt(0.25 / samples) / slope
    assert np.log(drawn).std() == pytest.approx(expected, rel=0.1)
    assert np.log(drawn).mean() == pytest.approx(np.log(4), abs=7 * expected / np.sqrt(4000) + 0.01)


def test_where_all_agree_nothing_scatters():
    copied = np.tile([False, False, True], (10, 1))
    drawn = resampled_crossings(np.random.default_rng(), [1, 2, 4], copied, draws=5)
    assert drawn == pytest.approx(np.full(5, 2**1.5))


def test_an_exact_power_law_has_its_exponent_and_no_error():
    x = np.array([1.0, 2, 5, 20])
    found = exponents(np.random.default_rng(), x, np.tile(3 * x**-0.8, (4, 1)), 50)
    assert found == pytest.approx(np.full(50, -0.8))


def test_the_error_of_an_exponent_is_that_of_least_squares():
    """Scatter of slopes sd / sqrt(draws sum (log x - mean)^2): 4 standard errors, 1 in 16,000."""
    rng, x = np.random.default_rng(5), np.geomspace(1, 100, 5)
    noise = 0.3 * rng.standard_normal((200, 5))
    found = exponents(rng, x, np.exp(noise) * x**1.5, 2000)
    expected = 0.3 / np.sqrt(200 * np.sum((np.log(x) - np.log(x).mean()) ** 2))
    assert found.std() == pytest.approx(expected, rel=0.25)
    assert abs(np.median(found) - 1.5) < 4 * expected


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: binomial_interval(5, 4), "hits must be at most trials, 4, got 5"),
        (lambda: binomial_interval(-1, 4), "hits must be an integer >= 0"),
        (lambda: binomial_interval(1, 0), "trials must be an integer >= 1"),
        (lambda: binomial_interval(1, 4, 0), "z must be positive"),
        (lambda: crossing([1, 1], [0, 1]), "x must be increasing"),
        (lambda: crossing([0, 1], [0, 1]), "x must be positive"),
        (lambda: crossing([1, 2], [0, 1, 1]), "fraction must be a vector of length 2"),
        (lambda: falls_below([2, 1], [3, 1], 2), "x must be increasing"),
        (lambda: falls_below([1, 2], [3, 1, 1], 2), "y must be a vector of length 2"),
        (lambda: falls_below([1, 2], [3, -1], 2), "y must be positive"),
        (lambda: falls_below([1, 2], [3, 1], 0), "level must be positive"),
        (
            lambda: resampled_crossings(np.random.default_rng(), [1, 2], np.zeros((3, 2))),
            r"copied must be truth values of shape \(samples, 2\)",
        ),
        (lambda: resampled_crossings(0, [1, 2], np.zeros((3, 2), bool)), "rng must be"),
        (lambda: exponents(0, [1, 2], np.ones((3, 2))), "rng must be"),
        (lambda: exponents(np.random.default_rng(), [1], np.ones((3, 1))), "draws must be of"),
        (lambda: exponents(np.random.default_rng(), [1, 2], np.ones(2)), "draws must be of shape"),
        (lambda: exponents(np.random.default_rng(), [1, 2], [[1, 0]]), "draws must be positive"),
        (lambda: exponents(np.random.default_rng(), [2, 1], [[1, 1]]), "x must be increasing"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_two_points_make_a_power_law_and_one_does_not():
    rng = np.random.default_rng(0)
    found = exponents(rng, [1.0, 10.0], np.full((4, 2), [[3.0, 0.03]]), 5)
    assert found == pytest.approx(np.full(5, -2.0))
    with pytest.raises(ValueError, match=r"^draws must be of shape \(draws, 2\)"):
        exponents(rng, [1.0], np.ones((4, 1)))
