"""What a training run takes of memory; when it runs out, say which setting would fit.

On a processor the system kills what takes too much, so the need is estimated and compared with what
is free before anything is made. A graphics processor refuses by itself.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from traceback import clear_frames

import torch
from torch import Tensor

from lindiff_nb._base import memory
from lindiff_nb._base.settings import Settings
from lindiff_nb.exact.schedule import Schedule
from lindiff_nb.networks._held_out import HeldOut
from lindiff_nb.networks._run import Run

# Numbers kept for the gradient, per pixel of a batch and feature of the width: 25 are used, and the
# allocator loses a few.
FEATURES = 28
WEIGHTS = 340  # weights of the network per width squared
COPIES = 5  # of the weights: network, average, gradient, Adam's two moments
WORDS = ("out of memory", "not enough memory", "can't allocate memory")  # torch's, by device


def needed(pixels: int, settings: Settings) -> int:
    """The bytes of a step with images of so many pixels, in float32."""
    step = FEATURES * settings.batch * pixels * settings.width
    return 4 * (step + COPIES * WEIGHTS * settings.width**2)


def prepared(
    x: Tensor,
    schedule: Schedule,
    settings: Settings,
    device: torch.device,
    held_out: HeldOut | None = None,
) -> Run:
    """A run at step 0, or MemoryError if the device cannot hold the images and the network."""
    if device.type == "cpu":
        what = f"batch={settings.batch} images of {tuple(x.shape[1:])} at width={settings.width}"
        memory.require(needed(x.shape[2] * x.shape[3], settings), what)
    with _told(
        lambda: (
            f"{device} has not enough memory for a network of width={settings.width} and "
            f"{len(x):,} images of {tuple(x.shape[1:])}; take a smaller width or fewer images"
        )
    ):
        return Run(x, schedule, settings, device, held_out)


def step(run: Run) -> Tensor:
    """A step of the run, its loss; or MemoryError that names a batch that would fit."""
    with _told(lambda: _advice(run)):
        return run.advance()


@contextmanager
def _told(says: Callable[[], str]) -> Iterator[None]:
    """Turn "out of memory" into a MemoryError that says something, and pass other errors on."""
    try:
        yield
    except RuntimeError as error:
        if not any(words in str(error) for words in WORDS):
            raise
        clear_frames(error.__traceback__)  # lets go of what the step had allocated
        raise MemoryError(says()) from error


def _advice(run: Run) -> str:
    """What did not fit, and what would."""
    batch = run.settings.batch
    fits = _largest_that_fits(run, batch // 2)
    images = f"batch={batch} images of {tuple(run.x.shape[1:])} at width={run.settings.width}"
    better = f"batch={fits} would fit" if fits else "take a smaller width"
    return f"{run.device} has not enough memory for {images}; {better}"


def _largest_that_fits(run: Run, batch: int) -> int:
    """The first of batch, batch / 2, .. that a step can be taken with; 0 if there is none."""
    while batch:
        try:
            run.loss(batch).backward()
        except RuntimeError:
            batch //= 2
        else:
            break
    return batch
