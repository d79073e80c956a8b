"""What a Frechet distance shows of a perfect model, for want of samples alone.

Both means are fitted to the samples, as FID does it, whatever the model does.
"""

from typing import NamedTuple

from lindiff_nb._base.types import Array
from lindiff_nb.calculator import _inputs
from lindiff_nb.predict import frechet
from lindiff_nb.predict.population import Population

SAMPLES = 1000
WIDTH = 1e-2  # of bins in ln lambda: a distance is right to its square
SHARES = (0.1, 0.01, 0.001)


class Frechet(NamedTuple):
    """From the truth, in the units of the spectrum."""

    samples: int
    distance: float  # of so many perfect samples
    sd: float
    share: float  # the distance over the total variance
    of_fit: float | None  # as many samples of a model fitted to the n images; None: n = 1
    n_for_10_percent: float  # perfect samples whose distance is such a share
    n_for_1_percent: float
    n_for_01_percent: float


def expected(spectrum: Array, n: int) -> Frechet:
    """For a checked spectrum and n images."""
    population = Population(_inputs.lumped(spectrum, WIDTH))
    mean = {"estimated_mean": True}
    found = frechet.distance(population, SAMPLES, **mean)
    fit = frechet.distance(population, SAMPLES, fitted_to=n, **mean) if n > 1 else None
    spread = frechet.distance_sd(population, SAMPLES, **mean)
    shown = SAMPLES, found, spread, found / float(spectrum.sum()), fit
    return Frechet(*shown, *(frechet.needed(population, share, **mean) for share in SHARES))
