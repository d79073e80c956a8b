"""`predict.complex_ridge`: the root in the half-plane of xi, however close to the axis xi is."""

import mpmath
import numpy as np
import pytest
from hard_cases import HARD_SPECTRA as SPECTRA

from lindiff_nb.predict import complex_ridge, ridge
from lindiff_nb.predict.population import Population

ANGLES = np.array([1e-15, 1e-9, 1e-3, 1.0])


def sizes(spectrum):
    rank = np.count_nonzero(spectrum)
    return sorted({1, max(rank - 1, 1), rank, rank + 1, 10**6})


def newton_step(kappa, xi, spectrum, n):
    """What is left of Newton's method at kappa, relative to it, in sixty digits."""
    with mpmath.workdps(60):
        kappa, xi = mpmath.mpc(kappa), mpmath.mpc(xi)
        levels = [mpmath.mpf(float(x)) for x in spectrum]
        df1 = sum(x / (x + kappa) for x in levels)
        df2 = sum((x / (x + kappa)) ** 2 for x in levels)
        return float(abs((kappa * (1 - df1 / n) - xi) / (1 - df2 / n) / kappa))


@pytest.mark.long
@pytest.mark.parametrize("name", SPECTRA)
def test_the_equation_is_solved_next_to_the_axis_too(name):
    """Left of zero, where the bulks are, and right of it; sizes from rounding to beyond all."""
    spectrum = SPECTRA[name]
    for n in sizes(spectrum):
        for angle in (*ANGLES, *(np.pi - ANGLES)):
            for size in (1e-25, 2e-13, 1e-6, 0.3, 1e9):
                xi = size * np.exp(1j * angle)
                kappa = complex_ridge.effective_ridge(xi, spectrum, n)
                assert kappa.imag > 0
                step = newton_step(kappa, xi, spectrum, n)
                # near an edge of the bulks the root is as ill-conditioned as a square root
                assert step < 1e-11 or step**2 < 1e-14, (n, xi)
                assert complex_ridge.effective_ridge(np.conj(xi), spectrum, n) == np.conj(kappa)


@pytest.mark.parametrize(
    ("xi", "spectrum", "n"),
    [
        (-2.0514655999779758e-13 + 8.15626426987337e-26j, np.geomspace(1, 1e-12, 7), 7),
        (-1.6439187864626093e-25 + 5.1189620870584855e-34j, np.geomspace(1, 1e-24, 13), 13),
    ],
)
def test_points_that_the_map_alone_takes_thousands_of_steps_for(monkeypatch, xi, spectrum, n):
    monkeypatch.setattr(complex_ridge, "MAX_STEPS", 60)
    kappa = complex_ridge.effective_ridge(xi, spectrum, n)
    assert kappa.imag > 0
    assert newton_step(kappa, xi, spectrum, n) < 1e-11


def test_it_continues_the_ridge_on_the_axis():
    for spectrum in SPECTRA.values():
        for n in sizes(spectrum):
            xi = np.array([1e-6, 0.1, 3.0])
            kappa = complex_ridge.effective_ridge(xi * (1 + 1e-9j), spectrum, n)
            assert kappa.real == pytest.approx(ridge.effective_ridge(xi, spectrum, n), rel=1e-7)


@pytest.mark.parametrize("n", [1, 5, 2**62])
@pytest.mark.parametrize("size", [1e60, 1e200, 1e300])
def test_far_out_it_is_xi_and_the_trace_over_n(size, n):
    xi = size * np.array([1j, 1 - 1j, -1 + 1e-3j])
    found = complex_ridge.effective_ridge(xi, [2.0, 0.5, 0.0], n)
    assert found == pytest.approx(xi, rel=1e-14)


def test_neighbours_on_a_curve_find_the_same_root():
    spectrum = SPECTRA["power law"]
    unit, population = Population(spectrum).unit, Population(spectrum).own
    xi = 0.3 * np.exp(1j * np.linspace(0.01, 3.13, 37))
    for n in sizes(spectrum):
        alone, along = (
            f(unit.off("xi", xi), population, n) for f in (complex_ridge.solve, complex_ridge.along)
        )
        assert along.kappa == pytest.approx(alone.kappa, rel=1e-12)
        assert along.df1 == pytest.approx(alone.df1, rel=1e-12)
        assert alone.df1 == pytest.approx(
            np.sum(spectrum / (spectrum + unit.on(alone.kappa)[:, None]), axis=1)
        )


def test_too_few_steps_raise_and_name_the_points(monkeypatch):
    for name in ("DIRECT", "MAX_STEPS"):
        monkeypatch.setattr(complex_ridge, name, 2)
    with pytest.raises(RuntimeError, match=r"no convergence in 2 steps: n=7, xi=\[-2.e-13"):
        complex_ridge.effective_ridge(-2e-13 + 1e-25j, np.geomspace(1, 1e-12, 7), 7)


def test_a_root_in_the_other_half_plane_is_never_returned():
    lost = complex_ridge.Root(np.array([1 - 1j, 1 + 1j]), np.zeros(2, dtype=complex))
    with pytest.raises(RuntimeError, match="kappa left the half-plane"):
        complex_ridge.certified(lost, np.array([1 + 1j, 1 + 1j]))
    nan = complex_ridge.Root(np.array([complex(np.nan, np.nan)]), np.zeros(1, dtype=complex))
    with pytest.raises(RuntimeError, match="kappa left the half-plane"):
        complex_ridge.certified(nan, np.array([1 + 1j]))


@pytest.mark.parametrize("bad", [complex(np.nan, 1), complex(np.inf, 1), complex(1, np.nan)])
def test_what_is_not_finite_in_either_part_is_refused(bad):
    with pytest.raises(ValueError, match=r"^xi must be finite"):
        complex_ridge.effective_ridge([1j, bad], np.ones(3), 4)


@pytest.mark.parametrize("bad", [1.0, [1j, -2.0], [[0.0, 1 + 1j]]])
def test_what_is_real_is_refused_also_among_others(bad):
    with pytest.raises(ValueError, match=r"^xi must be off the real axis, got"):
        complex_ridge.effective_ridge(bad, np.ones(3), 4)
