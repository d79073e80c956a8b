"""What lindiff-nb train does: choose images, train on them, keep a record, test the network."""

import sys
from collections.abc import Generator
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lindiff_nb._base import validate
from lindiff_nb._base.machine import machine, versions
from lindiff_nb._base.outputs import write_bytes, write_text
from lindiff_nb._base.types import Array
from lindiff_nb._base.written import as_json
from lindiff_nb.data.imageset import ORDER
from lindiff_nb.exact import schedule as schedules
from lindiff_nb.exact.schedule import Schedule
from lindiff_nb.networks import checkpoints, denoisers, training
from lindiff_nb.networks._held_out import BANDS
from lindiff_nb.networks.training import State
from lindiff_nb.train import chosen
from lindiff_nb.train.asked import Asked
from lindiff_nb.train.chosen import Chosen
from lindiff_nb.train.curve import curve

MOST_NOISES = 10**6  # noise levels
TESTED, LARGE = 10_000, 32**2  # pairs of image and step in the final loss; of larger images fewer


class Job(NamedTuple):
    """A run that is checked and ready to start."""

    path: Path
    source: str
    images: Chosen
    states: Generator[State, None, None]
    step: int
    parameters: int
    patience: int
    finished: bool  # patience was over when it last stopped


def begin(asked: Asked, path: Path) -> Job:
    """The run that was asked for.

    Raises ValueError, DataUnavailable or MemoryError for what cannot be done, and OSError while
    another training writes the file.
    """
    validate.integer("steps", asked.steps)
    validate.integer("noise_steps", asked.noise_steps, high=MOST_NOISES)
    if asked.patience and not asked.held_out:
        raise validate.fail("patience", asked.patience, "0 without --held-out")
    _check_record(path, asked)
    schedule = schedules.linear(asked.noise_steps, beta_end=asked.beta_end)
    images = chosen.images(asked)
    record = {"asked": asdict(asked), "source": images.source, "order": ORDER}
    states = training.train(
        images.train,
        schedule,
        asked.settings,
        steps=asked.steps,
        every=asked.every,
        path=path,
        record={**record, "versions": versions(), "machine": machine()},
        device=asked.device,
        held_out=images.held_out,
        keep_best=asked.keep == "best",
    )
    first = next(states)
    parameters = sum(weights.numel() for weights in first.network.parameters())
    over = _over(first, asked.patience)
    source = "\n".join([images.source, *images.said])
    return Job(path, source, images, states, first.step, parameters, asked.patience, over)


def finish(job: Job) -> None:
    """Train to the end, writing the record beside the weights; a line now and then, or a bar."""
    _write_record(job.path)  # of a run that was killed before it wrote this
    for state in () if job.finished else job.states:
        facts = _write_record(job.path)
        if state.held_losses or not sys.stderr.isatty():
            print(_progress(state, facts), flush=True)
        if _over(state, job.patience):
            print(f"stopped: {job.patience} savings without a better held-out loss", flush=True)
            break
    job.states.close()  # lets go of the lock
    if job.images.held_out is not None and job.path.exists():
        facts = checkpoints.load(job.path)[1]
        write_bytes(job.path.with_suffix(".png"), curve(facts))
        print(_kept(job.path, facts))


def _progress(state: State, facts: dict[str, Any]) -> str:
    """Where training stands, in a line."""
    speed = state.step * facts["settings"]["batch"] / max(state.seconds, 1e-9)
    line = f"step {state.step}: loss {state.losses[-1][1]:.5f}"
    if state.held_losses:
        mean, *parts = state.held_losses[-1][1]
        bands = ", ".join(f"{name} {part:.4f}" for name, part in zip(BANDS, parts, strict=False))
        line += f", held out {mean:.5f} (noise: {bands})"
    return f"{line}, {speed:.0f} images/s"


def _over(state: State, patience: int) -> bool:
    """Whether so many savings have not bettered the held-out loss."""
    since = [step for step, _ in state.held_losses if step > (state.best_step or 0)]
    return bool(patience) and len(since) >= patience


def _kept(path: Path, facts: dict[str, Any]) -> str:
    """Which weights the file gives, and how both did on the images held out."""
    at = {step: means[0] for step, means in facts["held_losses"]}
    best, last = min(at, key=lambda step: at[step]), facts["step"]
    kept = facts["best_step"] or last
    other = last if kept == best else best
    beside = "" if other == kept else f"; step {other} had {at[other]:.5f}"
    return f"kept in {path}: step {kept}, loss on images held out {at[kept]:.5f}{beside}"


def _check_record(path: Path, asked: Asked) -> None:
    """Refuse to write record or figure over a file that is not that of these weights."""
    for what, suffix in {"record": ".json", "figure": ".png"}.items():
        there = path.with_suffix(suffix)
        if (asked.held_out or what == "record") and there.exists() and not path.exists():
            raise ValueError(f"{there} exists, and the {what} would replace it: take another name")


def _write_record(path: Path) -> dict[str, Any]:
    """Put the facts of a checkpoint, if there is one, into a file beside it, and return them."""
    if not path.exists():
        return {}
    facts = checkpoints.load(path)[1]
    write_text(path.with_suffix(".json"), as_json(facts))
    return facts


def outcome(job: Job, device: str | None = None) -> str:
    """The losses of the network that is kept, averaged over all noise levels, in a line each."""
    trained, images = denoisers.load(job.path), job.images
    trained.network.to(training.best_device(device))
    rng = np.random.default_rng(ORDER)
    return "\n".join(
        f"loss on images {name}: {mean:.5f} +- {error:.5f}"
        for name, x in (("it was trained on", images.train), ("it never saw", images.test))
        if x is not None
        for mean, error in [_loss(trained.network, trained.schedule, x, rng)]
    )


def _loss(
    network: Any, schedule: Schedule, x: Array, rng: np.random.Generator
) -> tuple[float, float]:
    """The mean loss over all steps, and its error over pairs of image and noise."""
    tested = TESTED * LARGE // max(LARGE, x.shape[-2] * x.shape[-1])
    x = x[: max(1, tested)]
    guess = denoisers.denoiser(network, schedule, x.shape[1:], fast=True)
    draws = max(1, tested // len(x))
    each = denoisers.losses(guess, x, schedule, rng, draws=draws).loss
    return float(each.mean()), float(each.std() / np.sqrt(each.size))
