"""Spectra: eigenvalues of a covariance, largest first.

A spectrum is an array (d,); rank nu = 1..d counts from the largest eigenvalue.
"""

from __future__ import annotations

import numpy as np

from lindiff_nb._base import matrices, memory, rounding, units, validate
from lindiff_nb._base.types import Array, ArrayLike
from lindiff_nb._base.units import Unit

EQUAL = 1 - 1e-6  # entries of an eigenvector that differ by less may change places by rounding


def power_law(d: int, exponent: float) -> Array:
    """lambda_nu proportional to nu^-exponent with mean 1, decreasing, (d,); exponent 0 is white.

    Raises ValueError if d < 1 or the exponent is negative.
    """
    d = validate.integer("d", d)
    k = validate.magnitude("exponent", exponent)
    spectrum = np.arange(1, d + 1, dtype=float) ** -k
    return spectrum / spectrum.mean()


def participation_ratio(spectrum: Array) -> float:
    """(sum lambda)^2 / sum lambda^2: how many eigenvalues carry the variance, in [1, d].

    Raises ValueError if the spectrum is not one.
    """
    share = units.normal("spectrum", validate.spectrum(spectrum))
    share = share / share.max()
    return float(share.sum() ** 2 / (share @ share))


def fit_exponent(spectrum: Array, first: int, last: int) -> float:
    """The k of  lambda_nu ~ nu^-k  over ranks first..last, both included, counted from 1.

    Least squares in log lambda against log nu. Raises ValueError unless
    1 <= first < last <= d and the eigenvalues of these ranks are positive.
    """
    ranked = np.sort(units.normal("spectrum", validate.varying(spectrum)))[::-1]
    first = validate.integer("first", first)
    last = validate.integer("last", last, low=first + 1)
    if last > len(ranked):
        raise validate.fail("last", last, f"at most the number of eigenvalues, {len(ranked)}")
    chosen = validate.positive(f"spectrum at ranks {first} to {last}", ranked[first - 1 : last])
    log_rank = np.log(np.arange(first, last + 1))
    centred = log_rank - log_rank.mean()
    log = np.log(units.near_one(chosen)[1])
    return float(-(centred @ log) / (centred @ centred))


def continued(spectrum: Array, d: int) -> Array:
    """The k largest of d eigenvalues, (k,), with a guess of the others after them, (d,).

    The list goes on as its second half falls:  lambda_nu = lambda_k (k / nu)^a,  nu = k+1..d, with
    the exponent of `fit_exponent` over ranks k/2..k, or flat where that rises. Raises ValueError
    unless 4 <= k <= d and all k are positive: after a zero there is nothing to come. Use this for
    the list that a truncated analysis of principal components leaves.
    """
    ranked = np.sort(validate.positive("spectrum", validate.spectrum(spectrum)))[::-1]
    k = validate.integer("number of eigenvalues", ranked.size, low=4)
    d = validate.integer("d", d, low=k)
    a = max(fit_exponent(ranked, k // 2, k), 0.0)
    return np.concatenate([ranked, ranked[-1] * (k / np.arange(k + 1, d + 1)) ** a])


def moments(x: Array) -> tuple[Array, Array]:
    """Mean, (d,), and covariance, (d, d), of the rows of x, (n, d) or (n, h, w).

    The covariance is normalised by n: it is that of the empirical distribution. For float32 points
    it is without the variance that their rounding adds, so that `of_covariance` finds the rank
    that `of_data` does. Raises ValueError if x is empty or not finite.
    """
    unit, points = units.near_one(validate.samples("x", x))
    mean = points.mean(axis=0)
    centred = points - mean
    covariance = centred.T @ centred / len(points)
    if rounding.single(x):
        variances, v = np.linalg.eigh(covariance)
        noise = rounding.resolution_of_data(variances, x, mean)
        covariance = (v * rounding.resolved(variances, noise)) @ v.T
    return unit.on(mean, 1, "x"), unit.on(covariance, 2, "x")


def of_data(x: Array) -> Array:
    """Eigenvalues, largest first, (d,), of the covariance of x, (n, d) or (n, h, w).

    With fewer points than dimensions they come from the n x n Gram matrix, which has the same
    eigenvalues up to zeros. What cannot be told from rounding is zero, for float32 points also
    what their own rounding adds. Raises ValueError if x is empty or not finite, and MemoryError,
    beforehand, if there is not enough memory.
    """
    unit, points = units.near_one(validate.samples("x", x))
    n, d = points.shape
    memory.require(8 * (n * d + 4 * min(n, d) ** 2), f"the spectrum of {n:,} points with {d=}")
    mean = points.mean(axis=0)
    centred = points - mean
    product = centred.T @ centred if d <= n else centred @ centred.T
    levels = np.pad(_decreasing(product / n), (0, max(d - n, 0)))
    found = rounding.resolved(levels, rounding.resolution_of_data(levels, x, mean))
    return unit.on(found, 2, "x")


def of_covariance(covariance: Array) -> Array:
    """Eigenvalues of a covariance, largest first, (d,).

    Those that cannot be told from zero are zero: below d eps times the largest, with the eps of
    float32 for a matrix in float32 (`resolved`). Raises ValueError unless the matrix is symmetric
    and positive semi-definite up to rounding.
    """
    unit, matrix = units.near_one(matrices.symmetric("covariance", covariance))
    return _checked("covariance", covariance, _decreasing(matrix), unit)


def eigenpairs(
    covariance: Array, name: str = "covariance", d: int | None = None
) -> tuple[Array, Array]:
    """Eigenvalues, largest first, (d,), and eigenvectors as columns, (d, d), of a covariance.

    Eigenvalues that cannot be told from zero are zero, as for `of_covariance`. Of a vector and its
    negative it is the one whose largest entry, the first of equals, is positive, on any machine;
    vectors of equal eigenvalues are any basis of their space. Raises ValueError
    naming `name` unless the matrix is symmetric, positive semi-definite up to rounding and, if d is
    given, d x d.
    """
    unit, matrix = units.near_one(matrices.symmetric(name, covariance, d))
    eigenvalues, eigenvectors = (part[..., ::-1] for part in np.linalg.eigh(matrix))
    return _checked(name, covariance, eigenvalues, unit), _signed(eigenvectors)


def resolved(variances: Array) -> Array:
    """The variances, (d,), with those below d eps times the largest, mere rounding, set to zero.

    eps is that of float32 if they come in it, of float64 otherwise. Raises ValueError if they are
    not finite numbers.
    """
    validate.numbers("variances", variances)
    return rounding.resolved(variances)


def _checked(name: str, covariance: ArrayLike, eigenvalues: Array, unit: Unit) -> Array:
    """The eigenvalues of this covariance, none of them negative and none of them rounding."""
    matrices.semidefinite(name, covariance, eigenvalues)
    found = rounding.resolved(eigenvalues, rounding.resolution(eigenvalues, covariance))
    return unit.on(found, 1, name)


def _signed(vectors: Array) -> Array:
    """Columns with their largest entry positive; what is nearly as large is equal to it."""
    size = np.abs(vectors)
    place = (size >= EQUAL * size.max(axis=0)).argmax(axis=0)
    return vectors * np.sign(vectors[place, np.arange(len(vectors))])


def _decreasing(matrix: Array) -> Array:
    """Eigenvalues of a symmetric matrix, largest first."""
    return np.asarray(np.linalg.eigvalsh(matrix)[::-1], dtype=np.float64)
