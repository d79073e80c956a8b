"""Where copying sets in: fractions of few samples, how sure they are, and where they cross a level.

A fraction of samples that are copies is a binomial count, known to a standard error of at most
1 / sqrt(4 samples). Followed along training, or along the size of the training set, it crosses one
half somewhere; the samples drawn again with replacement say how well we know where. The ratio of
test to training loss falls below a level in the same way. The exponent of a power law through
several draws is found, and its error told, by drawing them again as well.
"""

import numpy as np
from numpy.typing import ArrayLike

from lindiff_nb._base import validate
from lindiff_nb._base.types import Array


def binomial_interval(hits: ArrayLike, trials: int, z: float = 2.0) -> tuple[Array, Array]:
    """The probabilities p for which a count of `hits` in `trials` is within z standard deviations.

    Lower and upper ends, each of the shape of hits: the roots p of

        (hits / trials - p)^2 = z^2 p (1 - p) / trials

    so that 0 hits do not mean p = 0. Right to twelve digits for any z: the upper root is a sum of
    positive terms, the lower one follows from the product of both. Raises ValueError for
    trials < 1, hits that are not whole numbers from 0 to trials, or z that is not positive.
    Source: Wilson 1927.
    """
    n, z = validate.integer("trials", trials), validate.number("z", validate.positive("z", z))
    counts = validate.integers("hits", hits, low=0)
    if np.any(counts > n):
        raise validate.fail("hits", hits, f"at most trials, {n}")
    share, whole = counts / n, np.hypot(np.sqrt(n), z)
    kept, spread = (np.sqrt(n) / whole) ** 2, z / whole  # n / (n + z^2), and the root of the rest
    root = spread * np.sqrt(share * ((n - counts) / n) * kept + spread**2 / 4)
    high = share * kept + spread**2 / 2 + root
    low = np.divide(share**2 * kept, high, out=np.zeros(counts.shape), where=counts > 0)
    high = np.where(counts < n, high.clip(share, 1), 1.0)
    return np.minimum(low, share)[()], high[()]


def crossing(x: ArrayLike, fraction: ArrayLike, level: float = 0.5) -> float:
    """Where a fraction, (m,), first passes the level, up or down, along increasing x > 0, (m,).

    Between two x it is interpolated in log x; infinite if it stays on one side. From where on it
    stays below is `falls_below`. Raises ValueError for arrays that do not fit together, or x that
    are not positive and increasing.
    """
    x = _increasing(x)
    values = validate.vector("fraction", fraction, len(x))
    level = validate.number("level", level)
    changes = np.flatnonzero(np.diff(values >= level))
    if not changes.size:
        return float("inf")
    ends = slice(changes[0], changes[0] + 2)
    share = (level - values[ends][0]) / np.diff(values[ends])[0]
    return float(np.exp(np.log(x[ends][0]) + share * np.diff(np.log(x[ends]))[0]))


def falls_below(x: ArrayLike, y: ArrayLike, level: float) -> float:
    """From where on y > 0, (m,), stays at or below the level, along increasing x > 0, (m,).

    Between two x it is interpolated on a power law. The first x if y is never above the level,
    infinite if the last y is. Raises ValueError for arrays that do not fit together, x that are
    not positive and increasing, or a y or a level that is not positive.
    """
    x = _increasing(x)
    y = validate.positive("y", validate.vector("y", y, len(x)))
    level = float(validate.positive("level", validate.number("level", level)))
    above = np.flatnonzero(y > level)
    if not above.size:
        return float(x[0])
    if (last := above[-1]) == len(x) - 1:
        return float("inf")
    share = np.log(y[last] / level) / np.log(y[last] / y[last + 1])
    return float(x[last] * (x[last + 1] / x[last]) ** share)


def resampled_crossings(
    rng: np.random.Generator,
    x: ArrayLike,
    copied: ArrayLike,
    level: float = 0.5,
    draws: int = 1000,
) -> Array:
    """`crossing` for the samples drawn again with replacement, (draws,); its scatter is the error.

    copied, (samples, m), says of each sample and each x whether it is a copy; samples are drawn as
    rows, since one noise at several x gives samples that belong together. Raises ValueError as
    `crossing`, for a seed in place of a generator, draws < 1, or copied that is not true or false.
    """
    validate.generator(rng)
    x, draws = _increasing(x), validate.integer("draws", draws)
    table = validate.array("copied", copied)
    shaped = table.ndim == 2 and len(table) and table.shape[1] == len(x)
    if np.asarray(copied).dtype != bool or not shaped:
        raise validate.fail("copied", table, f"truth values of shape (samples, {len(x)})")
    times_drawn = rng.multinomial(len(table), np.full(len(table), 1 / len(table)), size=draws)
    fractions = times_drawn @ table / len(table)
    return np.array([crossing(x, fraction, level) for fraction in fractions])


def exponents(
    rng: np.random.Generator, x: ArrayLike, draws: ArrayLike, resamples: int = 1000
) -> Array:
    """Exponents of a power law through positive draws, (draws, m), at x, (m,), sorted.

    The slope of the mean of log draws against log x, for the draws at each x drawn again with
    replacement: the middle is the estimate, the scatter its error. Raises ValueError as `crossing`,
    for a seed in place of a generator, fewer than two x, or draws that are not positive.
    """
    validate.generator(rng)
    x, logs = _increasing(x), np.log(validate.positive("draws", draws))
    if logs.ndim != 2 or not len(logs) or logs.shape[1] != len(x) or len(x) < 2:
        raise validate.fail("draws", logs.shape, f"of shape (draws, {max(len(x), 2)})")
    shape = validate.integer("resamples", resamples), *logs.shape
    again = np.take_along_axis(logs[None], rng.integers(len(logs), size=shape), axis=1)
    return np.sort(np.polyfit(np.log(x), again.mean(axis=1).T, 1)[0])


def _increasing(x: ArrayLike) -> Array:
    """Positive, increasing x."""
    values = validate.positive("x", validate.vector("x", x))
    if np.any(np.diff(values) <= 0):
        raise validate.fail("x", values, "increasing")
    return values
