"""Two sets of features compared: whatever can be known of them, and what to keep in mind."""

from typing import NamedTuple

import numpy as np

from lindiff_nb._base import units
from lindiff_nb.fid import corrected, kernel
from lindiff_nb.fid.corrected import Corrected
from lindiff_nb.fid.features import FeatureSet, Moments
from lindiff_nb.fid.kernel import Kernel

SHARED = 0.1  # of the smaller set: more rows in common, and no bias can be known
OWN = """\
a model's own training set: there a fit looks better than a perfect model does, so that nothing
can be corrected; take new images"""


class Compared(NamedTuple):
    """Both distances; what is None cannot be known."""

    frechet: float
    corrected: Corrected | None
    kernel: Kernel | None
    d: int
    given: tuple[int | None, int | None]  # rows of A and B ..
    unique: tuple[int | None, int | None]  # .. that count
    said: tuple[str, ...]


def compare(
    a: FeatureSet | Moments, b: FeatureSet | Moments, rng: np.random.Generator, *, training: bool
) -> Compared:
    """All that can be known; `training`: B is what the model behind A was trained on.

    ValueError for integers beside floats of another unit.
    """
    pair = (a, b) if isinstance(a, FeatureSet) and isinstance(b, FeatureSet) else None
    if pair:
        points = [each.points for each in pair]
        units.same(dict(zip("AB", points, strict=True)), points)
    kid = kernel.distance(*pair, rng) if pair else None
    shared = len(pair[0].digests.keys() & pair[1].digests.keys()) if pair else 0
    apart = not training and shared <= SHARED * min(a.n or np.inf, b.n or np.inf)
    full = corrected.corrected(a, b) if a.n and b.n and apart else None
    said = [*_of_rows("A", a), *_of_rows("B", b), *_of_bias(a, b, full)]
    if shared:
        same = "A and B are the same features" if shared == a.n == b.n else ""
        said.append(same or f"{shared} rows of A are in B too: is B what A was made from?")
    if training:
        said.append(f"B is {OWN}")
    elif full and full.interval and full.interval[1] < 0:
        said.append(f"this is less than a perfect model shows: B may be {OWN}")
    if kid and kid.kid < 0:
        said.append("a KID is unbiased: it falls below zero where two sets are alike")
    distance = full.frechet if full else corrected.frechet(a.moments, b.moments)
    return Compared(distance, full, kid, a.d, (a.given, b.given), (a.n, b.n), tuple(said))


def _of_rows(name: str, each: FeatureSet | Moments) -> list[str]:
    """A word on rows that repeat others, and on moments."""
    if isinstance(each, Moments):
        size = f"{each.n} images" if each.n else "an unknown number of images, so without a bias"
        return [f"{name} holds mu and sigma of {size}; without features there is no KID"]
    again = each.given - each.n
    return [f"{name}: {again} of {each.given} rows repeat others and do not count"] * (again > 0)


def _of_bias(a: FeatureSet | Moments, b: FeatureSet | Moments, full: Corrected | None) -> list[str]:
    """Words on what the bias rests on."""
    few, said = min(a.n or np.inf, b.n or np.inf), []
    if few <= a.d:
        said.append(
            f"n = {few} is not above d = {a.d}: a covariance is singular, and taken as it is"
        )
    if full and full.continued:
        said.append("the bias is in part continued beyond the rows there are, good to a tenth")
    if full and full.factor != 1:
        said.append(
            f"the features are not Gaussian: halves of a set are {full.factor:.3g} times as far "
            "apart as Gaussian ones, and the bias is taken to be larger by as much"
        )
    return said
