"""`predict.best_ridge`: the slope is right, the valley is the deepest, the divergence is convex."""

import mpmath
import numpy as np
import pytest
from hard_cases import HARD_SPECTRA, as_it_is, assert_refused
from hypothesis import given, settings
from hypothesis import strategies as st

from lindiff_nb.exact import spectra
from lindiff_nb.measure import experiments
from lindiff_nb.predict import best_ridge, divergence, losses, training

ALPHA_BAR = np.array([0.01, 0.5, 0.99, 0.9999])
TWO_SCALES = np.repeat([1.0, 1e-6], 50)
SPECTRA = HARD_SPECTRA | {"two scales": TWO_SCALES, "far from one": 1e-9 * np.arange(1, 6.0)}


def slope_with_fifty_digits(spectrum, n, a, c):
    """The derivative of the test loss, by differences of its formula in mpmath."""
    levels = [mpmath.mpf(float(x)) for x in spectrum]
    s = (1 - mpmath.mpf(a)) / mpmath.mpf(a)

    def loss(c):
        xi = s + c
        kappa = xi + mpmath.fsum(levels) / n
        for _ in range(200):
            df1, df2 = (mpmath.fsum((x / (x + kappa)) ** p for x in levels) for p in (1, 2))
            kappa -= (kappa * (1 - df1 / n) - xi) / (1 - df2 / n)
        df1, df2 = (mpmath.fsum((x / (x + kappa)) ** p for x in levels) for p in (1, 2))
        q = mpmath.fsum(x / (x + kappa) ** 2 for x in levels)
        g = (len(levels) - df1) / xi
        g2 = g / xi - q / (xi * (1 - df2 / n))
        gsg = (kappa / xi) ** 2 * q / (1 - df2 / n)
        return 1 + (-2 * s * g + s * gsg + s**2 * g2) / len(levels)

    return mpmath.diff(loss, mpmath.mpf(c))


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in SPECTRA if name != "two scales"])
def test_the_slope_agrees_with_the_derivative_of_the_loss_to_fifty_digits(name):
    spectrum = SPECTRA[name]
    with mpmath.workdps(50):
        for n in {1, len(spectrum), 5 * len(spectrum)}:
            for a in (0.5, 0.9999):
                c = float(best_ridge.for_test_loss(spectrum, n, a))
                for at in (c / 7, 3 * c):
                    (found,) = best_ridge._slope(
                        as_it_is(spectrum),
                        n,
                        np.array([(1 - a) / a]),
                        np.array([at]),
                    )
                    exact = slope_with_fifty_digits(spectrum, n, a, at)
                    assert abs(found - exact) <= 1e-10 * abs(exact), (n, a, at)


@pytest.mark.parametrize("name", SPECTRA)
def test_no_ridge_of_a_fine_grid_is_better(name):
    spectrum = SPECTRA[name]
    grid = np.geomspace(1e-12, 4, 1001)[:, None] * spectrum.max()
    for n in {1, len(spectrum), len(spectrum) + 1, 40 * len(spectrum)}:
        best = best_ridge.for_test_loss(spectrum, n, ALPHA_BAR)
        tried = losses.test_loss(spectrum, n, ALPHA_BAR, grid)
        assert np.all(losses.test_loss(spectrum, n, ALPHA_BAR, best) <= tried.min(axis=0) + 1e-11)
        assert np.all((best > 0) & (best <= spectrum.max()))


def test_of_two_valleys_it_takes_the_deeper_one():
    """Half of the variances are a million times the others, and the noise is of both sizes."""
    alpha_bar = np.array([0.5, 0.9999999])
    grid = np.geomspace(1e-9, 2, 4001)
    both = set()
    for n in range(52, 80, 9):
        for weights in (np.array([0.2, 0.8]), np.array([0.01, 0.99])):
            mean = losses.test_loss(TWO_SCALES, n, alpha_bar, grid[:, None]) @ weights
            best = best_ridge.for_test_loss(TWO_SCALES, n, alpha_bar, weights=weights)
            assert losses.test_loss(TWO_SCALES, n, alpha_bar, best) @ weights <= mean.min() + 1e-11
            fall = np.diff(mean) < 0
            both.add(int(np.sum(fall[:-1] & ~fall[1:])))
    assert max(both) == 2


