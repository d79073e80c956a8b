"""One Gaussian training set, in its population's eigenbasis, and the moments of its fit."""

from typing import NamedTuple

import numpy as np

from lindiff_nb._types import Array
from lindiff_nb.exact.denoiser import Modes
from lindiff_nb.exact.spectra import resolved


class TrainingSet(NamedTuple):
    """n points in the r directions with variance, in units of their standard deviations."""

    variances: Array  # (r,) the positive entries of the spectrum
    white: Array  # (n, r), less the mean that the fit subtracts
    offset: Array  # (r,) that mean, less the true one
    d: int


def draw(
    rng: np.random.Generator, spectrum: Array, n: int, estimated_mean: bool = False
) -> TrainingSet:
    """n points; directions without variance take no random numbers."""
    variances = spectrum[spectrum > 0]
    white = rng.standard_normal((n, len(variances)))
    offset = white.mean(axis=0) if estimated_mean else np.zeros(len(variances))
    return TrainingSet(variances, white - offset, offset, len(spectrum))


def covariance(at: TrainingSet) -> Array:
    """Sigma_0, (r, r), or if that is smaller the Gram matrix / n, (n, n): the same eigenvalues."""
    n, r = at.white.shape
    x = at.white * np.sqrt(at.variances)
    return (x @ x.T if n < r else x.T @ x) / n


def eigenvalues(at: TrainingSet) -> Array:
    """The eigenvalues of Sigma_0, (d,), decreasing, zeros included."""
    found = np.linalg.eigvalsh(covariance(at))[::-1].clip(min=0)
    return np.pad(found, (0, at.d - len(found)))


def modes(at: TrainingSet) -> Modes:
    """The eigendecomposition of Sigma_0, decreasing; no eigenvectors are kept.

    For n < r an eigenvector u of the Gram matrix gives X' u. The null space, if any, is the last
    entry: it holds what the others leave of the traces.
    """
    n, r = at.white.shape
    found, vectors = (part[..., ::-1] for part in np.linalg.eigh(covariance(at)))
    found = resolved(found)
    if n < r:
        found = found[found > 0]
        vectors = (at.white * np.sqrt(at.variances)).T @ vectors[:, : len(found)]
    squares = np.square(vectors)
    lengths = squares.sum(axis=0)
    population = at.variances @ squares / lengths
    offset = at.offset * np.sqrt(at.variances)
    shift = np.square(offset @ vectors) / lengths
    null = at.d - len(found)
    if null:
        hidden = len(found) < r  # else no variance is left, not even a rounding error of it
        left = max(at.variances.sum() - population.sum(), 0.0) * hidden / null
        moved = max(offset @ offset - shift.sum(), 0.0) * hidden / null
        found, population = np.append(found, 0.0), np.append(population, left)
        shift = np.append(shift, moved)
    multiplicity = np.ones(len(found))
    multiplicity[-1] = max(null, 1)
    return Modes(found, None, population, shift, multiplicity)
