"""Exact results, given the moments of the training set, or its points. Imports no sibling.

schedule, spacing      noise levels, and which of them a sampler visits
spectra, fourier       spectra, their counts, and images in another basis
denoiser, empirical, scale_mixture   best denoisers: affine, of the points, of unequal Gaussians
sampling, recursion, sampler_error   what a sampler makes of them
divergence, averages   divergences of Gaussians; means over noise steps
training, stopping, emergence   gradient flow, when to stop it, when a mode appears
shrinkage, validation  other linear denoisers; losses told from the training set alone
"""

from lindiff_nb import _moved

__getattr__, __dir__, __all__ = _moved.attach(
    __name__,
    submodules=[
        "averages",
        "denoiser",
        "divergence",
        "emergence",
        "empirical",
        "fourier",
        "recursion",
        "sampler_error",
        "sampling",
        "scale_mixture",
        "schedule",
        "shrinkage",
        "spacing",
        "spectra",
        "stopping",
        "training",
        "validation",
    ],
)
