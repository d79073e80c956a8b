"""How much noise at which step.

Step t replaces x by sqrt(1 - beta_t) x + sqrt(beta_t) eps, so after t steps

    x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) eps
    alpha_bar_t = prod_{s <= t} (1 - beta_s)

A schedule is the array of its beta_t; steps are counted from 1, as in the papers, so step t is
entry t - 1 of every array here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lindiff_nb._base import validate
from lindiff_nb._base.types import Array

MERGER_GOLDT_BETA_END = 1e-2  # Merger & Goldt's talk; alpha_bar_T = 6.3e-3 at T = 1000
LEAST = 1e-13  # the smallest beta: of less, 1 - beta keeps no three digits
HO_BETA_END = 2e-2  # Ho et al. 2020, and Merger & Goldt's later code; alpha_bar_T = 4.0e-5


@dataclass(frozen=True, eq=False, repr=False)
class Schedule:
    """The variances beta, (T,), in (0, 1), of the noise added step by step.

    Raises ValueError if a beta is outside (0, 1) or below LEAST, where 1 - beta rounds it away, or
    if alpha_bar underflows to zero.
    """

    beta: Array

    def __post_init__(self) -> None:
        """Check beta, and keep a copy that nobody can write to."""
        beta = validate.vector("beta", self.beta)
        if np.any((beta <= 0) | (beta >= 1)) or not np.prod(1 - beta) > 0:
            raise validate.fail("beta", beta, "in (0, 1), with a positive product of 1 - beta")
        if np.any(beta < LEAST):
            raise validate.fail("beta", beta, f"{LEAST:g} or more, or 1 - beta rounds it away")
        object.__setattr__(self, "beta", _read_only(beta))

    def __repr__(self) -> str:
        """Name the ends, not a thousand numbers."""
        return f"Schedule({self.steps} steps, beta {self.beta[0]:g} to {self.beta[-1]:g})"

    @property
    def steps(self) -> int:
        """T, the number of steps."""
        return len(self.beta)

    @cached_property
    def alpha_bar(self) -> Array:
        """alpha_bar_t, the share of the signal's variance left after step t, (T,)."""
        return _read_only(np.cumprod(1 - self.beta, dtype=np.float64))

    @cached_property
    def alpha_bar_before(self) -> Array:
        """alpha_bar_{t-1}, what step t starts from, (T,); alpha_bar_0 = 1."""
        return _read_only(np.concatenate([[1.0], self.alpha_bar[:-1]]))

    @cached_property
    def noise_ratio(self) -> Array:
        """(1 - alpha_bar_t) / alpha_bar_t, noise variance per unit of signal variance, (T,)."""
        return _read_only((1 - self.alpha_bar) / self.alpha_bar)


def linear(
    steps: int = 1000, beta_start: float = 1e-4, beta_end: float = MERGER_GOLDT_BETA_END
) -> Schedule:
    """beta_t = beta_start + (beta_end - beta_start) t / T  for t = 1..T.

    Raises ValueError if steps < 1 or a beta is outside (0, 1). Source: Merger & Goldt's talk;
    Ho et al. 2020 go to HO_BETA_END.
    """
    steps = validate.integer("steps", steps)
    start = _fraction("beta_start", beta_start)
    end = _fraction("beta_end", beta_end)
    t = np.arange(1, steps + 1)
    return Schedule(start + (end - start) * t / steps)


def cosine(steps: int = 1000, offset: float = 0.008, beta_max: float = 0.999) -> Schedule:
    """alpha_bar_t = f(t) / f(0)  with  f(t) = cos^2( (pi/2) (t/T + offset) / (1 + offset) ).

    The last betas, which would reach 1, are cut off at beta_max. Raises ValueError if steps < 1,
    offset < 0 or beta_max is outside (0, 1). Source: Nichol & Dhariwal 2021, eq. 17.
    """
    steps = validate.integer("steps", steps)
    shift = validate.magnitude("offset", offset)
    beta_max = _fraction("beta_max", beta_max)
    angle = (np.arange(steps + 1) / steps + shift) / (1 + shift) * np.pi / 2
    f = np.cos(angle) ** 2
    return Schedule(np.minimum(1 - f[1:] / f[:-1], beta_max))


def checked(schedule: Schedule) -> Schedule:
    """The schedule itself; anything that is not a Schedule raises ValueError."""
    return validate.made("schedule", schedule, Schedule)


def _fraction(name: str, value: float) -> float:
    """A number strictly between 0 and 1."""
    fraction = validate.number(name, value)
    if not 0 < fraction < 1:
        raise validate.fail(name, value, "in (0, 1)")
    return fraction


def _read_only(array: Array) -> Array:
    """The array, closed for writing: a schedule is shared."""
    array.flags.writeable = False
    return array
