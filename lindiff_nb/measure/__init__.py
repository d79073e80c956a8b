"""Finite experiments: every function takes a generator and returns raw draws.

`predict` and `measure` never import each other: that they agree is the book's evidence.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "agreement",
        "checkpoints",
        "draws",
        "fits",
        "held_out",
        "mappings",
        "memorization",
        "network_training",
        "networks",
        "onset",
        "replicas",
        "score_matching",
        "surrogates",
        "unet",
    ],
)
