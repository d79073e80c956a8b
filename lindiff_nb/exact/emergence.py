"""What a denoiser samples before its training has come to an end.

Gradient flow from W = 0 for a time tau, at every noise step alike (`training`), leaves the weight

    w_t = sqrt(1-a_t) (1 - exp(-2 eta tau M_t)) / M_t,    M_t = a_t (lambda + c) + 1 - a_t

along an eigenvector of the training covariance. The deterministic sampler (ddim) then multiplies by

    m_t = sqrt(a_{t-1} / a_t) (1 - sqrt(1-a_t) w_t) + sqrt(1-a_{t-1}) w_t

in step t. With many small steps, a_T -> 0 and eta tau >> 1 the variance of the samples along a
mode with lambda << 1 becomes lambda exp(E_1(2 eta tau lambda)), with the exponential integral E_1:
the mode appears at a time proportional to 1 / lambda (Wang & Pehlevan 2025, for another start).
"""

import numpy as np

from lindiff_nb._base import validate
from lindiff_nb._base.types import Array, Reals
from lindiff_nb.exact import schedule as schedules
from lindiff_nb.exact import spectra, training
from lindiff_nb.exact._gradient_flow import response
from lindiff_nb.exact.sampling import Denoiser
from lindiff_nb.exact.schedule import Schedule


def sampled_variance(
    spectrum: Array, schedule: Schedule, tau: Reals, c: float = 0.0, eta: float = 1.0
) -> Array:
    """Variance of ddim's samples along each mode, (*shape of tau, d), exact at finite T.

    For x_T ~ N(0, I). At tau = inf `sampling.sampled_variance`. Raises ValueError for a bad
    spectrum or schedule, negative tau or c, or eta that is not positive.
    """
    spectrum = validate.spectrum(spectrum)
    ridge, s = validate.ridge(c), _span(tau, eta)
    schedules.checked(schedule)
    deviation = np.ones((*s.shape, len(spectrum)))
    for a, before in zip(schedule.alpha_bar[::-1], schedule.alpha_bar_before[::-1], strict=True):
        decay, phi = response(spectrum, a, s[..., None], ridge)
        kept = decay + a * (spectrum + ridge) * phi  # 1 - sqrt(1-a) w
        deviation *= np.sqrt(before / a) * kept + np.sqrt((1 - before) * (1 - a)) * phi
    return np.square(deviation)


def affine(
    mean: Array,
    covariance: Array,
    schedule: Schedule,
    tau: float,
    c: float = 0.0,
    eta: float = 1.0,
) -> Denoiser:
    """The affine denoiser of every step after gradient flow for a time tau; tau may be infinite.

    A callable (x, t) as from `sampling.affine`. Raises ValueError for moments that do not fit
    together, a bad schedule, negative tau or c, or eta that is not positive.
    """
    mean = validate.vector("mean", mean)
    ridge, s = validate.ridge(c), _span(tau, eta)
    if s.ndim:
        raise validate.fail("tau", tau, "one time")
    alpha_bar = schedules.checked(schedule).alpha_bar
    eigenvalues, v = spectra.eigenpairs(covariance, d=len(mean))

    def eps_hat(x: Array, t: int) -> Array:
        a = alpha_bar[validate.integer("t", t, high=len(alpha_bar)) - 1]
        centred = validate.samples("x", x, len(mean)) - np.sqrt(a) * mean
        phi = response(eigenvalues, a, s, ridge)[1]
        return (centred @ v * (np.sqrt(1 - a) * phi)) @ v.T

    return eps_hat


def _span(tau: Reals, eta: float) -> Array:
    """The checked s = 2 eta tau."""
    return 2 * validate.number("eta", validate.positive("eta", eta)) * training.time("tau", tau)
