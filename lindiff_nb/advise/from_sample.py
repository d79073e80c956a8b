"""All answers for a sample: the ridge, the loss now and with more images, and what to beware of.

The loss now is that of leaving out one image, or one group, at its best ridge (`best_ridge`); from
it and the spectrum read from the same leverages follows what more images bring (`forecast`).
"""

from typing import NamedTuple

import numpy as np

from lindiff_nb._base.types import Index
from lindiff_nb.advise.best_ridge import NOISE, WEIGHTS, At, best
from lindiff_nb.advise.forecast import ENDLESS, Ahead, Forecast, about, forecasts, quantiles
from lindiff_nb.exact import alike, inversion, left_out, told
from lindiff_nb.exact.left_out import Sample

FEWEST, ROUGH = 4, 10  # units below which there is no advice, no interval
ROW = 10  # consecutive images that are asked about
ROUGHLY = 30  # places of a table that has to be good to 1e-3
MATTERS = 1.03  # times the loss: copies and runs that cost less are not spoken of
HEAVY = 0.2  # of what the images leak, in one group
SHORT = 1000  # eigenvalues from which on the distance of halves takes too long


class Runs(NamedTuple):
    """What leaving out ten consecutive images says, where it says something else."""

    ratio: float  # to leaving out ten at random
    c: float
    loss: float
    n_effective: float


class Advice(NamedTuple):
    """What n images can say; variances in the units of the points, losses per dimension and step.

    Means are over the 1000 steps of the linear schedule to beta = 0.01.
    """

    n: int
    d: int
    units: int  # that are left out one at a time: images, or groups of them
    grouped: str  # "", "groups" as they were given, or "copies"
    best_c: float
    loss: float | None  # None where copies make it unknowable
    loss_interval: tuple[float, float] | None
    forecast: dict[str, Forecast]
    extrapolated: float | None  # no variance below this was seen, and the endless loss needs it
    enough: float | None  # images for 1.1 times the endless loss
    n_effective: float  # equal images for the samples
    n_effective_loss: float | None  # and for the loss
    kl: float  # nats per dimension, truth || samples, both blurred ..
    blur: float  # .. by this variance
    distance: tuple[float, float] | None  # squared Wasserstein, samples to truth
    twins: tuple[tuple[int, ...], ...]  # pairs that are alike, the same ones among them
    copies_matter: bool
    heavy: int | None  # the first image of a group that decides alone
    runs: Runs | None


def advise(
    sample: Sample,
    same: tuple[tuple[int, ...], ...] = (),
    groups: list[Index] | None = None,
) -> Advice:
    """The advice for a sample of single images; `same` are equal ones, groups belong together.

    Raises ValueError for fewer than four units: images, or groups, or sets of copies. Use this for
    images of your own; `predict` takes a population's spectrum.
    """
    n = sample.n
    firm = alike.joined(n, same, groups or [])
    sample, grouped = sample._replace(groups=tuple(firm)), "groups" if groups else ""
    pairs = alike.pairs(sample) if n > 2 else np.zeros((0, 2), dtype=np.intp)
    _enough_units(sample)
    at = best(sample)
    looser = sample._replace(groups=tuple(alike.joined(n, firm, pairs)))
    matter = bool(same) and not groups
    if len(looser.groups) < len(firm):
        apart = best(looser)
        if at.lowest or apart.loss > MATTERS * at.loss:
            _enough_units(looser)
            sample, at, matter = looser, apart, True
    return _answers(sample, at, grouped or "copies" * matter, pairs, same)


def _enough_units(sample: Sample) -> None:
    """Refuse fewer units than any advice needs."""
    if len(sample.groups) < FEWEST:
        what = "images" if sample.single else "groups or sets of copies"
        raise ValueError(
            f"{len(sample.groups)} {what} are too few: advice needs {FEWEST} that are independent"
        )


def _answers(
    sample: Sample,
    at: At,
    grouped: str,
    pairs: Index,
    same: tuple[tuple[int, ...], ...],
) -> Advice:
    """Everything else, at the best ridge."""
    found = inversion.inverted(sample)
    e = inversion.energies(sample, at.c)
    ahead = Ahead(sample, found, quantiles(e))
    n, count, unknowable = sample.n, len(sample.groups), at.lowest and sample.n < 2 * sample.d
    kept = n - (0 if sample.single else float(np.sum(sample.sizes**2)) / n)
    now = at.loss * (1 if sample.single else ahead.best(n) / ahead.best(kept))
    parts = left_out.influence(sample, NOISE, WEIGHTS, at.c)
    error = left_out.standard_error(sample, parts) * now / at.loss
    heavy = int(parts.argmax()) if parts.max() > HEAVY * parts.sum() and count >= ROUGH else None
    told_loss = None if unknowable else now
    sure = told_loss is not None and count >= ROUGH
    forecast = forecasts(sample, ahead, now, error) if sure else {}
    blur = max(at.c, float(found.seen.kappa[0]))
    H = told.halves(sample, at.c, np.random.default_rng(0)) if sample.lam.size < SHORT else None
    end = forecast.get(ENDLESS)
    return Advice(
        n=n,
        d=sample.d,
        units=count,
        grouped=grouped,
        best_c=at.c,
        loss=told_loss,
        loss_interval=about(now, 2 * error) if sure else None,
        forecast=forecast,
        extrapolated=float(found.seen.kappa[0]) if found.seen.kappa[0] > at.c / 10 else None,
        enough=ahead.images_for(1.1 * end.loss / now) if end else None,
        n_effective=inversion.worth(e),
        n_effective_loss=ahead.worth() if sure else None,
        kl=told.blurred_kl(sample, found.seen, at.c, blur),
        blur=blur,
        distance=None if H is None else told.bracket(H, sample),
        twins=_twins(pairs, same),
        copies_matter=grouped == "copies",
        heavy=None if heavy is None else int(left_out.ordered(sample)[heavy][0]),
        runs=_runs(sample) if sample.single else None,
    )


def _twins(pairs: Index, same: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, ...], ...]:
    """All pairs that are alike, equal ones included, in order."""
    equal = {(group[0], other) for group in same for other in group[1:]}
    labels = {row: group[0] for group in same for row in group}
    others = {
        (int(i), int(j)) for i, j in pairs if labels.get(int(i), -1) != labels.get(int(j), -2)
    }
    return tuple(sorted(equal | others))


def _runs(sample: Sample) -> Runs | None:
    """Whether ten in a row are alike: then leaving out single images promises too much."""
    n = sample.n
    if n < 4 * ROW:
        return None
    random = np.random.default_rng(0).permutation(n)
    rows, mixed = (
        sample._replace(groups=tuple(np.array_split(order, range(ROW, n, ROW))))
        for order in (np.arange(n), random)
    )
    at, other = best(rows, ROUGHLY), best(mixed, ROUGHLY)
    if at.loss < MATTERS * other.loss:
        return None
    worth = inversion.worth(inversion.energies(rows, at.c))
    return Runs(at.loss / other.loss, at.c, at.loss, worth)
