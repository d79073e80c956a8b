"""What regularises a real U-net: noise on its images, weight decay, or stopping, and what it costs.

A small U-net is trained on n digits or crops of photographs of 8x8 pixels. Along training its
averaged weights are judged by

    new, train   the loss of the guess of the noise, on new images and on training images,
                 averaged over evenly spread steps of the schedule, always at the same noise
    copies       the share of its samples less than half as far from the nearest training image as
                 from the next: at the last step

A way to train is noise of variance c on each image drawn, for a linear denoiser the ridge c, and
the weight decay of AdamW. c is given as a share of the best ridge of a linear denoiser for the
whole set's spectrum at this n. The seed is that of the images drawn, the weights and the noise.
"""

from collections.abc import Callable
from dataclasses import asdict, replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from lindiff_nb._base.settings import Settings
from lindiff_nb._base.types import Array
from lindiff_nb.data import load
from lindiff_nb.exact import averages, sampling, schedule, spacing, spectra
from lindiff_nb.measure import memorization
from lindiff_nb.networks import denoisers, training
from lindiff_nb.predict import best_ridge

SETS = ("mnist", "photo-crops")
SIDE, NEW, COPY = 8, 256, 0.5
SETTINGS = Settings(width=8, batch=32, rate=4e-3)
SCHEDULE = schedule.linear(1000)
SAMPLER = 30  # steps of the sampler


class Way(NamedTuple):
    """One way to train: c over the best ridge of the linear denoiser, and the weight decay."""

    ridge: float = 0.0
    weight_decay: float = 0.0


WAYS = {
    "none": Way(),
    "ridge": Way(ridge=1.0),
    "decay": Way(weight_decay=1.0),
}


class Size(NamedTuple):
    """How much is computed."""

    seeds: int
    numbers: tuple[int, ...]  # of training images
    kept: tuple[int, ...]  # steps of training
    draws: int  # noise levels an image in a loss
    samples: int


WHOLE = Size(3, (16, 64), (50, 100, 200, 400, 600), 8, 200)
SMALL = Size(1, (8, 16), (2, 4), 2, 8)


@cache
def whole(name: str) -> Array:
    """All images of a set, (N, SIDE, SIDE)."""
    found = load(name, SIDE)
    return np.concatenate([found.train, found.test])


def images(name: str, n: int, seed: int) -> tuple[Array, Array]:
    """n images to train on and NEW others, (n, SIDE, SIDE) each; those of smaller n come first."""
    pool = whole(name)
    order = np.random.default_rng(seed).permutation(len(pool))
    return pool[order[NEW : NEW + n]], pool[order[:NEW]]


def ridge(name: str, n: int) -> float:
    """The best ridge of a linear denoiser for the spectrum of the whole set, mean over steps."""
    spectrum = spectra.of_data(whole(name).reshape(-1, SIDE**2))
    levels, weights = averages.gauss_rule(SCHEDULE.alpha_bar)
    return float(best_ridge.for_test_loss(spectrum, n, levels, weights=weights))


def judged(x: Array, new: Array, settings: Settings, size: Size) -> dict[str, Array]:
    """The losses (steps,) on new and on training images, and the share of copies at the end."""
    rows: dict[str, list[float]] = {"new": [], "train": []}
    last, every = size.kept[-1], size.kept[0]
    run = training.train(x, SCHEDULE, settings, steps=last, every=every, progress=False)
    for state in run:
        if state.step in size.kept:
            guess = denoisers.denoiser(state.average, SCHEDULE, (SIDE, SIDE))
            for key, points in (("new", new), ("train", x[:NEW])):
                flat, rng = points.reshape(-1, SIDE**2), np.random.default_rng(0)
                found = denoisers.losses(guess, flat, SCHEDULE, rng, draws=size.draws)
                rows[key].append(float(found.loss.mean()))
    level = spacing.evenly(SCHEDULE, SAMPLER)
    starts = np.random.default_rng(settings.seed).standard_normal((size.samples, SIDE**2))
    guess = denoisers.denoiser(state.average, level, (SIDE, SIDE))
    near = memorization.nearest(sampling.ddim(guess, starts, level), x)
    copies = np.array(np.mean(near.ratio < COPY))
    return {**{key: np.array(row) for key, row in rows.items()}, "copies": copies}


def cell(name: str, n: int, c: float, key: str, seed: int, size: Size) -> dict[str, Array]:
    """What one network gives, trained on n images of a set in one way; c the best ridge."""
    way = WAYS[key]
    settings = replace(SETTINGS, seed=seed, jitter=way.ridge * c, weight_decay=way.weight_decay)
    return judged(*images(name, n, seed), settings, size)


def compute(small: bool, say: Callable[[str], None]) -> tuple[dict[str, Array], dict[str, Any]]:
    """Arrays and the settings; `small`: one seed, few steps.

    new, train  (sets, numbers, ways, seeds, steps)
    copies      (sets, numbers, ways, seeds)
    ridge       (sets, numbers)
    """
    size = SMALL if small else WHOLE
    found: dict[str, list[Array]] = {}
    ridges = np.array([[ridge(name, n) for n in size.numbers] for name in SETS])
    for name, row in zip(SETS, ridges, strict=True):
        for n, c in zip(size.numbers, row, strict=True):
            for key in WAYS:
                for seed in range(size.seeds):
                    for what, values in cell(name, n, float(c), key, seed, size).items():
                        found.setdefault(what, []).append(values)
                say(f"{name}, {n} images, {key}: {found['new'][-1].min():.4f} at best")
    lead = len(SETS), len(size.numbers), len(WAYS), size.seeds
    arrays = {key: np.reshape(row, (*lead, *row[0].shape)) for key, row in found.items()}
    told = {"side": SIDE, "images": NEW, **asdict(SETTINGS), **size._asdict()}
    told |= {"ways": {key: way._asdict() for key, way in WAYS.items()}}
    return arrays | {"ridge": ridges}, told
