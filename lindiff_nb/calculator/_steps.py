"""Where few steps of a sampler should stop, and what they cost."""

from typing import NamedTuple

import numpy as np

from lindiff_nb._base import written
from lindiff_nb._base.types import Array
from lindiff_nb.exact import sampler_error, spacing


class Steps(NamedTuple):
    """The levels, largest noise first as a sampler takes them; the sampler ends without noise."""

    aim: str  # "kl" or "w2"
    alpha_bar: Array
    sigma: Array  # sqrt((1 - alpha_bar) / alpha_bar)
    kl: float  # nats per dimension, DDIM's samples from the truth
    w2_share: float  # of the total variance


def best(spectrum: Array, steps: int, aim: str) -> Steps:
    """The levels of `spacing.for_spectrum`; ValueError for steps that no schedule has."""
    made = spacing.for_spectrum(spectrum, steps, aim=aim)
    kl = sampler_error.sampler_kl(spectrum, made, sampler="ddim")
    w2 = sampler_error.sampler_w2(spectrum, made, sampler="ddim")
    sigma = np.sqrt(made.noise_ratio)[::-1]
    return Steps(aim, made.alpha_bar[::-1], sigma, float(kl), float(w2 / np.sum(spectrum)))


def text(found: Steps) -> str:
    """The noise levels, and the two distances of what DDIM draws with them."""
    levels = [f"{level:.4g}" for level in found.sigma]
    rows = [" ".join(levels[at : at + 10]) for at in range(0, len(levels), 10)]
    head = f"{len(levels)} steps best for {found.aim.upper()}, sigma of the noise per signal:"
    cost = f"with DDIM they cost a KL of {found.kl:.3g}, and in W2 {100 * found.w2_share:.2g}%"
    return "\n".join([head, *rows, f"{cost} of the total variance"])


def as_json(found: Steps) -> str:
    """The same with all digits."""
    return written.as_json({"steps": len(found.sigma), **found._asdict()})
