"""U-nets on two clusters of digits: nearest, farthest, and between, for several clusterings.

Each training set has as many images of either cluster. Along training each network is judged by

    loss      of the guess of the noise, on its training images and on new ones of each cluster
    samples   how many of its samples are nearest to the centre of either cluster, or of another

The package's copy took three minutes on one H100, all 15 networks side by side, each in a process
of its own; one after another on one core of a processor they take more than an hour. The clusters
were found on the processor, as here.

Source: Li et al. 2023, section 4.2 and figures 6 and 7, who train one network on each of two pairs.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import Any, NamedTuple

import numpy as np

from lindiff_nb._base.settings import Settings
from lindiff_nb._base.types import Array
from lindiff_nb.data import load
from lindiff_nb.exact import sampling, schedule, spacing
from lindiff_nb.measure import clusters
from lindiff_nb.measure.clusters import Clusters, Pair
from lindiff_nb.networks import denoisers, training

PLACES = {"nearest": 0.0, "middle": 0.5, "farthest": 1.0}  # among the pairs by distance
OF_EACH, NEW = 100, 50  # images of a cluster to train on, and to judge by
SAMPLER = 50  # steps of the sampler
SIDE = 16
SETTINGS = Settings(batch=64)
SHOWN = 8  # samples kept as pictures
SCHEDULE = schedule.linear(1000, beta_end=1e-2)


class Size(NamedTuple):
    """How much is computed."""

    seeds: int  # clusterings, each with its own training sets and networks
    kept: tuple[int, ...]  # steps of training
    judged: int  # pairs of image and noise level in a loss
    samples: int


WHOLE, SMALL = Size(5, (250, 500, 1000, 2000, 4000), 20_000, 1000), Size(1, (2, 4), 200, 20)


def pairs(seed: int) -> tuple[Clusters, list[Pair]]:
    """A clustering of the digits that come with the package, and three pairs of clusters."""
    found = load("mnist", SIDE)
    images, rng = np.concatenate([found.train, found.test]), np.random.default_rng(seed)
    sorts = clusters.find(rng, images)
    return sorts, clusters.draw_pairs(rng, sorts, images, OF_EACH, NEW, list(PLACES.values()))


def judged(found: Clusters, pair: Pair, seed: int, size: Size) -> Iterator[dict[str, Array]]:
    """At each kept step the loss on training and new images, (2,), and kinds of samples, (3,)."""
    images = pair.train.reshape(-1, SIDE, SIDE)
    settings = replace(SETTINGS, seed=seed)
    steps, every = size.kept[-1], size.kept[0]
    level = spacing.evenly(SCHEDULE, SAMPLER)
    run = training.train(images, SCHEDULE, settings, steps=steps, every=every, progress=False)
    for state in run:
        if state.step in size.kept:
            rng = np.random.default_rng(seed)
            guess = denoisers.denoiser(state.average, SCHEDULE, (SIDE, SIDE))
            respaced = denoisers.denoiser(state.average, level, (SIDE, SIDE))
            drawn = sampling.ddim(respaced, rng.standard_normal((size.samples, SIDE**2)), level)
            kinds = found.assign(drawn)
            of_two = [np.sum(kinds == k) for k in pair.two]
            yield {
                "train": _loss(guess, pair.train, rng, size.judged),
                "new": _loss(guess, pair.new, rng, size.judged),
                "samples": np.array([*of_two, size.samples - sum(of_two)]),
                "pictures": np.rint(255 * drawn[:SHOWN].clip(0, 1)).astype(np.uint8),
            }


def _loss(guess: Any, x: Array, rng: np.random.Generator, judged: int) -> Array:
    """The mean loss on the images of each cluster, (2,)."""
    points = x.reshape(-1, SIDE**2)
    each = denoisers.losses(guess, points, SCHEDULE, rng, draws=judged // len(points)).loss
    return each.reshape(len(x), -1).mean(axis=1)


def compute(small: bool, say: Callable[[str], None]) -> tuple[dict[str, Array], dict[str, Any]]:
    """Arrays (seeds, places, steps, ..) and the settings; `small`: one seed, few steps."""
    size = SMALL if small else WHOLE
    rows: dict[str, list[Array]] = {}
    for seed in range(size.seeds):
        found, drawn = pairs(seed)
        for place, pair in zip(PLACES, drawn, strict=True):
            steps = list(judged(found, pair, seed, size))
            for name in steps[0]:
                rows.setdefault(name, []).append(np.array([step[name] for step in steps]))
            rows.setdefault("distance", []).append(np.array(pair.distance))
            say(f"seed {seed}, {place}: loss on new images {rows['new'][-1][-1].mean():.4f}")
    lead = size.seeds, len(PLACES)
    arrays = {name: np.reshape(row, (*lead, *row[0].shape)) for name, row in rows.items()}
    told = {"side": SIDE, "images": 2 * OF_EACH, "new": 2 * NEW, **asdict(SETTINGS)}
    told |= {"device": str(training.best_device()), "processes": 1, **size._asdict()}
    return arrays, told
