"""All of torch: a U-net, its training, checkpoints, and trained networks as denoisers.

unet         the network
training     a generator of states, resumable to the bit
checkpoints  tensors and facts in one file, checked whole
denoisers    networks saved, loaded, and called as any denoiser of the book
line_scores  the small network of Li et al., trained for many seeds at once
"""

from lindiff_nb import _moved
from lindiff_nb._base import extras

extras.need("networks", "torch", "safetensors")

__getattr__, __dir__, __all__ = _moved.attach(__name__)
