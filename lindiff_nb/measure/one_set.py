"""One training set of `experiments` for plain numbers: what a sweep calls, a cell at a time.

A cell of a sweep is given numbers and a generator of its own, and gives numbers back under their
names. The spectrum is a power law, of which `exponent` 0 is white: `exact.spectra.power_law`. Many
cells make what the functions of `experiments` make in one call, on as many machines as there are.
All raise ValueError as those do.
"""

import numpy as np

from lindiff_nb.exact import spectra
from lindiff_nb.exact.divergence import SAMPLER
from lindiff_nb.measure import experiments


def kl(
    d: int, n: int, exponent: float = 0.0, c: float = 0.0, *, rng: np.random.Generator
) -> dict[str, float]:
    """The divergence of one trained sampler from the truth, kl in nats per dimension.

    That of `experiments.kl` in its usual direction, of one set; it raises ValueError as that does.
    """
    spectrum = spectra.power_law(d, exponent)
    return {"kl": float(experiments.kl(rng, spectrum, n, c, draws=1, direction=SAMPLER)[0])}


def losses(
    d: int,
    n: int,
    alpha_bar: float,
    exponent: float = 0.0,
    c: float = 0.0,
    *,
    rng: np.random.Generator,
) -> dict[str, float]:
    """The test and the train loss of one optimal denoiser, per dimension and per step.

    Those of `experiments.losses` of one set; it raises ValueError as that does.
    """
    spectrum = spectra.power_law(d, exponent)
    found = experiments.losses(rng, spectrum, n, alpha_bar, c, draws=1)
    return {"test": float(found.test[0]), "train": float(found.train[0])}
