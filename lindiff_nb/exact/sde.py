"""Noise added without pause: the forward process of which a schedule is a list of steps.

Let the steps of `exact.schedule` become small and many. With t in [0, 1] in place of their number,

    dx = -beta(t) x / 2 dt + sqrt(beta(t)) dW        beta(t) = beta_min + (beta_max - beta_min) t
    x_t = sqrt(alpha_bar) x_0 + sqrt(1 - alpha_bar) z    alpha_bar(t) = exp(- int_0^t beta)

A score grows like 1 / noise at t = 0, so everything starts at a `start` above it. A process that
adds noise and leaves the data as they are, y = x_0 + deviation(t) z, is one of these on another
scale: x = y / sqrt(1 + deviation^2) has alpha_bar = 1 / (1 + deviation^2), and its rate is
beta = -d log alpha_bar / dt. Source: Song et al. 2021, eqs. 9 and 11 and appendix C (they call the
two variance exploding, VE, and variance preserving, VP).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lindiff_nb._base import validate
from lindiff_nb._base.types import Array
from lindiff_nb.exact.modes import Mixture

END = 1.0


class Process(ABC):
    """What processes have in common: a `start`, a rate beta(t), and all that follows from it."""

    start: float

    @abstractmethod
    def beta(self, t: ArrayLike) -> Array:
        """The rate beta(t), the shape of t; ValueError for t outside [start, 1], as everywhere."""

    @abstractmethod
    def alpha_bar(self, t: ArrayLike) -> Array:
        """The share of the signal's variance left at t, the shape of t."""

    def noise(self, t: ArrayLike) -> Array:
        """1 - alpha_bar(t), the variance of the noise at t, the shape of t."""
        return 1 - self.alpha_bar(t)

    def steps(self, count: int) -> Array:
        """count + 1 times from start to 1, (count + 1,), dense where there is little noise.

        t = start + (1 - start) v^2 with v in equal steps. Raises ValueError if count < 1.
        """
        v = np.linspace(0, 1, validate.integer("count", count) + 1)
        return self.start + (END - self.start) * v**2

    def rule(self, nodes: int) -> tuple[Array, Array]:
        """Times and weights, (nodes,) each, of a mean over t uniform in [start, 1].

        Gauss-Legendre in v, as above. Raises ValueError if nodes < 1.
        """
        x, w = np.polynomial.legendre.leggauss(validate.integer("nodes", nodes))
        v = (x + 1) / 2
        return self.start + (END - self.start) * v**2, w * v

    def girsanov(self, t: ArrayLike) -> Array:
        """(1 - start) beta(t) / 2: with this weight a mean over t is half the integral of beta."""
        return (END - self.start) * self.beta(t) / 2

    def information(self, law: Mixture, nodes: int) -> Array:
        """(1/2) int beta E s^2 dt with the true score s of the noised law, by `nodes` in t."""
        times, shares = self.rule(nodes)
        each = [law.at(self.alpha_bar(t)).fisher() for t in times]
        return shares * self.girsanov(times) @ np.array(each)

    def score(self, law: Mixture) -> Callable[[Array, float], Array]:
        """The true score of the noised law: a function of x, (N,), and t, with values (..., N)."""
        return lambda x, t: law.at(self.alpha_bar(t)).score(x)

    def _times(self, t: ArrayLike) -> Array:
        """The times, all within the range."""
        times = validate.numbers("t", t)
        if np.any((times < self.start) | (times > END)):
            raise validate.fail("t", t, f"in [{self.start:g}, {END:g}]")
        return times

    def _check_start(self) -> None:
        """Refuse a start that is no time."""
        if not 0 < self._number("start") < END:
            raise validate.fail("start", self.start, "in (0, 1)")

    def _number(self, name: str) -> float:
        """A field's number, kept as a float: the logarithm of a uint8 has three digits."""
        found = validate.number(name, getattr(self, name))
        object.__setattr__(self, name, found)
        return found


@dataclass(frozen=True)
class VariancePreserving(Process):
    """The process with beta from beta_min to beta_max, used for t in [start, 1].

    Raises ValueError unless 0 < beta_min <= beta_max and 0 < start < 1; methods for other t.
    """

    beta_min: float = 0.1
    beta_max: float = 20.0
    start: float = 0.01

    def __post_init__(self) -> None:
        """Check the three numbers."""
        self._check_start()
        low = float(validate.positive("beta_min", self._number("beta_min")))
        if self._number("beta_max") < low:
            raise validate.fail("beta_max", self.beta_max, f"beta_min = {low:g} or more")

    def beta(self, t: ArrayLike) -> Array:
        """The rate beta(t), the shape of t."""
        return self.beta_min + (self.beta_max - self.beta_min) * self._times(t)

    def alpha_bar(self, t: ArrayLike) -> Array:
        """The share of the signal's variance left at t, the shape of t."""
        times = self._times(t)
        return np.exp(-times * (self.beta_min + (self.beta_max - self.beta_min) * times / 2))


@dataclass(frozen=True)
class VarianceExploding(Process):
    """dy = sigma^t dW: y = x_0 + deviation(t) z, looked at on the scale x = y sqrt(alpha_bar).

    deviation(t)^2 = (sigma^(2t) - 1) / (2 log sigma). On that scale it ends in a standard Gaussian
    as any other, and what is said of scores holds for `scaled` ones. Raises ValueError unless
    sigma > 1 and 0 < start < 1; methods for other t.
    """

    sigma: float = 25.0
    start: float = 0.01

    def __post_init__(self) -> None:
        """Check the two numbers."""
        self._check_start()
        if self._number("sigma") <= 1:
            raise validate.fail("sigma", self.sigma, "above 1")

    def deviation(self, t: ArrayLike) -> Array:
        """The deviation of the noise in y at t, the shape of t."""
        log_sigma = np.log(self.sigma)
        return np.sqrt(np.expm1(2 * log_sigma * self._times(t)) / (2 * log_sigma))

    def beta(self, t: ArrayLike) -> Array:
        """sigma^(2t) alpha_bar(t), the shape of t."""
        return self.sigma ** (2 * self._times(t)) * self.alpha_bar(t)

    def alpha_bar(self, t: ArrayLike) -> Array:
        """1 / (1 + deviation(t)^2), the shape of t."""
        return 1 / (1 + self.deviation(t) ** 2)

    def scaled(self, score: Callable[[Array, float], Array]) -> Callable[[Array, float], Array]:
        """The score of x at t, from that of y: s_x(x) = s_y(x / r) / r with r = sqrt(alpha_bar)."""

        def of_x(x: Array, t: float) -> Array:
            r = np.sqrt(self.alpha_bar(t))
            return score(x / r, t) / r

        return of_x


VP = VariancePreserving()
