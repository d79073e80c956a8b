"""`predict.replica`, `predict.replica_integer_m`: one saddle point for any number of replicas."""

import mpmath
import numpy as np
import pytest
from hard_cases import HARD_SPECTRA as SPECTRA
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import root
from scipy.special import gammaln

from lindiff_nb.exact import spectra
from lindiff_nb.measure import experiments, partition_functions
from lindiff_nb.predict import replica, replica_integer_m, ridge
from lindiff_nb.predict.replica import Overlaps

POINTS = (Overlaps(3.0, 1.0, 0.4, 0.2), Overlaps(20.0, -2.0, 0.7, -0.05), Overlaps(0.5, 0, 0.9, 0))
REPLICAS = (0.0, 1e-3, 0.5, 1, 2, 3, 7.5)


@pytest.mark.parametrize("at", POINTS)
@pytest.mark.parametrize("m", REPLICAS)
@pytest.mark.parametrize("source", [0.0, np.linspace(-0.1, 0.4, 6)])
def test_conditions_are_twice_the_derivatives_of_the_potential(at, m, source):
    arguments = (m, 0.3, spectra.power_law(6, 1.0), 4, source)
    h = 1e-5

    def moved(place, by):
        x = np.array(at)
        x[place] += by
        return replica.potential(Overlaps(*x), *arguments)

    slopes = [(moved(k, h) - moved(k, -h)) / h for k in range(4)]
    assert replica.conditions(at, *arguments) == pytest.approx(slopes, abs=1e-7)


@pytest.mark.parametrize("at", POINTS)
@pytest.mark.parametrize("m", [1, 2, 3])
def test_the_potential_is_that_of_full_matrices(at, m):
    """2 m phi = Tr Q^ Q - n ln det(I + Q / n) - sum_nu ln det(xi + lambda_nu Q^), with m x m."""
    spectrum, xi, n = np.array([2.0, 1, 0.3, 0]), 0.2, 3
    q = at.p * np.eye(m) + at.r
    conjugate = at.p_hat * np.eye(m) + at.r_hat
    modes = [np.linalg.slogdet(xi * np.eye(m) + lam * conjugate) for lam in spectrum]
    data = np.linalg.slogdet(np.eye(m) + q / n)
    whole = np.trace(conjugate @ q) - n * data[1] - sum(value for _, value in modes)
    found = replica.potential(at, m, xi, spectrum, n)
    assert 2 * m * found == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize("m", REPLICAS)
@pytest.mark.parametrize("n", [3, 6, 20])
def test_the_stationary_point_meets_all_four_conditions_and_does_not_depend_on_m(m, n):
    arguments = (0.1, spectra.power_law(6, 1.0), n)
    at = replica.stationary_point(m, *arguments)
    assert replica.conditions(at, m, *arguments) == pytest.approx(np.zeros(4), abs=1e-11 * at.p)
    q = replica.order_parameter(*arguments)
    assert at == pytest.approx((n * (1 / q - 1), 0, q, 0), rel=1e-12, abs=1e-11)


@pytest.mark.parametrize("m", [0, 0.5, 1, 2, 100])
@pytest.mark.parametrize("n", [3, 6, 7, 50])
@pytest.mark.parametrize("xi", [1e-30, 1e-12, 1e-6])
def test_next_to_no_ridge_the_saddle_point_is_still_the_order_parameter(m, n, xi):
    """Replica symmetric with r = r_hat = 0; for m = 1 only p + r and p_hat + r_hat count."""
    spectrum = np.array([3.0, 1, 0.5, 0.1, 0.02, 1.0])
    p, r, p_hat, r_hat = replica.stationary_point(m, xi, spectrum, n)
    q = replica.order_parameter(xi, spectrum, n)
    assert p_hat + (m == 1) * r_hat == pytest.approx(q, rel=1e-9, abs=0)
    overlap = np.sum(spectrum / (xi + q * spectrum))
    assert p + (m == 1) * r == pytest.approx(overlap, rel=1e-9)
    if m != 1:
        assert abs(r_hat) <= 1e-9 * q
        assert abs(r) <= 1e-9 * p


