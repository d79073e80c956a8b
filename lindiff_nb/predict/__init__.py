"""Predictions from the population spectrum, n and d alone. Nothing here is random.

population  a spectrum checked, sorted and counted once; every function takes one or a spectrum
losses, divergence, best_ridge, fluctuations   a fit's means, best ridges, spreads (wing `_law`)
frechet     the Frechet distance (FID) that finite sets show
training    gradient flow, losses in time and when to stop (wing `_flow`)
spectral_density, shrinkage   eigenvalues of a set, best linear denoisers (wing `_bulk`)
ridge, complex_ridge   what finite data do to a ridge: the equation under all of these
replica, replica_integer_m   the replica route to the same numbers
marchenko_pastur, white   closed forms for a white population
unequal_images, elliptical   samples whose covariances differ, or only their lengths
random_features  what n points cost a nonlinear score
"""

from lindiff_nb import _moved

__getattr__, __dir__, __all__ = _moved.attach(__name__)
