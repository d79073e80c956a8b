"""`measure.surrogates`: what each stand-in keeps of the images, and that it keeps no more."""

import numpy as np
import pytest
from hard_cases import assert_refused

from lindiff_nb.measure import surrogates

IMAGES = np.array([[3.0, 0, 1], [-1, 2, 1], [-2, -2, -2]])


def test_random_signs_keep_the_energies_of_an_image_and_only_these():
    drawn = surrogates.random_signs(np.random.default_rng(), IMAGES, 500)
    rows = {tuple(row) for row in np.abs(IMAGES)}
    assert {tuple(row) for row in np.abs(drawn)} == rows  # one is missed with probability 1e-88
    assert len(np.unique(np.sign(drawn), axis=0)) > 8  # with zeros there are 12


def test_independent_coefficients_mix_images_within_a_column():
    drawn = surrogates.independent(np.random.default_rng(), IMAGES, 500)
    for column, values in zip(drawn.T, IMAGES.T, strict=True):
        assert set(column) == set(values)
    assert len(np.unique(drawn, axis=0)) > 3


def test_borrowed_lengths_are_gaussian_given_the_length():
    lengths = np.array([0.0, 0, 2])
    drawn = surrogates.borrowed_lengths(np.random.default_rng(), IMAGES, 3000, lengths)
    silent = np.all(drawn == 0, axis=1)
    assert 0.55 < silent.mean() < 0.78  # 2/3, 13 standard errors either way
    variances = np.mean(drawn[~silent] ** 2, axis=0)
    assert variances == pytest.approx(4 * np.mean(IMAGES**2, axis=0), rel=0.4)


@pytest.mark.parametrize("name", ["random_signs", "independent", "gaussian"])
def test_the_covariance_is_that_of_the_images(name):
    """Diagonal, as along the eigenvectors; 20,000 draws, seven standard errors: 1e-11 an entry."""
    rng, n = np.random.default_rng(), 20_000
    images = np.linalg.qr(rng.standard_normal((40, 3)) - 0.2)[0] * [3.0, 2, 1]
    drawn = getattr(surrogates, name)(rng, images, n)
    products = drawn[:, :, None] * drawn[:, None, :]
    mean = images.mean(axis=0) if name == "independent" else np.zeros(3)
    expected = np.diag(np.mean(images**2, axis=0))
    expected += np.outer(mean, mean) * (1 - np.eye(3))
    error = products.std(axis=0) / np.sqrt(n)
    assert np.all(np.abs(products.mean(axis=0) - expected) < 7 * error)


def test_bad_input_raises_naming_argument_and_value():
    good = {"rng": np.random.default_rng(0), "points": IMAGES, "n": 2}
    for name in ("random_signs", "independent", "gaussian", "borrowed_lengths"):
        function = getattr(surrogates, name)
        full = good | ({"lengths": np.ones(3)} if name == "borrowed_lengths" else {})
        assert_refused(function, full, "rng", [None, 0])
        assert_refused(function, full, "points", [None, np.ones(3), np.full((3, 3), np.nan)])
        assert_refused(function, full, "n", [0, 2.5, None])
    full = good | {"lengths": np.ones(3)}
    assert_refused(surrogates.borrowed_lengths, full, "lengths", [np.ones(2), -np.ones(3), None])
