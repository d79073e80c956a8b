"""Where copying begins for more and more random features, in two dimensions and in eight.

For each number m of features, scores on n points of two modes, n from m / 32 to 2 m, each seed
with its own features and points. At the end of training

    copied   the distance from the score of the noised points, over that of the true score
    best     the bound, in nats, where it is best along training
    rise     the bound at the end over that

On one core of a processor this takes some minutes.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from lindiff_nb._base.types import Array
from lindiff_nb.exact.isotropic import IsotropicModes
from lindiff_nb.measure import score_draws
from lindiff_nb.measure.score_draws import Along

TAU = np.logspace(0, 10, 41)
SHARES = 2.0 ** np.arange(-5, 2)  # points for each feature


class Size(NamedTuple):
    """How much is computed."""

    seeds: int = 10
    dimensions: tuple[int, ...] = (2, 8)
    widths: tuple[int, ...] = (64, 128, 256, 512)
    draws: int = 2**15


SMALL = Size(1, (2,), (32, 64), 2**8)


def modes(d: int) -> IsotropicModes:
    """Two round modes of deviation one at 3 and -3 on the first axis."""
    return IsotropicModes(np.outer([-3.0, 3.0], np.eye(d)[0]), deviation=1.0)


def summary(run: Along) -> dict[str, Array]:
    """What is kept of a run, (seeds,) each."""
    best = run.new.min(axis=1)
    return {"copied": run.copied[:, -1], "best": best, "rise": run.new[:, -1] / best}


def compute(small: bool, say: Callable[[str], None]) -> tuple[dict[str, Array], dict[str, Any]]:
    """Arrays (dimensions, widths, points for each feature, seeds) and the settings."""
    size = SMALL if small else Size()
    rows: dict[str, list[Array]] = {}
    for d in size.dimensions:
        for m in size.widths:
            rng = np.random.default_rng([d, m])
            for n in (m * SHARES).astype(int).tolist():
                setting = modes(d), m, n, TAU, size.seeds, size.draws
                for name, values in summary(score_draws.along_training(rng, *setting)).items():
                    rows.setdefault(name, []).append(values)
            say(f"{d} dimensions, {m} features: copied {rows['copied'][-1].mean():.3f} at n = {n}")
    lead = len(size.dimensions), len(size.widths), len(SHARES), size.seeds
    return {name: np.reshape(row, lead) for name, row in rows.items()}, size._asdict()
