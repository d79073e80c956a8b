"""`exact.spectra` against definitions and naive references."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lindiff_nb.exact import spectra


@given(d=st.integers(1, 300), exponent=st.floats(0, 4))
@settings(max_examples=30, deadline=None)
def test_power_law_is_a_decreasing_power_with_mean_one(d, exponent):
    spectrum = spectra.power_law(d, exponent)
    assert spectrum.mean() == pytest.approx(1, rel=1e-12)
    assert np.all(np.diff(spectrum) <= 0)
    ranks = np.arange(1, d + 1)
    assert spectrum * ranks**exponent == pytest.approx(np.full(d, spectrum[0]), rel=1e-10)


def test_exponent_zero_is_white():
    assert np.array_equal(spectra.power_law(7, 0), np.ones(7))


def test_participation_ratio_counts_equal_eigenvalues():
    assert spectra.participation_ratio(np.ones(12)) == pytest.approx(12)
    assert spectra.participation_ratio([3, 3, 0, 0]) == pytest.approx(2)
    assert spectra.participation_ratio([4.0, 1.0, 1.0]) == pytest.approx(36 / 18)


@given(scale=st.floats(1e-160, 1e160))
@settings(max_examples=30, deadline=None)
def test_participation_ratio_does_not_depend_on_units(scale):
    spectrum = np.array([4.0, 1.0, 1.0])
    assert spectra.participation_ratio(scale * spectrum) == pytest.approx(2, rel=1e-12)


@given(exponent=st.floats(0, 4), first=st.integers(1, 50), length=st.integers(1, 49))
@settings(max_examples=30, deadline=None)
def test_fit_recovers_the_exponent_of_a_power_law(exponent, first, length):
    fitted = spectra.fit_exponent(spectra.power_law(100, exponent), first, first + length)
    assert fitted == pytest.approx(exponent, abs=1e-9)


def test_fit_is_the_least_squares_line_over_the_stated_ranks():
    spectrum = np.sort(np.random.default_rng(0).random(40))[::-1]
    rank = np.arange(5, 21)
    slope = np.polyfit(np.log(rank), np.log(spectrum[4:20]), 1)[0]
    assert spectra.fit_exponent(spectrum, 5, 20) == pytest.approx(-slope, rel=1e-10)
    shuffled = np.random.default_rng(1).permutation(spectrum)
    assert spectra.fit_exponent(shuffled, 5, 20) == pytest.approx(-slope, rel=1e-10)


def test_moments_are_those_of_the_empirical_distribution():
    x = np.random.default_rng(0).normal(3, 1, (9, 4))
    mean, covariance = spectra.moments(x)
    assert mean == pytest.approx(sum(x) / 9)
    naive = sum(np.outer(row - mean, row - mean) for row in x) / 9
    assert covariance == pytest.approx(naive)


def test_images_are_points():
    images = np.random.default_rng(0).random((7, 3, 4))
    mean, covariance = spectra.moments(images)
    assert mean.shape == (12,)
    assert covariance.shape == (12, 12)
    assert np.array_equal(spectra.of_data(images), spectra.of_data(images.reshape(7, 12)))


@pytest.mark.parametrize("n", [1, 5, 12, 30])
def test_spectrum_of_data_is_that_of_its_covariance(n):
    x = np.random.default_rng(n).standard_normal((n, 12))
    spectrum = spectra.of_data(x)
    assert spectrum == pytest.approx(spectra.of_covariance(spectra.moments(x)[1]), abs=1e-13)
    assert spectrum.shape == (12,)
    assert np.all(np.diff(spectrum) <= 0)
    assert np.all(spectrum >= 0)
    assert np.count_nonzero(spectrum > 1e-12) == min(n - 1, 12)


def test_eigenpairs_rebuild_the_covariance_and_know_its_rank():
    x = np.random.default_rng(0).standard_normal((6, 10))
    covariance = spectra.moments(x)[1]
    eigenvalues, vectors = spectra.eigenpairs(covariance)
    assert (vectors * eigenvalues) @ vectors.T == pytest.approx(covariance, abs=1e-13)
    assert np.all(np.diff(eigenvalues) <= 0)
    assert np.count_nonzero(eigenvalues) == 5
    assert np.count_nonzero(spectra.eigenpairs(np.zeros((3, 3)))[0]) == 0
