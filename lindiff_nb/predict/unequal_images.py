"""Typical losses when images are not alike: busy ones count for several, flat ones for none.

Gaussian theory takes every image to vary as much as any other. Here an image is known by its
energies e_nu, the squares of its coefficients along the eigenvectors of the population, while the
signs of the coefficients are random. A population is a table of energies (P, d), rows equally
likely; the mean of e_nu over the rows is the eigenvalue lambda_nu.

In large dimension the resolvent G = (Sigma_0 + xi)^-1 of n such images acts like the diagonal
matrix 1 / (xi + M_nu), where M is the fixed point of

    M_nu = F_nu(M) = mean over images of  e_nu / (1 + sum_mu e_mu / ((xi + M_mu) n))

the variance that an image adds, discounted by its own leverage. One row, e = lambda, is Gaussian
data: M = lambda xi / kappa, and the rows r^2 lambda are Gaussian data with random lengths r.

F increases, and it is concave, being a mean of harmonic means in xi + M. So M - F(M) is convex,
and Newton's method started above the fixed point, at lambda >= F(lambda), falls to it without
overshooting: from concavity F'(M) M <= F(M) - F(0) < M wherever F(M) <= M, so that the spectral
radius of F' is below one there and (1 - F')^-1 has no negative entry. F also increases with xi, so
that the fixed point at one xi is a start for every smaller one.

Where the energies of an image have one common factor these are the equations of elliptical data
(El Karoui 2009); in general they are those of samples with a covariance each (Wagner et al. 2012).
"""

from typing import NamedTuple

import numpy as np

from lindiff_nb._base import units, validate
from lindiff_nb._base.digits import excess
from lindiff_nb._base.types import Array, Reals
from lindiff_nb._base.units import Unit

MAX_STEPS = 200
CLOSE = 1e-7  # a relative step this small leaves a relative error of about its square
SINGULAR = 1e-10  # of 1 - F', in relative changes: rounding costs six digits


class Losses(NamedTuple):
    """Per dimension and per step, each of the shape of alpha_bar and c together."""

    test: Array
    train: Array
    scatter: Array


class _Solved(NamedTuple):
    """The fixed point at one xi, and the slope of F there."""

    learned: Array  # (r,) M
    slope: Array  # (r, r) dF_nu / dM_mu


def test_loss(energies: Array, n: int, alpha_bar: Reals, c: Reals = 0.0) -> Array:
    """The typical loss on new images of the denoiser fitted to n images with these energies.

        L_test d = sum_nu (M_nu + c)^2 g_nu^2 + s g_nu^2 (lambda_nu + delta_nu)
        (1 - F') delta = F' (lambda + s),    g = 1 / (xi + M),    s = (1-a)/a,    xi = s + c

    delta is the change of M when s I + Sigma is added to Sigma_0 + xi, per unit. Shape of alpha_bar
    and c broadcast together; per dimension and per step, the mean is known. Raises ValueError for a
    table that is not (P, d), finite, non-negative and somewhere positive, n < 1, alpha_bar outside
    (0, 1) or a negative c.
    """
    return losses(energies, n, alpha_bar, c).test


def train_loss(energies: Array, n: int, alpha_bar: Reals, c: Reals = 0.0) -> Array:
    """The typical loss of that denoiser on its own n images, without the ridge's penalty.

        L_train d = sum_nu 1 - s g_nu - s c g_nu^2 (1 + M'_nu)
                  = sum_nu g_nu^2 [(M_nu + c)^2 + s (M_nu - c M'_nu)],    (1 - F') M' = F' 1

    M is concave in xi, so that no term is negative; it is summed in the second form.

    Shapes and errors as for `test_loss`.
    """
    return losses(energies, n, alpha_bar, c).train


def scatter(energies: Array, n: int, alpha_bar: Reals, c: Reals = 0.0) -> Array:
    """What test_loss owes to the choice of the n images: half the mean square distance of two fits.

        scatter d = sum_nu s g_nu^2 delta_nu

    with g and delta as for `test_loss`. Shapes and errors as there.
    """
    return losses(energies, n, alpha_bar, c).scatter


