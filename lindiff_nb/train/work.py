"""What lindiff-nb train does: choose images, train on them, keep a record, test the network."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lindiff_nb._base import validate
from lindiff_nb._base.machine import machine, versions
from lindiff_nb._base.outputs import write_text
from lindiff_nb._base.types import Array
from lindiff_nb.data import load, select
from lindiff_nb.data.imageset import ORDER
from lindiff_nb.exact import schedule as schedules
from lindiff_nb.exact.schedule import Schedule
from lindiff_nb.networks import checkpoints, denoisers, training
from lindiff_nb.networks.training import State
from lindiff_nb.train.asked import Asked

SCHEMA = 1  # of the record: what its names mean
MOST_NOISES = 10**6  # noise levels
TESTED = 10_000  # pairs of image and step in the final loss


class Images(NamedTuple):
    """The images trained on, and others, (N, size, size)."""

    train: Array
    test: Array


class Job(NamedTuple):
    """A run that is checked and ready to start."""

    path: Path
    source: str
    images: Images
    states: Iterator[State]
    step: int
    parameters: int


def begin(asked: Asked, path: Path) -> Job:
    """The run that was asked for.

    Raises ValueError, DataUnavailable or MemoryError for what cannot be done, and OSError while
    another training writes the file.
    """
    validate.integer("steps", asked.steps)
    validate.integer("noise_steps", asked.noise_steps, high=MOST_NOISES)
    _check_record(path)
    schedule = schedules.linear(asked.noise_steps, beta_end=asked.beta_end)
    found = load(asked.data, asked.size, download=asked.download)
    images = Images(select(found, asked.n, asked.skip), found.test)
    record = {"asked": asdict(asked), "source": str(found.record), "order": ORDER}
    states = training.train(
        images.train,
        schedule,
        asked.settings,
        steps=asked.steps,
        every=asked.every,
        path=path,
        record={**record, "versions": versions(), "machine": machine()},
        device=asked.device,
    )
    first = next(states)
    parameters = sum(weights.numel() for weights in first.network.parameters())
    return Job(path, str(found.record), images, states, first.step, parameters)


def finish(job: Job) -> None:
    """Train to the end, writing the record beside the weights; a line now and then, or a bar."""
    _write_record(job.path)  # of a run that was killed before it wrote this
    for state in job.states:
        facts = _write_record(job.path)
        if not sys.stderr.isatty():
            speed = state.step * facts["settings"]["batch"] / state.seconds
            loss = state.losses[-1][1]
            print(f"step {state.step}: loss {loss:.5f}, {speed:.0f} images/s", flush=True)


def _check_record(path: Path) -> None:
    """Refuse to write the record over a file that is not the record of these weights."""
    record = path.with_suffix(".json")
    if record.exists() and not path.exists():
        raise ValueError(f"{record} exists, and the record would replace it: take another name")


def _write_record(path: Path) -> dict[str, Any]:
    """Put the facts of a checkpoint, if there is one, into a file beside it, and return them."""
    if not path.exists():
        return {}
    facts = checkpoints.load(path)[1]
    write_text(path.with_suffix(".json"), json.dumps({"schema": SCHEMA, **facts}, indent=1) + "\n")
    return facts


def outcome(path: Path, images: Images, device: str | None = None) -> str:
    """The losses of the trained network, averaged over all noise levels, in a line each."""
    trained = denoisers.load(path)
    trained.network.to(training.best_device(device))
    rng = np.random.default_rng(ORDER)
    return "\n".join(
        f"loss on images {name}: {mean:.5f} +- {error:.5f}"
        for name, x in (("it was trained on", images.train), ("it never saw", images.test))
        for mean, error in [_loss(trained.network, trained.schedule, x, rng)]
    )


def _loss(
    network: Any, schedule: Schedule, x: Array, rng: np.random.Generator
) -> tuple[float, float]:
    """The mean loss over all steps, and its error over pairs of image and noise."""
    x = x[:TESTED]
    guess = denoisers.denoiser(network, schedule, x.shape[1:], fast=True)
    draws = max(1, TESTED // len(x))
    each = denoisers.losses(guess, x, schedule, rng, draws=draws).loss
    return float(each.mean()), float(each.std() / np.sqrt(each.size))
