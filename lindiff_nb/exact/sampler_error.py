"""What a finite number of steps costs, in nats and as a Frechet distance.

A sampler with the optimal affine denoiser draws from a Gaussian that `recursion` knows exactly:
along each eigenvector of the covariance the variance is v_nu in place of lambda_nu, and the mean
is f_nu mu_nu in place of mu_nu. So its divergence from what it was meant to draw is a sum,

    KL(sampler || population) = (1/2d) sum_nu [ r_nu - 1 - ln r_nu + o_nu^2 / lambda_nu ]
    KL(population || sampler) = (1/2d) sum_nu [ 1/r_nu - 1 + ln r_nu + o_nu^2 / v_nu ]

with r_nu = v_nu / lambda_nu and o_nu = (f_nu - 1) mu_nu. Nothing is random, and the training set
is taken for the population: this is the share of the error that no further image would remove.

The noise strength h, between those of ddim and ddpm, is that of `recursion`; both distances are
broadcast over it.
"""

from __future__ import annotations

import numpy as np

from lindiff_nb._base import validate
from lindiff_nb._base.digits import excess
from lindiff_nb._base.types import Array, Reals
from lindiff_nb.exact import recursion
from lindiff_nb.exact.divergence import POPULATION, SAMPLER
from lindiff_nb.exact.schedule import Schedule


def sampler_kl(
    spectrum: Array,
    schedule: Schedule,
    c: float = 0.0,
    sampler: str = "ddpm",
    *,
    last_noise: bool = False,
    direction: str = SAMPLER,
    mean: Array | None = None,
    h: Reals | None = None,
) -> Array:
    """Divergence of the samples' law from N(mean, diag(spectrum)), in nats per dimension.

    One for each `h`, exact for every schedule. `mean`, (d,), holds the components of the mean along
    the eigenvectors, `mean @ v`; without it the mean is zero, and then sampled without error. The
    ridge c belongs to the denoiser, not to the population.

    A direction with neither variance nor noise does not count; where one of the two laws varies
    and the other does not, the divergence is infinite (c > 0 or `last_noise` beside a zero
    eigenvalue). Raises ValueError for a bad spectrum, schedule, c, sampler, direction, mean or h.
    """
    spectrum = validate.varying(spectrum)
    to_population = validate.choice("direction", direction, (SAMPLER, POPULATION)) == SAMPLER
    variance, offset = _sampled(spectrum, schedule, c, sampler, last_noise, mean, h)
    full = spectrum > 0
    apart = np.any((variance > 0) != full, axis=-1)
    drawn = np.where(apart[..., None], spectrum, variance)[..., full]
    p, q = (drawn, spectrum[full]) if to_population else (spectrum[full], drawn)
    terms = excess(p / q - 1, p / q) + offset[..., full] ** 2 / q
    return np.where(apart, np.inf, np.sum(terms, axis=-1) / (2 * len(spectrum)))[()]


def sampler_w2(
    spectrum: Array,
    schedule: Schedule,
    c: float = 0.0,
    sampler: str = "ddpm",
    *,
    last_noise: bool = False,
    mean: Array | None = None,
    h: Reals | None = None,
) -> Array:
    """The squared Wasserstein distance of the samples' law from N(mean, diag(spectrum)).

        W2^2 = sum_nu (sqrt(v_nu) - sqrt(lambda_nu))^2 + o_nu^2

    One for each `h`, in total, in the units of the spectrum, and always finite; arguments and
    errors as for `sampler_kl`. Use this when a Frechet distance will judge the samples: what is
    best for it is not best for the KL.
    """
    spectrum = validate.varying(spectrum)
    variance, offset = _sampled(spectrum, schedule, c, sampler, last_noise, mean, h)
    return np.sum((np.sqrt(variance) - np.sqrt(spectrum)) ** 2 + offset**2, axis=-1)


def _sampled(
    spectrum: Array,
    schedule: Schedule,
    c: float,
    sampler: str,
    last_noise: bool,
    mean: Array | None,
    h: Reals | None,
) -> tuple[Array, Array]:
    """The variance v_nu and the offset o_nu of the mean along each eigenvector."""
    offset = np.zeros_like(spectrum)
    if mean is not None:
        centre = validate.vector("mean", mean, len(spectrum))
        offset = (recursion.sampled_mean(spectrum, schedule, c, sampler, h=h) - 1) * centre
    return recursion.sampled_variance(spectrum, schedule, c, sampler, last_noise, h=h), offset
