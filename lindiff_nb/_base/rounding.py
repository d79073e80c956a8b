"""Rounding noise is not variance. Eigenvalues of one covariance carry errors of about

    resolution = size eps largest,    eps of float32 if that is what they came in, else of float64

where a size below FEW counts as FEW, since sums over many points round too. Within it zero and a
tiny variance cannot be told apart. `validate.spectrum` takes what rounding left below zero for
zero. `validate.varying` takes all of it for zero, for answers that jump between the two:
divergences, ranks, lengths of schedules, and losses where there is neither noise nor ridge.
"""

import numpy as np
from numpy.typing import ArrayLike

from lindiff_nb._base.types import Array

FEW = 10  # dimensions: rounding of a covariance of fewer is not less


def single(value: ArrayLike) -> bool:
    """Whether numbers come in less than double precision."""
    kind = np.asarray(value).dtype
    return kind.kind == "f" and kind.itemsize < 8


def epsilon(value: ArrayLike) -> float:
    """The rounding of numbers that come in this type, relative."""
    return float(np.finfo(np.float32 if single(value) else np.float64).eps)


def resolution(variances: ArrayLike, source: ArrayLike | None = None) -> float:
    """size eps largest: what rounding adds to, or takes from, the eigenvalues of one covariance.

    eps by the type of the `source` that they were computed from, or their own.
    """
    levels = np.asarray(variances)
    eps = epsilon(levels if source is None else source)
    return max(levels.size, FEW) * eps * max(float(levels.max()), 0.0)


def resolution_of_data(variances: ArrayLike, x: ArrayLike, mean: Array) -> float:
    """The same for variances, (k,), along the eigenvectors of points x that float64 worked on.

    The points, (n, d), lost eps of their size before, eps of their own type, half precision too.
    That is noise of variance eps^2 <x_j^2> at most in each coordinate j, of which (1 + sqrt(d/n))^2
    is seen where it is largest; FEW for errors that go together, as those of equal pixels do.
    """
    levels, n, d = np.asarray(variances), len(np.asarray(x)), mean.size
    eps = float(np.finfo(np.asarray(x).dtype).eps) if single(x) else epsilon(x)
    size = max(float(levels.max()), 0.0) + float(np.square(mean).max())
    return resolution(levels) + FEW * (1 + np.sqrt(d / n)) ** 2 * eps**2 * size


def resolved(variances: ArrayLike, noise: float | None = None) -> Array:
    """The variances, (d,), with those within the noise, their `resolution`, set to zero."""
    levels = np.asarray(variances)
    noise = resolution(levels) if noise is None else noise
    return np.where(levels > noise, levels, 0).astype(np.float64)
