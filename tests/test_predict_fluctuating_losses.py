"""`predict.fluctuations` of losses: against differences in 160 digits, and against drawn sets."""

import tracemalloc

import mpmath
import numpy as np
import pytest
from hard_cases import HARD_SPECTRA
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from lindiff_nb.exact import spectra
from lindiff_nb.measure import experiments
from lindiff_nb.predict import fluctuations, losses

DEVIATIONS = (fluctuations.test_loss_sd, fluctuations.train_loss_sd)
POINTS = [(0.5, 0), (0.99, 1e-3), (1 - 1e-14, 0), (1 - 1e-12, 1e-9), (1e-6, 10.0)]


def ridge_ratio(levels, n, xi):
    """q = xi / kappa, by Newton's method from above."""
    kappa = step = xi + mpmath.fsum(levels) / n
    while step > mpmath.mpf(10) ** -40 * kappa:
        df1, df2 = (mpmath.fsum((lam / (lam + kappa)) ** p for lam in levels) for p in (1, 2))
        step = (kappa * (1 - df1 / n) - xi) / (1 - df2 / n)
        kappa -= step
    return xi / kappa


def shares(levels, n, x, t, q):
    """u = q lambda / (q lambda + x + t lambda), for the q near the one given with q + <u> = 1."""
    step = q
    while abs(step) > mpmath.mpf(10) ** -75 * q:
        u = [q * lam / (q * lam + x + t * lam) for lam in levels]
        slope = 1 + mpmath.fsum(part * (1 - part) for part in u) / (n * q)
        step = (q - 1 + mpmath.fsum(u) / n) / slope
        q -= step
    return [q * lam / (q * lam + x + t * lam) for lam in levels]


def differences(spectrum, n, a, c):
    """Both deviations, per dimension, as mixed differences of -2 ln(1 - <u1, u2>) in x and t."""
    levels, a, c = [mpmath.mpf(float(x)) for x in spectrum if x > 0], mpmath.mpf(a), mpmath.mpf(c)
    s = (1 - a) / a
    xi, q = s + c, ridge_ratio(levels, n, s + c)
    h, k = (mpmath.mpf(10) ** -18 * unit for unit in (xi, q))
    first, second = {-1: -0.5 / h, 1: 0.5 / h}, {-1: 1 / h**2, 0: -2 / h**2, 1: 1 / h**2}
    test = {(i, 0): -2 * s * first.get(i, 0) - s**2 * second[i] for i in second}
    test |= {(i, j): -s * w * j / (2 * k) for i, w in first.items() for j in (-1, 1)}
    train = {(i, 0): -s * first.get(i, 0) + s * c * second[i] for i in second}
    u = {(i, j): shares(levels, n, xi + i * h, j * k, q) for i, j in test | train}
    for weights in (test, train):
        variance = -2 * mpmath.fsum(
            w * v * mpmath.log(1 - mpmath.fdot(u[one], u[two]) / n)
            for one, w in weights.items()
            for two, v in weights.items()
        )
        yield float(mpmath.sqrt(variance) / len(spectrum))


@pytest.mark.long
@pytest.mark.parametrize("name", HARD_SPECTRA)
def test_they_are_derivatives_of_the_log_determinants_covariance(name):
    spectrum = HARD_SPECTRA[name]
    d = len(spectrum)
    with mpmath.workdps(160):
        for n in {1, max(d - 1, 1), d, d + 1, 10**6}:
            for a, c in POINTS:
                for deviation, exact in zip(
                    DEVIATIONS, differences(spectrum, n, a, c), strict=True
                ):
                    found = deviation(spectrum, n, a, c)
                    assert found == pytest.approx(exact, rel=1e-11), (n, a, c)


@pytest.mark.long
@pytest.mark.parametrize(("exponent", "n"), [(0, 150), (1, 30), (1, 60), (2, 150)])
def test_drawn_training_sets_deviate_as_predicted(exponent, n):
    """Their sample variance is chi-square: outside the bounds once in 1e6 runs of this file.

    Beside it a relative 8 / d for what the limit of large d leaves out.
    """
    d, count = 60, 1000
    spectrum, a, c = spectra.power_law(d, exponent), np.array([0.5, 0.9]), np.array([[0.0], [0.1]])
    measured = experiments.losses(np.random.default_rng(), spectrum, n, a, c, count)
    alarm = 1e-6 / (4 * 2 * a.size * c.size) / 2
    low, high = np.sqrt(chi2.ppf([alarm, 1 - alarm], count - 1) / (count - 1))
    for drawn, deviation in zip(measured, DEVIATIONS, strict=True):
        ratio = drawn.std(axis=0, ddof=1) / deviation(spectrum, n, a, c)
        assert np.all((ratio > low - 8 / d) & (ratio < high + 8 / d))


