"""The U-net: a training step, sampling, and the loss over many images and all noise levels.

The step is compared with that of diffusers' `UNet2DModel`, if the extra `bench` is installed: of as
many parameters within two percent, 16 features at full size, the same images, batch, threads,
precision and optimiser.
"""

import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.timing import Row, at_most, faster, shortest
from lindiff_nb.exact import sampling, schedule, spacing
from lindiff_nb.networks import denoisers
from lindiff_nb.networks._run import Run
from lindiff_nb.networks.training import Settings

SIDE, BATCH, DRAWN, STEPS = 16, 128, 400, 20
SHARE = 0.35
CPU = torch.device("cpu")


def rows() -> Iterator[Row]:
    """All on one thread, as the timing of the other benchmarks."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        run = Run(torch.rand(1024, 1, SIDE, SIDE), schedule.linear(), Settings(batch=BATCH), CPU)
        yield from _training(run)
        yield from _evaluation(run)
    finally:
        torch.set_num_threads(threads)


def _training(run: Run) -> Iterator[Row]:
    """A step against a product of matrices, and against somebody else's step."""
    kind = torch.bfloat16 if run.bfloat16 else torch.float32
    a = torch.randn(1024, 1024, dtype=kind)
    theirs = [_diffusers_step(run)] if find_spec("diffusers") else []
    step, product, *other = shortest(40, run.advance, lambda: a @ a, *theirs)
    with FlopCounterMode(display=False) as counter:
        run.advance()
    peak = 2 * 1024**3 / product
    name = str(kind).removeprefix("torch.")
    what = f"training step, {BATCH} images of {SIDE} x {SIDE}, {BATCH / step:.0f} images/s: "
    share = counter.get_total_flops() / step / peak
    yield Row(what + f"share of the {name} matmul peak", share, f">= {SHARE:g}", share >= SHARE)
    if other:
        yield faster(1.5, what + "diffusers / ours", step, other[0])
    else:
        print("diffusers is not installed; no comparison with its UNet2DModel", file=sys.stderr)


def _diffusers_step(run: Run) -> Callable[[], object]:
    """The same step with diffusers' network."""
    from diffusers import UNet2DModel

    network = UNet2DModel(
        sample_size=SIDE,
        in_channels=1,
        out_channels=1,
        layers_per_block=1,
        block_out_channels=(16, 16, 14),
        down_block_types=("DownBlock2D",) * 3,
        up_block_types=("UpBlock2D",) * 3,
        norm_num_groups=2,
        add_attention=False,
    )
    ours, theirs = (sum(p.numel() for p in net.parameters()) for net in (run.network, network))
    assert abs(theirs / ours - 1) < 0.02, (ours, theirs)
    network = network.to(memory_format=torch.channels_last)
    adam = torch.optim.Adam(network.parameters(), fused=True)
    x = run.x[:BATCH].contiguous(memory_format=torch.channels_last)
    t = torch.arange(BATCH)

    def step() -> None:
        adam.zero_grad()
        eps = torch.randn_like(x)
        with torch.autocast("cpu", torch.bfloat16, enabled=run.bfloat16):
            guess = network(x + eps, t).sample
        (eps - guess).square().mean().backward()
        adam.step()

    return step


def _evaluation(run: Run) -> Iterator[Row]:
    """What sampling and losses cost beyond the network's own evaluations."""
    x = np.random.default_rng(0).random((10_000, SIDE**2))
    guess = denoisers.denoiser(run.average, run.schedule, (SIDE, SIDE), fast=True)
    few = spacing.evenly(run.schedule, STEPS)
    drawer = denoisers.denoiser(run.average, few, (SIDE, SIDE), fast=True)
    rng = np.random.default_rng(0)
    t = np.arange(len(x)) % run.schedule.steps + 1
    drawn, evaluated, losses, once = shortest(
        3,
        lambda: sampling.ddim(drawer, x[:DRAWN], few, progress=False),
        lambda: [drawer(x[:DRAWN], 1) for _ in range(STEPS)],
        lambda: denoisers.losses(guess, x, run.schedule, rng),
        lambda: guess(x, t),
    )
    what = f"{DRAWN} samples in {STEPS} steps ({drawn:.1f} s) / {STEPS} evaluations"
    yield at_most(1.3, what, drawn, evaluated)
    what = f"loss of 10^4 images, over all {run.schedule.steps} t ({losses:.1f} s) / one evaluation"
    yield at_most(1.3, what, losses, once)
