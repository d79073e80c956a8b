"""`predict.unequal_images`: Gaussian data are the one-row case; other limits; drawn images."""

import numpy as np
import pytest
from hard_cases import HARD_SPECTRA, assert_refused
from scipy.optimize import brentq

from lindiff_nb.exact import denoiser, spectra
from lindiff_nb.measure import surrogates
from lindiff_nb.predict import divergence, losses, unequal_images

D = 12
SPECTRUM = spectra.power_law(D, 1.0)
ALPHA_BAR = np.array([0.1, 0.9, 0.9999])
RIDGES = np.array([[0.0], [1e-3]])
LENGTHS = np.array([0.1, 0.5, 1.0, 3.0])
SQUARES = LENGTHS**2 / np.mean(LENGTHS**2)


@pytest.mark.parametrize("name", HARD_SPECTRA)
@pytest.mark.parametrize("n", [1, 3, 6, 7, 40])
def test_one_row_is_gaussian_data(name, n):
    spectrum = HARD_SPECTRA[name]
    for found, expected in [
        (unequal_images.test_loss, losses.test_loss),
        (unequal_images.train_loss, losses.train_loss),
        (unequal_images.scatter, losses.scatter),
    ]:
        exact = expected(spectrum, n, ALPHA_BAR, RIDGES)
        assert found(spectrum[None], n, ALPHA_BAR, RIDGES) == pytest.approx(exact, rel=1e-7)


@pytest.mark.parametrize("n", [3, D, 100])
def test_one_row_has_the_divergence_of_gaussian_data(n):
    c = np.array([1e-6, 1e-3, 0.1, 10])
    exact = divergence.kl(SPECTRUM, n, c)
    assert unequal_images.kl(SPECTRUM[None], n, c) == pytest.approx(exact, rel=1e-7)


@pytest.mark.parametrize("n", [10**4, 10**9, 10**14, 2**61])
def test_the_divergence_keeps_its_digits_for_many_images(n):
    c = np.array([1e-14, 1e-9, 1e-3])
    exact = divergence.kl(SPECTRUM, n, c)
    assert unequal_images.kl(SPECTRUM[None], n, c) == pytest.approx(exact, rel=1e-9)
    table = SPECTRUM * np.random.default_rng(0).exponential(size=(40, D))
    many, more = (unequal_images.kl(table, images, 1e-40) for images in (n, 2 * n))
    assert many / more == pytest.approx(2, rel=20 * D / n + 1e-9)  # as d / 4n, times a factor


@pytest.mark.parametrize("d", [1, 2, 8])
@pytest.mark.parametrize("exponent", range(1, 200, 8))
def test_at_n_equal_d_little_noise_costs_what_it_does_or_is_refused_by_name(d, exponent):
    """Noise 2^-exponent of the variance: 1 - F' has an eigenvalue like its root."""
    for spectrum in (np.ones(d), np.arange(1, d + 1.0) ** -2):
        scaled, refused, found = 2.0**exponent * spectrum, "", None
        try:
            found = unequal_images.losses(scaled[None], d, 0.5)
        except ValueError as error:
            refused = str(error)
        assert bool(refused) == (found is None)
        if found is None:
            assert refused.startswith("n must be further from the number of directions, or noise")
            assert exponent > 55
        else:
            exact = [f(scaled, d, 0.5) for f in (losses.test_loss, losses.scatter)]
            assert [found.test, found.scatter] == pytest.approx(exact, rel=1e-5)


@pytest.mark.parametrize("n", [5, D, 30])
@pytest.mark.parametrize("xi", [1e-3, 0.1])
def test_a_common_length_leaves_one_number_to_solve_for(n, xi):
    """M = m lambda with  m = < r^2 / (1 + r^2 delta) >,  n delta = sum lambda / (xi + m lambda)."""
    table = SQUARES[:, None] * SPECTRUM

    def excess(m):
        delta = np.sum(SPECTRUM / (xi + m * SPECTRUM)) / n
        return m - np.mean(SQUARES / (1 + SQUARES * delta))

    m = brentq(excess, 1e-9, 1, xtol=1e-15)
    assert unequal_images.train_loss(table, n, 1 / (1 + xi)) == pytest.approx(
        np.mean(m * SPECTRUM / (xi + m * SPECTRUM)), rel=1e-7
    )


def test_unequal_lengths_act_like_fewer_images():
    """Many images: the divergence is that of n / < r^4 > Gaussian ones, here to 1 / n^2."""
    n, kish = 10**6, np.mean(SQUARES**2)
    found = unequal_images.kl(SQUARES[:, None] * SPECTRUM, n, 1e-12)
    assert found == pytest.approx(kish * D / (4 * n), rel=1e-3)


