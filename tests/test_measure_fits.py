"""`measure.fits`: the losses of given training sets, from the matrices themselves."""

import numpy as np
import pytest
from hard_cases import assert_refused

from lindiff_nb.exact import denoiser
from lindiff_nb.measure import fits

ALPHA_BAR = np.array([0.3, 0.9, 0.99])


@pytest.mark.parametrize("n", [1, 3, 4, 20])
def test_losses_are_those_of_the_optimal_matrices(n):
    rng, d = np.random.default_rng(n), 4
    sets = [rng.standard_normal((n, d)) for _ in range(3)]
    root = rng.standard_normal((d, d))
    covariance, zero = root @ root.T, np.zeros(d)
    found = fits.mean_losses(sets, covariance, ALPHA_BAR)
    for row, x in zip(found, sets, strict=True):
        own = x.T @ x / n
        for column, law in enumerate((covariance, own)):
            expected = [
                denoiser.loss(*denoiser.optimal(zero, own, a), zero, law, a) for a in ALPHA_BAR
            ]
            assert row[column] == pytest.approx(np.mean(expected), rel=1e-9)


def test_bad_input_raises_naming_argument_and_value():
    good = {"sets": [np.ones((2, 3))], "covariance": np.eye(3), "alpha_bar": 0.5}
    assert_refused(fits.mean_losses, good, "covariance", [np.ones(3), -np.eye(3), None])
    assert_refused(fits.mean_losses, good, "alpha_bar", [0, 2, np.nan])
    assert_refused(fits.mean_losses, good, "sets", [[np.ones((2, 4))], [np.full((2, 3), np.nan)]])
