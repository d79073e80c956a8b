"""`exact.spectra` against definitions and naive references."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lindiff_nb.exact import left_out, sampler_error, sampling, schedule, spacing, spectra
from lindiff_nb.measure import experiments, surrogates


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


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.5])
def test_the_head_of_a_power_law_goes_on_as_that_power_law(exponent):
    whole = spectra.power_law(50, exponent)
    assert spectra.continued(whole[9::-1], 50) == pytest.approx(whole, rel=1e-12)
    assert spectra.continued(whole, 50) == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize(
    ("listed", "d", "named"),
    [([3.0, 2, 1], 9, "eigenvalues"), ([4.0, 3, 2, 1], 3, "d"), ([4.0, 3, 2, 0], 9, "spectrum")],
)
def test_a_list_that_cannot_be_continued_is_refused(listed, d, named):
    with pytest.raises(ValueError, match=named):
        spectra.continued(np.array(listed), d)


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


def rank(spectrum):
    return np.count_nonzero(spectrum)


def data(n, d, r, offset=0.0):
    """Points that vary in r directions only."""
    rng = np.random.default_rng([n, d, r])
    return rng.standard_normal((n, r)) @ rng.standard_normal((r, d)) + offset


@pytest.mark.long
@pytest.mark.parametrize(
    ("dtype", "offset"),
    [*itertools.product([np.float64, np.float32], [0.0, 1.0, 300.0]), (np.float16, 0.0)],
)
@pytest.mark.parametrize("shape", [(500, 10, 6), (200_000, 2, 1), (30, 50, 7), (50, 50, 20)])
def test_one_set_of_points_has_one_rank_and_one_spectrum_in_every_form(shape, offset, dtype):
    """As points, a list, a covariance, and in less precision, whose rounding is not variance."""
    r, double = shape[2], dtype is np.float64
    exact = data(*shape, offset)
    x = exact.astype(dtype)
    reference = np.linalg.svd(exact - exact.mean(axis=0), compute_uv=False)[:r] ** 2 / shape[0]
    forms = [spectra.of_data(x), spectra.of_data(x.tolist())] if double else []
    covariance = spectra.moments(x)[1]
    forms += [spectra.of_data(x), spectra.of_covariance(covariance)]
    forms += [spectra.of_covariance(covariance.tolist()), spectra.eigenpairs(covariance)[0]]
    if double or (dtype is np.float32 and not offset):
        forms += [spectra.of_covariance(covariance.astype(dtype))]
    close = 1e-11 if double else 100 * float(np.finfo(dtype).eps) * (1 + offset)
    seen = left_out.of_points(x).lam
    assert seen.size == r
    forms += [np.pad(np.sort(seen)[::-1], (0, shape[1] - r))]
    for spectrum in forms:
        assert rank(spectrum) == r
        assert spectrum[:r] == pytest.approx(reference, rel=close, abs=close * reference[0])


@pytest.mark.parametrize("exponent", [0.0, 2.0])
def test_float32_points_keep_the_variances_that_they_resolve(exponent):
    """Six decades of variance are three of size, well above seven digits."""
    deviations = np.sqrt(np.arange(1.0, 65) ** -exponent)
    x = np.random.default_rng(0).standard_normal((300, 64)) * deviations
    exact = spectra.of_data(x)
    assert rank(spectra.of_data(x.astype(np.float32))) == rank(exact) == 64
    assert spectra.of_data(x.astype(np.float32)) == pytest.approx(exact, rel=1e-4)


def test_a_float32_covariance_of_low_rank_is_one():
    """Rounding takes its lowest eigenvalues below zero by more than float64 would."""
    x = data(40, 64, 20).astype(np.float32)
    covariance = x.T @ x / np.float32(40)
    assert rank(spectra.of_covariance(covariance)) == 20
    assert rank(spectra.eigenpairs(covariance)[0]) == 20
    with pytest.raises(ValueError, match="semi-definite"):
        spectra.of_covariance(covariance - 0.1 * np.eye(64, dtype=np.float32))


def test_a_float32_covariance_may_be_asymmetric_by_its_rounding_only():
    rotation = np.linalg.qr(np.random.default_rng(0).standard_normal((64, 64)))[0]
    v = rotation.astype(np.float32)
    covariance = (v * np.linspace(1, 2, 64, dtype=np.float32)) @ v.T
    assert np.abs(covariance - covariance.T).max() > 1e-10
    assert spectra.of_covariance(covariance)[0] == pytest.approx(2, rel=1e-5)
    with pytest.raises(ValueError, match="symmetric"):
        spectra.of_covariance(covariance.astype(float))
    covariance[0, 1] += 1e-4
    with pytest.raises(ValueError, match="symmetric"):
        spectra.of_covariance(covariance)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_what_counts_directions_does_not_count_rounding(dtype):
    """The eigenvalues that eigvalsh returns, in any form, answer as those with exact zeros."""
    covariance = spectra.moments(data(500, 10, 6))[1].astype(dtype)
    noisy = np.linalg.eigvalsh(covariance)
    zeros = np.append(np.zeros(4), noisy[4:].astype(float))
    assert rank(noisy) > 6
    made = schedule.linear(20)
    for form in (noisy, np.abs(noisy)):
        assert spacing.path_length(form) == spacing.path_length(zeros)
        levels = spacing.for_spectrum(form, 10).noise_ratio
        assert np.array_equal(levels, spacing.for_spectrum(zeros, 10).noise_ratio)
        for direction in ("sampler||population", "population||sampler"):
            found = sampler_error.sampler_kl(form, made, direction=direction)
            assert found == sampler_error.sampler_kl(zeros, made, direction=direction)
        for n in (5, 50):
            drawn = [experiments.kl(np.random.default_rng(0), s, n, 0.0) for s in (form, zeros)]
            assert np.array_equal(*drawn)


def symmetric_images():
    """Their eigenvectors are even or odd, so that largest entries come in pairs."""
    x = np.random.default_rng(0).standard_normal((40, 12)) * np.linspace(2, 1, 12)
    return np.concatenate([x, x[:, ::-1]])


@pytest.mark.parametrize("seed", range(4))
def test_no_draw_depends_on_the_sign_of_an_eigenvector(seed, monkeypatch):
    """Whatever signs the library of linear algebra returns, same seed, same stand-ins."""
    x, solve = symmetric_images(), np.linalg.eigh
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], size=12)

    def stand_ins():
        covariance = spectra.moments(x)[1]
        v = spectra.eigenpairs(covariance)[1]
        return [
            draw(np.random.default_rng(1), x @ v, 5) @ v.T
            for draw in (surrogates.random_signs, surrogates.independent, surrogates.gaussian)
        ] + [sampling.ddim_map(np.zeros(12), covariance, schedule.linear(5))[0]]

    def flipped(matrix):
        values, vectors = solve(matrix)
        return values, vectors * signs * (1 + 1e-15)

    expected = stand_ins()
    monkeypatch.setattr(np.linalg, "eigh", flipped)
    for found, whole in zip(stand_ins(), expected, strict=True):
        assert found == pytest.approx(whole, abs=1e-12)


def test_eigenvectors_point_along_their_first_largest_entry():
    v = spectra.eigenpairs(spectra.moments(symmetric_images())[1])[1]
    largest = np.abs(v).max(axis=0)
    for column, top in zip(v.T, largest, strict=True):
        assert column[np.abs(column) > top * (1 - 1e-7)][0] > 0


@pytest.mark.parametrize("n", [3, 30])
def test_rounding_in_a_spectrum_takes_no_chances(n):
    """The numbers that a draw takes from the generator, and so all later ones, do not depend on
    how many zero eigenvalues came out as 1e-19.
    """
    spectrum = np.append(spectra.power_law(9, 1.0), np.zeros(4))
    after = []
    for noise in (0.0, 1e-19, -1e-19):
        rng = np.random.default_rng(0)
        found = experiments.eigenvalues(
            rng, spectrum + noise * np.arange(13) * (spectrum == 0), n, 2
        )
        after.append([found.tolist(), rng.random()])
    assert after[0] == after[1] == after[2]


def test_fit_takes_no_rounding_for_a_power_law():
    with pytest.raises(ValueError, match="spectrum at ranks 2 to 5 must be positive"):
        spectra.fit_exponent([1.0, 0.5, 0.3, 1e-17, 1e-18], 2, 5)
