"""What can be asked of a training run, and what it is if nobody asks."""

from dataclasses import dataclass, fields

from lindiff_nb._base.settings import Settings, setting


@dataclass(frozen=True, kw_only=True)
class Asked(Settings):
    """Which images, which network, and how to train it, on what."""

    data: str
    n: int | None
    skip: int = setting(0, "images to leave out first")
    size: int | None = None
    crop: int | None = None
    gray: bool | None = None
    white: float | None = None
    largest: int | None = None
    group_by: str | None = None
    held_out: float = setting(0.0, "share of the images to test on while training")
    patience: int = setting(0, "savings without a better held-out loss before it stops, 0: all")
    keep: str = "best"
    skip_bad: bool = False
    download: bool = False
    steps: int = setting(8000, "training steps")
    noise_steps: int = setting(1000, "noise levels")
    beta_end: float = setting(1e-2, "the last beta")
    every: int = setting(250, "steps between savings")
    device: str | None = None

    @property
    def settings(self) -> Settings:
        """What the network and the training loop need of it."""
        return Settings(**{field.name: getattr(self, field.name) for field in fields(Settings)})
