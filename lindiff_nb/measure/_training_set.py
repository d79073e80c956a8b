"""One Gaussian training set, as far as the fit can see it, and the moments of that fit.

The fit sees n points through their mean and their scatter about it. In units of the population's
deviations the scatter is Wishart with n degrees of freedom, n - 1 if its mean is estimated and so
taken out; and then the mean is independent of it, N(0, I / n). With at least as many degrees of
freedom as dimensions a triangular factor of the scatter is drawn in place of the points
(Bartlett 1933): the same law at a price that does not grow with n.
"""

from typing import NamedTuple

import numpy as np

from lindiff_nb._base.types import Array
from lindiff_nb.exact.denoiser import Modes
from lindiff_nb.exact.spectra import resolved


class TrainingSet(NamedTuple):
    """What n points in r directions with variance leave behind, in units of their deviations."""

    d: int
    n: int
    variances: Array  # (r,) the positive entries of the spectrum
    white: Array  # (m, r), m <= r, with the scatter matrix white' white
    offset: Array  # (r,) the mean that the fit subtracts, less the true one


def draw(
    rng: np.random.Generator, spectrum: Array, n: int, estimated_mean: bool = False
) -> TrainingSet:
    """A training set from N(0, diag(spectrum)); directions without variance take no chances."""
    variances = spectrum[spectrum > 0]
    r = len(variances)
    dof = n - 1 if estimated_mean else n
    white = rng.standard_normal((dof, r)) if dof < r else _bartlett(rng, dof, r)
    offset = rng.standard_normal(r) / np.sqrt(n) if estimated_mean else np.zeros(r)
    return TrainingSet(len(spectrum), n, variances, white, offset)


def _bartlett(rng: np.random.Generator, dof: int, r: int) -> Array:
    """An upper triangular A, (r, r), with A' A Wishart: chi on the diagonal, normal above it."""
    white = np.diag(np.sqrt(rng.chisquare(dof - np.arange(r))))
    white[~np.tri(r, dtype=bool)] = rng.standard_normal(r * (r - 1) // 2)
    return white


def covariance(at: TrainingSet) -> Array:
    """Sigma_0, (r, r), or if that is smaller the Gram matrix, (m, m): the same eigenvalues."""
    x = at.white * np.sqrt(at.variances / at.n)
    m, r = x.shape
    return x @ x.T if m < r else x.T @ x


def eigenvalues(at: TrainingSet) -> Array:
    """The eigenvalues of Sigma_0, (d,), decreasing, zeros included."""
    found = np.linalg.eigvalsh(covariance(at))[::-1].clip(min=0)
    return np.pad(found, (0, at.d - len(found)))


def modes(at: TrainingSet) -> Modes:
    """The eigendecomposition of Sigma_0, decreasing; no eigenvectors are kept.

    For m < r an eigenvector u of the Gram matrix gives white' u. The null space, if any, is the
    last entry: it holds what the others leave of the traces.
    """
    m, r = at.white.shape
    found, vectors = np.linalg.eigh(covariance(at))
    found = resolved(found)
    if m < r:
        first = np.count_nonzero(found == 0)
        found, vectors = found[first:], vectors[:, first:]
        vectors = (at.white * np.sqrt(at.variances)).T @ vectors
    offset = at.offset * np.sqrt(at.variances)
    moved = np.square(offset @ vectors)
    squares = np.square(vectors, out=vectors)
    lengths = squares.sum(axis=0)
    seen = (at.variances @ squares) / lengths
    return _with_null_space(at, found, seen, moved / lengths, float(offset @ offset))


def _with_null_space(
    at: TrainingSet, found: Array, seen: Array, moved: Array, distance: float
) -> Modes:
    """Increasing modes, turned round, and what they leave of the variance and of the distance."""
    null, hidden = at.d - len(found), len(at.variances) - len(found)
    rest = np.array([at.variances.sum() - seen.sum(), distance - moved.sum()]).clip(min=0)
    rest = rest / null if hidden else np.zeros(2)  # nothing, not even rounding, if none is hidden
    last = slice(None) if null else slice(-1)
    return Modes(
        np.append(found[::-1], 0.0)[last],
        None,
        np.append(seen[::-1], rest[0])[last],
        np.append(moved[::-1], rest[1])[last],
        np.append(np.ones(len(found)), float(null))[last],
    )
