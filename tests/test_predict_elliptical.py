"""Images that differ in energy: the formula meets the two that it lies between, and simulation."""

import numpy as np
import pytest

from lindiff_nb.exact import spectra
from lindiff_nb.predict import elliptical, losses, unequal_images
from lindiff_nb.predict.elliptical import Levels

A = np.array([0.1, 0.5, 0.9, 0.99, 0.9999])
S = (1 - A) / A
SPECTRUM = spectra.power_law(60, 1.2)
LEVELS = Levels(SPECTRUM, np.ones(60))


@pytest.mark.parametrize("m", [10, 60, 600])
@pytest.mark.parametrize("c", [1e-3, 0.3])
def test_equal_energies_are_gaussian_images_with_a_fitted_mean(m, c):
    known = losses.test_loss(SPECTRUM, m, A, c, estimated_mean=True)
    found = elliptical.test_loss(LEVELS, m, S, c, np.full(3, 7.0))
    np.testing.assert_allclose(found, known, rtol=1e-8)


def test_endless_images_leave_the_residual_loss():
    found = elliptical.test_loss(LEVELS, np.inf, S, 0.0, np.ones(1))
    np.testing.assert_allclose(found, losses.residual_loss(SPECTRUM, A), rtol=1e-12)


def test_a_table_of_multiples_is_the_same_up_to_the_mean():
    e = np.random.default_rng(0).gamma(0.5, 2, 40)
    e /= e.mean()
    m = 5000
    table = unequal_images.test_loss(np.outer(e, SPECTRUM), m, A, 0.1)
    np.testing.assert_allclose(elliptical.test_loss(LEVELS, m, S, 0.1, e), table, rtol=5e-4)


def test_counts_may_be_fractions_and_zeros_count_in_d():
    halves = Levels(np.repeat(SPECTRUM, 2), np.full(120, 0.5))
    for m in (20, np.inf):
        np.testing.assert_allclose(
            elliptical.test_loss(halves, m, S, 0.1, np.ones(1)),
            elliptical.test_loss(LEVELS, m, S, 0.1, np.ones(1)),
        )
    padded = np.concatenate([SPECTRUM, np.zeros(20)])
    np.testing.assert_allclose(
        elliptical.test_loss(Levels(padded, np.ones(80)), 20, S, 0.1, np.ones(1)),
        losses.test_loss(padded, 20, A, 0.1, estimated_mean=True),
    )


def test_bad_arguments_are_named():
    for bad in (
        {"m": 1.0},
        {"m": "9"},
        {"s": 0.0},
        {"c": -1.0},
        {"energies": np.array([-1.0])},
        {"energies": np.zeros(2)},
        {"energies": np.ones((2, 60))},
        {"levels": Levels(-SPECTRUM, np.ones(60))},
        {"levels": Levels(0 * SPECTRUM, np.ones(60))},
    ):
        good = {"levels": LEVELS, "m": 9.0, "s": S, "c": 0.1, "energies": np.ones(2)}
        with pytest.raises(ValueError, match="lam" if "levels" in bad else next(iter(bad))):
            elliptical.test_loss(**good | bad)