@pytest.mark.parametrize("m", [0, 0.3, 2, 3])
def test_a_general_solver_started_elsewhere_finds_the_same_point(m):
    arguments = (m, 0.1, spectra.power_law(20, 1.0), 12)
    at = replica.stationary_point(*arguments)
    start = np.array(at) * [1.2, 0, 0.9, 0] + [0, 1.0, 0, 0.02]
    found = root(lambda x: replica.conditions(Overlaps(*x), *arguments), start, tol=1e-13)
    assert found.success
    assert found.x == pytest.approx(np.array(at), rel=1e-8, abs=1e-8)


def test_the_resolvent_is_the_derivative_of_the_potential_by_the_source():
    """<G_nu> = -2 d phi / dJ_nu at the stationary point, which follows the source."""
    spectrum, xi, n, h = np.array([3.0, 1, 0.5, 0.1, 0]), 0.2, 4, 1e-4
    for nu, expected in enumerate(replica.resolvent(xi, spectrum, n)):
        values = []
        for sign in (1, -1):
            source = sign * h * np.eye(5)[nu]
            at = replica.stationary_point(0, xi, spectrum, n, source)
            values.append(replica.potential(at, 0, xi, spectrum, n, source))
        assert -2 * (values[0] - values[1]) / (2 * h) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", SPECTRA)
