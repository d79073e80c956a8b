"""Results that take minutes to compute: kept in the package, and made again by one command.

command          lindiff-nb recompute
results          the table of results; one that is kept read, one made anew written
trained_scores   the scores that Li et al. trained, for many seeds
mnist_modes      U-nets on near and on far clusters of digits
regularising     U-nets with noise on their images, with weight decay, or stopped
many_dimensions  random features in two and in eight dimensions, for more and more of them

A result is a file of arrays beside these modules, with the settings, the seconds, the machine and
the versions that made them. A new one needs a module with a function that computes it, and a line
in `results.JOBS`.
"""

from lindiff_nb import _moved

__getattr__, __dir__, __all__ = _moved.attach(__name__)
