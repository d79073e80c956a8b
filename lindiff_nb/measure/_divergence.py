"""KL divergences, in total nats, between one fitted sampler and its population.

Both Gaussian:  2 KL(p || q) = Tr Sigma_q^-1 Sigma_p - d + ln det Sigma_q - ln det Sigma_p
plus the squared distance of the means in the metric Sigma_q^-1.
"""

import numpy as np

from lindiff_nb._base.types import Array
from lindiff_nb.measure import _training_set as training_set
from lindiff_nb.measure._training_set import TrainingSet


def sampler_to_population(at: TrainingSet, c: Array) -> Array:
    """KL of N(mu_0, Sigma_0 + c) from the population, c > 0, (k,); its eigenvalues suffice."""
    trace = np.sum(at.white**2) / at.n + at.offset @ at.offset
    trace = trace + c * np.sum(1 / at.variances)
    log_det = np.log(np.add.outer(c, training_set.eigenvalues(at))).sum(axis=1)
    return (trace - at.d - log_det + np.log(at.variances).sum()) / 2


def population_to_sampler(at: TrainingSet, c: Array) -> Array:
    """KL of the population from N(mu_0, Sigma_0 + c), c > 0, (k,)."""
    modes = training_set.modes(at)
    variance = np.add.outer(c, modes.eigenvalues)
    trace = (1 / variance) @ (modes.multiplicity * (modes.population + modes.mean_shift))
    log_det = np.log(variance) @ modes.multiplicity
    return (trace - at.d + log_det - np.log(at.variances).sum()) / 2


def without_ridge(at: TrainingSet) -> tuple[float, float]:
    """Sampler from population and population from sampler at c = 0, on the population's space.

    In units of the population's deviations, in which no spectrum is left to lose digits to.
    """
    m, r = at.white.shape
    if m < r:
        return np.inf, np.inf
    variance, v = np.linalg.eigh(at.white.T @ at.white / at.n)
    offset = np.square(at.offset @ v)
    log = np.log(variance)
    forward = np.sum(variance - 1 - log + offset) / 2
    backward = np.sum((1 + offset) / variance - 1 + log) / 2
    return float(forward), float(backward)
