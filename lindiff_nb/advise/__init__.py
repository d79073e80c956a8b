"""A folder of images in; the best ridge, what more images bring, and what cannot be known out.

From the sample alone: no population, no training, no second set of images. The formulas are those
of `exact.left_out`, `exact.inversion`, `exact.told`, `exact.alike` and `predict.elliptical`.

from_sample   `advise`: all answers for a sample and its groups
best_ridge    where leaving out images costs least
forecast      the loss with more images
sample        the sample of images, a few columns at a time
text, files   the answers in words, and as JSON
figure        the loss against the number of images
command       lindiff-nb advise
"""

from lindiff_nb import _moved

__getattr__, __dir__, __all__ = _moved.attach(
    __name__,
    from_sample=["advise"],
)
