"""`predict.shrinkage`: the best that the training covariance's eigenvectors allow.

Measured means stray from their expectation by more than 6 standard errors once in 1e6 or less; the
predictions' own error, O(1/d), is given room beside that.
"""

import tracemalloc

import mpmath
import numpy as np
import pytest
from hard_cases import as_it_is
from hypothesis import given, settings
from hypothesis import strategies as st

from lindiff_nb.exact import shrinkage as exact
from lindiff_nb.exact import spectra
from lindiff_nb.measure import experiments
from lindiff_nb.predict import complex_ridge, losses, ridge, shrinkage, spectral_density, training
from lindiff_nb.predict._bulk import integral

A = np.array([0.01, 0.5, 0.9, 0.9999, 1.0])
SPECTRA = {
    "one": np.array([2.5]),
    "white": np.ones(30),
    "power law": spectra.power_law(60, 1.0),
    "steep": spectra.power_law(40, 2.0),
    "twelve decades": np.geomspace(1, 1e-12, 40),
    "low rank": np.concatenate([spectra.power_law(20, 1.0), np.zeros(20)]),
    "two levels": np.repeat([1.0, 100.0], 20),
    "many bulks": np.geomspace(1, 1e-3, 4),
}


def sizes(spectrum):
    d, rank = len(spectrum), np.count_nonzero(spectrum)
    return sorted({1, max(d // 2, 1), max(rank - 1, 1), rank, rank + 1, d + 1, 10 * d, 10**5})


@pytest.mark.parametrize("name", SPECTRA)
def test_counts_and_trace_are_conserved(name):
    """The positive eigenvalues number min(n, rank), and the v' Sigma v sum to Tr Sigma."""
    spectrum = SPECTRA[name]
    rank = np.count_nonzero(spectrum)
    for n in sizes(spectrum):
        nothing = np.zeros(1)
        count = integral.sums(lambda x, s: np.ones_like(x + s), nothing, as_it_is(spectrum), n)[0]
        trace = integral.sums(lambda x, s: x + s, nothing, as_it_is(spectrum), n)[0]
        hidden = (len(spectrum) - min(n, rank)) * shrinkage.null_space(spectrum, n)
        assert count == pytest.approx(min(n, rank), rel=1e-8)
        assert trace + hidden == pytest.approx(spectrum.sum(), rel=1e-8)


@pytest.mark.long
@pytest.mark.parametrize("exponent", [0.01, 0.1, 0.2])
@pytest.mark.parametrize("d", [20, 37])
def test_counts_and_trace_are_conserved_in_one_bulk_of_many_levels(d, exponent):
    """Nearly flat spectra at every n: there a view of the population may see no level alone."""
    spectrum = spectra.power_law(d, exponent)
    for n in [*range(1, 2 * d), 10 * d]:
        found = integral.sums(lambda x, s: x**s, np.array([0.0, 1.0]), as_it_is(spectrum), n)
        hidden = (d - min(n, d)) * shrinkage.null_space(spectrum, n)
        assert found[0] == pytest.approx(min(n, d), rel=1e-8)
        assert found[1] + hidden == pytest.approx(spectrum.sum(), rel=1e-8)


@pytest.mark.parametrize(
    ("spectrum", "n", "expected"),
    [
        (spectra.power_law(37, 0.1), 30, 0.8999956),
        (spectra.power_law(400, 0.2), 200, 0.8998723),
        (1 + np.linspace(0, 1, 64), 65, 0.9309510),
    ],
)
def test_nearly_flat_spectra_by_the_overlaps_route(spectrum, n, expected):
    """Quadrature of lambda times the overlaps, which see every level; 20 draws agree to 8e-5."""
    assert shrinkage.best_linear_loss(spectrum, n, 0.9) == pytest.approx(expected, abs=1e-7)


def test_the_oracle_is_the_population_s_variance_as_its_overlaps_have_it():
    """delta(x) = sum_nu lambda_nu <(u_x . v_nu)^2>, in the middle of one bulk of many levels."""
    for d, n in ((64, 32), (37, 36), (64, 65)):
        spectrum = spectra.power_law(d, 0.1)
        low, high = spectral_density.edges(spectrum, n)[0]
        x = low + (high - low) * np.linspace(0.02, 0.98, 13)
        expected = spectral_density.overlaps(x, spectrum, n) @ spectrum
        assert shrinkage.oracle(x, spectrum, n) == pytest.approx(expected, rel=1e-8)


@pytest.mark.long
@pytest.mark.parametrize(("d", "exponent", "n"), [(1000, 1.0, 10**8), (3000, 2.0, 4000)])
def test_counts_and_trace_are_conserved_in_a_thousand_bulks(d, exponent, n):
    """Far levels are seen gathered there. In bounded memory: a table of all would be 72 MB."""
    spectrum = spectra.power_law(d, exponent)
    tracemalloc.start()
    count, trace = integral.sums(lambda x, s: x**s, np.array([0.0, 1.0]), as_it_is(spectrum), n)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == pytest.approx(d, rel=1e-9)
    assert trace == pytest.approx(spectrum.sum(), rel=1e-9)
    assert peak < 15e6


@pytest.mark.parametrize("n", [10**9, 10**14])
def test_bulks_narrower_than_rounding_of_their_place_are_found(n):
    """One bulk for each level; their losses tend to the population's own."""
    spectrum = spectra.power_law(300, 1.0)
    best = shrinkage.best_linear_loss(spectrum, n, A)
    assert best == pytest.approx(losses.residual_loss(spectrum, A), rel=1e-5)


@pytest.mark.parametrize("name", SPECTRA)
def test_no_ridge_and_no_stopping_time_is_better_and_the_residual_is_never_reached(name):
    spectrum = SPECTRA[name]
    for n in sizes(spectrum):
        best = shrinkage.best_linear_loss(spectrum, n, A)
        assert np.all(best >= losses.residual_loss(spectrum, A) * (1 - 1e-8))
        ridges = losses.test_loss(spectrum, n, A, np.geomspace(1e-6, 1e3, 20)[:, None])
        times = training.test_loss(spectrum, n, A, np.geomspace(1e-3, 1e4, 20)[:, None])
        assert np.all(best <= np.minimum(ridges, times) * (1 + 1e-8))


def test_little_noise_beside_much_hides_no_small_variance():
    spectrum, levels = np.repeat([1.0, 1e-17], [3, 5]), np.array([1 - 2.0**-52, 0.5])
    for n in (5, 40):
        alone = [shrinkage.best_linear_loss(spectrum, n, a) for a in levels]
        assert shrinkage.best_linear_loss(spectrum, n, levels) == pytest.approx(alone, rel=1e-12)
        assert alone[0] > shrinkage.best_linear_loss(np.repeat([1.0, 0], [3, 5]), n, levels[0])


@pytest.mark.parametrize("n", [10, 59, 60, 61, 300])
def test_white_data_have_one_variance_everywhere(n):
    """delta = 1 on the bulk and on the null space: the best denoiser is the population's own."""
    best = shrinkage.best_linear_loss(np.ones(60), n, A)
    assert best == pytest.approx(losses.residual_loss(np.ones(60), A), rel=1e-9)
    x = np.linspace(0.01, 4, 9)
    assert shrinkage.oracle(x, np.ones(60), n) == pytest.approx(np.ones(9), rel=1e-9)


@pytest.mark.parametrize("n", [24, 200])
def test_oracle_is_the_square_of_the_ridge_just_off_the_axis(n):
    """|kappa(-x - i0)|^2 / x, from the complex ridge at a small distance from the bulk."""
    spectrum, x = spectra.power_law(40, 1.0), np.array([0.2, 0.3, 0.5, 1.0])
    kappa = complex_ridge.effective_ridge(-x - 1e-9j, spectrum, n)
    expected = np.abs(kappa) ** 2 / x
    assert shrinkage.oracle(x, spectrum, n) == pytest.approx(expected, rel=1e-6)


def test_oracle_at_zero_is_the_mean_over_the_null_space():
    spectrum = spectra.power_law(400, 1.0)
    assert shrinkage.oracle(0.0, spectrum, 240) == pytest.approx(0.359213, abs=5e-7)
    kappa = ridge.effective_ridge(0.0, spectrum, 240)
    assert shrinkage.null_space(spectrum, 240) == pytest.approx(240 * kappa / 160, rel=1e-14)
    assert shrinkage.null_space(spectrum, 400) == 0
    assert shrinkage.oracle([0.0, 0.3], spectrum, 400).shape == (2,)


def test_oracle_beyond_a_bulk_is_that_of_its_edge():
    spectrum, n = SPECTRA["two levels"], 2000
    far = shrinkage.oracle([1e-9, 1e9], spectrum, n)
    assert far == pytest.approx([1, 100], rel=0.2)
    between = shrinkage.oracle(np.linspace(1, 100, 50), spectrum, n)
    assert np.all((between > 0.9) & (between < 110))


@pytest.mark.long
@given(
    spectrum=st.lists(st.floats(1e-9, 1.0) | st.just(0.0), min_size=1, max_size=8).filter(any),
    n=st.integers(1, 12),
    scale=st.floats(1e-3, 1e3),
)
@settings(max_examples=30, deadline=None)
def test_falls_with_more_samples_and_scales(spectrum, n, scale):
    spectrum, a = np.array(spectrum), np.array([0.2, 0.9])
    best = shrinkage.best_linear_loss(spectrum, n, a)
    assert np.all(shrinkage.best_linear_loss(spectrum, n + 1, a) <= best * (1 + 1e-7))
    other = a / (a + scale * (1 - a))
    moved = shrinkage.best_linear_loss(scale * spectrum[::-1], n, other)
    assert moved == pytest.approx(best, rel=1e-7)


def test_published_check_values():
    """d = 400, n = 240, a = 0.9; the means of 20 simulated sets are .80904(7), .19173(7)."""
    for exponent, expected in ((0, 0.9), (1, 0.809034), (2, 0.191530)):
        found = shrinkage.best_linear_loss(spectra.power_law(400, exponent), 240, 0.9)
        assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("ratio", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("exponent", [0.5, 1.5])
def test_measurement_meets_prediction(exponent, ratio):
    """d = 100: what the oracle costs on drawn sets; 6 standard errors and 0.5 %."""
    spectrum, n, rng = spectra.power_law(100, exponent), int(100 * ratio), np.random.default_rng(3)
    a = np.array([0.5, 0.95])
    measured = []
    for _ in range(20):
        modes = experiments.sample_modes(rng, spectrum, n)
        oracle = shrinkage.oracle(modes.eigenvalues, spectrum, n)
        measured.append(exact.test_loss(modes, oracle, a))
        assert np.all(exact.best_loss(modes, a) <= measured[-1])
    error = np.std(measured, axis=0, ddof=1) / np.sqrt(20)
    predicted = shrinkage.best_linear_loss(spectrum, n, a)
    assert np.all(np.abs(np.mean(measured, axis=0) - predicted) <= 6 * error + 0.005 * predicted)


def naive(lam, n, p):
    """Ledoit & Wolf 2020 as published, with loops over all eigenvalues and thirty digits."""
    lam = [mpmath.mpf(float(x)) for x in np.sort(lam)[max(0, p - n) :]]
    h, root, m = mpmath.mpf(n) ** (-mpmath.mpf(1) / 3), mpmath.sqrt(5), len(lam)
    result = []
    for x in lam:
        f = hilbert = mpmath.mpf(0)
        for y in lam:
            t = (x - y) / (h * y)
            f += 3 / (4 * root) * max(1 - t**2 / 5, 0) / (h * y) / m
            log = mpmath.log(abs((root - t) / (root + t)))
            hilbert += (
                (3 / (4 * root) * (1 - t**2 / 5) * log - 3 * t / 10) / mpmath.pi / (h * y) / m
            )
        part = mpmath.pi * x * m / n
        real = (1 - mpmath.mpf(p) / n if p <= n else 0) - part * hilbert
        result.append(x / ((part * f) ** 2 + real**2))
    if p <= n:
        return np.array(result, dtype=float)
    log = mpmath.log((1 + root * h) / (1 - root * h))
    at_zero = 3 / (10 * h**2) + 3 / (4 * root * h) * (1 - 1 / (5 * h**2)) * log
    at_zero *= sum(1 / x for x in lam) / m / mpmath.pi
    return np.array([n / (mpmath.pi * (p - n) * at_zero)] * (p - n) + result, dtype=float)


@pytest.mark.parametrize(("d", "n"), [(30, 100), (30, 30), (60, 40)])
def test_estimate_from_the_sample_is_the_published_formula(d, n):
    found = experiments.eigenvalues(np.random.default_rng(4), spectra.power_law(d, 1.0), n)[0]
    with mpmath.workdps(30):
        expected = naive(found, n, d)
    assert shrinkage.from_sample(found, n)[::-1] == pytest.approx(expected, rel=1e-9)


def test_estimate_from_the_sample_comes_close_to_the_oracle():
    """Over 20 sets it is above the best by less than a tenth of what having no ridge costs."""
    spectrum, rng, a = spectra.power_law(200, 1.0), np.random.default_rng(5), 0.9
    for n in (120, 400):
        found, best, none = [], [], []
        for _ in range(20):
            modes = experiments.sample_modes(rng, spectrum, n)
            counts = modes.multiplicity.astype(int)
            whole = shrinkage.from_sample(np.repeat(modes.eigenvalues, counts), n)
            delta = whole[np.cumsum(counts) - 1]
            found.append(exact.test_loss(modes, delta, a))
            best.append(exact.best_loss(modes, a))
            none.append(exact.test_loss(modes, modes.eigenvalues, a))
        assert np.all(np.array(found) >= np.array(best))
        assert np.mean(found) - np.mean(best) < 0.1 * (np.mean(none) - np.mean(best))


def test_estimate_of_low_rank_data_leaves_their_null_space_alone():
    spectrum = np.concatenate([np.ones(10), np.zeros(20)])
    found = experiments.eigenvalues(np.random.default_rng(6), spectrum, 25)[0]
    delta = shrinkage.from_sample(found, 25)
    assert np.all(delta[10:] == 0)
    assert delta[:10] == pytest.approx(shrinkage.from_sample(found[:10], 25), rel=1e-12)


BAD = {
    "spectrum": [[], [-1.0], [np.nan], [[1.0]], [0.0]],
    "n": [0, -1, 2.5, True],
    "alpha_bar": [0.0, 1.1, np.nan],
    "eigenvalue": [-1.0, np.nan, "x"],
}


@pytest.mark.parametrize(("name", "value"), [(k, v) for k, row in BAD.items() for v in row])
def test_bad_arguments_are_refused_by_name(name, value):
    good = {"spectrum": [1.0, 2], "n": 3}
    if name != "eigenvalue":
        with pytest.raises(ValueError, match=name):
            shrinkage.best_linear_loss(**{**good, "alpha_bar": 0.5, name: value})
    if name != "alpha_bar":
        with pytest.raises(ValueError, match=name):
            shrinkage.oracle(**{**good, "eigenvalue": 1.0, name: value})


@pytest.mark.parametrize("value", [[], [-1.0], [0.0], [np.nan], [[1.0]], [1.0, 2.0, 3.0]])
def test_bad_eigenvalues_are_refused(value):
    with pytest.raises(ValueError, match="eigenvalues"):
        shrinkage.from_sample(value, 2)


@pytest.mark.parametrize("n", [10**6, 10**12, 10**14])
def test_the_oracle_in_bulks_as_narrow_as_rounding_is_the_variance_they_belong_to(n):
    """At the edges, next to them and between; a bulk is about 1 / sqrt(n) of its level wide."""
    spectrum = spectra.power_law(100, 1.0)
    edges = spectral_density.edges(spectrum, n)
    portion = np.array([[0.0], [1e-9], [0.3], [0.999999], [1.0]])
    x = edges[:, 0] + portion * (edges[:, 1] - edges[:, 0])
    found = shrinkage.oracle(x, spectrum, n)
    assert found == pytest.approx(np.tile(spectrum[::-1], (5, 1)), rel=1 / np.sqrt(n))


@pytest.mark.parametrize("x", [0.0, 1e-9, 1.0, 5**0.5, 2.3, 8.9, 8.999, 9.0, 9.001, 30.0, 1e6])
def test_the_kernel_s_transform_agrees_with_fifty_digits_on_both_sides_of_its_series(x):
    with mpmath.workdps(50):
        root, t = mpmath.sqrt(5), mpmath.mpf(x)
        edge = 1 - t**2 / 5
        log = mpmath.log(abs((root - t) / (root + t))) if abs(edge) > 1e-12 else mpmath.mpf(0)
        expected = float((3 / (4 * root) * edge * log - 3 * t / 10) / mpmath.pi)
    found = shrinkage._hilbert(np.array([x, -x]))
    assert found == pytest.approx(np.array([expected, -expected]), rel=1e-12, abs=1e-16)
