"""The replica calculation by sampling: training sets, partition functions, and overlaps.

    Z = integral dx (2 pi)^(-d/2) exp(-x'(Sigma_0 + xi) x / 2) = det(Sigma_0 + xi)^(-1/2)

for the covariance Sigma_0 of n points from N(0, Sigma), Sigma = diag(spectrum), mean known. A
training set gives one Z for every xi; <ln Z> is a mean of raw draws and ln <Z^m> a mean of
exponentials, for which a few draws may decide: `log_moment` says how many.
"""

from typing import NamedTuple

import numpy as np

from lindiff_nb._base import units, validate
from lindiff_nb._base.types import Array, Reals
from lindiff_nb.measure import _training_set as training_set


class LogMoment(NamedTuple):
    """ln <Z^m> / m, its standard error, and the number of draws that decide it."""

    value: Array
    error: Array
    effective_draws: Array


def log_partition(
    rng: np.random.Generator, spectrum: Array, n: int, xi: Reals, draws: int = 100
) -> Array:
    """ln Z = -ln det(Sigma_0 + xi) / 2 in total nats, (draws, *shape of xi), for xi > 0.

    Raises ValueError for a seed in place of a generator, a spectrum that is not one, n < 1, xi that
    is not positive or draws < 1.
    """
    rng, (unit, spectrum) = validate.generator(rng), units.varying(spectrum)
    n, xi = validate.integer("n", n), unit.off("xi", validate.positive("xi", xi))
    result = np.empty((validate.integer("draws", draws), *xi.shape))
    for draw in range(draws):
        found = training_set.eigenvalues(training_set.draw(rng, spectrum, n))
        result[draw] = -np.log(np.add.outer(xi, found)).sum(axis=-1) / 2
    return result - unit.log(len(spectrum)) / 2


def log_moment(log_z: Array, m: float) -> LogMoment:
    """ln <Z^m> / m from draws of ln Z along the first axis; for m = 0 the mean of ln Z.

    With the weights w = Z^m the error is std(w) / (mean(w) m sqrt(draws)), and the effective
    number of draws (sum w)^2 / sum w^2. Where that is small neither is to be trusted: the average
    belongs to training sets that were not drawn. Weights are taken relative to the largest, so
    that nothing overflows. Raises ValueError for fewer than two draws, numbers that are not finite
    or m < 0.
    """
    log_z, m = validate.numbers("log_z", log_z), validate.magnitude("m", m)
    if log_z.ndim < 1 or len(log_z) < 2:
        raise validate.fail("log_z", log_z, "an array of two draws or more")
    count = len(log_z)
    if m == 0:
        error = log_z.std(axis=0, ddof=1) / np.sqrt(count)
        return LogMoment(log_z.mean(axis=0), error, np.full(log_z.shape[1:], float(count)))
    top = log_z.max(axis=0)
    weight = np.exp(m * (log_z - top))
    mean = weight.mean(axis=0)
    error = weight.std(axis=0, ddof=1) / (mean * m * np.sqrt(count))
    effective = weight.sum(axis=0) ** 2 / np.square(weight).sum(axis=0)
    return LogMoment(top + np.log(mean) / m, error, effective)


def overlaps(
    rng: np.random.Generator,
    spectrum: Array,
    n: int,
    xi: float,
    replicas: int = 2,
    draws: int = 10,
) -> Array:
    """Q_ab = x_a' Sigma x_b of replicas x ~ N(0, (Sigma_0 + xi)^-1), (draws, replicas, replicas).

    Each draw is one training set: the quenched average, m -> 0. Raises ValueError as
    `log_partition` does, and for replicas < 1.
    """
    rng, (unit, spectrum) = validate.generator(rng), units.varying(spectrum)
    n, xi = validate.integer("n", n), validate.number("xi", validate.positive("xi", xi))
    xi = float(unit.off("xi", np.array(xi)))
    replicas = validate.integer("replicas", replicas)
    spread = np.sqrt(spectrum[spectrum > 0])
    result = np.empty((validate.integer("draws", draws), replicas, replicas))
    for draw in range(draws):
        points = training_set.draw(rng, spectrum, n).white * spread / np.sqrt(n)
        factor = np.linalg.cholesky(points.T @ points + xi * np.eye(len(spread)))
        x = np.linalg.solve(factor.T, rng.standard_normal((len(spread), replicas)))
        result[draw] = (x.T * spread**2) @ x
    return result
