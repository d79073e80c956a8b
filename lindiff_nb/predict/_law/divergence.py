"""Sums over the modes that variances of log-determinants and divergences are made of.

a is df_2 / n, and h(a) = -a - ln(1 - a), which is `_by_size.h` of 1 - a.
"""

from collections.abc import Callable

import numpy as np

from lindiff_nb._base.types import Array
from lindiff_nb.predict import ridge
from lindiff_nb.predict._law.sizes import h
from lindiff_nb.predict._spectrum import distinct, total


class Law:
    """kappa, a = df_2 / n, 1 - a and 1 - df_1 / n at each xi, and averages over the modes."""

    def __init__(self, xi: Array, spectrum: Array, n: int) -> None:
        at = ridge.response(xi, spectrum, n)
        self.levels, self.counts = distinct(spectrum)
        self.n, self.kappa = n, at.kappa
        self.q, self.rest = at.excess / n, (at.excess + at.spread) / n
        self.a = self.average(lambda lam, k: (lam / (lam + k)) ** 2)

    def average(self, term: Callable[..., Array], *more: Array) -> Array:
        """(1/n) sum_nu term(lambda_nu, kappa, ..)."""
        return total(term, self.levels, self.counts, self.kappa, *more) / self.n

    def h(self) -> Array:
        """h(a)."""
        return h(-self.a, self.rest)


def deviation(spectrum: Array, n: int, dof: int, c: Array, to_population: bool) -> Array:
    """The deviation of the divergence in total nats at each c; infinite where its mean is.

    dof = n if the mean is known, n - 1 if it is estimated.
    """
    rank = np.count_nonzero(spectrum)
    result = np.full(c.shape, np.inf)
    regular = (c > 0) & (rank == len(spectrum)) | (c == 0) & (dof > rank)
    formula = _to_population if to_population else _to_sampler
    result[regular] = formula(Law(c[regular] * (n / dof), spectrum, dof), n) / np.sqrt(2)
    return result


def _to_population(at: Law, n: int) -> Array:
    """sqrt(2) deviations of KL(sampler || population) in total nats; see `fluctuations.kl_sd`.

    With n - at.n = 1 the mean is estimated: its distance, |N(0, I / n)|^2 in the population's
    metric, adds 2 / n^2 for each direction to the variance of twice the divergence.
    """
    lost, rank = (n - at.n) / n, at.counts.sum()
    kept = at.average(lambda lam, k: (k / (lam + k) - lost) ** 2)
    return np.sqrt(kept + at.h() + lost * rank / n)


def _to_sampler(at: Law, n: int) -> Array:
    """sqrt(2) deviations of KL(population || sampler) in total nats; see `fluctuations.kl_sd`.

    With t multiplied by q = 1 - df_1 / n throughout, because for a small ridge it is about 1 / q.
    If the mean is estimated, its distance is on average Tr (Sigma_0 + c)^-1 Sigma / n and deviates
    from that by 2 Tr [(Sigma_0 + c)^-1 Sigma]^2 / n^2.
    """

    def moved(lam: Array, k: Array, a: Array, rest: Array) -> Array:
        return (lam - k * a / rest) / ((lam + k) * rest)

    law = at.a, at.rest
    mean = at.average(lambda lam, k, *z: (lam / (lam + k)) ** 2 * moved(lam, k, *z), *law)
    mean = np.divide(mean, at.a, out=np.zeros_like(mean), where=at.a > 0)  # a = 0 by underflow
    spread = at.average(
        lambda lam, k, t, *z: (lam / (lam + k) * (moved(lam, k, *z) - t)) ** 2, mean, *law
    )
    lost = n - at.n
    scale = (n + lost) / at.n
    both = at.q**2 * at.h() + at.a * (at.q - scale * mean) ** 2 + at.rest * scale**2 * spread
    return np.sqrt(both + lost * at.a / (at.n * at.rest)) / at.q
