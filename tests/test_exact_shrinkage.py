"""`exact.shrinkage`: any variances along the training covariance's eigenvectors."""

import numpy as np
import pytest

from lindiff_nb.exact import denoiser, shrinkage, spectra

A = np.array([0.05, 0.5, 0.99])


@pytest.fixture
def modes():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((6, 9)) * np.sqrt(spectra.power_law(9, 1.0)) + 0.1
    return denoiser.modes(*spectra.moments(x), np.zeros(9), np.diag(spectra.power_law(9, 1.0)))


@pytest.mark.parametrize("c", [0.0, 0.3])
def test_eigenvalues_plus_a_ridge_are_the_ridge_denoiser(modes, c):
    found = shrinkage.test_loss(modes, modes.eigenvalues + c, A)
    assert found == pytest.approx(denoiser.test_loss(modes, A, c), rel=1e-13)


def test_it_is_the_loss_of_the_matrix_with_those_weights(modes):
    delta, a = np.linspace(0.1, 2, 9), 0.7
    v = modes.eigenvectors
    W = (v * denoiser.weights(delta, a)) @ v.T
    v_shift = v @ np.sqrt(modes.mean_shift)  # any mean at these distances along the modes
    b = -np.sqrt(a) * W @ v_shift
    covariance = np.diag(spectra.power_law(9, 1.0))
    expected = denoiser.loss(W, b, np.zeros(9), covariance, a)
    assert shrinkage.test_loss(modes, delta, a) == pytest.approx(expected, rel=1e-12)


def test_no_other_variances_are_better(modes):
    best = shrinkage.best_loss(modes, A)
    truth = modes.population + modes.mean_shift
    formula = np.mean(truth / (truth + ((1 - A) / A)[:, None]), axis=1)
    assert best == pytest.approx(formula, rel=1e-13)
    rng = np.random.default_rng(1)
    for _ in range(20):
        other = truth * np.exp(rng.standard_normal(9))
        assert np.all(shrinkage.test_loss(modes, other, A) > best)


@pytest.mark.parametrize("delta", [[-1.0] * 9, [1.0] * 8, [np.nan] * 9])
def test_bad_variances_are_refused(modes, delta):
    with pytest.raises(ValueError, match="delta"):
        shrinkage.test_loss(modes, delta, 0.5)


def test_a_merged_null_space_keeps_every_loss_that_treats_it_as_one(modes):
    merged = shrinkage.merge_null_space(modes)
    assert merged.multiplicity.tolist() == [1, 1, 1, 1, 1, 4]  # six points less their mean
    assert merged.multiplicity.sum() == 9
    for loss in (denoiser.test_loss, denoiser.train_loss):
        assert loss(merged, A, 0.2) == pytest.approx(loss(modes, A, 0.2), rel=1e-12)
    assert np.all(shrinkage.best_loss(merged, A) > shrinkage.best_loss(modes, A))
    again = shrinkage.merge_null_space(merged)
    assert shrinkage.best_loss(again, A) == pytest.approx(shrinkage.best_loss(merged, A))


def test_without_a_null_space_there_is_nothing_to_merge():
    modes = denoiser.modes(np.zeros(2), np.diag([2.0, 1]), np.zeros(2), np.eye(2))
    assert shrinkage.merge_null_space(modes) is modes
