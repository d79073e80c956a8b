"""Exact results, given the moments of the training set. Imports no sibling."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "averages",
        "denoiser",
        "divergence",
        "emergence",
        "fourier",
        "mixture",
        "recursion",
        "sampler_error",
        "sampling",
        "scales",
        "schedule",
        "shrinkage",
        "spacing",
        "spectra",
        "stopping",
        "training",
        "validation",
    ],
)
