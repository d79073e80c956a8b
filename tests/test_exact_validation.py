"""`exact.validation`: the loss on new data from the training set's eigenvalues."""

import numpy as np
import pytest
from hard_cases import assert_refused

from lindiff_nb.exact import denoiser, spectra, validation
from lindiff_nb.measure import experiments

A, C = np.array([0.05, 0.5, 0.99]), np.array([[0.0], [0.02], [1.0]])


def points(n, d, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)) * np.sqrt(spectra.power_law(d, 1.0)) + 0.3


def left_out(x, a, c, fixed_mean):
    """Leave each point out, fit the others (scatter still over n), and what it then costs."""
    n, d = x.shape
    s, losses, shares = (1 - a) / a, [], []
    whole = x - (0 if fixed_mean else x.mean(axis=0))
    for i in range(n):
        rest = np.delete(x, i, axis=0)
        mean = np.zeros(d) if fixed_mean else rest.mean(axis=0)
        resolvent = np.linalg.inv((rest - mean).T @ (rest - mean) / n + (s + c) * np.eye(d))
        losses.append(s * np.sum((resolvent @ (x[i] - mean)) ** 2) / d)
    covariance = whole.T @ whole / n
    resolvent = np.linalg.inv(covariance + (s + c) * np.eye(d))
    shares = np.einsum("ij,jk,ik->i", whole, resolvent, whole) / n + (0 if fixed_mean else 1 / n)
    missed = np.sum(((covariance + c * np.eye(d)) @ resolvent) ** 2) / d
    return missed, np.array(losses), shares


@pytest.mark.parametrize("fixed_mean", [True, False])
@pytest.mark.parametrize(("n", "d"), [(7, 12), (30, 6)])
def test_it_is_leaving_one_out_and_in_general_the_mean_share_in_place_of_each(n, d, fixed_mean):
    """Refitted losses times ((1 - h_i) / (1 - h))^2: what generalised cross-validation averages."""
    x, a, c = points(n, d), 0.6, 0.1
    missed, losses, shares = left_out(x, a, c, fixed_mean)
    expected = missed + np.mean(losses * ((1 - shares) / (1 - shares.mean())) ** 2)
    centred = x - (0 if fixed_mean else x.mean(axis=0))
    lam = np.linalg.eigvalsh(centred.T @ centred / n).clip(min=0)
    found = validation.gcv_loss(lam, n, a, c, estimated_mean=not fixed_mean)
    assert found == pytest.approx(expected, rel=1e-11)
    every = validation.left_out_loss(x, a, c, estimated_mean=not fixed_mean)
    assert every == pytest.approx(missed + losses.mean(), rel=1e-11)


@pytest.mark.parametrize("estimated_mean", [False, True])
@pytest.mark.parametrize("ratio", [0.5, 1.0, 3.0])
def test_it_is_right_on_average_for_every_ridge(ratio, estimated_mean):
    """d = 100, 30 sets: the mean of estimate / loss within 6 standard errors and 6 / n of one.

    Student's t with 29 degrees of freedom is beyond 6 once in 1e6; 6 / n is for the finite size.
    """
    spectrum, rng = spectra.power_law(100, 1.0), np.random.default_rng(1)
    n, found = int(100 * ratio), []
    for _ in range(30):
        modes = experiments.sample_modes(rng, spectrum, n, estimated_mean=estimated_mean)
        lam = np.repeat(modes.eigenvalues, modes.multiplicity.astype(int))
        guess = validation.gcv_loss(lam, n, A, C[1:], estimated_mean=estimated_mean)
        found.append(guess / denoiser.test_loss(modes, A, C[1:]))
    error = np.std(found, axis=0, ddof=1) / np.sqrt(30)
    assert np.all(np.abs(np.mean(found, axis=0) - 1) < 6 * error + 6 / n)


def test_points_that_are_alike_make_no_difference():
    """Rotated copies of one point share h: both kinds of validation agree, on a grid."""
    x = np.sqrt(3) * np.eye(4)[[0, 1, 2]] + np.sqrt(0.1) * np.eye(4)[3]
    lam = np.linalg.eigvalsh(x.T @ x / 3).clip(min=0)
    expected = validation.gcv_loss(lam, 3, A, C)
    assert validation.left_out_loss(x, A, C) == pytest.approx(expected, rel=1e-12)


def test_points_far_out_are_not_averaged_away():
    """One point in ten is ten times as long: its own share is what counts."""
    x = points(40, 80)
    x[::10] *= 10
    lam = np.linalg.eigvalsh(x.T @ x / 40).clip(min=0)
    longer = validation.left_out_loss(x, 0.99) / validation.gcv_loss(lam, 40, 0.99)
    assert longer > 1.5


def test_many_points_leave_nothing_to_correct():
    lam = spectra.power_law(5, 1.0)
    modes = denoiser.Modes(lam, None, lam, np.zeros(5), np.ones(5))
    expected = denoiser.train_loss(modes, A, C)
    assert validation.gcv_loss(lam, 10**12, A, C) == pytest.approx(expected, rel=1e-9)


def test_fits_that_leave_no_point_out_cost_infinitely_much():
    assert validation.gcv_loss([1.0, 0.0], 1, 1.0) == np.inf
    assert validation.gcv_loss([1.0, 0.0], 2, 1.0) == 0.5
    assert np.isfinite(validation.gcv_loss([1.0, 0.0], 1, 1 - 1e-12))
    assert validation.left_out_loss([[1.0, 0.0]], 1.0) == np.inf
    assert validation.left_out_loss(np.zeros((3, 2)), 0.5) == 0


def test_scaling_the_data_changes_nothing_but_units():
    lam, scale = spectra.power_law(8, 1.0), 1e-3
    a = A / (A + scale * (1 - A))
    moved = validation.gcv_loss(scale * lam, 12, a, scale * C)
    assert moved == pytest.approx(validation.gcv_loss(lam, 12, A, C), rel=1e-12)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("eigenvalues", [[], [-1.0, 1], [0.0, 0], [np.nan], [[1.0]], [3.0, 2, 1]]),
        ("n", [0, 1.5, True]),
        ("alpha_bar", [0.0, 1.1, np.nan]),
        ("c", [-1.0, np.inf]),
    ],
)
def test_bad_arguments_are_refused_by_name(name, values):
    assert_refused(
        validation.gcv_loss, {"eigenvalues": [1.0, 2, 0], "n": 2, "alpha_bar": 0.5}, name, values
    )


def test_an_estimated_mean_takes_one_degree_of_freedom():
    with pytest.raises(ValueError, match="eigenvalues"):
        validation.gcv_loss([2.0, 1.0], 2, 0.5, estimated_mean=True)
    with pytest.raises(ValueError, match="x"):
        validation.left_out_loss([[2.0, 1.0]], 0.5, estimated_mean=True)
    assert_refused(
        validation.left_out_loss, {"x": np.eye(2), "alpha_bar": 0.5}, "x", [[], [[np.nan, 1]]]
    )


def test_with_an_estimated_mean_one_point_is_refused_by_its_number():
    with pytest.raises(ValueError, match=r"^n must be an integer >= 2, got 1"):
        validation.gcv_loss(np.zeros(3), 1, 0.5, estimated_mean=True)
