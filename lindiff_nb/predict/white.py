"""White data, Sigma = I: every prediction in closed form, written once.

The formulas have no branches, check nothing, and lose no digits to cancellation. aspect = d / n.
All arguments broadcast.
"""

from typing import Any

import numpy as np

TINY = 1e-300  # keeps 0 / 0 at 0


def density(x: Any, aspect: Any) -> Any:
    """Eigenvalues of a sample covariance: the continuous part of their density, at x.

        rho(x) = sqrt((hi - x) (x - lo)) / (2 pi aspect x),    lo, hi = (1 -+ sqrt(aspect))^2

    and zero outside [lo, hi] and at x = 0; it integrates to min(1, 1 / aspect). Source: Marchenko
    & Pastur 1967.
    """
    x, aspect = _reals(x, aspect)
    root = np.sqrt(aspect)
    low = (1 - aspect) / (1 + root)
    hi = (1 + root) * (1 + root)
    inside = np.sqrt(_positive(hi - x)) * np.sqrt(_positive(x - low * low))
    return inside / (2 * np.pi * aspect) / (_positive(x) + TINY)


def kappa(xi: Any, aspect: Any) -> Any:
    """The effective ridge: the root >= 0 of  kappa^2 + (1 - aspect - xi) kappa - xi = 0."""
    return _kappa_and_rest(*_reals(xi, aspect))[0]


def train_loss(alpha_bar: Any, aspect: Any, c: Any) -> Any:
    """The typical training loss, with rho, kappa and e = xi / kappa as in `losses`.

        (1 - rho)^2 + rho [(2 - rho) / (1 + kappa) + (1 - rho) xi / T]
        T = (e + xi) (1 + kappa) + aspect kappa

    Needs alpha_bar < 1 or c > 0.
    """
    rho, rest, xi, ridge, e, aspect = _setting(alpha_bar, aspect, c)
    whole = (e + xi) * (1 + ridge) + aspect * ridge
    return rest * rest + rho * ((1 + rest) / (1 + ridge) + rest * xi / whole)


def test_loss(alpha_bar: Any, aspect: Any, c: Any) -> Any:
    """The typical loss on new data: the training loss and  rho aspect kappa (1 + e) / ((e + xi) T).

    Needs alpha_bar < 1 or c > 0. Source: Merger & Goldt, eq. 13 for Sigma = I.
    """
    rho, rest, xi, ridge, e, aspect = _setting(alpha_bar, aspect, c)
    whole = (e + xi) * (1 + ridge) + aspect * ridge
    beyond = rest * xi + aspect * ridge * (1 + e) / (e + xi)
    return rest * rest + rho * ((1 + rest) / (1 + ridge) + beyond / whole)


def _setting(*given: Any) -> tuple[Any, ...]:
    """rho, 1 - rho, xi, kappa, xi / kappa, aspect, of alpha_bar, aspect and c."""
    alpha_bar, aspect, c = _reals(*given)
    whole = 1 - alpha_bar + alpha_bar * c
    xi = whole / alpha_bar
    return (1 - alpha_bar) / whole, alpha_bar * c / whole, xi, *_kappa_and_rest(xi, aspect), aspect


def _kappa_and_rest(xi: Any, aspect: Any) -> tuple[Any, Any]:
    """kappa and xi / kappa = 1 - df_1 / n: the roots, up to sign, of one quadratic."""
    b = 1 - aspect - xi
    larger = (np.sqrt(b * b + 4 * xi) + np.abs(b)) / 2
    smaller = xi / (larger + TINY)
    return _positive(-b) + smaller, _positive(b) + smaller


def _reals(*given: Any) -> list[Any]:
    """In double precision, whatever they come in: 1 - aspect would wrap around below zero."""
    return [np.asarray(x, dtype=np.float64) for x in given]


def _positive(x: Any) -> Any:
    """max(x, 0)."""
    return (x + np.abs(x)) / 2
