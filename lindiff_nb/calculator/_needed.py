"""How many images are enough: the least n from which on an aim is met.

The divergence of the samples at its best ridge falls with n, so doubling and halving find its n. A
loss need not: with a ridge that is too large it rises with n, towards what that ridge costs with
endless images, and in between it may rise and fall again. It does so where the images begin to
show one group of directions after another, so for n up to a few d, and as a smooth function of
ln n; beyond, what is left of the excess is proportional to 1 / n. So a grid of sizes, the peaks
between its points, and the limit tell from where on it stays below its aim.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from lindiff_nb._base import validate
from lindiff_nb._base.types import Array, Integers
from lindiff_nb._base.valley import ENDLESS, least
from lindiff_nb.calculator import _inputs
from lindiff_nb.exact.averages import gauss_rule
from lindiff_nb.predict import best_ridge, divergence, losses
from lindiff_nb.predict.population import Population

PER_OCTAVE = 3  # sizes tried
FAR = 16  # images per dimension from which on a loss only falls or only rises


class Needed(NamedTuple):
    """How many images are enough; infinite if no number is."""

    loss_excess: float  # share of the residual loss ..
    n_for_loss: float  # .. that the mean test loss exceeds it by, at the ridge asked for
    n_for_loss_at_best_c: float  # the same at the best ridge for each n
    kl: float  # nats per dimension ..
    n_for_kl: float  # .. of the samples from the truth, at the best ridge for each n


def needed(
    spectrum: Array,
    alpha_bar: Array,
    c: float = 0.0,
    *,
    loss_excess: float = 0.1,
    kl: float = 0.01,
    mean: str = "fitted",
) -> Needed:
    """The least n from which on each aim is met; arguments and errors as for `report`."""
    fitted = _inputs.is_fitted(mean)
    population = Population(_inputs.spectrum(spectrum))
    rule = gauss_rule(_inputs.levels(alpha_bar))
    return found(population, *rule, validate.ridge(c), fitted, *aims(loss_excess, kl))


def aims(loss_excess: float, kl: float) -> tuple[float, float]:
    """Both, checked."""
    named = (("loss_excess", loss_excess), ("kl", kl))
    first, second = (validate.number(name, validate.positive(name, aim)) for name, aim in named)
    return first, second


def found(
    population: Population,
    a: Array,
    share: Array,
    c: float,
    fitted: bool,
    loss_excess: float,
    kl: float,
) -> Needed:
    """`needed` for checked arguments, and the levels and weights of a Gauss rule."""
    limit = (1 + loss_excess) * (share @ losses.residual_loss(population, a))
    varying = population.seen

    def excess(n: Integers) -> Array:
        return losses.test_loss(population, n[:, None], a, c, estimated_mean=fitted) @ share - limit

    def loss_is_reached(n: int) -> bool:
        c = best_ridge.for_test_loss(population, n, a, weights=share, estimated_mean=fitted)
        return bool(losses.test_loss(population, n, a, c, estimated_mean=fitted) @ share <= limit)

    def kl_is_reached(n: int) -> bool:
        ridge = best_ridge.for_kl(varying, n, estimated_mean=fitted)
        told = divergence.kl(varying, n, ridge, estimated_mean=fitted)
        return bool(varying.d / population.d * told <= kl)

    first = 1 + fitted
    for_loss = from_there_on(excess, first, FAR * population.d)
    at_best = least(loss_is_reached, first)
    return Needed(loss_excess, for_loss, at_best, kl, least(kl_is_reached, first))


def from_there_on(excess: Callable[[Integers], Array], first: int, far: int) -> float:
    """The least n >= first such that excess <= 0 there and for every larger n; infinite if none is.

    excess takes sizes, (k,). Beyond `far` it is taken to rise or to fall throughout.
    """

    def at_one(n: int) -> float:
        return float(excess(np.array([n]))[0])

    if at_one(ENDLESS) > 0:
        return np.inf
    octaves = np.log2(max(far, 4 * first) / first)
    grid = first * 2 ** np.linspace(0, octaves, int(PER_OCTAVE * octaves) + 2)
    sizes = np.unique(np.rint(grid).astype(np.int64))
    values = excess(sizes)
    if values[-1] > 0:
        return least(lambda n: at_one(n) <= 0, int(sizes[-1]))
    for at in range(sizes.size - 2, -1, -1):
        fails, before = int(sizes[at]), max(at - 1, 0)
        if values[at] <= 0:
            if values[at] < max(values[before], values[at + 1]):
                continue
            fails = _peak(at_one, int(sizes[before]), int(sizes[at + 1]))
            if at_one(fails) <= 0:
                continue
        return _turn(at_one, fails, int(sizes[sizes > fails][0]))
    return first


def _peak(excess: Callable[[int], float], low: int, high: int) -> int:
    """Where a function with one maximum between two whole numbers has it."""
    while high - low > 2:
        third = max((high - low) // 3, 1)
        left, right = low + third, high - third
        low, high = (left, high) if excess(left) < excess(right) else (low, right)
    return max(range(low, high + 1), key=excess)


def _turn(excess: Callable[[int], float], fails: int, holds: int) -> int:
    """The first whole number after which the excess is not above zero, given one on either side."""
    while holds - fails > 1:
        middle = (fails + holds) // 2
        fails, holds = (middle, holds) if excess(middle) > 0 else (fails, middle)
    return holds
