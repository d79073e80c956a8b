"""What a report is asked for, checked and brought into its form."""

import numpy as np

from lindiff_nb._base import validate
from lindiff_nb._base.types import Array

MOST = 10**6  # eigenvalues, or noise levels
LEAST = 1e-100  # of alpha_bar: powers of the noise ratio up to the third stay in range
SPREAD = 1e-150  # the least variance over the largest: squares stay in range
FEW = 10**4  # eigenvalues that are taken one by one
WIDTH = 1e-3  # in ln lambda, of the bins that more of them are sorted into


def is_fitted(mean: str) -> bool:
    """Whether the mean is fitted to the images, and not known."""
    return validate.choice("mean", mean, ("fitted", "known")) == "fitted"


def spectrum(value: Array, exact: bool = False) -> Array:
    """A spectrum that can be worked with, largest first, lumped if it is long.

    Rounding is no variance, unless each number is known to be `exact`.
    """
    variances = np.sort((validate.spectrum if exact else validate.varying)(value))[::-1]
    if variances.size > MOST:
        raise validate.fail("spectrum", variances.shape, f"at most {MOST} long")
    if np.any((variances > 0) & (variances < SPREAD * variances[0])):
        least = variances[variances > 0].min()
        span = f"zero or at least {SPREAD:g} of its largest, {variances[0]:g}"
        raise validate.fail("spectrum", float(least), span)
    return lumped(variances) if variances.size > FEW else variances


def levels(alpha_bar: Array) -> Array:
    """Noise levels that can be worked with."""
    a = validate.noisy(validate.vector("alpha_bar", alpha_bar))
    if a.size > MOST:
        raise validate.fail("alpha_bar", a.shape, f"at most {MOST} levels")
    if a.min() < LEAST:
        raise validate.fail("alpha_bar", float(a.min()), f"at least {LEAST:g}")
    return a


def lumped(spectrum: Array, width: float = WIDTH) -> Array:
    """The spectrum sorted into bins of `width` in ln lambda, each replaced by its mean.

    A prediction is made of sums of smooth functions of ln lambda, and keeps a relative precision of
    width^2; the trace stays as it is. What counts for time is then the number of bins, not d.
    """
    positive = spectrum > 0
    bins = np.floor(np.log(spectrum[positive]) / width)
    _, place, counts = np.unique(bins, return_inverse=True, return_counts=True)
    result = np.zeros_like(spectrum)
    result[positive] = (np.bincount(place, spectrum[positive]) / counts)[place]
    return result
