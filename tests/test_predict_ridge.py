"""`predict.ridge`: the largest root, to twelve digits, wherever it is hard to find."""

import tracemalloc

import mpmath
import numpy as np
import pytest
from hard_cases import HARD_SPECTRA as SPECTRA
from hypothesis import given, settings
from hypothesis import strategies as st

from lindiff_nb.exact import spectra
from lindiff_nb.predict import ridge
from lindiff_nb.predict.ridge import degrees_of_freedom, effective_ridge

HARD_XI = np.array([0, 1e-14, 1e-12, 1e-8, 1e-3, 1, 1e6])


def reference(xi, spectrum, n):
    """Newton's method with 40 digits, from above, on the equation as it stands."""
    levels = [mpmath.mpf(float(x)) for x in spectrum if x > 0]
    xi = mpmath.mpf(float(xi))
    if xi == 0 and n >= len(levels):
        return mpmath.mpf(0)
    kappa = xi + mpmath.fsum(levels) / n
    while True:
        df1 = mpmath.fsum(x / (x + kappa) for x in levels)
        df2 = mpmath.fsum((x / (x + kappa)) ** 2 for x in levels)
        step = (kappa * (1 - df1 / n) - xi) / (1 - df2 / n)
        kappa -= step
        if abs(step) < mpmath.mpf(10) ** -17 * kappa:
            return kappa


@pytest.mark.parametrize("n", [1, 5])
def test_nothing_asked_is_nothing_answered(n):
    assert effective_ridge(np.ones((0, 3)), [1.0, 2.0], n).shape == (0, 3)


@pytest.mark.parametrize("name", SPECTRA)
def test_agrees_with_forty_digits_on_both_sides_of_n_equal_d_and_at_it(name):
    spectrum = SPECTRA[name]
    d = len(spectrum)
    with mpmath.workdps(40):
        for n in {1, max(d // 2, 1), max(d - 1, 1), d, d + 1, 3 * d, 10**6}:
            found = effective_ridge(HARD_XI, spectrum, n)
            for xi, kappa in zip(HARD_XI, found, strict=True):
                exact = reference(xi, spectrum, n)
                assert abs(kappa - exact) <= 1e-13 * exact, (n, xi)


@pytest.mark.parametrize("n", [3, 5, 6, 7, 30])
def test_white_spectrum_solves_the_quadratic(n):
    """For Sigma = I the self-consistency is kappa^2 + (1 - d/n - xi) kappa - xi = 0."""
    d, xi = 6, np.geomspace(1e-3, 1e3, 13)
    kappa = effective_ridge(xi, np.ones(d), n)
    b = xi + d / n - 1
    assert kappa == pytest.approx((b + np.sqrt(b**2 + 4 * xi)) / 2, rel=1e-12)


@pytest.mark.parametrize("epsilon", [1e-2, 1e-12, 1e-24])
def test_inside_a_gap_of_the_spectrum_it_is_the_geometric_mean(epsilon):
    """n modes at 1 and n at epsilon: kappa -> epsilon / kappa maps the equation to itself."""
    spectrum = np.repeat([1, epsilon], 50)
    assert effective_ridge(0.0, spectrum, 50) == pytest.approx(np.sqrt(epsilon), rel=1e-13)


@pytest.mark.parametrize("rank", [1, 4, 9])
def test_without_ridge_it_vanishes_exactly_from_n_equal_rank_on(rank):
    spectrum = np.concatenate([spectra.power_law(rank, 1.0), np.zeros(9 - rank)])
    for n in range(1, 12):
        kappa = effective_ridge(0.0, spectrum, n)
        assert kappa > 0 if n < rank else kappa == 0


@pytest.mark.long
@given(
    spectrum=st.lists(st.floats(1e-12, 1.0) | st.just(0.0), min_size=1, max_size=8).filter(any),
    n=st.integers(1, 12),
    xi=st.lists(st.just(0.0) | st.floats(1e-300, 1e3), min_size=2, max_size=9, unique=True),
    scale=st.floats(1e-6, 1e6),
)
@settings(max_examples=100, deadline=None)
def test_it_grows_with_xi_concavely_falls_with_n_and_scales(spectrum, n, xi, scale):
    spectrum, xi = np.array(spectrum), np.sort(xi)
    kappa = effective_ridge(xi, spectrum, n)
    slack = 1e-12 * kappa
    assert np.all(kappa + slack >= xi)
    assert np.all(np.diff(kappa) >= -slack[1:])
    # concave: kappa(xi) / xi can only fall, once kappa(0) >= 0 is taken off
    rise = kappa - effective_ridge(0.0, spectrum, n)
    assert np.all(rise[1:] * xi[:-1] <= rise[:-1] * xi[1:] + 1e-12 * kappa[1:] * xi[1:])
    assert np.all(effective_ridge(xi, spectrum, n + 1) <= kappa + slack)
    scaled = effective_ridge(scale * xi, scale * spectrum[::-1], n)
    assert scaled == pytest.approx(scale * kappa, rel=1e-11)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 8, 17, 64])
def test_many_xi_at_once_are_each_solved_as_if_alone(size):
    spectrum = spectra.power_law(20, 1.5)
    xi = np.random.default_rng(size).permutation(np.geomspace(1e-14, 1e6, size))
    together = effective_ridge(xi.reshape(size, 1), spectrum, 20)
    alone = [[effective_ridge(x, spectrum, 20)] for x in xi]
    assert together.shape == (size, 1)
    assert together == pytest.approx(np.reshape(alone, (size, 1)), rel=1e-13)