@pytest.mark.parametrize("n", [5, 20, 100])
def test_without_ridge_the_training_loss_deviates_as_the_trace_of_the_resolvent(n):
    """d L = d - s Tr G."""
    spectrum, a = spectra.power_law(20, 1.0), np.array([0.1, 0.9, 0.999])
    s = (1 - a) / a
    trace = fluctuations.resolvent_trace(s, spectrum, n)
    assert fluctuations.train_loss_sd(spectrum, n, a) == pytest.approx(s * trace / 20, rel=1e-12)


@pytest.mark.parametrize("deviation", DEVIATIONS)
def test_many_points_leave_1_over_n_on_new_data_and_1_over_sqrt_n_on_the_training_set(deviation):
    """The population's denoiser is where the loss on new data is flat: first order vanishes."""
    spectrum, a = spectra.power_law(20, 1.0), np.array([0.1, 0.9, 0.999])
    few, many = (deviation(spectrum, n, a) for n in (10**8, 10**10))
    power = 1 if deviation is fluctuations.test_loss_sd else 0.5
    assert few / many == pytest.approx(100**power * np.ones(3), rel=1e-5)
    assert fluctuations.test_loss_sd(spectrum, 10**8, a, 0.1).max() > 1e-6 / 20


def test_for_many_points_and_white_data_the_excess_is_a_sum_of_squares():
    """Of about d^2 / 2 entries of Sigma_0 - 1, each twice, so it deviates by 2 / d of itself."""
    d, n, a = 30, 10**8, 0.4
    excess = losses.alignment(np.ones(d), n, a)
    assert fluctuations.test_loss_sd(np.ones(d), n, a) == pytest.approx(2 * excess / d, rel=1e-5)


@pytest.mark.long
@given(
    spectrum=st.lists(st.floats(1e-6, 1.0) | st.just(0.0), min_size=1, max_size=8).filter(any),
    n=st.integers(1, 20),
    a=st.floats(1e-3, 0.999),
    c=st.just(0.0) | st.floats(1e-9, 10),
    scale=st.floats(1e-3, 1e3),
)
@settings(max_examples=100, deadline=None)
def test_they_are_positive_and_change_with_units_as_they_must(spectrum, n, a, c, scale):
    spectrum = np.array(spectrum)
    other = a / (a + scale * (1 - a))  # the same noise ratio, in units of the scale
    for deviation in DEVIATIONS:
        found = deviation(spectrum, n, a, c)
        assert 0 < found < np.inf
        moved = deviation(scale * spectrum[::-1], n, other, scale * c)
        assert moved == pytest.approx(found, rel=1e-6)


def test_a_strong_ridge_leaves_nothing_to_deviate():
    spectrum = spectra.power_law(8, 1.0)
    for deviation in DEVIATIONS:
        weak, strong = deviation(spectrum, 5, 0.9, np.array([1e6, 1e8]))
        assert strong < weak / 50 < 1e-6


def test_without_noise_they_vanish_where_the_loss_is_finite():
    spectrum = np.array([1.0, 2.0, 0.0])
    for n, deviation in ((1, np.inf), (2, np.inf), (3, 0.0)):
        assert fluctuations.test_loss_sd(spectrum, n, 1.0) == deviation
        assert fluctuations.train_loss_sd(spectrum, n, 1.0) == 0
    near = fluctuations.test_loss_sd(spectrum, 3, 1 - 1e-9)
    assert 0 < near < 1e-6
    assert fluctuations.test_loss_sd(spectrum, 1, 1.0, 0.1) == 0


def test_n_alpha_bar_and_c_broadcast():
    spectrum, a, c = spectra.power_law(8, 1.0), np.array([0.1, 0.9, 1.0]), np.array([[0.0], [0.1]])
    for deviation in DEVIATIONS:
        together = deviation(spectrum, 5, a, c)
        assert together.shape == (2, 3)
        for i, j in np.ndindex(2, 3):
            alone = deviation(spectrum, 5, a[j], c[i, 0])
            assert together[i, j] == pytest.approx(alone, rel=1e-12)
            assert isinstance(alone, float)
        sizes = np.array([1, 8, 30])
        found = deviation(spectrum, sizes, 0.9)
        alone = [deviation(spectrum, int(n), 0.9) for n in sizes]
        assert found == pytest.approx(np.array(alone), rel=1e-12)


def test_memory_stays_bounded():
    spectrum, a = spectra.power_law(5000, 1.0), np.linspace(0.01, 0.99, 200)
    tracemalloc.start()
    fluctuations.test_loss_sd(spectrum, 1000, a, 1e-3)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3e6  # a whole table would be 8 MB


@pytest.mark.parametrize("deviation", DEVIATIONS)
def test_a_level_counts_as_often_as_it_occurs(deviation):
    """Levels that occur three times and once are the limit of levels apart by a little."""
    together = np.array([2.0, 2.0, 2.0, 0.7, 0.2, 0.2])
    apart = together * (1 + 1e-9 * np.arange(6))
    for n in (4, 20):
        for at in POINTS[:2]:
            found = deviation(together, n, *at)
            assert deviation(apart, n, *at) == pytest.approx(found, rel=1e-6)
