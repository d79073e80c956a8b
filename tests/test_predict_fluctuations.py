"""`predict.fluctuations`: how much one training set differs from the next."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import polygamma

from lindiff_nb.exact import spectra
from lindiff_nb.exact.divergence import POPULATION, SAMPLER
from lindiff_nb.measure import experiments, partition_functions
from lindiff_nb.predict import fluctuations, replica, ridge

DIRECTIONS = (SAMPLER, POPULATION)
DRAWS = 400
# A standard deviation from so many draws has a relative error of 1 / sqrt(2 DRAWS), a little more
# where the draws are not normal: 6 of these (with kurtosis up to 4: alarm below 1e-6), and 3 / d.
CLOSE = 6 * np.sqrt(0.75 / DRAWS) + 3 / 60


def wishart_variances(d, n):
    """Of Tr Sigma^-1 Sigma_0 and ln det Sigma_0, and their covariance: exact for the mean known."""
    return 2 * d / n, np.sum(polygamma(1, (n - np.arange(d)) / 2)), 2 * d / n


@pytest.mark.parametrize("n", [30, 60, 150])
def test_sampled_log_determinants_and_resolvents_deviate_as_predicted(n):
    spectrum, c = spectra.power_law(60, 1.0), np.array([0.1, 1.0])
    rng = np.random.default_rng(n)
    log_det = -2 * partition_functions.log_partition(rng, spectrum, n, c, DRAWS)
    eigenvalues = experiments.eigenvalues(rng, spectrum, n, DRAWS)[..., None]
    trace = np.sum(1 / (eigenvalues + c), axis=1)
    pairs = (
        (log_det, fluctuations.log_det(c, spectrum, n)),
        (trace, fluctuations.resolvent_trace(c, spectrum, n)),
    )
    for measured, predicted in pairs:
        assert measured.std(axis=0, ddof=1) == pytest.approx(predicted, rel=CLOSE)


@pytest.mark.long
@pytest.mark.parametrize("estimated_mean", [False, True])
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(("n", "c"), [(30, 0.1), (60, 0.1), (150, 0.01), (150, 0.0)])
def test_sampled_divergences_deviate_as_predicted(direction, n, c, estimated_mean):
    spectrum, options = spectra.power_law(60, 1.0), {"estimated_mean": estimated_mean}
    measured = experiments.kl(np.random.default_rng(n), spectrum, n, c, DRAWS, direction, **options)
    predicted = fluctuations.kl_sd(spectrum, n, c, direction, **options)
    assert measured.std(ddof=1) == pytest.approx(predicted, rel=CLOSE)


@pytest.mark.long
@pytest.mark.parametrize("n", [2, 3, 7])
def test_few_points_whose_mean_is_estimated_where_the_mean_counts_most(n):
    """Six errors of a deviation from 4000 draws, and 3 / d with d n in place of d^2 to be large."""
    spectrum, count = np.ones(40), 4000
    for direction in DIRECTIONS:
        options = {"direction": direction, "estimated_mean": True}
        measured = experiments.kl(np.random.default_rng(n), spectrum, n, 0.3, count, **options)
        predicted = fluctuations.kl_sd(spectrum, n, 0.3, **options)
        close = 6 * np.sqrt(0.75 / count) + 3 / 40
        assert measured.std(ddof=1) == pytest.approx(predicted, rel=close)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_an_estimated_mean_adds_a_chi_square(direction):
    """For n >> d and no ridge (1/2) |mu_0|^2 = chi^2 / 2n, d/2n^2 to a variance of d^2/4n^2."""
    for d in (1, 20):
        spectrum, n = spectra.power_law(d, 1.0), 10**8
        known, estimated = (
            fluctuations.kl_sd(spectrum, n, 0.0, direction, estimated_mean=e) for e in (False, True)
        )
        assert (n * d) ** 2 * (estimated**2 - known**2) == pytest.approx(d / 2, rel=1e-5)


@pytest.mark.parametrize("n", [400, 1200])
def test_without_ridge_the_deviations_are_those_of_wishart_matrices(n):
    d = 300
    trace, log_det, both = wishart_variances(d, n)
    spectrum = np.geomspace(1, 1e-6, d)
    assert fluctuations.log_det(0.0, spectrum, n) ** 2 == pytest.approx(log_det, rel=4 / (n - d))
    total = (trace + log_det - 2 * both) / 4
    found = (d * fluctuations.kl_sd(spectrum, n, 0.0)) ** 2
    assert found == pytest.approx(total, rel=10 / (n - d))


def test_traces_of_inverse_wishart_matrices_have_variance_2_y_over_1_minus_y_to_the_fourth():
    d, n = 300, 900
    y = d / n
    found = fluctuations.resolvent_trace(1e-12, np.ones(d), n) ** 2
    assert found == pytest.approx(2 * y / (1 - y) ** 4, rel=1e-9)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("n", [10**7, 10**10, 10**13])
def test_with_many_points_both_divergences_deviate_by_1_over_2n(direction, n):
    """Total d / 2n, so that no digits may be lost to cancellation in a variance of d^2 / 4n^2."""
    spectrum = spectra.power_law(20, 1.0)
    found = fluctuations.kl_sd(spectrum, n, 0.0, direction)
    assert 2 * n * found == pytest.approx(1, rel=100 / n + 1e-11)


@pytest.mark.parametrize("estimated_mean", [False, True])
@pytest.mark.parametrize("c", [1e-9, 1e-3, 0.2])
@pytest.mark.parametrize("n", [6, 30, 10**6])
def test_both_variances_agree_with_forty_digits_of_the_plain_formulas(n, c, estimated_mean):
    """The sums over modes as they follow from K = -2 ln(1 - A), with their cancellations.

    With an estimated mean K is that of m = n - 1 points at c / f, f = m / n, and mu_0 adds its own.
    """
    spectrum, m = [2.0, 1.0, 0.5, 0.01], n - estimated_mean
    with mpmath.workdps(40):
        lam, f = [mpmath.mpf(x) for x in spectrum], mpmath.mpf(m) / n
        c40, w = mpmath.mpf(c) / f, (1 + mpmath.mpf(estimated_mean) / n) / f
        q = mpmath.findroot(lambda q: q + sum(x * q / (c40 + x * q) for x in lam) / m - 1, 1)
        kappa = c40 / q
        df1 = sum(x / (x + kappa) for x in lam)
        a = sum((x / (x + kappa)) ** 2 for x in lam) / m
        k = -2 * mpmath.log(1 - a)
        forward = f**2 * 2 * 4 / m - 2 * f * 2 * df1 / m + k + 2 * 4 * (1 - f) / n
        moved = [(x - kappa * a / (1 - a)) / q for x in lam]
        a1 = -sum(x**2 * s / (x + kappa) ** 3 for x, s in zip(lam, moved, strict=True)) / m
        a12 = sum(x**2 * s**2 / (x + kappa) ** 4 for x, s in zip(lam, moved, strict=True)) / m
        k1, k12 = 2 * a1 / (1 - a), 2 * (a12 / (1 - a) + (a1 / (1 - a)) ** 2)
        square = m * a / (q**2 * (1 - a))  # <Tr (G Sigma)^2>
        backward = k + 2 * w * k1 + w**2 * k12 + 2 * (m != n) * square / m**2
        expected = [float(mpmath.sqrt(each / 4) / 4) for each in (forward, backward)]
    for direction, told, rel in zip(DIRECTIONS, expected, (1e-12, 1e-9), strict=True):
        found = fluctuations.kl_sd(spectrum, n, c, direction, estimated_mean=estimated_mean)
        assert found == pytest.approx(told, rel=rel)


@pytest.mark.parametrize("n", [4, 10, 50])
def test_the_variance_is_the_fluctuation_of_replicas(n):
    """ln <Z> - <ln Z> = Var(ln Z) / 2, and ln Z = -ln det / 2."""
    spectrum, xi = spectra.power_law(10, 1.0), np.array([0.01, 1.0])
    zero, one = (replica.log_moment(m, xi, spectrum, n) for m in (0, 1))
    assert fluctuations.log_det(xi, spectrum, n) ** 2 == pytest.approx(8 * (one - zero), rel=1e-10)


@pytest.mark.parametrize("n", [4, 10, 50])
def test_resolvents_are_derivatives_of_log_determinants(n):
    """Of Cov(ln det at xi_1, ln det at xi_2) = -2 ln(1 - A), by both."""
    spectrum, h = spectra.power_law(10, 1.0), 1e-3
    kappa = ridge.effective_ridge(np.array([0.5 + h, 0.5 - h]), spectrum, n)[:, None, None]
    shares = spectrum / (spectrum + kappa) * (spectrum / (spectrum + kappa[:, 0]))
    c = -2 * np.log1p(-shares.sum(axis=-1) / n)
    mixed = (c[0, 0] - c[0, 1] - c[1, 0] + c[1, 1]) / (4 * h * h)
    assert fluctuations.resolvent_trace(0.5, spectrum, n) ** 2 == pytest.approx(mixed, rel=1e-4)


@pytest.mark.long
@given(
    spectrum=st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=8),
    n=st.integers(1, 20),
    c=st.floats(1e-6, 1e3),
    scale=st.floats(1e-3, 1e3),
)
@settings(max_examples=100, deadline=None)
def test_deviations_are_finite_and_scale(spectrum, n, c, scale):
    spectrum = np.array(spectrum)
    for direction in DIRECTIONS:
        value = fluctuations.kl_sd(spectrum, n, c, direction)
        assert 0 < value < np.inf
        scaled = fluctuations.kl_sd(scale * spectrum, n, scale * c, direction)
        assert scaled == pytest.approx(value, rel=1e-6)
    log_det = fluctuations.log_det(c, spectrum, n)
    assert fluctuations.log_det(scale * c, scale * spectrum, n) == pytest.approx(log_det, rel=1e-9)
    assert fluctuations.log_det(2 * c, spectrum, n) <= log_det


def test_where_the_divergence_is_infinite_so_is_its_deviation():
    for direction in DIRECTIONS:
        found = fluctuations.kl_sd([1.0, 2.0, 3.0], 3, [0.0, 0.1], direction)
        assert list(np.isinf(found)) == [True, False]
        assert np.isinf(fluctuations.kl_sd([1.0, 0.0], 5, 0.1, direction))
        assert np.isfinite(fluctuations.kl_sd([1.0, 0.0], 5, 0.0, direction))
        for n in (3, 4, 5):
            found = fluctuations.kl_sd([1.0, 2.0, 3.0], n, 0.0, direction, estimated_mean=True)
            assert np.isinf(found) == (n < 5)
    assert np.isinf(fluctuations.log_det(0.0, [1.0, 2.0, 0.0], 2))
    assert np.isfinite(fluctuations.log_det(0.0, [1.0, 2.0, 3.0], 2))


BAD = {
    "spectrum": [[], [-1.0], [0.0], [[1.0]], [np.nan]],
    "n": [0, 1.5, True],
    "c": [-0.1, np.nan, "1"],
}


@pytest.mark.parametrize(("name", "value"), [(k, v) for k, values in BAD.items() for v in values])
def test_bad_arguments_are_named(name, value):
    arguments = {"spectrum": [1.0, 2.0], "n": 4, "c": 0.1} | {name: value}
    with pytest.raises(ValueError, match=name):
        fluctuations.kl_sd(**arguments)
    xi = arguments.pop("c")
    for function in (fluctuations.log_det, fluctuations.resolvent_trace):
        with pytest.raises(ValueError, match="xi" if name == "c" else name):
            function(xi, **arguments)


def test_a_direction_and_a_number_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match="direction"):
        fluctuations.kl_sd([1.0], 3, 0.1, "sideways")
    with pytest.raises(ValueError, match="n must be an integer >= 2, got 1"):
        fluctuations.kl_sd([1.0], 1, 0.1, estimated_mean=True)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_ridge_beyond_all_numbers_leaves_a_number(direction):
    """The population is nothing beside it: df_2 is zero by underflow."""
    found = fluctuations.kl_sd(np.array([1.0, 2.0]), 3, 1e200, direction)
    assert 0 <= found < np.inf
