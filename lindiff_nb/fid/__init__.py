"""The Frechet distance of two sets of features, without what finite sets add: lindiff-nb fid.

command      the command, its text and its JSON
compare      two sets: whatever can be known of them, and what to keep in mind
features     a file of features, or of their moments, read in blocks
corrected    the bias of the distance, from the spectrum that the sets themselves show
kernel       the kernel distance (KID) beside it
"""

from lindiff_nb import _moved

__getattr__, __dir__, __all__ = _moved.attach(__name__)
