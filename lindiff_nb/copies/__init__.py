"""How many of a model's samples are copies of its training images: lindiff-nb copies.

command   the command, its text, its JSON and its figure
search    images read and compared: what was found, and what of it cannot be trusted
"""

from lindiff_nb import _moved

__getattr__, __dir__, __all__ = _moved.attach(__name__)
