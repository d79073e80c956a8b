"""A score made of frozen random features, trained by gradient flow, at every training time at once.

The score is  s(x, t) = sum_j a_j phi_j(x, t) / sqrt(m).  Only a is trained, from a = 0, on

    loss(a) = mean over t, points and noise z of  lambda(t) (s(x_t, t) + z / sigma)^2

with x_t the noised point and sigma^2 the variance of its noise. Given x_t, the mean of -z / sigma
is the score of the noised points, and integrating by parts turns that into a slope of the feature:
the loss is  a'Ka - 2 a'b + const  with

    K = mean_t lambda E phi phi' / m        b = - mean_t lambda E d phi/dx / sqrt(m)

where E is over points and noise. Both are in closed form (`exact.features`), so the points are all
that is random about the data. Gradient flow da/dtau = -2 (K a - b) is linear:

    a(tau) = V diag( (1 - exp(-2 k tau)) / k ) V'b        K = V diag(k) V'

With the population in place of the points it is training on infinitely many. The flow fits the
nodes of the mean over t: with 24 it runs free between them, 48 do for curves, 144 give four digits.
Source: Li et al. 2023, eqs. 5, 9, 12. They write 1/m before the sum and let the flow act on that
outer layer, so their training time is m times ours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lindiff_nb._base import validate
from lindiff_nb._base.types import Array
from lindiff_nb.exact.features import Features as Features
from lindiff_nb.exact.modes import Mixture
from lindiff_nb.exact.sde import VP, VariancePreserving

EMBEDDED = 4  # cosines of the time
Score = Callable[[Array, float], Array]
Weight = Callable[[float], ArrayLike]


class Learned(NamedTuple):
    """Scores on training sets of their own, with the leading axes, (...), of the features."""

    points: Mixture  # (..., n), or the population
    tau: Array  # (T,)
    a: Array  # (..., T, m)
    bound: Array  # (..., T), in nats

    @property
    def best(self) -> Array:
        """The bound where it is best, (...)."""
        return self.bound.min(axis=-1)

    @property
    def best_time(self) -> Array:
        """The training time, of those given, where the bound is best, (...)."""
        return self.tau[self.bound.argmin(axis=-1)]

    @property
    def rise(self) -> Array:
        """The bound after the last time over the best, (...): what stopping saves."""
        return self.bound[..., -1] / self.best

    @property
    def stopped(self) -> Array:
        """a at the best time, (..., 1, m)."""
        return np.take_along_axis(self.a, self.bound.argmin(axis=-1)[..., None, None], axis=-2)


def draw(rng: np.random.Generator, m: int, draws: int | None = None) -> Features:
    """m random features, or that for each of `draws` seeds: w (draws, m), u (draws, m, 4).

    Gaussian (w, u), divided by |w| + |u|_1. Raises ValueError if m < 1 or draws < 1.
    """
    lead = () if draws is None else (validate.integer("draws", draws),)
    shape = (*lead, validate.integer("m", m), 1 + EMBEDDED)
    v = validate.generator(rng).standard_normal(shape)
    v /= np.abs(v).sum(axis=-1, keepdims=True)
    return Features(v[..., 0], v[..., 1:])


def normal_equations(
    features: Features,
    law: Mixture,
    weight: Weight | None = None,
    nodes: int | tuple[Array, Array] = 48,
    process: VariancePreserving = VP,
) -> tuple[Array, Array]:
    """K, (..., m, m), and b, (..., m), of the loss under a law of x_0: points or a population.

    `weight` is lambda(t), by default the variance of the noise at t. `nodes` of the mean over t, or
    times and weights themselves. Leading axes of features and law broadcast. Raises ValueError for
    nodes < 1, t outside the process or a weight that is no number >= 0.
    """
    times, shares = nodes if isinstance(nodes, tuple) else process.rule(nodes)
    weight = process.noise if weight is None else weight
    validate.made("features", features, Features)
    validate.made("law", law, Mixture)
    K = b = np.zeros(())
    for t, share in zip(times, shares, strict=True):
        squares, slopes = features.moments(law.at(process.alpha_bar(t)), t)
        lam = share * validate.magnitude("weight", weight(t))
        squares *= lam / features.m
        K = np.add(K, squares, out=squares)
        b = b - lam / np.sqrt(features.m) * slopes
    return K, b


def coefficients(K: Array, b: Array, tau: ArrayLike) -> Array:
    """a(tau), (..., T, m), after training times tau, (T,); one number counts as (1,).

    K, (..., m, m), is diagonalised once. Raises ValueError for tau < 0, no tau, or K and b that
    are not finite or do not fit.
    """
    times, K, b = validate.times(tau), validate.numbers("K", K), validate.numbers("b", b)
    if b.size == 0 or K.shape[-2:] != 2 * b.shape[-1:]:
        raise validate.fail("K", K.shape, f"square matrices for b of shape {b.shape}")
    k, V = np.linalg.eigh(K)
    k = np.maximum(k, np.finfo(float).tiny)[..., None, :]  # rounding leaves some below zero
    return b[..., None, :] @ V * -np.expm1(-2 * k * times[:, None]) / k @ V.mT


def score(features: Features, a: Array) -> Score:
    """The score with a, (..., T, m), as a function of x, (N,), and t, with values (..., T, N).

    Raises ValueError if a is not finite or has another length than the features.
    """
    a = _fitting(a, features)
    return lambda x, t: a @ features.values(x, t) / np.sqrt(features.m)


def _fitting(a: ArrayLike, features: Features) -> Array:
    """a, (..., m), of these features."""
    found = validate.numbers("a", a)
    if found.shape[-1:] != (features.m,):
        raise validate.fail("a", found.shape, f"of shape (..., {features.m})")
    return found


def bound(
    features: Features, a: Array, law: Mixture, nodes: int = 48, process: VariancePreserving = VP
) -> Array:
    """`measure.score_divergence.bound` for a, (..., T, m), without a grid in x: nats, (..., T).

    a'Ka - 2a'b + F under the population `law`, with half the integral of beta in place of the
    mean of lambda and F the same of the true score. 48 nodes leave 1e-4 open. Raises ValueError
    for nodes < 1, and for a as `score`.
    """
    return _judge(features, law, nodes, process)(_fitting(a, features))


def loss(
    features: Features, a: Array, law: Mixture, nodes: int = 48, process: VariancePreserving = VP
) -> Array:
    """The mean over t of E (sigma s + z)^2, (..., T), for a, (..., T, m), on points or a law.

    1 + a'Ka - 2 a'b: one for no score. On new points it is the test loss, noise averaged exactly.
    Raises ValueError for nodes < 1, and for a as `score`.
    """
    a = _fitting(a, features)
    K, b = normal_equations(features, law, nodes=nodes, process=process)
    return 1 + np.sum(a @ K * a - 2 * a * b[..., None, :], axis=-1)


def _judge(
    features: Features, law: Mixture, nodes: int, process: VariancePreserving
) -> Callable[[Array], Array]:
    """The bound as a function of a."""
    K, b = normal_equations(features, law, process.girsanov, nodes, process)
    information = process.information(law, nodes)
    return lambda a: np.sum(a @ K * a - 2 * a * b[..., None, :], axis=-1) + information


def train(
    rng: np.random.Generator,
    features: Features,
    law: Mixture,
    sizes: Sequence[int | None],
    tau: ArrayLike,
    nodes: int = 48,
) -> list[Learned]:
    """For each size n draw that many points for each seed, train, and measure the bound.

    None among the sizes stands for infinitely many points. `tau` as for `coefficients`. Raises
    ValueError for n or nodes < 1, tau < 0 or a law with leading axes.
    """
    times, seeds = validate.times(tau), features.w.shape[:-1]
    sets = [law if n is None else Mixture(law.draw(rng, n, seeds)) for n in sizes]
    judge = _judge(features, law, nodes, VP)
    runs = []
    for points in sets:
        a = coefficients(*normal_equations(features, points, nodes=nodes), times)
        runs.append(Learned(points, times, a, judge(a)))
    return runs
