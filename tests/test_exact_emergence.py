"""`exact.emergence`: what a half-trained denoiser samples."""

import numpy as np
import pytest
from scipy.special import exp1

from lindiff_nb.exact import emergence, sampling, schedule, spectra

STEPS = schedule.linear(100, beta_end=0.2)


def test_after_training_it_is_the_sampler_of_the_optimum():
    spectrum = np.array([10.0, 1.0, 0.1, 0.0])
    expected = sampling.sampled_variance(spectrum, STEPS, 0.01, "ddim")
    for tau in (np.inf, 1e7):
        found = emergence.sampled_variance(spectrum, STEPS, tau, 0.01)
        assert found == pytest.approx(expected, rel=1e-9)


def test_what_does_not_vary_is_sampled_without_variance_in_the_end():
    """And small variances keep their digits: nothing cancels."""
    spectrum = np.array([1.0, 1e-12, 0.0])
    found = emergence.sampled_variance(spectrum, STEPS, np.inf)
    assert found == pytest.approx(
        sampling.sampled_variance(spectrum, STEPS, sampler="ddim"), rel=1e-12, abs=0
    )


def test_before_training_nothing_is_taken_for_noise():
    """W = 0: the sampler only undoes the factor sqrt(alpha_bar_T)."""
    found = emergence.sampled_variance([2.0, 0.1], STEPS, [0.0, 1.0])
    assert found.shape == (2, 2)
    assert found[0] == pytest.approx(np.full(2, 1 / STEPS.alpha_bar[-1]), rel=1e-12)


@pytest.mark.parametrize("tau", [0.0, 0.7, 30.0, np.inf])
def test_samples_of_the_denoiser_have_the_variances_of_the_recursion(tau):
    """One orthonormal set of starting points has covariance I: the map is read off exactly."""
    rng = np.random.default_rng(0)
    spectrum = np.array([4.0, 1.0, 0.2])
    v = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    covariance = (v * spectrum) @ v.T
    model = emergence.affine(np.zeros(3), covariance, STEPS, tau, 0.05, 0.5)
    image = sampling.ddim(model, np.eye(3), STEPS)
    found = np.diag(v.T @ image.T @ image @ v)
    expected = emergence.sampled_variance(spectrum, STEPS, tau, 0.05, 0.5)
    assert found == pytest.approx(expected, rel=1e-10)


def test_the_mean_of_the_data_is_a_fixed_point_of_the_offset():
    """At W = 0 the offset is zero too; at the optimum `sampling.affine` is met."""
    mean, covariance = np.array([1.0, -2.0]), np.diag([1.0, 0.5])
    x = np.random.default_rng(0).standard_normal((5, 2))
    assert np.array_equal(emergence.affine(mean, covariance, STEPS, 0.0)(x, 50), np.zeros((5, 2)))
    expected = sampling.affine(mean, covariance, STEPS)(x, 50)
    assert emergence.affine(mean, covariance, STEPS, np.inf)(x, 50) == pytest.approx(expected)


def test_many_small_steps_tend_to_the_exponential_integral():
    """lambda exp(E_1(2 eta tau lambda)), up to terms of order lambda and 1 / (eta tau)."""
    steps = schedule.linear(4000, beta_end=5e-3, beta_start=1e-7)
    spectrum, tau = np.array([0.02, 0.005]), np.array([[30.0], [300.0]])
    expected = spectrum * np.exp(exp1(2 * tau * spectrum))
    found = emergence.sampled_variance(spectrum, steps, tau[:, 0])
    assert found == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize(
    ("name", "value"),
    [("tau", -1.0), ("tau", [1.0, 2.0]), ("c", -1.0), ("eta", 0.0), ("schedule", 5)],
)
def test_bad_arguments_are_refused_by_name(name, value):
    good = {"schedule": STEPS, "tau": 1.0, "c": 0.0, "eta": 1.0}
    with pytest.raises(ValueError, match=name):
        emergence.affine(np.zeros(2), np.eye(2), **{**good, name: value})
    if name != "tau" or np.ndim(value) == 0:
        with pytest.raises(ValueError, match=name):
            emergence.sampled_variance(spectra.power_law(3, 1.0), **{**good, name: value})


@pytest.mark.parametrize("eta", [0.01, 0.5, 3.0])
def test_only_the_product_of_rate_and_time_counts(eta):
    spectrum = np.array([2.0, 0.1, 0.0])
    expected = emergence.sampled_variance(spectrum, STEPS, [0.3, 5.0], 0.01)
    found = emergence.sampled_variance(spectrum, STEPS, np.array([0.3, 5.0]) / eta, 0.01, eta)
    assert found == pytest.approx(expected, rel=1e-12)
    moments, x = (np.zeros(3), np.diag(spectrum)), np.eye(3)
    slow = emergence.affine(*moments, STEPS, 5.0 / eta, 0.01, eta)(x, 7)
    assert slow == pytest.approx(emergence.affine(*moments, STEPS, 5.0, 0.01)(x, 7), rel=1e-12)
