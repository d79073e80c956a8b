"""Test and training loss at every step, sample size and spectrum of figure 1h of Merger & Goldt."""

from collections.abc import Iterator

import numpy as np

from benchmarks.effective_ridge import one_pass, root_finder
from benchmarks.timing import Row, at_most, faster, shortest
from lindiff_nb._base.types import Array
from lindiff_nb.exact import schedule, spectra
from lindiff_nb.predict import losses

D, EXPONENTS = 1000, (0.0, 0.5, 1.0, 1.5, 2.0, 2.5)
SIZES = np.unique(np.geomspace(50, 20_000, 40).astype(int))
PART = np.s_[::10, ::5]  # the sizes and steps that the loop does


def ours(alpha_bar: Array) -> Array:
    """Both losses, (exponents, 2, sizes, steps): one call for each exponent."""
    populations = (spectra.power_law(D, k) for k in EXPONENTS)
    return np.array([losses.test_and_train_loss(s, SIZES[:, None], alpha_bar) for s in populations])


def loop(alpha_bar: Array) -> Array:
    """The part of that, point by point: a root finder, and the averages as they are derived."""
    sizes, steps = SIZES[PART[0]], (1 - alpha_bar[PART[1]]) / alpha_bar[PART[1]]
    result = np.empty((len(EXPONENTS), 2, len(sizes), len(steps)))
    for i, k in enumerate(EXPONENTS):
        spectrum = spectra.power_law(D, k)
        for j, n in enumerate(sizes):
            for t, (s, kappa) in enumerate(
                zip(steps, root_finder(steps, spectrum, n), strict=True)
            ):
                share = spectrum / (spectrum + kappa)
                q, rest = (share / (spectrum + kappa)).sum(), 1 - (share**2).sum() / n
                train = share.sum()
                result[i, :, j, t] = train + (kappa**2 / s - s) * q / rest, train
    return result / D


def rows() -> Iterator[Row]:
    """6 exponents, 40 sample sizes, 1000 steps. The loop's time is scaled up by its points."""
    alpha_bar = schedule.linear().alpha_bar
    assert np.allclose(ours(alpha_bar)[:, :, *PART], loop(alpha_bar), rtol=1e-6)
    points = SIZES.size * alpha_bar.size * len(EXPONENTS)
    xi, spectrum = (1 - alpha_bar) / alpha_bar, spectra.power_law(D, 1.0)
    found, some, sums = shortest(
        2, lambda: ours(alpha_bar), lambda: loop(alpha_bar), lambda: one_pass(xi, spectrum)
    )
    whole = some * points / (SIZES[PART[0]].size * alpha_bar[PART[1]].size * len(EXPONENTS))
    what = f"both losses, {points} points, d = {D}"
    yield faster(10, f"{what}: a loop with brentq / ours", found, whole)
    yield at_most(1, f"{what}: ours / one pass over all", found, sums * points / alpha_bar.size)
