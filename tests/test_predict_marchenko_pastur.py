"""`predict.marchenko_pastur`: closed forms against quadrature, on both sides of aspect one."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

from lindiff_nb.exact import spectra
from lindiff_nb.predict import losses, marchenko_pastur
from lindiff_nb.predict.marchenko_pastur import atom, cdf, density, edges, quantile, stieltjes

ASPECTS = [1e-4, 0.3, 0.99, 1 - 1e-9, 1.0, 1 + 1e-9, 1.01, 2.5, 1e3]
ASPECT = pytest.mark.parametrize("aspect", ASPECTS)


def bulk_integral(f, aspect, theta=np.pi):
    """Integral of f(x) over the bulk up to an angle, in which no edge is singular."""
    lo = edges(aspect)[0]

    def integrand(t):
        x = lo + 4 * np.sqrt(aspect) * np.sin(t / 2) ** 2
        return 2 / np.pi * np.sin(t) ** 2 / x * f(x)

    cuts = [c for c in (1e-9, 1e-6, 1e-4, 1e-2, 0.1) if c < theta]
    ends = [1e-14, *cuts, theta]
    return sum(quad(integrand, *ab, epsabs=1e-14, epsrel=1e-13)[0] for ab in pairwise(ends))


@ASPECT
def test_density_and_atom_integrate_to_one_with_mean_one_and_variance_aspect(aspect):
    assert bulk_integral(lambda x: 1, aspect) + atom(aspect) == pytest.approx(1, abs=1e-11)
    assert bulk_integral(lambda x: x, aspect) == pytest.approx(1, rel=1e-11)
    assert bulk_integral(lambda x: x**2, aspect) == pytest.approx(1 + aspect, rel=1e-11)


@ASPECT
def test_cdf_is_the_integral_of_the_density_and_jumps_at_the_atom(aspect):
    lo = edges(aspect)[0]
    for theta in (0.01, 0.3, 1.5, 3.0, np.pi):
        x = lo + 4 * np.sqrt(aspect) * np.sin(theta / 2) ** 2
        integral = bulk_integral(lambda x: 1, aspect, theta) + atom(aspect)
        assert cdf(x, aspect) == pytest.approx(integral, abs=1e-10)
    assert cdf(-1e-300, aspect) == 0
    assert cdf(0.0, aspect) == pytest.approx(atom(aspect), abs=1e-13)


@pytest.mark.parametrize("aspect", [0.3, 1.0, 2.5])
def test_density_is_the_slope_of_the_cdf_and_vanishes_outside(aspect):
    lo, hi = edges(aspect)
    x, h = np.linspace(lo, hi, 9)[1:-1], 1e-5
    slope = (cdf(x + h, aspect) - cdf(x - h, aspect)) / (2 * h)
    assert density(x, aspect) == pytest.approx(slope, rel=1e-7)
    outside = density([-1, 0, lo * 0.99, hi * 1.01], aspect)
    assert np.array_equal(outside, np.zeros(4))


@pytest.mark.parametrize("aspect", [1e-300, 1e-20, 1.0, 1e20, 1e300])
def test_extreme_numbers_give_numbers(aspect):
    x = np.array([-1e308, 0, 1e-300, 1.0, 1e300, 1e308, np.mean(edges(aspect))])
    assert np.all(np.isfinite(density(x, aspect)))
    assert np.all(density(x[:-1], aspect)[[0, 5]] == 0)
    assert np.all(np.diff(cdf(x[:-1], aspect)) >= 0)
    assert np.all(np.isfinite(quantile([0, 0.5, 1], aspect)))
    assert np.isfinite(stieltjes(-1.0, aspect))


@ASPECT
def test_quantile_inverts_the_cdf(aspect):
    p = np.linspace(0, 1, 41)
    x = quantile(p, aspect)
    assert cdf(x, aspect) == pytest.approx(np.maximum(p, atom(aspect)), abs=1e-10)
    assert np.all(np.diff(x) >= 0)
    assert quantile(1.0, aspect) == pytest.approx(edges(aspect)[1], rel=1e-14)
    if aspect > 1:
        assert quantile(atom(aspect) / 2, aspect) == 0
    else:
        assert quantile(0.0, aspect) == pytest.approx(edges(aspect)[0], abs=1e-15)


@pytest.mark.parametrize("aspect", [0.3, 2.5])
def test_exchanging_samples_and_dimensions_keeps_the_nonzero_eigenvalues(aspect):
    """X'X / n and XX' / d: x becomes x / aspect, and each loses or gains zeros."""
    x = np.linspace(*edges(aspect), 7)
    tail = 1 - cdf(x, aspect)
    assert tail == pytest.approx((1 - cdf(x / aspect, 1 / aspect)) / aspect, abs=1e-13)


@pytest.mark.parametrize("aspect", [0.3, 0.99, 1.0, 2.5])
@pytest.mark.parametrize("z", [-2.0, -1e-3, 30.0, 1 + 1j, 1 - 1j, -3 + 0.01j, 0.1 + 0.1j])
def test_stieltjes_transform_is_the_average_and_the_right_root(aspect, z):
    m = stieltjes(z, aspect)
    real = bulk_integral(lambda x: (1 / (x - z)).real, aspect)
    imaginary = bulk_integral(lambda x: (1 / (x - z + 0j)).imag, aspect)
    assert m == pytest.approx(real + 1j * imaginary - atom(aspect) / z, rel=1e-9)
    assert np.imag(m) * np.imag(z) >= 0
    assert aspect * z * m**2 + (z + aspect - 1) * m + 1 == pytest.approx(0, abs=1e-11 * abs(m))
    assert isinstance(m, complex if isinstance(z, complex) else float)


@pytest.mark.parametrize("aspect", [0.3, 1.0, 2.5])
def test_stieltjes_transform_decays_blows_up_at_the_atom_and_gives_the_density(aspect):
    lo, hi = edges(aspect)
    assert stieltjes(-1e12, aspect) == pytest.approx(1e-12, rel=1e-11)
    assert stieltjes(1e12j, aspect) == pytest.approx(1e-12j, rel=1e-11)
    if aspect > 1:
        assert -1e-10 * stieltjes(-1e-10, aspect) == pytest.approx(-atom(aspect), rel=1e-8)
    x = np.linspace(lo, hi, 9)[1:-1]
    assert stieltjes(x + 0j, aspect).imag / np.pi == pytest.approx(density(x, aspect), rel=1e-13)


@pytest.mark.parametrize("aspect", [0.3, 1.0, 2.5])
def test_it_gives_the_training_loss_of_white_data(aspect):
    """Without ridge d L = d - s Tr G, and Tr G / d is m(-s): two routes to one number."""
    d, a = 20, np.array([0.5, 0.9, 0.999])
    s = (1 - a) / a
    loss = losses.train_loss(spectra.power_law(d, 0.0), int(d / aspect), a)
    assert loss == pytest.approx(1 - s * stieltjes(-s, d / int(d / aspect)), rel=1e-10)


@pytest.mark.parametrize("z", [1.0, [0.5, 9.0]])
def test_a_real_z_among_the_eigenvalues_is_refused(z):
    with pytest.raises(ValueError, match="z must be outside"):
        stieltjes(z, 0.5)


@pytest.mark.parametrize("z", [0.0, 0j, [1j, 0]])
def test_z_at_the_atom_is_refused(z):
    with pytest.raises(ValueError, match="z must be not 0"):
        marchenko_pastur.stieltjes(z, 2.0)


def test_one_bad_value_among_good_ones_is_refused_and_the_edges_belong_to_the_bulk():
    with pytest.raises(ValueError, match=r"^p must be in \[0, 1\]"):
        quantile([0.5, 1.5], 0.3)
    for edge in edges(0.3):
        with pytest.raises(ValueError, match=r"^z must be outside"):
            stieltjes(edge, 0.3)
