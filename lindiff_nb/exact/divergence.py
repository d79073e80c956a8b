"""How far two Gaussians are apart, singular ones included: Kullback-Leibler and Frechet."""

from __future__ import annotations

import numpy as np

from lindiff_nb._base import matrices, units, validate
from lindiff_nb._base.digits import excess
from lindiff_nb._base.types import Array

SAMPLER, POPULATION = "sampler||population", "population||sampler"  # which from which
CLOSE = 1e-4  # of the variance: a distance below it is computed as a sum of squares
RESOLUTION = 10 * np.finfo(float).eps  # per dimension: smaller relative variances count as none


@np.errstate(over="ignore")  # what overflows is infinite
def gaussian_kl(mean_p: Array, cov_p: Array, mean_q: Array, cov_q: Array) -> float:
    """KL(p || q) in nats, in total (not per dimension), between two Gaussians.

        KL = sum_i (rho_i - 1 - ln rho_i) / 2 + (mu_p - mu_q)' cov_q^-1 (mu_p - mu_q) / 2

    with rho the eigenvalues of cov_q^-1 cov_p. Shapes (d,), (d, d), (d,), (d, d). Finite only if
    both live on the same affine subspace, where this is their divergence within it; otherwise,
    p singular where q is not included, it is infinite; it is never NaN. A direction is empty if its
    variance, each coordinate measured by its standard deviation, is below 10 d eps of the largest.
    Raises ValueError for moments that do not fit together or an indefinite covariance.
    """
    mean_p = validate.vector("mean_p", mean_p)
    d = len(mean_p)
    cov_p = matrices.covariance("cov_p", cov_p, d)
    mean_q = validate.vector("mean_q", mean_q, d)
    cov_q = matrices.covariance("cov_q", cov_q, d)
    for name, covariance in (("cov_p", cov_p), ("cov_q", cov_q)):
        units.normal(name, np.diag(covariance))
    scale, roots, axes, empty = _whitening(cov_q)
    root_p = _root(cov_p) / scale[:, None]
    shift = (mean_p - mean_q) / scale
    means = float(np.linalg.norm(mean_p / scale))
    if root_p.shape[1] != len(roots) or _leaves(empty, root_p, shift, means):
        return np.inf
    ratios = np.linalg.svd((axes.T @ root_p) / roots[:, None], compute_uv=False)
    distance = (axes.T @ shift) / roots
    if not np.all(ratios > 0):
        return np.inf
    u = ratios - 1  # of roots: rho - 1 - ln rho = u^2 + 2 excess(u)
    return float(np.sum(u**2 / 2 + excess(u, ratios)) + distance @ distance / 2)


def frechet(mean_p: Array, cov_p: Array, mean_q: Array, cov_q: Array) -> float:
    """The Frechet distance of two Gaussians: their squared Wasserstein distance, as FID is.

        W2^2 = |mu_p - mu_q|^2 + Tr [cov_p + cov_q - 2 (cov_p^(1/2) cov_q cov_p^(1/2))^(1/2)]

    Shapes (d,), (d, d), (d,), (d, d); in the units of the covariances. Finite for singular ones
    too, and without the square root of a product (`frechet_of_roots`). Raises ValueError for
    moments that do not fit together or an indefinite covariance. Source: Dowson & Landau 1982.
    """
    mean_p = validate.vector("mean_p", mean_p)
    d = len(mean_p)
    mean_q = validate.vector("mean_q", mean_q, d)
    root_p, root_q = covariance_root("cov_p", cov_p, d), covariance_root("cov_q", cov_q, d)
    return _frechet(mean_p - mean_q, root_p, root_q, "cov_p")


def frechet_of_roots(root_p: Array, root_q: Array) -> float:
    """The same for equal means and covariances S S', with S of shapes (d, r_p) and (d, r_q).

        W2^2 = min over rotations U of |S_p - S_q U|^2,    U = V W' from the SVD S_q' S_p = V s W'

    Where the two are close this sum of squares is what is computed, so that no digits are lost;
    else it is |S_p|^2 + |S_q|^2 - 2 sum s, which does without U. Centred points over
    sqrt(n - 1) are such a root: for n < d the matrices are those of the points. Use this with
    features. Raises ValueError for roots that are no matrices of one height.
    """
    root_p = validate.samples("root_p", root_p)
    root_q = validate.samples("root_q", root_q)
    if len(root_p) != len(root_q):
        raise validate.fail("root_q", root_q, f"a matrix of {len(root_p)} rows, as root_p is")
    return _frechet(np.zeros(len(root_p)), root_p, root_q, "root_p")


def _frechet(shift: Array, root_p: Array, root_q: Array, name: str) -> float:
    """The distance in the unit of the largest number, and out of it."""
    unit = units.unit(shift, root_p, root_q)
    shift, p, q = (np.ldexp(array, -unit.exponent) for array in (shift, root_p, root_q))
    narrow, wide = sorted(map(_at_most_square, (p, q)), key=lambda root: root.shape[1])
    product = narrow.T @ wide
    both = np.sum(p**2) + np.sum(q**2)
    total = both - 2 * np.sum(np.linalg.svd(product, compute_uv=False))
    if total < CLOSE * both:
        left, _, right = np.linalg.svd(product, full_matrices=False)
        total = np.sum((wide - narrow @ left @ right) ** 2)
    return float(unit.on(np.array(total + np.sum(shift**2)), power=2, name=name))


def _at_most_square(root: Array) -> Array:
    """A root of the same covariance with no more columns than rows."""
    return np.linalg.qr(root.T).R.T if root.shape[1] > root.shape[0] else root


def covariance_root(name: str, covariance: Array, d: int) -> Array:
    """S with S S' = covariance, (d, d), by Cholesky where that is possible: a tenth of the time.

    Raises ValueError, with its name, for what is no covariance. Use this with `frechet_of_roots`.
    """
    found = matrices.symmetric(name, covariance, d)
    units.normal(name, np.diag(found))
    try:
        root = np.linalg.cholesky(found)
    except np.linalg.LinAlgError:
        variances, axes = np.linalg.eigh(found)
        matrices.semidefinite(name, covariance, variances)
        root = axes * np.sqrt(variances.clip(min=0))
    return np.asarray(root, dtype=np.float64)


def _whitening(covariance: Array) -> tuple[Array, Array, Array, Array]:
    """The deviations, then roots, axes and empty axes of the standardised covariance.

    covariance = D axes diag(roots^2) axes' D with D = diag(deviations); a coordinate that does
    not vary is measured by the largest deviation.
    """
    deviations = np.sqrt(np.diag(covariance).clip(min=0))
    deviations = np.where(deviations > 0, deviations, deviations.max() or 1.0)
    variances, axes = np.linalg.eigh(covariance / deviations / deviations[:, None])
    full = variances > RESOLUTION * len(covariance) * variances[-1]
    return deviations, np.sqrt(variances[full]), axes[:, full], axes[:, ~full]


def _root(covariance: Array) -> Array:
    """A root S, (d, rank), with S S' = covariance."""
    deviations, roots, axes, _ = _whitening(covariance)
    return deviations[:, None] * axes * roots


def _leaves(empty: Array, root: Array, shift: Array, means: float) -> bool:
    """Whether a Gaussian with this root and mean shift reaches into the `empty` axes."""
    d = len(empty)
    variance = np.sum((empty.T @ root) ** 2)
    offset = np.linalg.norm(empty.T @ shift)
    rounding = max(np.sqrt(RESOLUTION * d) * np.linalg.norm(shift), RESOLUTION * d * means)
    return bool(variance > RESOLUTION * d * np.sum(root**2) or offset > rounding)