def test_the_three_losses_come_together():
    table = SQUARES[:, None] * SPECTRUM
    together = unequal_images.losses(table, 7, ALPHA_BAR, RIDGES)
    alone = unequal_images.test_loss, unequal_images.train_loss, unequal_images.scatter
    for part, one in zip(together, alone, strict=True):
        assert np.array_equal(part, one(table, 7, ALPHA_BAR, RIDGES))


@pytest.mark.long
@pytest.mark.parametrize("c", [0.0, 1e-2])
def test_derivatives_are_those_of_the_fixed_point(c):
    """The test loss is linear in the population: differentiate ln det, the stationary potential.

    Adding h Sigma + k I to Sigma_0 is adding h lambda + k to M; d/dh and d/dk by differences.
    """
    rng, n, s = np.random.default_rng(0), 9, 0.05
    table = SPECTRUM * rng.exponential(size=(50, D))
    spectrum = table.mean(axis=0)

    def traced(h, k):
        added = s + c + k + h * spectrum
        learned = spectrum.copy()
        for _ in range(5000):
            leverage = (table / (added + learned)).sum(axis=1, keepdims=True) / n
            learned = np.mean(table / (1 + leverage), axis=0)
        return np.sum(1 / (added + learned))

    step = 1e-4
    by_sigma = (traced(-step, 0) - traced(step, 0)) / (2 * step)
    by_one = (traced(0, -step) - traced(0, step)) / (2 * step)
    test = D - 2 * s * traced(0, 0) + s * by_sigma + s**2 * by_one
    train = D - s * traced(0, 0) - s * c * by_one
    assert unequal_images.test_loss(table, n, 1 / (1 + s), c) * D == pytest.approx(test, rel=1e-5)
    assert unequal_images.train_loss(table, n, 1 / (1 + s), c) * D == pytest.approx(train, rel=1e-5)


@pytest.mark.parametrize("n", [30, 60, 180])
def test_images_with_random_signs_cost_what_is_predicted(n):
    """d = 60, 40 draws, against 0.1 / sqrt(d) = 1.3 % and seven standard errors (1e-11)."""
    rng, d = np.random.default_rng(), 60
    spectrum = spectra.power_law(d, 1.0)
    lengths = np.exp(0.6 * rng.standard_normal((2000, 1)))
    images = lengths * rng.standard_normal((2000, d)) * np.sqrt(spectrum)
    images *= np.sqrt(spectrum / np.mean(images**2, axis=0))
    a, zero, sigma = 0.97, np.zeros(d), np.diag(spectrum)
    found = []
    for _ in range(40):
        x = surrogates.random_signs(rng, images, n)
        found.append(denoiser.losses(denoiser.modes(zero, x.T @ x / n, zero, sigma), a))
    expected = unequal_images.test_loss(images**2, n, a), unequal_images.train_loss(images**2, n, a)
    error = np.std(found, axis=0) / np.sqrt(40)
    assert np.all(
        np.abs(np.mean(found, axis=0) - expected) < 7 * error + 0.013 * np.array(expected)
    )
    gaussian = losses.test_loss(spectrum, n, a)
    assert expected[0] > 1.02 * gaussian


def test_dead_directions_cost_what_the_ridge_costs():
    table = np.pad(SPECTRUM * np.ones((3, 1)), ((0, 0), (0, 4)))
    s, c = 0.1, 0.02
    live = unequal_images.test_loss(table[:, :D], 9, 1 / (1 + s), c)
    dead = (c / (s + c)) ** 2
    found = unequal_images.test_loss(table, 9, 1 / (1 + s), c)
    assert found == pytest.approx((D * live + 4 * dead) / (D + 4), rel=1e-12)
    assert unequal_images.kl(table, 9, c) == np.inf


@pytest.mark.parametrize("n", [1, D - 1, D, D + 1, 10**6])
def test_converges_at_the_smallest_ridges(n):
    rng = np.random.default_rng(1)
    table = SPECTRUM * rng.exponential(size=(40, D)) ** 2
    found = unequal_images.train_loss(table, n, 1 / (1 + np.array([1e-12, 1e-9, 1e-6])))
    assert np.all((found >= 0) & (found < 1))


def test_bad_input_raises_naming_argument_and_value():
    bad_tables = [None, np.ones(3), np.zeros((2, 3)), -np.ones((2, 3)), [[np.nan, 1]], []]
    good = {"energies": np.ones((2, 3)), "n": 4, "alpha_bar": 0.5, "c": 0.1}
    for function in (unequal_images.test_loss, unequal_images.train_loss):
        assert_refused(function, good, "energies", bad_tables)
        assert_refused(function, good, "n", [0, 2.5, None])
        assert_refused(function, good, "alpha_bar", [0, 1, np.nan])
        assert_refused(function, good, "c", [-1, np.nan])
    good.pop("alpha_bar")
    assert_refused(unequal_images.kl, good, "energies", bad_tables)
    assert_refused(unequal_images.kl, good, "n", [0, 2.5, None])
    assert_refused(unequal_images.kl, good, "c", [0, -1, np.nan])
