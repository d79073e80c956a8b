"""Images held out of training: their loss along it, which decides which weights are kept.

The same noise and the same levels each time, so that two losses differ by what was learned alone.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from torch import Tensor

from lindiff_nb.exact.schedule import Schedule
from lindiff_nb.networks import denoisers
from lindiff_nb.networks.unet import UNet

BEST = "best."  # the prefix of the weights that did best
PAIRS, LARGE = 2048, 32**2  # of image and noise in a loss; of larger images fewer, and at least
FEWEST = 256
BANDS = ("little noise", "some", "much")  # thirds of the steps
SEED = 0  # of noise and levels

Losses = list[float]  # the mean, then that of each band


class HeldOut(NamedTuple):
    """Images, (N, channels, h, w), and whether the weights that do best on them are kept."""

    x: Tensor
    keep_best: bool

    def losses(self, network: UNet, schedule: Schedule) -> Losses:
        """The mean loss over all steps, and over the thirds of them with ever more noise."""
        pairs = max(FEWEST, PAIRS * LARGE // max(LARGE, self.x[0, 0].numel()))
        points = self.x[:pairs].flatten(1).double().numpy()
        guess = denoisers.denoiser(network, schedule, tuple(self.x.shape[1:]), fast=True)
        draws, rng = -(-pairs // len(points)), np.random.default_rng(SEED)
        found = denoisers.losses(guess, points, schedule, rng, draws=draws)
        bands = min(len(BANDS), schedule.steps)
        band = (found.t - 1) * bands // schedule.steps
        parts = [float(found.loss[band == k].mean()) for k in range(bands)]
        return [float(found.loss.mean()), *parts]


def best_step(losses: Sequence[tuple[int, Losses]]) -> int | None:
    """The first step of the least mean; None before there is one."""
    return min(losses, key=lambda at: at[1][0])[0] if losses else None
