"""`measure.cross_validated`: variances along the eigenvectors of a set, from points left out."""

import numpy as np
import pytest
from hard_cases import assert_refused

from lindiff_nb.exact import denoiser, shrinkage, spectra
from lindiff_nb.measure import cross_validated


def points(n, d, seed):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)) * np.sqrt(spectra.power_law(d, 1.0))


@pytest.mark.parametrize(("n", "d"), [(20, 30), (80, 30)])
def test_the_variance_of_the_points_is_kept_and_falls_with_the_rank(n, d):
    x = points(n, d, 0)
    found = cross_validated.variances(np.random.default_rng(1), x)
    assert found.sum() == pytest.approx(np.square(x).sum() / n, rel=1e-12)
    assert np.all(np.diff(found) <= 0)


def test_with_two_points_each_measures_along_the_other():
    x = np.array([[3.0, 4.0], [0.0, 2.0]])
    along = np.array([1.6**2 + 4.0**2, 25 + 4 - 1.6**2 - 4.0**2]) / 2
    expected = along if along[0] > along[1] else np.full(2, along.mean())
    assert cross_validated.variances(np.random.default_rng(0), x, 2) == pytest.approx(expected)


@pytest.mark.parametrize("n", [60, 240])
def test_it_comes_closer_to_the_truth_than_the_eigenvalues(n):
    """d = 120, 10 sets: less than a third of what the eigenvalues lose beside the best."""
    spectrum, a = spectra.power_law(120, 1.0), 0.95
    zero, truth, lost = np.zeros(120), np.diag(spectrum), []
    for seed in range(10):
        x = points(n, 120, seed)
        modes = denoiser.modes(zero, x.T @ x / n, zero, truth)
        best = shrinkage.best_loss(shrinkage.merge_null_space(modes), a)
        delta = cross_validated.variances(np.random.default_rng(seed), x)
        lost.append([shrinkage.test_loss(modes, v, a) - best for v in (delta, modes.eigenvalues)])
    ours, plain = np.mean(lost, axis=0)
    assert 0 < ours < plain / 3


@pytest.mark.parametrize(
    ("name", "values"),
    [("rng", [0, None]), ("x", [[], [[np.nan, 1], [1, 2]]]), ("folds", [1, 4, 2.5])],
)
def test_bad_arguments_are_refused_by_name(name, values):
    good = {"rng": np.random.default_rng(0), "x": np.eye(3), "folds": 3}
    assert_refused(cross_validated.variances, good, name, values)
