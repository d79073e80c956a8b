"""What can be asked of a training run, and what it is if nobody asks."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Asked:
    """Which images, which network, and how to train it."""

    data: str
    n: int
    skip: int = 0
    size: int = 16
    download: bool = False
    width: int = 16
    steps: int = 8000
    batch: int = 128
    rate: float = 2e-3
    seed: int = 0
    noise_steps: int = 1000
    beta_end: float = 1e-2
    every: int = 250
