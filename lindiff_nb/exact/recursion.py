"""What the samplers turn noise into, exactly, when the denoiser is affine.

For the optimal affine denoiser each eigendirection of the training covariance runs through a
scalar recursion. With V_t = a_t (lambda + c) + 1 - a_t, a_t = alpha_bar_t, the distance from
sqrt(a_t) mu_0 is multiplied in step t by

    m_t = (sqrt(a_{t-1} a_t) (lambda + c) + sqrt((1 - a_{t-1}) (1 - a_t - h beta_t))) / V_t

so that the samples are Gaussian, with the mean and the covariance below. The noise strength h, in
[0, 1], is 0 for ddim and 1 for ddpm, where m_t = sqrt(1 - beta_t) V_{t-1} / V_t; between them lie
samplers of two kinds, which add noise of variance

    "ddpm"  h beta_t                                that of Ho et al. 2020, algorithm 2, at h = 1
    "ddim"  h beta_t (1 - a_{t-1}) / (1 - a_t)      Song et al. 2021 (ddim), eq. 16: h = eta^2
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lindiff_nb._base import units, validate
from lindiff_nb._base.types import Array, Reals
from lindiff_nb.exact import schedule as schedules
from lindiff_nb.exact import spectra
from lindiff_nb.exact.schedule import Schedule

SAMPLERS = ("ddpm", "ddim")  # the h of each, unless told otherwise, is 1 and 0


def sampled_variance(
    spectrum: Array,
    schedule: Schedule,
    c: float = 0.0,
    sampler: str = "ddpm",
    last_noise: bool = False,
    *,
    h: Reals | None = None,
) -> Array:
    """Variance of the samples along each eigenvector of the training covariance, (*h.shape, d).

    Exact at finite T for x_T ~ N(0, I): variance_{t-1} = m_t^2 variance_t + sigma_t^2, with the
    noise of the module's table, none in the last step unless `last_noise`; "ddim" has none there.
    Without `h` that of the sampler's name, and (d,). Raises ValueError for a bad spectrum,
    schedule, c or sampler, or h outside [0, 1].
    """
    floored, strength = _floored(spectrum, c, sampler), _strength(h, sampler)
    noise = np.array(schedules.checked(schedule).beta)
    noise[0] *= bool(last_noise)
    if sampler == "ddim":
        noise *= (1 - schedule.alpha_bar_before) / (1 - schedule.alpha_bar)
    variance = np.ones((*strength.shape[:-1], len(floored)))
    for t, m in _multipliers(floored, schedule, strength):
        variance = m**2 * variance + strength * noise[t - 1]
    return variance


def sampled_mean(
    spectrum: Array,
    schedule: Schedule,
    c: float = 0.0,
    sampler: str = "ddpm",
    *,
    h: Reals | None = None,
) -> Array:
    """The samples' mean is this factor times mu_0 along each eigenvector, (*h.shape, d).

    Exact at finite T for x_T ~ N(0, I): 1 - sqrt(a_T) prod_t m_t; for ddpm the product
    telescopes, and the factor is 1 - a_T (lambda + c) / V_T. Raises as `sampled_variance`.
    """
    floored, strength = _floored(spectrum, c, sampler), _strength(h, sampler)
    kept = np.ones((*strength.shape[:-1], len(floored)))
    for _, m in _multipliers(floored, schedules.checked(schedule), strength):
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


def _multipliers(
    floored: Array, schedule: Schedule, strength: Array
) -> Iterator[tuple[int, Array]]:
    """(t, m_t) for t = T..1, m_t (*h.shape, d) for the eigenvalues lambda + c."""
    for t in range(schedule.steps, 0, -1):
        a, before = schedule.alpha_bar[t - 1], schedule.alpha_bar_before[t - 1]
        beta = schedule.beta[t - 1]
        # 1 - a - h beta, without a difference that could round below zero
        kept = (1 - beta) * (1 - before) + (1 - strength) * beta
        noisy = a * floored + (1 - a)
        yield t, (np.sqrt(before * a) * floored + np.sqrt((1 - before) * kept)) / noisy


def _strength(h: Reals | None, sampler: str) -> Array:
    """The checked h, that of the sampler's name if there is none, with an axis for the modes."""
    strength = validate.nonnegative("h", float(sampler == "ddpm") if h is None else h)
    if np.any(strength > 1):
        raise validate.fail("h", h, "in [0, 1]")
    return strength[..., None]


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