def losses(energies: Array, n: int, alpha_bar: Reals, c: Reals = 0.0) -> Losses:
    """`test_loss`, `train_loss` and `scatter` for the price of one; raises what they do."""
    (unit, energies), n = _table(energies), validate.integer("n", n)
    a, c = validate.noise_and_ridge(alpha_bar, c, validate.noisy)
    noise = unit.noise(a, units.SQUARES)
    c = unit.beside("c", c, noise, units.SQUARES)
    d = energies.shape[1]
    live = energies[:, energies.any(axis=0)]
    result, start = np.empty((3, a.size)), live.mean(axis=0)
    for k in np.argsort(-(noise + c), axis=None):
        s, ridge = float(noise.flat[k]), float(c.flat[k])
        at = _solve(live, n, s + ridge, start)
        dead = (d - live.shape[1]) * (ridge / (s + ridge)) ** 2
        result[:, k] = (_sums(live.mean(axis=0), at, s, ridge) + np.array([dead, dead, 0])) / d
        start = at.learned
    return Losses(*(part[()] for part in result.reshape(3, *a.shape)))


def kl(energies: Array, n: int, c: Reals) -> Array:
    """KL of the sampler's N(mu, Sigma_0 + c) from N(mu, Sigma), in nats per dimension, c > 0.

        <ln det (Sigma_0 + c)> = sum_nu ln(c + M_nu) - M_nu / (c + M_nu) + n <ln(1 + x)>
        x = sum_mu e_mu / ((c + M_mu) n) for each image,    w_nu = (c + M_nu) / lambda_nu
        2 d KL = sum_nu [h(w_nu) + <e_nu x / (1 + x)> / lambda_nu] - n <h(1 / (1 + x))>

    where h(w) = w - 1 - ln w: nothing cancels. Infinite if a direction has no energy at all. Shape
    of c; raises ValueError as `test_loss` does, or if c is not positive.
    """
    (unit, energies), n = _table(energies), validate.integer("n", n)
    c = unit.off("c", validate.positive("c", c), far=units.SQUARES)
    d, spectrum = energies.shape[1], energies.mean(axis=0)
    if not np.all(spectrum > 0):
        return np.full(c.shape, np.inf)[()]
    result = np.empty(c.shape)
    for index in np.ndindex(*c.shape):
        both = c[index] + _solve(energies, n, float(c[index]), spectrum).learned
        seen = energies @ (1 / both) / n
        share = seen / (1 + seen)
        lost = share @ energies / len(energies) / spectrum
        own = n * np.mean(excess(-share, 1 / (1 + seen)))
        result[index] = np.sum(excess(c[index] / spectrum - lost, both / spectrum) + lost) - own
    return result / (2 * d)


def _sums(spectrum: Array, at: _Solved, s: float, c: float) -> Array:
    """L_test d, L_train d and scatter d of the live directions at one noise ratio and ridge."""
    ones = np.ones_like(spectrum)
    both = np.stack([spectrum + s, ones], axis=1)
    delta, drift = np.linalg.solve(np.diag(ones) - at.slope, at.slope @ both).T
    g = 1 / (s + c + at.learned)
    kept = (c + at.learned) ** 2
    test = g**2 * (kept + s * (spectrum + delta))
    train = g**2 * (kept + s * np.maximum(at.learned - c * drift, 0))
    return np.array([test.sum(), train.sum(), np.sum(s * g**2 * delta)])


def _solve(energies: Array, n: int, xi: float, start: Array) -> _Solved:
    """The fixed point of F at xi > 0, by Newton's method from a start with F(start) <= start.

    ValueError where 1 - F' is singular to rounding, as at n = d for xi -> 0.
    """
    learned, one = start, np.eye(len(start))
    for _ in range(MAX_STEPS):
        value, slope = _discounted(energies, n, xi, learned)
        try:
            step = np.linalg.solve(one - slope, learned - value)
        except np.linalg.LinAlgError:
            break
        learned = learned - step
        if np.all(np.abs(step) <= CLOSE * learned):
            slope = _discounted(energies, n, xi, learned)[1]
            if np.linalg.norm(one - slope * learned / learned[:, None], -2) < SINGULAR:
                break
            return _Solved(learned, slope)
    apart = f"or noise and ridge more than {xi:.1e} of the largest energy"
    raise ValueError(f"n must be further from the number of directions, {apart}, got {n}")


def _discounted(energies: Array, n: int, xi: float, learned: Array) -> tuple[Array, Array]:
    """F(M), (r,), and its slope dF_nu / dM_mu, (r, r)."""
    g = 1 / (xi + learned)
    each = energies / (1 + energies @ g / n)[:, None]
    return each.mean(axis=0), (each.T @ each) * (g**2 / (n * len(energies)))


def _table(energies: Array) -> tuple[Unit, Array]:
    """A table of energies, (P, d), in its own unit."""
    table = validate.nonnegative("energies", validate.samples("energies", energies))
    if not table.any():
        raise validate.fail("energies", energies, "positive somewhere")
    unit = units.unit(table)
    return unit, unit.off("energies", table, far=units.SPREAD)