@pytest.mark.parametrize("name", SPECTRA)
def test_one_ridge_for_all_levels_minimises_the_weighted_mean(name):
    spectrum, weights = SPECTRA[name], np.array([1.0, 0, 2, 3])
    grid = np.geomspace(1e-10, 2, 3001)[:, None] * spectrum.max()
    for n in (2, 3 * len(spectrum)):
        best = best_ridge.for_test_loss(spectrum, n, ALPHA_BAR, weights=weights)
        assert isinstance(best, float)
        tried = losses.test_loss(spectrum, n, ALPHA_BAR, grid) @ weights
        least = losses.test_loss(spectrum, n, ALPHA_BAR, best) @ weights
        assert least <= tried.min() * (1 + 1e-11)


def test_a_white_direction_that_was_not_seen_asks_for_its_variance():
    """For n << d the sample says zero and the truth is one: c = 1 - n/d and a little."""
    assert best_ridge.for_test_loss(np.ones(10**4), 1, 0.9) == pytest.approx(1, abs=1e-3)


@pytest.mark.long
@settings(max_examples=15, deadline=None)
@given(
    exponent=st.floats(0, 3),
    n=st.integers(1, 200),
    a=st.floats(0.01, 0.9999),
    scale=st.floats(1e-6, 1e6),
)
def test_the_ridge_scales_with_data_and_noise_and_ignores_the_order(exponent, n, a, scale):
    spectrum = spectra.power_law(30, exponent)
    best = best_ridge.for_test_loss(spectrum, n, a)
    ratio = (1 - a) / a * scale
    louder = best_ridge.for_test_loss(scale * spectrum[::-1], n, 1 / (1 + ratio))
    assert louder == pytest.approx(scale * best, rel=1e-5)
    assert best_ridge.for_kl(scale * spectrum, n) == pytest.approx(
        scale * best_ridge.for_kl(spectrum, n), rel=1e-5
    )


def test_it_is_where_measured_losses_are_least_too():
    """The measured slope in ln c at the predicted optimum, in units of its error.

    The mean of 60 draws; above 6 errors once in 10^8 for a normal mean, and 1/d is added for
    the finite size.
    """
    rng, spectrum = np.random.default_rng(3), spectra.power_law(200, 1.0)
    best = best_ridge.for_test_loss(spectrum, 100, 0.9)
    c = best * np.array([0.8, 1.0, 1.25])
    measured = experiments.losses(rng, spectrum, 100, 0.9, c, 60).test
    slope = (measured[:, 2] - measured[:, 0]) / measured[:, 1]
    assert abs(slope.mean()) < 6 * slope.std(ddof=1) / np.sqrt(60) + 1 / 200


@pytest.mark.parametrize("name", SPECTRA)
def test_no_ridge_gives_better_samples(name):
    spectrum = SPECTRA[name]
    for n in {1, len(spectrum), 2 * len(spectrum), 10**7}:
        best = best_ridge.for_kl(spectrum, n)
        if not spectrum.all():
            assert best == 0
            continue
        grid = best * np.geomspace(0.01, 100, 401)
        least = divergence.kl(spectrum, n, best)
        assert least <= np.min(divergence.kl(spectrum, n, grid)) * (1 + 1e-11)
        assert best <= 1 / np.mean(1 / spectrum)


