"""Linear diffusion models: the theory, the experiments and the images behind the book.

exact       given the moments of the training set, everything in closed form
predict     given only the population spectrum, n and d: random-matrix predictions
measure     finite experiments: a generator goes in, raw draws come out
networks    all of torch: a U-net, its training, checkpoints
data        image sets as float arrays
figures     the visual grammar: a style, a few plots and panels, live figures
calculator  what a spectrum and n will give, as a table, files and a figure
advise      images of one's own: the best ridge, what more of them bring, what is not known
copies      how many samples are copies of training images, and how sure that is
fid         a Frechet distance of features, and what of it is there for want of images
train       a U-net trained at the command line, and the ladder of shipped ones
stored      results that take minutes: kept, and made again by one command
run         parameters, papermill, the chapters' commands
site        what Sphinx needs to render the executed chapters
cli         the command line, whole

What is public is what the `__all__` of a package lists; the website's reference is made of that.
Subpackages load when first used, so `import lindiff_nb` costs next to nothing.
"""

import sys

from lindiff_nb import _moved

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = _moved.attach(__name__)

sys.meta_path.append(_moved.Finder())
