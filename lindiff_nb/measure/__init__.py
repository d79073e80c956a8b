"""Finite experiments, and statistics of what they draw.

experiments  training sets drawn, fitted, and their losses, divergences and eigenvalues
fits         the same for sets from a pool of images
one_set      one of these sets for plain numbers: what a sweep calls
surrogates   images with some of their dependence taken away
cross_validated, score_matching, partition_functions   other routes to what `predict` states
random_features, score_divergence   a nonlinear score: trained, and how far from the truth
score_draws   both in d dimensions
agreement, comparison   two denoisers or two sets of samples, side by side
memorization  are samples new, or copies?
clusters     images sorted without labels, and pairs of sorts
copies       the share of copies, how sure it is, and whether the question was fair
crossings    intervals for shares, where curves cross a level, exponents with their errors

Whatever draws takes a generator and returns raw draws. `predict` and `measure` never import each
other: that they agree is the book's evidence.
"""

from lindiff_nb import _moved

__getattr__, __dir__, __all__ = _moved.attach(__name__)
