"""A spectrum and n in; losses, divergence, the best ridge and stopping time out.

spectrum_file  a spectrum, or the one of a covariance, read from a file
text, files    the report as a table, as CSV and as JSON
figure         the report as a figure
command        lindiff-nb predict

`report` is everything that can be predicted, with its standard deviation; `needed`, how many images
are enough.

It predicts and never measures; nothing imports it but the command line and a chapter.
"""

from lindiff_nb import _moved

__getattr__, __dir__, __all__ = _moved.attach(
    __name__,
    _needed=["Needed", "needed"],
    _losses=["Losses"],
    _report=["Report", "Samples", "report"],
    spectrum_file=["read_spectrum"],
)
