"""Predictions from the population spectrum, n and d alone. Nothing here is random."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "best_ridge",
        "complex_ridge",
        "divergence",
        "energies",
        "fluctuations",
        "losses",
        "marchenko_pastur",
        "replica",
        "replicated",
        "ridge",
        "shrinkage",
        "spectral_density",
        "training",
        "white",
    ],
)
