"""A population's spectrum, checked, brought into its unit, sorted and counted once.

Every function of `predict` takes a spectrum, the eigenvalues of the population's covariance in any
order, or a `Population` made of it. Inside only the latter travels. Sums over the d directions are
sums over the distinct levels, each times its count.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lindiff_nb._base import rounding, units, validate
from lindiff_nb._base.blocks import blocks
from lindiff_nb._base.types import Array, ArrayLike
from lindiff_nb._base.units import Unit

EPSILON = float(np.finfo(float).eps)
LEAST = 1e-60  # its fourth power is a normal number


class Population:
    """A spectrum, (d,), that functions of `predict` need not check and sort again.

    Use this when one spectrum goes to many of them. Its numbers are in a unit of its own, a power
    of two near the largest variance. Raises ValueError for a spectrum that is not one, or with a
    variance below 2^-500 of the largest.
    """

    unit: Unit
    spectrum: Array  # (d,), in the order given
    levels: Array  # (m,): the distinct positive variances, increasing
    counts: Array  # (m,): how often each occurs

    def __init__(
        self, spectrum: ArrayLike, *, check: Callable[..., Array] = validate.spectrum
    ) -> None:
        """Check and sort it."""
        self.unit, self.spectrum = units.spectrum(spectrum, check=check)
        self.levels, self.counts = _distinct(self.spectrum)

    def __eq__(self, other: object) -> bool:
        """Whether it is made of the same numbers."""
        return isinstance(other, Population) and self._key == other._key

    def __hash__(self) -> int:
        """Of these numbers."""
        return hash(self._key)

    @cached_property
    def _key(self) -> tuple[Unit, bytes]:
        return self.unit, self.spectrum.tobytes()

    @cached_property
    def d(self) -> int:
        """The number of directions."""
        return len(self.spectrum)

    @cached_property
    def rank(self) -> int:
        """The number of directions that vary."""
        return int(self.counts.sum())

    @cached_property
    def traces(self) -> Array:
        """The sum of the variances at each level."""
        return self.levels * self.counts

    @cached_property
    def trace(self) -> float:
        """The sum of all variances."""
        return float(self.levels @ self.counts)

    @cached_property
    def below(self) -> Array:
        """How many directions vary less than each level, and how many vary at all, (m + 1,)."""
        return np.concatenate([[0.0], np.cumsum(self.counts)])

    @cached_property
    def own(self) -> Population:
        """The population in its own unit."""
        return _made(Unit(0), self.spectrum, self.levels, self.counts)

    @cached_property
    def beside_noise(self) -> Population:
        """The population in the unit of the noise, which has variance one; not too far from it."""
        variances, levels = (self.unit.on(values) for values in (self.spectrum, self.levels))
        if abs(self.unit.exponent) > units.SQUARES:
            wanted = (
                f"within a factor {2.0**units.SQUARES:.0e} of the noise, which has variance one"
            )
            raise validate.fail("spectrum", variances, wanted)
        return _made(Unit(0), variances, levels, self.counts)

    @cached_property
    def varying(self) -> Population:
        """The population without what cannot be told from rounding (`_base.validate`)."""
        return self._with(rounding.resolved(self.spectrum))

    def beside(self, noise: float) -> Population:
        """The population without what is rounding and nothing beside noise of this variance too."""
        nothing = max(EPSILON * noise, LEAST)
        limit = min(rounding.resolution(self.spectrum), nothing)
        found = self._with(rounding.resolved(self.spectrum, limit))
        found.varying = found
        return found

    @cached_property
    def seen(self) -> Population:
        """The directions that vary alone."""
        return self._with(self.spectrum[self.spectrum > 0])

    @cached_property
    def squared(self) -> Population:
        """The population whose variances are the squares of these numbers, in no other unit."""
        squares = _made(Unit(0), self.spectrum**2, self.levels**2, self.counts)
        squares.varying = squares  # one far below the largest is no rounding
        return squares

    def _with(self, spectrum: Array) -> Population:
        """Another spectrum in the same unit."""
        return _made(self.unit, spectrum, *_distinct(spectrum))

    def top(self, n: int) -> float:
        """No eigenvalue of a sample covariance of n points lies above, in large dimension."""
        return float((np.sqrt(self.levels[-1]) + np.sqrt(self.trace / n)) ** 2)

    def total(self, term: Callable[..., Array], *values: Array) -> Array:
        """sum_nu term(lambda_nu, ..) over all that vary, at each entry of arrays of one shape."""
        flat = [value.reshape(-1, 1) for value in values]
        result = np.empty(values[0].size)
        for rows in blocks(result.size, self.levels.size):
            result[rows] = term(self.levels, *(value[rows] for value in flat)) @ self.counts
        return result.reshape(values[0].shape)[()]


if TYPE_CHECKING:
    Spectrum = ArrayLike | Population
else:
    Spectrum = type("Spectrum", (), {"__module__": "builtins"})


def known(spectrum: Spectrum) -> Population:
    """The population with this spectrum."""
    return spectrum if isinstance(spectrum, Population) else Population(spectrum)


def enter(spectrum: Spectrum) -> tuple[Unit, Population]:
    """The unit of a population, and the population in it."""
    at_hand = known(spectrum)
    return at_hand.unit, at_hand.own if at_hand.unit.exponent else at_hand


def enter_varying(spectrum: Spectrum) -> tuple[Unit, Population]:
    """The same of what varies by more than rounding, for answers that jump where nothing varies.

    Raises ValueError for a spectrum that is not one.
    """
    if isinstance(spectrum, Population):
        return enter(spectrum.varying)
    return enter(Population(spectrum, check=validate.varying))


def _distinct(spectrum: Array) -> tuple[Array, Array]:
    """The levels of a spectrum, and their counts."""
    levels, counts = np.unique(spectrum[spectrum > 0], return_counts=True)
    return levels, counts.astype(np.float64)


def _made(unit: Unit, spectrum: Array, levels: Array, counts: Array) -> Population:
    """A population of what is known already."""
    made = object.__new__(Population)
    made.unit, made.spectrum, made.levels, made.counts = unit, spectrum, levels, counts
    return made