def test_repeated_xi_give_equal_kappa_and_a_number_gives_a_float():
    kappa = effective_ridge([0.3, 0.1, 0.3], [1.0, 2.0], 1)
    assert kappa[0] == kappa[2] == pytest.approx(effective_ridge(0.3, [1.0, 2.0], 1), rel=1e-13)
    assert isinstance(effective_ridge(0.3, [1.0, 2.0], 1), float)


def test_large_n_and_large_xi_leave_the_first_correction():
    """kappa is about xi + xi df_1(xi) / n for large n, and xi + Tr Sigma / n for large xi."""
    spectrum = spectra.power_law(30, 1.0)
    xi = 0.2
    correction = (effective_ridge(xi, spectrum, 10**6) - xi) * 10**6
    assert correction == pytest.approx(xi * degrees_of_freedom(xi, spectrum), rel=1e-4)
    assert effective_ridge(1e7, spectrum, 3) - 1e7 == pytest.approx(10, rel=1e-5)


@pytest.mark.parametrize("n", [10**5, 10**6])
def test_a_million_dimensions(n):
    """The residual, in exact summation, over the slope is the error."""
    spectrum = np.geomspace(1, 1e-12, 10**6)
    for xi in (1e-14, 1e-3):
        kappa = effective_ridge(xi, spectrum, n)
        above = spectrum >= kappa
        excess = n - np.count_nonzero(above)
        excess += np.sum(np.longdouble(kappa) / (spectrum[above] + np.longdouble(kappa)))
        excess -= np.sum(spectrum[~above] / (spectrum[~above] + np.longdouble(kappa)))
        spread = np.sum(spectrum * kappa / (spectrum + kappa) ** 2)
        assert abs(excess - n * xi / kappa) <= 1e-12 * (excess + spread)


def test_memory_stays_bounded():
    spectrum = spectra.power_law(5000, 1.0)
    tracemalloc.start()
    effective_ridge(np.geomspace(1e-4, 1e2, 200), spectrum, 1000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2e6  # a whole table would be 8 MB


def test_running_out_of_steps_raises(monkeypatch):
    monkeypatch.setattr(ridge, "MAX_STEPS", 3)
    with pytest.raises(RuntimeError, match="no convergence in 3 Newton steps"):
        effective_ridge(1e-12, np.ones(5), 5)


def test_degrees_of_freedom_are_the_sums_and_at_zero_the_rank():
    spectrum, kappa = np.array([2.0, 1, 1, 0]), np.array([[0.0, 0.5], [3, 1e9]])
    for power in (1, 2, 3):
        found = degrees_of_freedom(kappa, spectrum, power)
        share = spectrum[:3] / (spectrum[:3] + kappa[..., None])
        assert found == pytest.approx(np.sum(share**power, axis=-1), rel=1e-14)
        assert found[0, 0] == 3


@pytest.mark.parametrize("n", [3, 8, 9, 40])
def test_response_is_kappa_and_its_sums(n):
    spectrum, xi = spectra.power_law(8, 1.0), np.array([[1e-4, 0.1], [1.0, 0.0]])
    kappa, df1, excess, spread = ridge.response(xi, spectrum, n)
    assert np.array_equal(kappa, effective_ridge(xi, spectrum, n))
    assert df1 == pytest.approx(degrees_of_freedom(kappa, spectrum), rel=1e-13)
    assert excess == pytest.approx(n - df1, abs=1e-12)
    assert spread == pytest.approx(df1 - degrees_of_freedom(kappa, spectrum, 2), abs=1e-12)


@pytest.mark.parametrize("n", [4, 8, 20])
def test_slope_of_kappa_is_one_over_one_minus_df2_over_n(n):
    spectrum, xi, h = spectra.power_law(8, 1.0), 0.05, 1e-5
    kappa = effective_ridge(xi, spectrum, n)
    slope = np.diff(effective_ridge([xi - h, xi + h], spectrum, n))[0] / (2 * h)
    assert slope == pytest.approx(1 / (1 - degrees_of_freedom(kappa, spectrum, 2) / n), rel=1e-6)


MANY = {
    "power law": spectra.power_law(300, 1.0),
    "steep": spectra.power_law(200, 4.0),
    "twelve decades": np.geomspace(1, 1e-12, 150),
    "two clusters": np.append(np.linspace(1, 1.01, 70), 1e-9 * np.linspace(1, 2, 70)),
    "low rank": np.append(1e9 * spectra.power_law(120, 0.5), np.zeros(80)),
}


@pytest.mark.parametrize("name", MANY)
def test_very_many_points_have_the_roots_and_sums_of_each(name):
    """They come from interpolated sums; without ridge too, where n is below the rank."""
    spectrum = MANY[name]
    rank, xi = np.count_nonzero(spectrum), np.geomspace(1e-8, 1e4, 3000) * spectrum.max()
    for n, low in ((1, 0), (rank - 1, 0), (rank, xi[0]), (rank + 1, xi[0]), (10**6, xi[0])):
        grid = np.append(low, xi)
        many = ridge.response(np.append(grid, np.repeat(grid[-1], 5000)), spectrum, n)
        few = ridge.response(grid[::100], spectrum, n)
        for found, told in zip(many, few, strict=True):
            assert found[:3001:100] == pytest.approx(told, rel=2e-12, abs=0)


def test_sizes_and_ridges_of_a_figure_broadcast_at_once():
    spectrum, n = spectra.power_law(200, 1.0), np.array([50, 199, 200, 201, 5000])[:, None]
    xi = np.geomspace(1e-3, 1e3, 1500)
    found = ridge.response(xi, spectrum, n)
    for row in range(5):
        alone = ridge.response(xi[::300], spectrum, int(n[row, 0]))
        for many, few in zip(found, alone, strict=True):
            assert many[row, ::300] == pytest.approx(few, rel=2e-12)
