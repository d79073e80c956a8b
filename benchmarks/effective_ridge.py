"""`effective_ridge` for a thousand xi at d = 1000."""

from collections.abc import Iterator

import numpy as np
from scipy.optimize import brentq

from benchmarks.timing import Row, at_most, faster, shortest
from lindiff_nb._base.types import Array
from lindiff_nb.exact import spectra
from lindiff_nb.predict.ridge import effective_ridge

D = 1000


def one_pass(xi: Array, spectrum: Array) -> tuple[Array, Array]:
    """The sums that any solver must do at least once: df_1 and df_2 at each xi."""
    share = spectrum / (spectrum + xi[:, None])
    return share.sum(axis=1), np.square(share).sum(axis=1)


def root_finder(xi: Array, spectrum: Array, n: int) -> list[float]:
    """A loop of scipy's brentq over xi, between bounds that hold for n >= d and n < d alike."""
    low = np.maximum(xi, spectrum[-1] * (len(spectrum) - n) / n)
    high = (xi + spectrum.mean() * len(spectrum) / n) * (1 + 1e-12)

    def residual(kappa: float, at: float) -> float:
        return float(kappa * (1 - (spectrum / (spectrum + kappa)).sum() / n) - at)

    return [
        brentq(residual, *bounds, args=(at,), xtol=1e-300, rtol=1e-12)
        for *bounds, at in zip(low, high, xi, strict=True)
    ]


def rows() -> Iterator[Row]:
    """Power law k = 1, below, at and above n = d; the steps of a schedule and twenty decades."""
    spectrum = spectra.power_law(D, 1.0)
    for name, xi in {
        "1e-4 .. 160": np.geomspace(1e-4, 160, 1000),
        "1e-14 .. 1e6": np.geomspace(1e-14, 1e6, 1000),
    }.items():
        for n in (D // 2, D, 2 * D):
            found, wanted = effective_ridge(xi, spectrum, n), root_finder(xi, spectrum, n)
            assert np.allclose(found, wanted, rtol=1e-9, atol=0)
            ours, sums, loop = shortest(
                5,
                lambda xi=xi, n=n: effective_ridge(xi, spectrum, n),
                lambda xi=xi: one_pass(xi, spectrum),
                lambda xi=xi, n=n: root_finder(xi, spectrum, n),
            )
            what = f"effective_ridge, 1000 xi in {name}, d = {D}, n = {n}"
            yield faster(2.5, f"{what}: brentq / ours", ours, loop)
            yield at_most(10, f"{what}: ours / one pass", ours, sums)
