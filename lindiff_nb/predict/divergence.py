"""How far the samples of a model fitted to n typical points are from the truth, in nats.

An optimal denoiser with ridge c samples from N(mu_0, Sigma_0 + c). With kappa the effective ridge
at xi = c (`ridge`), delta = df_1(kappa) / n = 1 - c / kappa, and

    w_nu = 1 - delta + c / lambda_nu,     h(w) = w - 1 - ln w >= 0

the typical divergences per dimension are

    KL(sampler || population) = [ sum_nu h(w_nu) + d delta - n h(1 - delta) ] / (2 d)
    KL(population || sampler) = [ sum_nu h(1 / w_nu) + n h(1 - delta) ] / (2 d)

They are the averages  <Tr (Sigma_0 + c)^-1 Sigma> = sum_nu 1 / w_nu  and
<ln det (Sigma_0 + c)> = sum_nu ln(lambda_nu w_nu) + n h(1 - delta)  in a form where nothing
cancels: as c -> 0 and n -> infinity both become d / (4 n).

A mean that is estimated from the n points leaves them n - 1 degrees of freedom: Sigma_0 = f S with
f = (n-1)/n and S a sample covariance of n - 1 points, and mu_0 is off by Sigma / n. So this case
is the one above for n - 1 and c / f, and a correction to the bracket of

    - (c / (n-1)) sum 1 / lambda_nu - d ln f      and      (2 / (n-1)) sum 1 / w_nu + d ln f
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from lindiff_nb._base import validate
from lindiff_nb._base.digits import digamma_rest, excess
from lindiff_nb._base.types import Array, Reals, Wholes
from lindiff_nb.exact.divergence import POPULATION, SAMPLER
from lindiff_nb.predict import ridge
from lindiff_nb.predict._law import sizes
from lindiff_nb.predict.population import Population, Spectrum


def kl(
    spectrum: Spectrum,
    n: Wholes,
    c: Reals,
    direction: str = SAMPLER,
    *,
    estimated_mean: bool = False,
) -> Array:
    """The typical KL divergence per dimension at ridge c, in the shape of n and c together.

    The mean is known, or with `estimated_mean` that of the n points. Of the population's d
    directions let r have variance. Without ridge only these count: infinite for n < r, and for
    population||sampler at n = r; with ridge it is infinite for r < d. (With an estimated mean
    read n - 1 for n.)

    Raises ValueError for a spectrum that is not one, n < 1 (n < 2 if the mean is estimated), a
    negative c or an unknown direction. Source: Merger & Goldt, eqs. 11 and 15.
    """
    return sizes.each(_bracket, spectrum, n, c, direction, estimated_mean) / 2


def wishart_kl(d: int, n: int, direction: str = SAMPLER, *, estimated_mean: bool = False) -> float:
    """The exact mean over training sets without ridge, per dimension, for any spectrum of rank d.

        KL(sampler || population) = -L / (2 d)
        KL(population || sampler) = [ d n / (n - d - 1) - d + L ] / (2 d)
        L = <ln det Sigma_0 - ln det Sigma> = sum_{i<d} psi((n - i) / 2) + d ln(2 / n)

    Infinite for n < d, the second for n < d + 2. If the mean is estimated, psi has n - 1 for n, and
    the term before L is d (d + 3) / (n - d - 2); read n - 1 for n in what is infinite, too. Raises
    ValueError for d < 1, n < 1 (n < 2 if the mean is estimated) or an unknown direction.
    """
    d, lost = validate.integer("d", d), int(estimated_mean)
    n = validate.integer("n", n, low=1 + lost)
    to_population = validate.choice("direction", direction, (SAMPLER, POPULATION)) == SAMPLER
    dof = n - lost
    if dof < d + (0 if to_population else 2):
        return np.inf
    i = np.arange(d)
    log_det = float(np.sum(digamma_rest((dof - i) / 2) + np.log1p(-(i + lost) / n)))
    if to_population:
        return -log_det / (2 * d)
    return (d * (d + 1 + 2 * lost) / (dof - d - 1) + log_det) / (2 * d)


def _bracket(population: Population, n: int, dof: int, c: Array, to_population: bool) -> Array:
    """Twice the divergence in total nats at each c, for one n."""
    rank = population.rank
    limit = rank if to_population and dof == rank else np.inf
    bracket = np.full(c.shape, limit, dtype=np.float64)
    regular = (c > 0) | (dof > rank)
    formula = _to_population if to_population else _to_sampler
    bracket[regular] = formula(_solve(population, dof, c[regular] * (n / dof)), n)
    bracket[(c > 0) & (rank < population.d)] = np.inf
    return bracket


class _Solved(NamedTuple):
    """The population, the degrees of freedom of the fit, and delta at each c."""

    population: Population
    dof: int
    c: Array
    delta: Array
    q: Array  # 1 - delta

    def over_modes(self, term: Callable[[Array, Array], Array]) -> Array:
        """sum_nu term(w_nu - 1, w_nu) at each c."""
        return self.population.total(
            lambda lam, c, delta, q: term(c / lam - delta, c / lam + q), self.c, self.delta, self.q
        )

    def own(self) -> Array:
        """n h(1 - delta)."""
        return self.dof * excess(-self.delta, self.q)


def _solve(population: Population, dof: int, c: Array) -> _Solved:
    """The effective ridge at each c."""
    found = ridge.response(c, population, dof)
    return _Solved(population, dof, c, found.df1 / dof, found.excess / dof)


def _to_population(at: _Solved, n: int) -> Array:
    """The bracket of KL(sampler || population), corrected for a mean estimated from n points."""
    population, rank = at.population, at.population.rank
    known = at.over_modes(excess) + rank * at.delta - at.own()
    if n == at.dof:
        return known
    inverse = np.sum(population.counts / population.levels)
    return known - at.c / n * inverse - rank * np.log(at.dof / n)


def _to_sampler(at: _Solved, n: int) -> Array:
    """The bracket of KL(population || sampler), corrected for a mean estimated from n points."""
    known = at.over_modes(lambda u, w: excess(-u / w, 1 / w)) + at.own()
    if n == at.dof:
        return known
    trace = at.over_modes(lambda u, w: 1 / w)
    return known + 2 / at.dof * trace + at.population.rank * np.log(at.dof / n)
