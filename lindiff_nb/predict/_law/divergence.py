"""Sums over the modes that variances of log-determinants and divergences are made of.

a is df_2 / n, r = 1 - a and h(a) = -a - ln(1 - a), the `excess` of r.
"""

from collections.abc import Callable

import numpy as np

from lindiff_nb._base.digits import excess
from lindiff_nb._base.types import Array, Wholes
from lindiff_nb.predict import ridge
from lindiff_nb.predict._law.fit import ratio
from lindiff_nb.predict.population import Population


class Law:
    """kappa, a = df_2 / n, r = 1 - a and q = 1 - df_1 / n at each xi; averages over the modes."""

    def __init__(self, xi: Array, population: Population, n: Wholes) -> None:
        found = ridge.response(xi, population, n)
        self.population, self.n, self.kappa = population, n, found.kappa
        self.q, self.r = found.excess / n, (found.excess + found.spread) / n
        self.a = self.average(lambda lam, k: (lam / (lam + k)) ** 2)

    def average(self, term: Callable[..., Array], *more: Array) -> Array:
        """(1/n) sum_nu term(lambda_nu, kappa, ..)."""
        return self.population.total(term, self.kappa, *more) / self.n

    def h(self) -> Array:
        """h(a)."""
        return excess(-self.a, self.r)


def deviation(population: Population, n: int, dof: int, c: Array, to_population: bool) -> Array:
    """The deviation of the divergence in total nats at each c; infinite where its mean is.

    dof = n if the mean is known, n - 1 if it is estimated.
    """
    rank = population.rank
    result = np.full(c.shape, np.inf)
    regular = (c > 0) & (rank == population.d) | (c == 0) & (dof > rank)
    formula = _to_population if to_population else _to_sampler
    result[regular] = formula(Law(c[regular] * (n / dof), population, dof), n) / np.sqrt(2)
    return result


def _to_population(law: Law, n: int) -> Array:
    """sqrt(2) deviations of KL(sampler || population) in total nats; see `fluctuations.kl_sd`.

    With n - law.n = 1 the mean is estimated: its distance, |N(0, I / n)|^2 in the population's
    metric, adds 2 / n^2 for each direction to the variance of twice the divergence.
    """
    lost = (n - law.n) / n
    kept = law.average(lambda lam, k: (k / (lam + k) - lost) ** 2)
    return np.sqrt(kept + law.h() + lost * law.population.rank / n)


def _to_sampler(law: Law, n: int) -> Array:
    """sqrt(2) deviations of KL(population || sampler) in total nats; see `fluctuations.kl_sd`.

    With t multiplied by q = 1 - df_1 / n throughout, because for a small ridge it is about 1 / q.
    If the mean is estimated, its distance is on average Tr (Sigma_0 + c)^-1 Sigma / n and deviates
    from that by 2 Tr [(Sigma_0 + c)^-1 Sigma]^2 / n^2.
    """

    def moved(lam: Array, k: Array, a: Array, r: Array) -> Array:
        return (lam - k * a / r) / ((lam + k) * r)

    a, q, r, lost = law.a, law.q, law.r, n - law.n
    mean = law.average(lambda lam, k, *ar: (lam / (lam + k)) ** 2 * moved(lam, k, *ar), a, r)
    mean = ratio(mean, a, 0.0)  # a = 0 by underflow
    spread = law.average(
        lambda lam, k, t, *ar: (lam / (lam + k) * (moved(lam, k, *ar) - t)) ** 2, mean, a, r
    )
    scale = (n + lost) / law.n
    both = q**2 * law.h() + a * (q - scale * mean) ** 2 + r * scale**2 * spread
    return np.sqrt(both + lost * a / (law.n * r)) / q
