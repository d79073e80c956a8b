"""What to keep in mind where the theory, one of many dimensions, is not exact.

The sizes of the errors are those of simulated training sets, means fitted, in 3 to 40 dimensions
with spectra white and rank^-1.5. With m the degrees of freedom and r the rank: the mean loss on
new data without ridge is above the prediction by about 1 / 4 (m - r), a divergence with ridge by
about 0.6 / r; a loss at the best ridge is within one percent from r = 3 on.
"""

from textwrap import fill

import numpy as np

from lindiff_nb.calculator._report import Report

FEW = 20  # directions or images
EMPTY = 0.1  # of the directions: more without variance is the mark of few images
CLOSE = 10  # images beyond as many as directions
LARGE = 100.0  # mean variance: networks are given data of about one
WIDTH = 80  # characters
SAMPLE = """\
Only {rank} of {d} eigenvalues are not zero: these look like eigenvalues of about {images} images,
unless pixels never vary. Those of a sample lack its small variances, and what is predicted for
n >= {half} is too good; lindiff-nb advise takes the images themselves."""
UNIT = """\
The mean variance is {mean:.3g}, and that of the noise one: is this the unit of the data as they
enter the network, or that of bytes? --normalise divides by the mean."""
NEAR = """\
n is close to the number of directions. Without ridge a few training sets decide the mean loss on
new data there: it is higher than printed, by {more}, and more where noise is small. At the best
ridge it is as printed."""
SMALL = """\
Few dimensions or images ({least}): this is a theory of many. A divergence with ridge is higher than
printed by about {percent:.0f}%, and +- of a loss says little. Losses at the best ridge are good to
1%; a divergence without ridge is exact."""


def cautions(report: Report) -> list[str]:
    """What holds for this report, one paragraph each, on lines that fit a terminal."""
    d, rank = report.spectrum.size, int(np.count_nonzero(report.spectrum))
    freedom = report.n - report.fitted
    beyond, least = freedom - rank, min(rank, freedom)
    said = []
    if (mean := report.spectrum.mean()) > LARGE:
        said.append(UNIT.format(mean=mean))
    if d - rank >= EMPTY * d and 2 * report.n >= rank:
        said.append(SAMPLE.format(rank=rank, d=d, images=rank + 1, half=(rank + 1) // 2))
    if 0 <= beyond < CLOSE and report.c < report.mean.best_c / 10:
        more = "a quarter or more" if beyond < 2 else f"about {25 / beyond:.0f}%"
        said.append(NEAR.format(more=more))
    if least < FEW:
        said.append(SMALL.format(least=least, percent=60 / least))
    return [fill(paragraph, WIDTH) for paragraph in said]
