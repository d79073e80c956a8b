"""One case without randomness: 64 features of a lattice, 8 points at quantiles, two modes."""

import numpy as np
from scipy.special import ndtri

from lindiff_nb.exact.features import Features
from lindiff_nb.exact.modes import Mixture

GOLDEN = 1.1347241384015194  # the root of g^6 = g + 1, of the evenest lattice in five dimensions
LATTICE = (0.5 + np.arange(1, 65)[:, None] * GOLDEN ** -np.arange(1.0, 6.0)) % 1
DIRECTIONS = ndtri(LATTICE) / np.abs(ndtri(LATTICE)).sum(axis=1, keepdims=True)
FEATURES = Features(DIRECTIONS[:, 0], DIRECTIONS[:, 1:])
QUANTILES = ndtri((np.arange(4) + 0.5) / 4)
POINTS = Mixture(np.concatenate([QUANTILES - 3, QUANTILES + 3]))
POPULATION = Mixture([-3.0, 3.0], deviation=1.0)
NODES = 144
