"""The loss along training: predicted without a training set, measured on drawn ones.

A mean over m draws strays from its expectation by more than 6 standard errors once in 1e6 or so
(Student's t, m = 60); the prediction's own error falls as 1 / d and is given room.
"""

import numpy as np
import pytest

from lindiff_nb.exact import spectra
from lindiff_nb.measure import experiments
from lindiff_nb.predict import training

TAU = np.array([0.1, 1, 10, 100])
DRAWS = 60


@pytest.mark.long
@pytest.mark.parametrize("ratio", [0.6, 2.0])
@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("c", [0.0, 0.05])
def test_prediction_meets_measurement(exponent, ratio, c):
    """d = 100: 6 standard errors, plus 1 % of what training has changed."""
    spectrum, n, a = spectra.power_law(100, exponent), int(100 * ratio), np.array([[0.5], [0.99]])
    found = experiments.training_losses(
        np.random.default_rng(1), spectrum, n, a, TAU, c, draws=DRAWS
    )
    for measured, predict in zip(found, (training.test_loss, training.train_loss), strict=True):
        error = measured.std(axis=0, ddof=1) / np.sqrt(DRAWS)
        expected = predict(spectrum, n, a, TAU, c)
        room = 0.01 * np.abs(expected - 1)
        assert np.all(np.abs(measured.mean(axis=0) - expected) <= 6 * error + room)


@pytest.mark.slow
def test_the_error_of_the_prediction_falls_with_the_dimension():
    """Mean over draws at d = 10 and 160, ratio fixed; as 1/d the error would fall sixteenfold.

    Required: to a third, after 6 standard errors are given to both sides.
    """
    errors, bounds = [], []
    for d, m in ((10, 2000), (160, 300)):
        spectrum, n = spectra.power_law(d, 1.0), int(0.6 * d)
        found = experiments.training_losses(
            np.random.default_rng(2), spectrum, n, 0.99, 10.0, draws=m
        )
        errors.append(abs(found.test.mean() - training.test_loss(spectrum, n, 0.99, 10.0)))
        bounds.append(6 * found.test.std(ddof=1) / np.sqrt(m))
    assert errors[1] - bounds[1] < (errors[0] + bounds[0]) / 3


def test_measured_draws_are_raw_and_start_at_one():
    found = experiments.training_losses(
        np.random.default_rng(0), np.ones(5), 3, [0.5, 0.9], [[0.0], [1.0]], draws=4
    )
    assert found.test.shape == found.train.shape == (4, 2, 2)
    assert found.test[:, 0] == pytest.approx(np.ones((4, 2)), rel=1e-15)
    with pytest.raises(ValueError, match="tau"):
        experiments.training_losses(np.random.default_rng(0), np.ones(5), 3, 0.5, -1.0)
    with pytest.raises(ValueError, match="rng"):
        experiments.training_losses(0, np.ones(5), 3, 0.5, 1.0)
