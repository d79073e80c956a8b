"""Training a network from the command line: images in, weights and a record out.

command   lindiff-nb train
asked     what can be asked of a training run
work      one run: images, training, record, the losses at the end
ladder    the networks that come with the book
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submodules=["asked", "command", "ladder", "work"]
)
