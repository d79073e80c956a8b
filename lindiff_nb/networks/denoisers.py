"""Trained networks: their files, as denoisers of points, and their loss at every step.

A network is kept with the schedule it was trained with; checkpoints of training hold the same and
more, and `load` reads both.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from lindiff_nb._base import validate
from lindiff_nb._base.blocks import blocks
from lindiff_nb._base.types import Array
from lindiff_nb.exact import schedule as schedules
from lindiff_nb.exact.schedule import Schedule
from lindiff_nb.networks import _facts, checkpoints
from lindiff_nb.networks._device import fast_bfloat16
from lindiff_nb.networks.unet import UNet

CHUNK = 512  # images of up to 32 x 32 that go through a network together
PIXELS = CHUNK * 32**2  # and so of larger ones, fewer
BLOCK = 2**22  # numbers in the noisy images held at a time, 32 MiB

Steps = int | NDArray[np.integer]  # t for all points, or one for each
NetworkDenoiser = Callable[[Array, Steps], Array]  # also an exact.sampling.Denoiser


class Trained(NamedTuple):
    """A network, the schedule it was trained with, and what its file tells of its training."""

    network: UNet
    schedule: Schedule
    facts: dict[str, Any]


class Losses(NamedTuple):
    """Squared errors per dimension, (N, draws), at the steps t, (N, draws), counted from 1."""

    t: NDArray[np.intp]
    loss: Array


def save(
    path: Path | str,
    network: UNet,
    schedule: Schedule,
    facts: Mapping[str, Any] | None = None,
    *,
    half: bool = False,
) -> None:
    """Keep a network without the rest of its training: a quarter of a checkpoint.

    `half`: weights in 16 bits, an eighth of a checkpoint; each is off by less than 5e-4 of itself.
    """
    tensors = checkpoints.named("average.", network)
    if half:
        tensors = {name: x.half() if x.ndim else x for name, x in tensors.items()}
    beta = torch.tensor(schedules.checked(schedule).beta)
    shape = {"channels": network.channels, "width": network.width}
    checkpoints.save(path, {**tensors, "beta": beta}, {**(facts or {}), "network": shape})


def load(path: Path | str) -> Trained:
    """The network in a file of `save`, or the averaged one of a checkpoint of training.

    Of a training that kept its best the average of the step facts["best_step"], else the last one.
    Raises ValueError, with the reason, for a file that is cut short, not one of ours, or holds
    another architecture than it says.
    """
    tensors, facts = checkpoints.load(path)
    network = UNet(*_facts.network(path, tensors, facts))
    kept = "best." if any(name.startswith("best.") for name in tensors) else "average."
    checkpoints.fill(path, network, tensors, kept)
    network.eval().requires_grad_(False)
    return Trained(network, Schedule(tensors["beta"].numpy()), facts)


def denoiser(
    network: UNet, schedule: Schedule, shape: tuple[int, ...], *, fast: bool = False
) -> NetworkDenoiser:
    """The network as a denoiser of points: eps_hat, (N, d), for x, (N, d), and t in 1..T.

    `shape` is that of an image, (h, w) or (channels, h, w), of d numbers; t is one step for all
    points or one for each. The network hears of t by alpha_bar_t, so the schedule may have other
    steps than the one it was trained with. Computed on the network's device in float32; `fast`
    multiplies in bfloat16 where that is quicker, which changes eps_hat by less than a percent.
    Raises ValueError for points of another dimension or steps outside 1..T.
    """
    alpha_bar = schedules.checked(schedule).alpha_bar
    image = shape if len(shape) == 3 else (1, *shape)
    d = int(np.prod(image))

    def eps_hat(x: Array, t: Steps) -> Array:
        points = validate.samples("x", x, d).reshape(-1, *image)
        a = np.broadcast_to(alpha_bar[_steps(t, len(alpha_bar)) - 1], len(points))
        out = np.empty((len(points), d))
        chunk = min(CHUNK, max(1, PIXELS // (image[1] * image[2])))
        for start in range(0, len(points), chunk):
            at = slice(start, start + chunk)
            out[at] = _evaluate(network, points[at], a[at], fast)
        return out

    return eps_hat


def losses(
    denoiser: NetworkDenoiser,
    x: ArrayLike,
    schedule: Schedule,
    rng: np.random.Generator,
    *,
    draws: int = 1,
) -> Losses:
    """(1/d) | eps - eps_hat |^2 for `draws` pairs of noise and step for each point x, (N, d).

    The N draws steps lie evenly over 1..T: each step occurs equally often, up to one, so that no
    pair is spent twice on a step while another has none. The mean of all is the loss averaged over
    t; those of one t are its loss there. Raises ValueError for bad points or draws < 1.
    """
    points = validate.samples("x", x)
    draws, steps = validate.integer("draws", draws), schedules.checked(schedule).steps
    validate.generator(rng)
    pairs = len(points) * draws
    place = (np.arange(pairs) + rng.random()) * (steps / pairs)
    t = rng.permutation(1 + np.minimum(place.astype(np.intp), steps - 1))  # it may round up
    which, loss = np.arange(pairs) // draws, np.empty(pairs)
    for at in blocks(pairs, points.shape[1], BLOCK):
        a, x = schedule.alpha_bar[t[at] - 1, None], points[which[at]]
        eps = rng.standard_normal(x.shape)
        guess = denoiser(np.sqrt(a) * x + np.sqrt(1 - a) * eps, t[at])
        loss[at] = np.mean((eps - guess) ** 2, axis=1)
    return Losses(t.reshape(-1, draws), loss.reshape(-1, draws))


def _steps(t: Steps, last: int) -> NDArray[np.intp]:
    """Steps, all from 1 to `last`."""
    steps = validate.array("t", t)
    if steps.dtype.kind not in "iu" or steps.size == 0 or steps.min() < 1 or steps.max() > last:
        raise validate.fail("t", t, f"integers from 1 to {last}")
    return steps.astype(np.intp)


@torch.no_grad()
def _evaluate(network: UNet, x: Array, alpha_bar: Array, fast: bool) -> Array:
    """eps_hat of a few images, flattened."""
    device = network.scale.device
    images, a = (torch.tensor(v, dtype=torch.float32, device=device) for v in (x, alpha_bar))
    with torch.autocast(device.type, torch.bfloat16, enabled=fast and fast_bfloat16(device)):
        eps_hat = network(images, a)
    return eps_hat.flatten(1).cpu().double().numpy()  # Apple's have no doubles
