"""What n training points cost a random-feature score, from the population and the features alone.

`measure.random_features` trains a score on n points. Write its normal equations as population plus
fluctuation: a point x_0 pulls with K(x_0), b(x_0), whose means K, b give the flow a(tau) on
infinitely many points. To first order in the fluctuation the flow on n points is
a + (1/n) sum_i delta(x_i), where

    d delta/dtau = -2 K delta + 2 g        g(x_0, tau) = (b(x_0) - b) - (K(x_0) - K) a(tau) .

The deltas of independent points have mean zero, so the bound of `measure.score_divergence`, a
quadratic form with a matrix K_bound, becomes on average

    (bound with infinitely many points) + V(tau) / n        V = E delta' K_bound delta  over x_0.

The first term, the bias, falls with tau and V rises: stopping early saves at most V(inf) / n. Left
out are terms of second order in the fluctuation, which matter while the bias is steep and where n
is below the number of directions that are learned. In the eigenbasis of K all is elementary:

    a_k = b_k E_k                        E_j = (1 - e^{-2 k_j tau}) / k_j
    delta_j = E_j db_j - sum_k dK_jk (b_k / k_k) (E_j - F_jk)
    F_jk = (e^{-2 k_k tau} - e^{-2 k_j tau}) / (k_j - k_k) .

Source: ours. Theorem 1 of Li et al. 2023 bounds the two terms by 1/tau and tau^4 / (m n).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lindiff_nb._base import validate
from lindiff_nb._base.types import Array
from lindiff_nb.exact.features import Features
from lindiff_nb.exact.modes import Mixture
from lindiff_nb.exact.sde import VP, VariancePreserving


class Terms(NamedTuple):
    """Both in nats after each training time, (..., T), for each draw of features, (...)."""

    bias: Array  # the bound with infinitely many points
    data: Array  # V: n times what n points add to it

    def bound(self, n: ArrayLike) -> Array:
        """bias + V / n, (..., T), or (N, ..., T) for n points, (N,). Raises ValueError if n < 1."""
        sizes = validate.integers("n", n)
        return self.bias + self.data / sizes.reshape(sizes.shape + (1,) * self.data.ndim)


def terms(
    features: Features,
    law: Mixture,
    tau: ArrayLike,
    nodes: int = 48,
    points: int = 12,
    process: VariancePreserving = VP,
) -> Terms:
    """The bias and V after training times tau, (T,), for features with any leading axes.

    `law` is the population; `nodes` are those of the mean over t, `points` those over x_0 in each
    mode (Gauss-Hermite). Raises ValueError for tau < 0, nodes or points < 1, and a law of points
    or with leading axes.
    """
    times = validate.times(tau)
    if validate.made("law", law, Mixture).density().means.ndim > 1:
        raise validate.fail("law", law.means.shape, "one mixture, without leading axes")
    if features.w.ndim > 1:
        each = [
            terms(features[k], law, tau, nodes, points, process) for k in range(len(features.w))
        ]
        return Terms(*map(np.stack, zip(*each, strict=True)))
    p, rows = _points_and_population(law, points)
    K, b, K_bound, b_bound = _equations(features, rows, nodes, process)
    k, V = np.linalg.eigh(K[-1])
    k = np.maximum(k, np.finfo(float).tiny)  # rounding leaves some just below zero
    K, b, K_bound, b_bound = V.T @ K @ V, b @ V, V.T @ K_bound @ V, b_bound @ V
    a = b[-1] * _grown(k, times)
    bias = np.sum(a @ K_bound * a, axis=-1) - 2 * a @ b_bound + process.information(law, nodes)
    delta = _deviations(k, K[:-1] - np.diag(k), b, times)
    return Terms(bias, np.sum(delta @ K_bound * delta, axis=-1) @ p)


def _points_and_population(law: Mixture, points: int) -> tuple[Array, Mixture]:
    """Weights, (Q,), of nodes x_0, and a law per row: each node alone, then the population."""
    z, w = np.polynomial.hermite_e.hermegauss(validate.integer("points", points))
    x = (law.means[:, None] + law.deviation[:, None] * z).reshape(-1, 1)
    means = np.vstack([np.repeat(x, law.means.size, axis=1), law.means])
    spread = np.vstack([np.zeros_like(means[:-1]), law.deviation])
    return np.outer(law.weights, w / w.sum()).ravel(), Mixture(means, law.weights, spread)


def _equations(
    features: Features, rows: Mixture, nodes: int, process: VariancePreserving
) -> tuple[Array, Array, Array, Array]:
    """K and b of every row, and of the population with the weight of the bound."""
    K = b = K_bound = b_bound = np.zeros(())
    for t, share in zip(*process.rule(nodes), strict=True):
        squares, slopes = features.moments(rows.at(process.alpha_bar(t)), t)
        train, judge = share * process.noise(t), share * process.girsanov(t)
        squares /= features.m
        slopes /= -np.sqrt(features.m)
        K_bound, b_bound = K_bound + judge * squares[-1], b_bound + judge * slopes[-1]
        squares *= train
        K, b = np.add(K, squares, out=squares), b + train * slopes
    return K, b, K_bound, b_bound


def _grown(k: Array, tau: Array) -> Array:
    """E_j(tau) = (1 - e^{-2 k_j tau}) / k_j, (T, m)."""
    return -np.expm1(-2 * k * tau[:, None]) / k


def _deviations(k: Array, dK: Array, b: Array, tau: Array) -> Array:
    """delta(x_0, tau), (T, Q, m), in the eigenbasis, from dK, (Q, m, m), and b, (Q + 1, m)."""
    gap = np.maximum(np.abs(k[:, None] - k), np.finfo(float).tiny)
    slow, at = np.minimum(k[:, None], k), tau[:, None, None]
    both = np.exp(-2 * slow * at) * -np.expm1(-2 * gap * at) / gap  # F_jk, (T, m, m)
    grown = _grown(k, tau)
    pull = b[-1] / k * (grown[:, :, None] - both)
    return grown[:, None] * (b[:-1] - b[-1]) - np.einsum("qjk,tjk->tqj", dK, pull, optimize=True)
