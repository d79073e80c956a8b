"""All answers for a sample: the ridge, the loss now and with more images, and what to beware of.

The loss now is that of leaving out one image, or one group, at its best ridge. What more images
bring is its ratio to now as predicted from the population's spectrum and the images' energies, both
read from the same leverages: P(m) / P(n) times the loss now.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from lindiff_nb._base.types import Array, Index
from lindiff_nb.advise import units
from lindiff_nb.exact import alike, inversion, left_out, schedule, told
from lindiff_nb.exact.averages import gauss_rule
from lindiff_nb.exact.inversion import Inverted
from lindiff_nb.exact.left_out import Sample
from lindiff_nb.predict import elliptical
from lindiff_nb.predict.elliptical import Levels

RIDGES = np.geomspace(1e-5, 30.0, 130)  # tried, times the mean variance if that is far from one
USUAL = (0.01, 10.0)  # mean variances that are not
FEWEST, ROUGH, NO_END = 4, 10, 20  # units below which there is no advice, no interval, no limit
SPARSE = 50, 16  # fewer images than this and than d over that: 2n alone is told
MATTERS = 1.03  # times the loss: copies and runs that cost less are not spoken of
HEAVY = 0.2  # of what the images leak, in one group
SHORT = 1000  # eigenvalues from which on the distance of halves takes too long
ROUGHLY = 30  # places of a table that has to be good to 1e-3
QUANTILES = 500  # of the energies
ENDLESS = "endless"


class Forecast(NamedTuple):
    """The loss with so many images, and between what it is expected, None where it is not."""

    images: float
    loss: float
    interval: tuple[float, float] | None


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


class At(NamedTuple):
    """A sample at its best ridge."""

    c: float
    loss: float
    lowest: bool  # the ridge is the least that was tried


_STEPS = schedule.linear(1000, beta_end=schedule.MERGER_GOLDT_BETA_END).alpha_bar
_A, _WEIGHTS = gauss_rule(_STEPS)
NOISE = (1 - _A) / _A


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
    firm = units.joined(n, same, groups or [])
    sample, grouped = sample._replace(groups=tuple(firm)), "groups" if groups else ""
    pairs = alike.pairs(sample) if n > 2 else np.zeros((0, 2), dtype=np.intp)
    _enough_units(sample)
    at = best(sample)
    looser = sample._replace(groups=tuple(units.joined(n, firm, pairs)))
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


def _grid(sample: Sample) -> Array:
    """Ridges to try."""
    variance = float(sample.lam.sum()) / sample.d
    return RIDGES * (1.0 if USUAL[0] < variance < USUAL[1] else variance)


def best(sample: Sample, places: int = left_out.TABLE) -> At:
    """The ridge at which what is left out costs least, and that loss: one group, or one image."""

    def values(xi: Array) -> tuple[Array, ...]:
        at = left_out.curves(sample, xi)
        return at.trace, at.square, at.parts.sum(axis=0)

    return _valley(values, _grid(sample), sample.d, places)


def _valley(
    values: Callable[[Array], tuple[Array, ...]],
    grid: Array,
    d: float,
    places: int = left_out.TABLE,
) -> At:
    """The least mean loss along a grid of ridges, and the vertex of the parabola through it."""
    table = left_out.tabulated(values, NOISE.min() + grid[0], NOISE.max() + grid[-1], places)
    xi = NOISE + grid[:, None]
    losses = left_out.loss(table(xi), NOISE, d) @ _WEIGHTS
    at = int(losses.argmin())
    if at in (0, grid.size - 1):
        return At(float(grid[at]), float(losses[at]), at == 0)
    low, here, high = losses[at - 1 : at + 2]
    slope, bend = (high - low) / 2, high - 2 * here + low
    c = grid[at] * (grid[1] / grid[0]) ** (-slope / bend)
    return At(float(c), float(here - slope**2 / (2 * bend)), False)


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
    ahead = _Ahead(sample, found, _quantiles(e))
    n, count, unknowable = sample.n, len(sample.groups), at.lowest and sample.n < 2 * sample.d
    kept = n - (0 if sample.single else float(np.sum(sample.sizes**2)) / n)
    now = at.loss * (1 if sample.single else ahead.best(n) / ahead.best(kept))
    parts = left_out.influence(sample, NOISE, _WEIGHTS, at.c)
    error = left_out.standard_error(sample, parts) * now / at.loss
    heavy = int(parts.argmax()) if parts.max() > HEAVY * parts.sum() and count >= ROUGH else None
    told_loss = None if unknowable else now
    sure = told_loss is not None and count >= ROUGH
    forecast = _forecast(sample, ahead, now, error) if sure else {}
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
        loss_interval=_about(now, 2 * error) if sure else None,
        forecast=forecast,
        extrapolated=float(found.seen.kappa[0]) if found.seen.kappa[0] > at.c / 10 else None,
        enough=ahead.images_for(1.1 * end.loss / now) if end else None,
        n_effective=inversion.worth(e),
        n_effective_loss=ahead.worth() if sure else None,
        kl=told.blurred_kl(sample, found.seen, at.c, blur),
        blur=blur,
        distance=None if H is None else told.bracket(H),
        twins=_twins(pairs, same),
        copies_matter=grouped == "copies",
        heavy=None if heavy is None else int(left_out.ordered(sample)[heavy][0]),
        runs=_runs(sample) if sample.single else None,
    )


def _about(value: float, width: float) -> tuple[float, float]:
    return max(0.0, value - width), value + width


def _quantiles(e: Array) -> Array:
    """As many energies as matter."""
    if e.size <= QUANTILES:
        return e
    return np.quantile(e, (np.arange(QUANTILES) + 0.5) / QUANTILES)


class _Ahead(NamedTuple):
    """What is predicted for other numbers of images."""

    sample: Sample
    found: Inverted
    energies: Array

    def best(self, m: float, energies: Array | None = None) -> float:
        """P(m): the loss with m images at the ridge that is best for them."""
        levels = Levels(self.found.lam, self.found.counts)
        e = self.energies if energies is None else energies
        if np.isinf(m):
            return float(_WEIGHTS @ elliptical.test_loss(levels, m, NOISE, 0.0, e))
        d = levels.counts.sum()
        return _valley(lambda xi: elliptical.traces(levels, m, xi, e), _grid(self.sample), d).loss

    def images_for(self, ratio: float) -> float | None:
        """How many images bring the loss to this ratio of that of now; None if no number does."""
        n = self.sample.n
        limit = ratio * self.best(n)
        if not self.best(n / 8 + 1) > limit > self.best(1e6 * n):
            return None
        ends = np.log([n / 8 + 1, 1e6 * n])
        return float(np.exp(brentq(lambda t: self.best(np.exp(t)) - limit, *ends, xtol=1e-3)))

    def worth(self) -> float:
        """How many images of equal energies would have the loss of now."""
        n, one = self.sample.n, np.ones(1)
        limit = self.best(n)
        ends = np.log([2.0, 4.0 * n])
        if not self.best(2.0, one) > limit > self.best(4.0 * n, one):
            return float(n)
        return float(np.exp(brentq(lambda t: self.best(np.exp(t), one) - limit, *ends, xtol=1e-4)))


def _forecast(sample: Sample, ahead: _Ahead, now: float, error: float) -> dict[str, Forecast]:
    """With twice and four times as many images and with endless ones, as far as can be told."""
    n, d, count = sample.n, sample.d, len(sample.groups)
    sizes = {"2n": 2.0 * n, "4n": 4.0 * n, ENDLESS: np.inf}
    if n < SPARSE[0] and n < d / SPARSE[1]:
        sizes = {"2n": 2.0 * n}
    elif count < NO_END:
        del sizes[ENDLESS]
    base, gain = ahead.best(n), _gain(sample, now)
    result = {}
    for name, m in sizes.items():
        loss = now * ahead.best(m) / base
        if np.isfinite(m):
            loss = max(loss, now - np.log2(m / n) * gain)
        width = 2 * np.hypot(error, (now - loss) / 4)
        result[name] = Forecast(m, loss, _about(loss, width))
    return result


def _gain(sample: Sample, now: float) -> float:
    """What the last doubling brought: a forecast gains no more by the next."""
    order = np.random.default_rng(0).permutation(len(sample.groups))
    parts = np.array_split(order, 2)
    rows = [np.sort(np.concatenate([sample.groups[at] for at in part])) for part in parts]
    half = np.mean([best(left_out.part(sample, part)).loss for part in rows])
    return max(0.0, float(half) - now)


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
    if n < 4 * units.ROW:
        return None
    random = np.random.default_rng(0).permutation(n)
    rows, mixed = (
        sample._replace(groups=tuple(units.runs(n, order))) for order in (np.arange(n), random)
    )
    at, other = best(rows, ROUGHLY), best(mixed, ROUGHLY)
    if at.loss < MATTERS * other.loss:
        return None
    worth = inversion.worth(inversion.energies(rows, at.c))
    return Runs(at.loss / other.loss, at.c, at.loss, worth)
