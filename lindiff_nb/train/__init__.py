"""Training a network from the command line: images in, weights and a record out."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submodules=["asked", "command", "ladder", "work"]
)
