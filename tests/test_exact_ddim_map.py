"""The affine map that the deterministic sampler amounts to."""

import numpy as np
import pytest

from lindiff_nb.exact import sampling, schedule, spectra

STEPS = schedule.linear(60, beta_end=0.2)


@pytest.fixture
def moments():
    """Mean and covariance of fewer points than dimensions."""
    return spectra.moments(1 + np.random.default_rng(3).standard_normal((5, 7)))


@pytest.mark.parametrize("c", [0.0, 0.1])
def test_the_map_is_what_the_sampler_does_to_every_point(moments, c):
    noise = np.random.default_rng(4).standard_normal((20, 7))
    matrix, offset = sampling.ddim_map(*moments, STEPS, c)
    sampled = sampling.ddim(sampling.affine(*moments, STEPS, c), noise, STEPS)
    np.testing.assert_allclose(noise @ matrix.T + offset, sampled, rtol=0, atol=1e-12)


def test_the_map_squared_is_the_covariance_of_the_samples(moments):
    matrix, _ = sampling.ddim_map(*moments, STEPS)
    variance = sampling.sampled_variance(spectra.of_covariance(moments[1]), STEPS, sampler="ddim")
    np.testing.assert_allclose(spectra.of_covariance(matrix @ matrix.T), variance, atol=1e-12)


def test_moments_that_do_not_fit_together_are_refused(moments):
    with pytest.raises(ValueError, match="covariance"):
        sampling.ddim_map(moments[0][:-1], moments[1], STEPS)
