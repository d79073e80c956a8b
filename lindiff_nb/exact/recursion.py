"""What the samplers turn noise into, exactly, when the denoiser is affine.

For the optimal affine denoiser each eigendirection of the training covariance runs through a
scalar recursion. With V_t = a_t (lambda + c) + 1 - a_t, a_t = alpha_bar_t, the distance from
sqrt(a_t) mu_0 is multiplied in step t by

    ddpm    m_t = sqrt(1 - beta_t) V_{t-1} / V_t
    ddim    m_t = (sqrt(a_{t-1} a_t) (lambda + c) + sqrt((1 - a_{t-1}) (1 - a_t))) / V_t

so that the samples are Gaussian, with the mean and the covariance below.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lindiff_nb._base import units, validate
from lindiff_nb._base.types import Array
from lindiff_nb.exact import schedule as schedules
from lindiff_nb.exact import spectra
from lindiff_nb.exact.schedule import Schedule

SAMPLERS = ("ddpm", "ddim")


def sampled_variance(
    spectrum: Array,
    schedule: Schedule,
    c: float = 0.0,
    sampler: str = "ddpm",
    last_noise: bool = False,
) -> Array:
    """Variance of the samples along each eigenvector of the training covariance, (d,).

    Exact at finite T for x_T ~ N(0, I): variance_{t-1} = m_t^2 variance_t + sigma_t^2, with
    sigma_t^2 = beta_t for ddpm (none in the last step unless `last_noise`) and 0 for ddim.
    Raises ValueError for a bad spectrum, schedule, c or sampler.
    """
    floored = _floored(spectrum, c, sampler)
    added = schedules.checked(schedule).beta * (sampler == "ddpm")
    added[0] *= bool(last_noise)
    variance = np.ones_like(floored)
    for t, m in _multipliers(floored, schedule, sampler):
        variance = m**2 * variance + added[t - 1]
    return variance


def sampled_mean(
    spectrum: Array, schedule: Schedule, c: float = 0.0, sampler: str = "ddpm"
) -> Array:
    """The samples' mean is this factor times mu_0 along each eigenvector, (d,).

    Exact at finite T for x_T ~ N(0, I): 1 - sqrt(a_T) prod_t m_t; for ddpm the product
    telescopes, and the factor is 1 - a_T (lambda + c) / V_T. Raises as `sampled_variance`.
    """
    floored = _floored(spectrum, c, sampler)
    kept = np.ones_like(floored)
    for _, m in _multipliers(floored, schedules.checked(schedule), sampler):
        kept = kept * m
    return 1 - np.sqrt(schedule.alpha_bar[-1]) * kept


def ddim_map(
    mean: Array, covariance: Array, schedule: Schedule, c: float = 0.0
) -> tuple[Array, Array]:
    """M, (d, d), and m, (d,), of the one affine map x_0 = M x_T + m that ddim amounts to.

        M = V diag( prod_t m_t ) V',    m = V diag( sampled_mean ) V' mu_0

    with the eigenvectors V of the training covariance, for the optimal affine denoiser of these
    moments. M is symmetric and positive semi-definite. Raises ValueError for moments that do not
    fit together or do not vary, or as `sampled_variance`.
    """
    mean = validate.vector("mean", mean)
    spectrum, v = spectra.eigenpairs(covariance, d=len(mean))
    stretch = np.sqrt(sampled_variance(spectrum, schedule, c, "ddim"))
    kept = sampled_mean(spectrum, schedule, c, "ddim")
    return (v * stretch) @ v.T, v @ (kept * (v.T @ mean))


def continuum_variance(
    spectrum: Array, alpha_bar_T: float, c: float = 0.0, sampler: str = "ddpm"
) -> Array:
    """`sampled_variance`, (d,), in the limit of many small steps that end at alpha_bar_T.

    With V = a (lambda + c) + 1 - a, a = alpha_bar_T: ddim (lambda + c) / V, ddpm
    (lambda + c) / V (a (lambda + c) / V + 1 - a). Raises ValueError for a bad spectrum,
    alpha_bar_T, c or sampler. Source: Merger & Goldt, appendix C.
    """
    a, share = _continuum(spectrum, alpha_bar_T, c, sampler)
    return share if sampler == "ddim" else share * (a * share + (1 - a))


def continuum_mean(
    spectrum: Array, alpha_bar_T: float, c: float = 0.0, sampler: str = "ddpm"
) -> Array:
    """`sampled_mean`, (d,), in the limit of many small steps that end at alpha_bar_T.

    ddim 1 - sqrt(a (lambda + c) / V), ddpm 1 - a (lambda + c) / V, in the notation of
    `continuum_variance`. Raises as it does. Source: Merger & Goldt, appendix C.
    """
    a, share = _continuum(spectrum, alpha_bar_T, c, sampler)
    return 1 - (np.sqrt(a * share) if sampler == "ddim" else a * share)


def _multipliers(floored: Array, schedule: Schedule, sampler: str) -> Iterator[tuple[int, Array]]:
    """(t, m_t) for t = T..1, m_t (d,) for the eigenvalues lambda + c."""
    for t in range(schedule.steps, 0, -1):
        a, before = schedule.alpha_bar[t - 1], schedule.alpha_bar_before[t - 1]
        noisy = a * floored + (1 - a)
        if sampler == "ddim":
            yield t, (np.sqrt(before * a) * floored + np.sqrt((1 - before) * (1 - a))) / noisy
        else:
            noisy_before = before * floored + (1 - before)
            yield t, np.sqrt(1 - schedule.beta[t - 1]) * noisy_before / noisy


def _continuum(spectrum: Array, alpha_bar_T: float, c: float, sampler: str) -> tuple[float, Array]:
    """a and (lambda + c) / V, where 0/0, no variance and no noise, is 0."""
    floored = _floored(spectrum, c, sampler)
    a = validate.signal(alpha_bar_T, "alpha_bar_T")
    noisy = a * floored + (1 - a)
    return a, np.divide(floored, noisy, out=np.zeros_like(floored), where=noisy > 0)


def _floored(spectrum: Array, c: float, sampler: str) -> Array:
    """lambda + c, once spectrum, c and sampler are checked; squares of it are normal or zero."""
    validate.choice("sampler", sampler, SAMPLERS)
    floored = validate.spectrum(spectrum) + validate.ridge(c)
    if np.any((floored > 0) & (floored < 2.0**-units.SPREAD)):
        raise validate.fail("spectrum", spectrum, "zero or above 1e-150 of the noise's variance")
    return floored
