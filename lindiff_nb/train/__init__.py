"""Training a network from the command line: images in, weights and a record out.

command   lindiff-nb train
sample    lindiff-nb sample
asked     what can be asked of a training run
chosen    its images: those trained on, those held out, others
work      one run: images, training, record, the losses at the end
curve     its learning curve
samples   images drawn from a network, each from a noise of its own
ladder    the networks that come with the book
"""

from lindiff_nb import _moved

__getattr__, __dir__, __all__ = _moved.attach(__name__)
