"""Training a U-net on images: a generator that yields where training stands.

Each step draws `batch` images with replacement, a noise for each, and noise levels t spread evenly
over 1..T, one from each of `batch` equal parts. The loss is the papers', all t counting alike,

    L = mean over batch, pixels and channels of  (eps - eps_hat(x_t, alpha_bar_t))^2

and Adam takes the step (Kingma & Ba 2015) at a rate that rises linearly over the first 100 steps
and then stays. The network to use is the average of the weights so far, those of step k counting
k^8 - (k-1)^8: about the last tenth of the training, however long that was (Karras et al. 2024,
section 3.1).

Stopping, plotting and keeping what was learned on the way are the caller's. The network is not
compiled: on one core torch.compile makes a step of 64 images an eighth faster and takes minutes to
begin, which pays after some 30,000 steps; on other devices it was not tried.
"""

import json
import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple
from weakref import finalize

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor
from tqdm import tqdm

from lindiff_nb._base import validate
from lindiff_nb._base.files import alone
from lindiff_nb._base.settings import Settings
from lindiff_nb.exact import schedule as schedules
from lindiff_nb.exact.schedule import Schedule
from lindiff_nb.networks import _memory
from lindiff_nb.networks._held_out import HeldOut, best_step
from lindiff_nb.networks._run import Run
from lindiff_nb.networks.unet import UNet, check_shape

__all__ = ["Settings", "State", "as_images", "best_device", "train"]


class State(NamedTuple):
    """Where training stands after `step` steps; the networks go on changing."""

    step: int
    network: UNet  # as trained
    average: UNet  # of its weights: the one to use
    losses: tuple[tuple[int, float], ...]  # (step, mean over the steps since the entry before)
    seconds: float  # of training, earlier runs included
    held_losses: tuple[tuple[int, list[float]], ...] = ()  # (step, [mean, little noise, .., much])
    best_step: int | None = None  # of the least mean, whose weights the file keeps


def train(
    images: ArrayLike,
    schedule: Schedule,
    settings: Settings,
    *,
    steps: int,
    every: int = 250,
    path: Path | str | None = None,
    record: Mapping[str, Any] | None = None,
    device: torch.device | str | None = None,
    progress: bool | None = None,
    held_out: ArrayLike | None = None,
    keep_best: bool = True,
) -> Generator[State, None, None]:
    """The state at the start, every `every` steps, and after `steps` steps.

    images     (N, h, w) or (N, channels, h, w), floats in [0, 1]; sides divisible by 4
    path       a checkpoint, written before each state after the first is yielded. If it is there
               already, training goes on from it, on the same machine, with the same number of
               threads and the same torch to the same bits as if it had never stopped. No other
               training may write it until the generator ends or is let go
    record     facts of the caller's to keep in the checkpoint, such as where the images came from
    device     a torch.device, or a name that `best_device` knows. Multiplications are in bfloat16
               where that is faster
    progress   a bar with images per second and the time left; None: on a terminal
    held_out   images like these that are not trained on: their loss is taken before each yield,
               always at the same noise. With `keep_best` the checkpoint keeps the averaged weights
               that do best on them beside the last ones, and `denoisers.load` takes those

    Raises ValueError for bad images or numbers, and for a checkpoint that is damaged or was made
    with other data, schedule or settings or on another kind of device; OSError while another
    training writes the checkpoint; FloatingPointError, naming the step, if the loss is not finite;
    MemoryError, naming what would fit, if memory runs out.
    """
    x = as_images("images", images)
    held = None if held_out is None else HeldOut(as_images("held_out", held_out), keep_best)
    if held and held.x.shape[1:] != x.shape[1:]:
        raise validate.fail("the shape of held_out", held.x.shape, f"(N, {tuple(x.shape[1:])})")
    _checked(settings)
    _check_signal(schedule)
    steps, every = validate.integer("steps", steps, low=0), validate.integer("every", every)
    facts = _storable(record or {})
    device = device if isinstance(device, torch.device) else best_device(device)
    kept = None if path is None else Path(path)
    if kept is not None and not kept.parent.is_dir():
        raise validate.fail("path", str(path), "in a folder that exists")
    with ExitStack() as stack:
        if kept is not None:
            stack.enter_context(alone(kept))
        run = _memory.prepared(x, schedule, settings, device, held)
        if kept is not None and kept.exists():
            run.resume(kept)
        lock = stack.pop_all()
    states = _states(run, steps, every, kept, facts, progress, lock)
    finalize(states, lock.close)  # a generator that never starts never reaches its end
    return states