def test_order_parameter_agrees_with_forty_digits(name):
    spectrum = SPECTRA[name]
    d, xi = len(spectrum), np.array([1e-14, 1e-8, 1e-3, 1, 1e6])
    with mpmath.workdps(40):
        levels = [mpmath.mpf(float(x)) for x in spectrum]
        for n in {1, max(d // 2, 1), max(d - 1, 1), d, d + 1, 3 * d, 10**6}:
            for x, q in zip(xi, replica.order_parameter(xi, spectrum, n), strict=True):
                bracket = (q * (1 - mpmath.mpf("1e-12")), q * (1 + mpmath.mpf("1e-12")))
                h = [b + sum(lam * b / (x + lam * b) for lam in levels) / n for b in bracket]
                assert h[0] < 1 < h[1], (n, x)


@pytest.mark.parametrize("name", SPECTRA)
def test_replica_and_ridge_share_no_code_and_agree(name):
    spectrum, xi = SPECTRA[name], np.geomspace(1e-14, 1e6, 21).reshape(3, 7)
    for n in (1, 3, 6, 7, 50):
        kappa = xi / replica.order_parameter(xi, spectrum, n)
        assert kappa == pytest.approx(ridge.effective_ridge(xi, spectrum, n), rel=1e-12)


@pytest.mark.parametrize("n", [30, 60, 61, 150])
def test_three_routes_lead_to_one_kappa(n):
    """Saddle point, effective ridge, sampled resolvent: 1 / q - 1 = Tr(G Sigma) / n.

    False alarm below 1e-6: six standard errors (t, 29 degrees) and the finite-size bias, order 1/d.
    """
    spectrum, xi, rng = spectra.power_law(60, 1.0), 0.05, np.random.default_rng(n)
    saddle = xi / replica.stationary_point(0, xi, spectrum, n).p_hat
    assert saddle == pytest.approx(ridge.effective_ridge(xi, spectrum, n), rel=1e-12)
    sets = [experiments.sample_modes(rng, spectrum, n) for _ in range(30)]
    traces = [m.multiplicity @ (m.population / (m.eigenvalues + xi)) for m in sets]
    kappa = xi * (1 + np.array(traces) / n)
    error = kappa.std(ddof=1) / np.sqrt(30)
    assert abs(kappa.mean() - saddle) < 6 * error + saddle / 60


@pytest.mark.parametrize("name", SPECTRA)
def test_the_order_parameter_follows_from_the_trace_whatever_the_spectrum(name):
    spectrum, xi = SPECTRA[name], np.array([1e-2, 1.0, 30.0])
    for n in (2, 6, 40):
        trace = replica.resolvent(xi, spectrum, n).mean(axis=-1)
        found = replica.spectrum_free(xi, trace, len(spectrum), n)
        q = replica.order_parameter(xi, spectrum, n)
        assert found == pytest.approx(q, abs=1e-12 * (1 + len(spectrum) / n))


@given(
    spectrum=st.lists(st.floats(1e-9, 1.0) | st.just(0.0), min_size=1, max_size=8).filter(any),
    n=st.integers(1, 12),
    xi=st.lists(st.floats(1e-12, 1e3), min_size=2, max_size=5, unique=True),
    scale=st.floats(1e-6, 1e6),
)
@settings(max_examples=100, deadline=None)
def test_order_parameter_grows_with_xi_and_n_and_scales(spectrum, n, xi, scale):
    spectrum, xi = np.array(spectrum), np.sort(xi)
    q = replica.order_parameter(xi, spectrum, n)
    assert np.all((q > 0) & (q <= 1))
    assert np.all(np.diff(q) >= -1e-12 * q[1:])
    assert np.all(replica.order_parameter(xi, spectrum, n + 1) >= q * (1 - 1e-12))
    scaled = replica.order_parameter(scale * xi, scale * spectrum[::-1], n)
    assert scaled == pytest.approx(q, rel=1e-11)


@pytest.mark.parametrize(("n", "q"), [(1, 0), (3, 0), (4, 0.25), (12, 0.75)])
def test_without_ridge_the_order_parameter_counts_spare_points(n, q):
    assert replica.order_parameter(0.0, [2.0, 1, 0.1, 0], n) == q


def test_the_log_determinant_has_its_known_mean_and_variance():
    """N > d, xi -> 0: mean +ln(1 - d/n)/2 beyond the leading term, variance -2 ln(1 - d/n)."""
    d, n = 300, 1000
    i = np.arange(d)
    exact = np.sum(mpmath_digamma((n - i) / 2)) + d * np.log(2 / n)
    mean, one = (replica.log_moment(m, 1e-13, np.ones(d), n) for m in (0, 1))
    assert -2 * mean == pytest.approx(exact, abs=2 / n)
    assert 4 * 2 * (one - mean) == pytest.approx(-2 * np.log(1 - d / n), rel=1e-10)


def mpmath_digamma(x):
    return np.array([float(mpmath.digamma(y)) for y in x])


@pytest.mark.parametrize("m", [1, 2, 3, 4])
@pytest.mark.parametrize("n", [12, 30])
def test_replicated_average_is_the_known_moment_of_a_wishart_determinant(m, n):
    """xi -> 0:  <det Sigma_0^(-m/2)> is det Sigma^(-m/2) times a product of Gamma functions."""
    spectrum, i = spectra.power_law(5, 1.0), np.arange(5)
    moment = np.sum(gammaln((n - m - i) / 2) - gammaln((n - i) / 2)) + 5 * m / 2 * np.log(n / 2)
    exact = moment / m - np.log(spectrum).sum() / 2
    assert replica_integer_m.log_moment(m, 1e-14, spectrum, n) == pytest.approx(exact, abs=1e-11)


@pytest.mark.long
@pytest.mark.parametrize(("n", "xi"), [(1, 1e-3), (1, 2.0), (2, 0.5), (9, 1e-9)])
def test_one_replica_is_an_average_over_chi_squared(n, xi):
    spectrum = [2.0, 0.5, 0]
    with mpmath.workdps(25):

        def integrand(u):
            w = mpmath.exp(u)
            chi = (n * w / 2) ** mpmath.mpf(n / 2) * mpmath.exp(-n * w / 2) / mpmath.gamma(n / 2)
            return chi / mpmath.sqrt(mpmath.fprod(xi + lam * w for lam in spectrum))

        whole = mpmath.log(mpmath.quad(integrand, [*range(-120, 10, 3)]))
    assert replica_integer_m.log_moment(1, xi, spectrum, n) == pytest.approx(
        float(whole), abs=1e-11
    )


@pytest.mark.parametrize("m", [1, 2, 3])
@pytest.mark.parametrize("xi", [1e-3, 0.3])
def test_the_saddle_point_with_fluctuations_misses_the_replicated_average_by_order_one_over_n(
    m, xi
):
    missed = []
    for d in (20, 40, 80):
        spectrum = spectra.power_law(d, 0.5)
        exact = replica_integer_m.log_moment(m, xi, spectrum, 2 * d)
        missed.append(abs(exact - replica.log_moment(m, xi, spectrum, 2 * d)))
    assert missed[0] < 0.1
    assert np.array(missed[:-1]) / missed[1:] == pytest.approx(2, rel=0.25)


@pytest.mark.long
@pytest.mark.parametrize("n", [6, 25])
def test_sampled_replicated_averages_agree_with_the_exact_ones(n):
    """False alarm below 1e-6: six standard errors, weights bounded and 2000 draws."""
    spectrum, xi = spectra.power_law(10, 1.0), np.array([0.3, 2.0])
    log_z = partition_functions.log_partition(np.random.default_rng(n), spectrum, n, xi, 2000)
    for m in (1, 2, 3):
        found = partition_functions.log_moment(log_z, m)
        exact = [replica_integer_m.log_moment(m, x, spectrum, n) for x in xi]
        assert np.all(found.effective_draws > 200)
        assert np.all(np.abs(found.value - exact) < 6 * found.error)
    quenched = partition_functions.log_moment(log_z, 0)
    predicted = replica.log_moment(0, xi, spectrum, n)
    assert np.all(np.abs(quenched.value - predicted) < 6 * quenched.error + 0.2 / n)


BAD = {
    "m": [-1, np.nan, "1", [1, 2]],
    "xi": [-0.1, np.nan, np.inf, 0.0],
    "spectrum": [[], [-1.0], [0.0], [[1.0]], [np.nan]],
    "n": [0, 1.5, True],
    "source": [[1.0], [np.nan, 1, 1], -0.5],
}


@pytest.mark.parametrize(("name", "value"), [(k, v) for k, values in BAD.items() for v in values])
def test_bad_arguments_are_named(name, value):
    arguments = {"m": 2, "xi": 0.1, "spectrum": [1.0, 2, 3], "n": 4, "source": 0.0} | {name: value}
    with pytest.raises(ValueError, match=name):
        replica.stationary_point(**arguments)
    for function in (replica.potential, replica.conditions):
        with pytest.raises(ValueError, match=name):
            function(Overlaps(1, 0, 1, 0), **arguments)
    del arguments["source"]
    if name != "source":
        with pytest.raises(ValueError, match=name):
            replica.log_moment(**arguments)
        with pytest.raises(ValueError, match=name):
            replica_integer_m.log_moment(**arguments)


@pytest.mark.parametrize(
    "at", [(1, 0, -1, 0), (1, 0, 1, -1), (-9, 0, 1, 0), (1, 2), (1, 0, 1, np.nan)]
)
def test_points_without_a_potential_are_refused(at):
    with pytest.raises(ValueError, match="at must be"):
        replica.potential(at, 2, 0.1, [1.0, 2.0], 4)


@pytest.mark.parametrize("m", [0, 6, 1.0, 5])
def test_replicated_wants_whole_replicas_and_a_matrix_of_full_rank(m):
    with pytest.raises(ValueError, match="m must be an integer from 1 to"):
        replica_integer_m.log_moment(m, 0.1, [1.0, 2.0], 4)


@pytest.mark.parametrize("bad", [{"xi": -1}, {"trace": -1}, {"d": 0}, {"n": 0}])
def test_spectrum_free_refuses_bad_arguments(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        replica.spectrum_free(**({"xi": 1.0, "trace": 0.5, "d": 3, "n": 4} | bad))
    with pytest.raises(ValueError, match=r"xi \(2,\) and trace \(3,\)"):
        replica.spectrum_free([1, 2], [1, 2, 3], 4, 5)


def test_the_potential_is_there_for_every_point_with_its_logarithms_and_no_other():
    """p > -n, n + p + m r > 0; D + lambda p_hat > 0, D + lambda (p_hat + m r_hat) > 0 for each."""
    spectrum, n, m = np.array([2.0, 0.5]), 4, 2
    good = Overlaps(-1.0, -1.0, 0.5, -0.25)
    assert np.isfinite(replica.potential(good, m, 0.1, spectrum, n))
    bad = (
        good._replace(p=-4.0),
        good._replace(r=-1.5),  # n + p + m r = 0
        good._replace(p_hat=-0.1),  # negative for the larger level alone
        good._replace(r_hat=-0.3),  # likewise
    )
    for at in bad:
        with pytest.raises(ValueError, match=r"^at must be a point"):
            replica.potential(at, m, 0.1, spectrum, n)


def test_a_ridge_and_its_source_must_be_positive_in_every_mode():
    at, spectrum = Overlaps(1.0, 0.0, 0.5, 0.0), np.array([2.0, 0.5])
    for source in ([-0.2, 0.0], [-0.1, 0.0]):
        with pytest.raises(ValueError, match="positive"):
            replica.potential(at, 1, 0.1, spectrum, 4, source)
