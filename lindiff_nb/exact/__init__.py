"""Exact results, given the moments of the training set, or its points. Imports no sibling.

schedule, spacing, sde  noise levels, which of them a sampler visits, and noise without pause
spectra, fourier       spectra, their counts, and images in another basis
denoiser, empirical, scale_mixture   best denoisers: affine, of the points, of unequal Gaussians
sampling, recursion, sampler_error   what a sampler makes of them
modes, features        mixtures on the line, and moments of rectified features under them
isotropic              mixtures of round Gaussians in d dimensions
divergence, averages   divergences of Gaussians; means over noise steps
training, stopping, emergence   gradient flow, when to stop it, when a mode appears
shrinkage, validation  other linear denoisers; losses told from the training set alone
left_out, inversion    fits without a group of images; the population's spectrum from leverages
told, alike            how far samples are from an unknown truth; images that are nearly the same
"""

from lindiff_nb import _moved

__getattr__, __dir__, __all__ = _moved.attach(__name__)