def best_device(name: str | None = None) -> torch.device:
    """CUDA, else Apple's graphics processor, else the processor; or the one of this name.

    Raises ValueError for a name other than "cuda", "mps" or "cpu", or of a device that is not here.
    """
    mps = torch.backends.mps.is_available()
    here = [*["cuda"] * torch.cuda.is_available(), *["mps"] * mps, "cpu"]
    if name is not None and name not in here:
        wanted = f"one that this machine's torch has: {', '.join(here)}"
        raise validate.fail("device", name, wanted)
    return torch.device(name or here[0])


def as_images(name: str, value: ArrayLike) -> Tensor:
    """Images as a float32 tensor (N, channels, h, w), or ValueError naming what is wrong."""
    array = validate.numbers(name, value)
    if np.asarray(value).dtype.kind in "iu":
        raise validate.fail(name, value, "floats from 0 to 1; divide integers by 255")
    if array.ndim == 3:
        array = array[:, None]
    if array.size == 0 or array.ndim != 4 or array.shape[1] not in (1, 3):
        shapes = "(N, h, w) or (N, channels, h, w), with N >= 1 and 1 or 3 channels"
        raise validate.fail(f"the shape of {name}", np.shape(value), shapes)
    if array.min() < 0 or array.max() > 1 or array.min() == array.max():
        ends = float(array.min()), float(array.max())
        raise validate.fail(f"the least and the greatest of {name}", ends, "from 0 to 1 and differ")
    x = torch.tensor(array, dtype=torch.float32)
    check_shape(name, x, x.shape[1])
    return x


def _checked(settings: Settings) -> None:
    """Refuse settings that cannot be meant."""
    if not isinstance(settings, Settings):
        raise validate.fail("settings", settings, "a Settings")
    validate.integer("batch", settings.batch)
    validate.number("rate", validate.positive("rate", settings.rate))
    validate.integer("seed", settings.seed, low=0)
    validate.magnitude("jitter", settings.jitter)
    validate.magnitude("weight_decay", settings.weight_decay)
    if not isinstance(settings.flip, bool):
        raise validate.fail("flip", settings.flip, "True or False")


def _check_signal(schedule: Schedule) -> None:
    """Refuse a schedule whose last images hold no signal in the network's float32."""
    left = schedules.checked(schedule).alpha_bar[-1]
    if left < np.finfo(np.float32).tiny:
        wanted = f"one with signal left at the last of its {schedule.steps:,} steps, in float32"
        raise validate.fail("schedule", float(left), wanted)


def _storable(record: Mapping[str, Any]) -> dict[str, Any]:
    """The caller's facts, if a checkpoint can hold them."""
    try:
        json.dumps(dict(record), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise validate.fail("record", record, f"storable as JSON ({error})") from None
    return dict(record)


def _states(
    run: Run,
    steps: int,
    every: int,
    path: Path | None,
    record: Mapping[str, Any],
    progress: bool | None,
    lock: ExitStack,
) -> Generator[State, None, None]:
    """The training loop; at its end it lets go of the lock."""
    unit: dict[str, Any] = {"unit": " images", "unit_scale": True, "leave": False}
    done, total = (k * run.settings.batch for k in (run.step, steps))
    with lock:
        yield _state(run)
        disable = None if progress is None else not progress
        with tqdm(initial=done, total=total, disable=disable, **unit) as bar:
            while run.step < steps:
                start = time.perf_counter()
                losses = []
                for _ in range(min(every - run.step % every, steps - run.step)):
                    losses.append(_memory.step(run))
                    bar.update(run.settings.batch)
                run.losses.append((run.step, _mean(losses, run.step)))
                run.seconds += time.perf_counter() - start
                bar.set_postfix(loss=f"{run.losses[-1][1]:.4f}")
                run.look()
                if path is not None:
                    run.save(path, record)
                yield _state(run)


def _state(run: Run) -> State:
    held = tuple(run.held_losses)
    losses = tuple(run.losses)
    return State(run.step, run.network, run.average, losses, run.seconds, held, best_step(held))


def _mean(losses: list[Tensor], last: int) -> float:
    """The mean of the losses of consecutive steps up to `last`, all of which must be finite."""
    values = torch.stack(losses)
    bad = (~values.isfinite()).nonzero()
    if len(bad):
        at = int(bad[0])
        step = last - len(losses) + 1 + at
        raise FloatingPointError(
            f"the loss is {values[at].item()} at step {step}: the rate is too high, or the "
            "training set is not what it should be; the last checkpoint is from before"
        )
    return float(values.mean())
