"""The scores that Li et al. train, with what one run of each cannot tell: 20 seeds, and controls.

Two ways to train, modes near and far, on the points of a seed or on points that are fresh in each
epoch (`networks.line_scores`). Along training each network is judged by

    kl       KL(p_0 || exp int s(y, t_0) dy), which the paper plots; t_0 = 0.065 as in its code
    ode      KL(p_0 || end of the probability flow, run from t = 1 to t_0)
    bound    (1/2) int sigma^(2t) E (s - s*)^2 dt from t_0 to 1
    left     the mass left of zero, half in truth, of the density of `kl` and that of `ode`

all in nats. At t_0 some noise is left: the true score itself has kl = ode = 0.0015. Besides, kl
against the width of the network. Epochs are counted as theirs: epoch 0 is one pass over the points.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from lindiff_nb._base.types import Array
from lindiff_nb.exact.modes import Mixture
from lindiff_nb.measure import score_divergence
from lindiff_nb.measure.score_divergence import Masses
from lindiff_nb.networks import line_scores
from lindiff_nb.networks.line_scores import VE, Weights
from lindiff_nb.stored.results import Arrays, Say

NEAR, FAR = 3.0, 15.0  # half the distance of the modes
CELLS = 300  # leave an error of 1 % in ode, less in kl
NODES = 100  # the waves of the time leave 1 % in the bound


class Case(NamedTuple):
    """One way to train."""

    optimiser: str
    mu: float = NEAR
    fresh: bool = False


class Size(NamedTuple):
    """How much of it is computed; the seed of network k is the k-th child of `seed`."""

    seed: int = 0
    seeds: int = 20
    few: int = 10  # seeds for each width
    n: int = 1000
    last: int = 2000
    every: int = 50  # epochs between two values of kl; four times that for the others
    widths: tuple[int, ...] = (2, 4, 8, 32, 128)


CASES = {
    "sgd": Case("sgd"),
    "sgd-fresh": Case("sgd", fresh=True),
    "adam": Case("adam"),
    "adam-fresh": Case("adam", fresh=True),
    "sgd-far": Case("sgd", FAR),
    "adam-far": Case("adam", FAR),
}
SMALL = Size(seeds=2, few=2, n=64, last=4, every=2, widths=(2, 4))


def law(mu: float) -> Mixture:
    """Two modes of deviation one at +- mu. Raises ValueError for a mu that is not finite."""
    return Mixture([-mu, mu], deviation=1.0)


def masses(weights: Weights, truth: Mixture, by: str, cells: int = CELLS) -> Masses:
    """What the law and the networks put into cells of y; `by` "potential", "ode" or "sde".

    Networks as `networks.line_scores` yields them; none may have diverged. Raises ValueError as
    `measure.score_divergence.masses`, which works on the scale that shrinks.
    """
    score = VE.scaled(line_scores.score(weights))
    found = score_divergence.masses(score, truth, by, cells, VE)
    edges = found.edges / np.sqrt(VE.alpha_bar(VE.start))
    return Masses(edges, truth.masses(edges), found.score)


def bound(weights: Weights, truth: Mixture) -> Array:
    """The bound of each network in nats, (seeds,). Arguments as for `masses`."""
    score = VE.scaled(line_scores.score(weights))
    return score_divergence.bound(score, truth, nodes=NODES, process=VE).nats


def compute(small: bool, say: Say) -> tuple[Arrays, dict[str, object]]:
    """All arrays, and the sizes they were made with; see the module. `say` gets a line a case.

    epochs           (E,)
    CASE/kl          (seeds, E)           CASE/left-kl the same
    CASE/ode, bound  (seeds, (E+3)/4)     CASE/left-ode the same, at every fourth epoch
    CASE/omega, ..   the networks at the last epoch
    width/widths     (W,)
    width/OPTIMISER  kl, (W, few, E); 16, the width of all others, is not among the widths

    NaN stands for a network that has diverged.
    """
    size = SMALL if small else Size()
    arrays: Arrays = {"epochs": np.arange(0, size.last + 1, size.every)}
    for name, case in CASES.items():
        say(f"{name}: {size.seeds} networks, {size.last + 1} epochs")
        found = _followed(case, size)
        arrays |= {f"{name}/{key}": value for key, value in found.items()}
    arrays["width/widths"] = np.array(size.widths)
    for optimiser in line_scores.OPTIMISERS:
        say(f"{optimiser}: {size.few} networks for each of {len(size.widths)} widths")
        curves = [_curve(Case(optimiser), size, width) for width in size.widths]
        arrays[f"width/{optimiser}"] = np.stack(curves)
    cases = {name: case._asdict() for name, case in CASES.items()}
    return arrays, {**size._asdict(), "cases": cases}


def epochs(case: Case, size: Size, seeds: int, width: int = 16) -> Iterator[tuple[int, Weights]]:
    """The epoch and the networks of so many seeds, at each epoch that is looked at."""
    rngs = np.random.default_rng(size.seed).spawn(seeds)
    run = line_scores.train(
        rngs, law(case.mu), case.optimiser, n=size.n, width=width, fresh=case.fresh
    )
    for epoch, weights in zip(range(size.last + 1), run, strict=False):
        if epoch % size.every == 0:
            yield epoch, weights


def _curve(case: Case, size: Size, width: int) -> Array:
    """kl, (few, E)."""
    seen = (weights for _, weights in epochs(case, size, size.few, width))
    return np.stack([judged(weights, law(case.mu), "potential")[0] for weights in seen], axis=1)


def _followed(case: Case, size: Size) -> Arrays:
    """All that is kept of a case."""
    rows: dict[str, list[Array]] = {
        key: [] for key in ("kl", "left-kl", "ode", "left-ode", "bound")
    }
    truth = law(case.mu)
    for epoch, weights in epochs(case, size, size.seeds):
        now = [*judged(weights, truth, "potential")]
        if epoch % (4 * size.every) == 0:
            now += [*judged(weights, truth, "ode"), _of_alive(weights, lambda w: bound(w, truth))]
        for key, value in zip(rows, now, strict=False):
            rows[key].append(value)
    arrays: Arrays = {key: np.stack(values, axis=1) for key, values in rows.items()}
    return arrays | weights._asdict()


def judged(weights: Weights, truth: Mixture, by: str) -> tuple[Array, Array]:
    """The divergence in nats, and the mass left of zero; (seeds,) each, NaN for what diverged.

    Arguments as for `masses`. Raises ValueError as it does.
    """

    def both(alive: Weights) -> Array:
        found = masses(alive, truth, by)
        left = found.edges[1:] + found.edges[:-1] < 0
        return np.stack([score_divergence.kl(found), found.score[:, left].sum(axis=-1)], axis=-1)

    kl, left = _of_alive(weights, both, 2).T
    return kl, left


def _of_alive(weights: Weights, measured: Callable[[Weights], Array], *shape: int) -> Array:
    """What is measured, (seeds, ..), with NaN for each network that has diverged."""
    alive = line_scores.alive(weights)
    full = np.full((len(alive), *shape), np.nan)
    full[alive] = measured(line_scores.chosen(weights, alive))
    return full
