"""How far from the truth is the density that a score stands for? Four answers, and they differ.

A score s(x, t) that is not exactly the score of a noised law defines a density in several ways.
With p_0 the law, p_t the law at noise level t, s* its score and beta the rate of the noise:

    bound      (1/2) int beta E_{p_t} (s - s*)^2 dt,    t from start to 1
    sde        KL( p_0 || end of  dx = beta (x/2 + s) dt + sqrt(beta) dW,  run back to start )
    ode        KL( p_0 || end of  dx/dt = -beta (x + s) / 2,  run back to start )
    potential  KL( p_0 || exp int s(x, start) dx, normalised )

Both ways to sample begin with a standard Gaussian at t = 1. Theorems bound only the first: `bound`
is at least KL(p_start || end of the equation) - KL(p_1 || N(0, 1)), and equal if s is the score of
some law. It controls neither `ode`, whose density needs slopes of s, nor `potential`, which adds up
errors of s where there is no data between two modes, and is what Li et al. plot.

`bound` is a sum over nodes in t and x. `sde` solves the Fokker-Planck equation in cells with
exponentially fitted fluxes, by the rule of Crank and Nicolson after two implicit steps. `ode`
carries the edges of cells from start to 1, since a flow keeps the mass between two edges.
`potential` is the trapezoidal rule. Each is repeated at half the resolution, and the change is the
error stated: more than what is left for scores that are smooth, about that for those with kinks.

All four of any score of your own in one call, here of one that is a tenth too flat:

    >>> law = Mixture([-3.0, 3.0], deviation=1.0)
    >>> found = divergences(lambda x, t: 0.9 * VP.score(law)(x, t), law)
    >>> {name: round(float(nats), 3) for name, (nats, error) in found.items()}
    {'bound': 0.043, 'sde': 0.009, 'ode': 0.139, 'potential': 0.003}

Source: Song et al. 2021 (maximum likelihood), theorem 1; Li et al. 2023, eqs. 3, 4, 11.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from lindiff_nb._base import validate
from lindiff_nb._base.types import Array
from lindiff_nb.exact.modes import WIDE, Mixture
from lindiff_nb.exact.sde import VP, Process
from lindiff_nb.measure._score_masses import METHODS, Score, called

NOTHING = np.finfo(float).tiny  # a mass below it counts as it: 700 nats, not infinitely many


class Nats(NamedTuple):
    """A divergence and what is uncertain about it, (...) each: the axes of the score before x."""

    nats: Array
    error: Array


class Masses(NamedTuple):
    """Masses of cells between edges, (C + 1,): the law's, (C,), and the score's, (..., C)."""

    edges: Array
    law: Array
    score: Array


def bound(score: Score, law: Mixture, *, nodes: int = 96, process: Process = VP) -> Nats:
    """(1/2) int beta E_{p_t} (s - s*)^2 dt in nats, by `nodes` in t.

    `score` takes x, (N,), and t and gives (..., N); `law` has deviations > 0 and no leading axis.
    Raises ValueError for another law, nodes < 2 or a score that is not finite or of another shape.
    """
    return _with_error(lambda count: _bound(score, _checked(law), count, process), nodes, "nodes")


def sde(score: Score, law: Mixture, *, cells: int = 700, process: Process = VP) -> Nats:
    """KL(p_0 || end of the reverse equation) in nats. Arguments and errors as for `bound`."""
    return _divergence(score, law, "sde", cells, process)


def ode(score: Score, law: Mixture, *, cells: int = 600, process: Process = VP) -> Nats:
    """KL(p_0 || end of the probability flow) in nats. Arguments and errors as for `bound`."""
    return _divergence(score, law, "ode", cells, process)


def potential(score: Score, law: Mixture, *, cells: int = 1600, process: Process = VP) -> Nats:
    """KL(p_0 || exp int s(x, start) dx) in nats. Arguments and errors as for `bound`."""
    return _divergence(score, law, "potential", cells, process)


def divergences(score: Score, law: Mixture, process: Process = VP) -> dict[str, Nats]:
    """All four by name, at their default resolution. Arguments and errors as for `bound`."""
    four = (bound, sde, ode, potential)
    return {measure.__name__: measure(score, law, process=process) for measure in four}


def masses(score: Score, law: Mixture, by: str, cells: int, process: Process = VP) -> Masses:
    """What the law and the score `by` "sde", "ode" or "potential" put into cells: for densities.

    Other arguments and errors as for `bound`.
    """
    method = METHODS[validate.choice("by", by, tuple(METHODS))]
    low, high = _checked(law).range()
    low, high = min(low, -WIDE), max(high, WIDE)  # both ways to sample start in a standard Gaussian
    edges = np.linspace(low, high, validate.integer("cells", cells, low=2) + 1)
    return Masses(edges, law.masses(edges), method(score, edges, process))


def kl(found: Masses) -> Array:
    """sum over cells of P log(P / Q) in nats, (...): the law's masses against the score's."""
    return np.sum(_relative(found.law, found.score), axis=-1)


def weights_part(found: Masses, at: float = 0.0) -> Array:
    """The share of `kl` due to how much lies left and right of a point, in nats, (...).

    By the chain rule `kl` is this and the mean over both sides of the divergence within.
    """
    return np.sum(_relative(*weights(found, at)), axis=-1)


def weights(found: Masses, at: float = 0.0) -> tuple[Array, Array]:
    """How much lies left and right of a point: the law's, (2,), and the score's, (..., 2).

    Raises ValueError for a point that is no finite number.
    """
    left = (found.edges[:-1] + found.edges[1:]) / 2 < validate.number("at", at)
    law, score = (np.stack([p[..., left].sum(-1), p[..., ~left].sum(-1)], -1) for p in found[1:])
    return law, score


def _relative(p: Array, q: Array) -> Array:
    """p log(p / q) of masses, 0 where there is no p."""
    return p * (np.log(np.maximum(p, NOTHING)) - np.log(np.maximum(q, NOTHING)))


def _checked(law: Mixture) -> Mixture:
    """A law with a density, and one only."""
    if validate.made("law", law, Mixture).density().means.ndim > 1:
        raise validate.fail("law", law.means.shape, "one mixture, without leading axes")
    return law


def _with_error(measured: Callable[[int], Array], count: int, name: str) -> Nats:
    """At the resolution wanted and at half of it."""
    fine = validate.integer(name, count, low=2)
    nats = measured(fine)
    return Nats(nats, np.abs(nats - measured(fine // 2)))


def _divergence(score: Score, law: Mixture, by: str, cells: int, process: Process) -> Nats:
    return _with_error(lambda count: kl(masses(score, law, by, count, process)), cells, "cells")


def _bound(score: Score, law: Mixture, nodes: int, process: Process) -> Array:
    """The integral over t of the integral over x."""
    total = np.zeros(())
    for t, share in zip(*process.rule(nodes), strict=True):
        noised = law.at(process.alpha_bar(t))
        x, weights = noised.rule()
        squares = np.square(called(score, x, t) - noised.score(x))
        total = total + share * process.girsanov(t) * (squares @ weights)
    return total
