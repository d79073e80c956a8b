"""How to train a network: what can be chosen, and what it is if nobody chooses. Without torch."""

from dataclasses import dataclass, field
from typing import Any


def setting(usual: Any, meaning: str) -> Any:
    """A field of a dataclass that says what it means, as the command line asks for it."""
    return field(default=usual, metadata={"meaning": meaning})


@dataclass(frozen=True)
class Settings:
    """How to train: the network's width, images a step, Adam's rate, and the seed of it all.

    jitter adds to every image drawn new noise of this variance, for a linear model the ridge c.
    """

    width: int = setting(16, "features a pixel")
    batch: int = setting(128, "images a step")
    rate: float = setting(2e-3, "Adam's step size")
    seed: int = setting(0, "of weights and draws")
    jitter: float = setting(0.0, "variance of new noise on each image, black 0, white 1: a ridge")
    weight_decay: float = setting(0.0, "of AdamW")
    flip: bool = setting(False, "mirror half of the images drawn")
