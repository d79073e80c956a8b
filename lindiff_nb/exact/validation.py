"""What a denoiser would cost on new data, asked of its training set alone.

Leave a training point x out, fit the others, see what is lost on the one. No refit is needed: with
G = (Sigma_0 + xi)^-1, where the scatter of the others is still divided by n,

    x' G_out^2 x = x' G^2 x / (1 - h)^2,    h = x' G x / n

and so with s = (1-a) / a, xi = s + c

    L = < (lambda + c)^2 / (lambda + xi)^2 > + (s / d) mean of  x' G^2 x / (1 - h)^2

Generalised cross-validation (Golub, Heath & Wahba 1979) puts the mean of h over the training points
in the place of each, and then the eigenvalues are enough. For Gaussian data in many dimensions that
is right for every ridge at once: 1 - h is then xi / kappa, and (kappa / xi)^2 is the ratio of
Tr G^2 Sigma to Tr G^2 Sigma_0 (`predict.losses`). Points of which some lie far out differ in h, and
there the two part.
"""

import numpy as np

from lindiff_nb import _moved
from lindiff_nb._base import rounding, units, validate
from lindiff_nb._base.types import Array, ArrayLike, Reals
from lindiff_nb._base.units import Unit
from lindiff_nb.exact import _mode_sums

__getattr__ = _moved.names(__name__)


def left_out_loss(
    x: ArrayLike, alpha_bar: Reals, c: Reals = 0.0, *, estimated_mean: bool = False
) -> Array:
    """The mean loss on each point of x, (n, d) or (n, h, w), of the ridge denoiser of the others.

    The mean is known to be zero, or with `estimated_mean` it is that of the points. Shape of
    alpha_bar and c broadcast together; infinite where a fit without ridge or noise leaves no point
    out. Raises ValueError if x is empty or not finite, or of one point whose mean is estimated;
    alpha_bar outside (0, 1] or a negative c.
    """
    points = validate.samples("x", x)
    n, d = points.shape
    if n < 1 + estimated_mean:
        raise validate.fail("x", points.shape, "of two points or more, to estimate a mean")
    unit, points = units.near_one(points)
    a, s, c = _grid(alpha_bar, c, Unit(2 * unit.exponent))
    mean = points.mean(axis=0) if estimated_mean else np.zeros(d)
    u, singular, _ = np.linalg.svd((points - mean) / np.sqrt(n), full_matrices=False)
    lam = rounding.resolved(singular**2, rounding.resolution_of_data(singular**2, x, mean))
    seen = lam > 0
    share, lam = np.square(u[:, seen]), lam[seen]
    spare = (1 - estimated_mean / n - share.sum(axis=1)).clip(min=0)
    loss = np.array([_left_out(*at, lam, share, spare, d) for at in zip(s, c, strict=True)])
    return loss.reshape(a.shape)[()]


def _left_out(s: float, c: float, lam: Array, share: Array, spare: Array, d: int) -> float:
    """The loss at one noise ratio and ridge; share, (n, m), is u^2 and spare, (n,), the rest."""
    xi = s + c
    if xi == 0:
        return np.inf if np.any(spare == 0) else 0.0
    p = float(_mode_sums.above_one(np.array(xi)))
    g = p / (lam + xi)
    missed = np.sum(((lam + c) / p * g) ** 2) + (d - lam.size) * (c / xi) ** 2
    leaked = s / p * np.sum(share @ (lam / p * g**2) / (spare + xi / p * (share @ g)) ** 2)
    return float(missed + leaked) / d


def gcv_loss(
    eigenvalues: ArrayLike,
    n: int,
    alpha_bar: Reals,
    c: Reals = 0.0,
    *,
    estimated_mean: bool = False,
) -> Array:
    """The loss on new data of the optimal denoiser with ridge c, estimated from its training set.

    eigenvalues, (d,), zeros included, are those of the training covariance, normalised by n. If
    its mean was subtracted, h has one more degree of freedom. Shape of alpha_bar and c broadcast
    together; infinite where a fit without ridge or noise leaves no point out. Raises ValueError for
    eigenvalues that are no spectrum or more than n of them positive (n - 1 with estimated mean),
    n < 1 (2), alpha_bar outside (0, 1] or a negative c.
    """
    n = validate.integer("n", n, low=1 + estimated_mean)
    unit, lam = units.varying(eigenvalues, "eigenvalues")
    spare = n - estimated_mean - np.count_nonzero(lam)
    if spare < 0:
        raise validate.fail("eigenvalues", lam, f"positive in no more than {n - estimated_mean}")
    a, s, c = _grid(alpha_bar, c, unit)
    xi, positive = s + c, lam[lam > 0]
    p = _mode_sums.above_one(xi)
    vectors = np.stack([positive**2, positive, np.ones_like(positive)], axis=1)
    square, first, one = _mode_sums.squared_resolvent(positive, xi, p, vectors)
    left = (spare + xi / p * (first / p + xi / p * one)) / n  # 1 - h
    leaked = np.full(left.shape, np.inf)
    np.divide(s / p * (first / p), left**2, out=leaked, where=left > 0)
    missed = square / p / p + 2 * (c / p) * (first / p) + (c / p) ** 2 * one
    share = np.divide(c, xi, out=np.zeros(xi.shape), where=xi > 0)
    loss = (missed + (lam.size - positive.size) * share**2 + leaked) / lam.size
    return loss.reshape(a.shape)[()]


def _grid(alpha_bar: Reals, c: Reals, unit: Unit) -> tuple[Array, Array, Array]:
    """alpha_bar in the common shape, and the noise ratio and the ridge as vectors, in the unit."""
    a, ridge = validate.noise_and_ridge(alpha_bar, c)
    s = unit.noise(a)
    return a, s.ravel(), unit.beside("c", ridge, s).ravel()
