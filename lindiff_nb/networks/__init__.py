"""All of torch: a U-net, its training, checkpoints, and trained networks as denoisers.

unet         the network
training     a generator of states, resumable to the bit
checkpoints  tensors and facts in one file, checked whole
denoisers    networks saved, loaded, and called as any denoiser of the book
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submodules=["checkpoints", "denoisers", "training", "unet"]
)