@pytest.mark.parametrize("name", SPECTRA)
def test_with_a_fitted_mean_no_ridge_of_a_fine_grid_is_better(name):
    spectrum = SPECTRA[name]
    grid = np.geomspace(1e-12, 4, 1001)[:, None] * spectrum.max()
    weights = np.array([1.0, 0, 2, 3])
    for n in {2, len(spectrum) + 1, len(spectrum) + 2, 40 * len(spectrum)}:
        best = best_ridge.for_test_loss(spectrum, n, ALPHA_BAR, estimated_mean=True)
        tried = losses.test_loss(spectrum, n, ALPHA_BAR, grid, estimated_mean=True)
        least = losses.test_loss(spectrum, n, ALPHA_BAR, best, estimated_mean=True)
        assert np.all(least <= tried.min(axis=0) + 1e-11)
        assert np.all((best > 0) & (best <= (1 + 1 / n) * spectrum.max() * (1 + 1e-6)))
        one = best_ridge.for_test_loss(spectrum, n, ALPHA_BAR, weights=weights, estimated_mean=True)
        mean = losses.test_loss(spectrum, n, ALPHA_BAR, one, estimated_mean=True) @ weights
        assert mean <= (tried @ weights).min() * (1 + 1e-11)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 60), st.floats(0.01, 0.9999), st.floats(1e-3, 3), st.floats(0, 2))
def test_with_a_fitted_mean_the_slope_is_that_of_the_loss(n, a, c, exponent):
    """Central differences with their error of the order of the step squared."""
    spectrum, step = spectra.power_law(20, exponent), 1e-4 * c
    up, down = (
        losses.test_loss(spectrum, n, a, x, estimated_mean=True) for x in (c + step, c - step)
    )
    (found,) = best_ridge._slope(as_it_is(spectrum), n, np.array([(1 - a) / a]), np.array([c]), 1)
    assert found == pytest.approx((up - down) / (2 * step), rel=1e-5, abs=1e-9 * up / c)


@pytest.mark.parametrize("name", SPECTRA)
def test_with_a_fitted_mean_no_ridge_gives_better_samples(name):
    spectrum = SPECTRA[name]
    for n in {2, len(spectrum) + 1, 2 * len(spectrum), 10**7} - {1}:
        best = best_ridge.for_kl(spectrum, n, estimated_mean=True)
        if not spectrum.all():
            assert best == 0
            continue
        grid = best * np.geomspace(0.01, 100, 401)
        tried = divergence.kl(spectrum, n, grid, estimated_mean=True)
        assert divergence.kl(spectrum, n, best, estimated_mean=True) <= tried.min() * (1 + 1e-11)
        assert best <= 1 / np.mean(1 / spectrum)


def test_white_samples_in_plenty_want_a_ridge_of_d_over_n():
    assert best_ridge.for_kl(np.ones(100), 10**6) == pytest.approx(1e-4, rel=1e-3)


def test_no_noise_levels_have_no_ridge_and_no_time():
    assert best_ridge.for_test_loss(np.ones(3), 4, []).shape == (0,)
    assert training.best_stopping_time(np.ones(3), 4, []).shape == (0,)


def test_bad_input_is_refused():
    good = {"spectrum": np.ones(3), "n": 4, "alpha_bar": np.array([0.5, 0.9])}
    of_loss = best_ridge.for_test_loss
    assert_refused(of_loss, good, "n", [0, -1, 2.5, True, None, np.nan])
    assert_refused(of_loss, good, "spectrum", [[], [-1.0], [np.nan], np.zeros(2), np.eye(2)])
    assert_refused(of_loss, good, "alpha_bar", [0, 1.0, [0.5, 1.0], 2, np.nan])
    weighted = good | {"weights": np.ones(2)}
    assert_refused(of_loss, weighted, "weights", [[1.0], [0.0, 0.0], [-1, 1], [np.nan, 1], 1.0])
    assert_refused(best_ridge.for_kl, {"spectrum": np.ones(3), "n": 4}, "n", [0, 1.5])
    assert_refused(of_loss, good | {"estimated_mean": True}, "n", [0, 1])
    fitted = {"spectrum": np.ones(3), "n": 4, "estimated_mean": True}
    assert_refused(best_ridge.for_kl, fitted, "n", [0, 1])
