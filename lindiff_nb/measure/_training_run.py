"""Everything that changes while a network is trained, one step of it, and how it is kept."""

import hashlib
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lindiff_nb.exact.schedule import Schedule
from lindiff_nb.measure import checkpoints
from lindiff_nb.measure.unet import UNet

WARM_UP = 100  # steps
AVERAGED = 7  # the power of k


@dataclass(frozen=True)
class Settings:
    """How to train: the network's width, images a step, Adam's rate, and the seed of it all."""

    width: int = 16
    batch: int = 128
    rate: float = 2e-3
    seed: int = 0


class Run:
    """A network in training on images x, (N, channels, h, w), float32."""

    def __init__(
        self, x: Tensor, schedule: Schedule, settings: Settings, device: torch.device
    ) -> None:
        """At step 0."""
        self.x = x.to(device, memory_format=torch.channels_last)
        self.schedule, self.settings, self.device = schedule, settings, device
        self.alpha_bar = torch.tensor(schedule.alpha_bar, dtype=torch.float32, device=device)
        pixels = float(x.double().mean()), float(x.double().std())
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            network = UNet(x.shape[1], settings.width, *pixels)
        self.network = network.to(device, memory_format=torch.channels_last)
        self.average = deepcopy(self.network).requires_grad_(False)
        self.adam = torch.optim.Adam(self.network.parameters(), lr=settings.rate, fused=True)
        self.generator = torch.Generator(device).manual_seed(settings.seed)
        self.bfloat16 = checkpoints.fast_bfloat16(device)
        self.step, self.seconds = 0, 0.0
        self.losses: list[tuple[int, float]] = []

    def advance(self) -> Tensor:
        """One step; its loss, not waited for."""
        self.step += 1
        for group in self.adam.param_groups:
            group["lr"] = self.settings.rate * min(1.0, self.step / WARM_UP)
        self.adam.zero_grad()
        loss = self.loss(self.settings.batch)
        loss.backward()
        self.adam.step()
        weight = 1 - (1 - 1 / self.step) ** (AVERAGED + 1)
        with torch.no_grad():
            pairs = zip(self.average.parameters(), self.network.parameters(), strict=True)
            for mean, now in pairs:
                mean.lerp_(now, weight)
        return loss.detach()

    def loss(self, batch: int) -> Tensor:
        """The loss on so many new pairs of image and noise."""
        draw = {"generator": self.generator, "device": self.device}
        x = self.x[torch.randint(len(self.x), (batch,), **draw)]
        part = torch.arange(batch, device=self.device)
        t = (part + torch.rand(batch, **draw)) * (len(self.alpha_bar) / batch)
        a = self.alpha_bar[t.long().clamp(max=len(self.alpha_bar) - 1)]  # float32 may round up to T
        eps = torch.randn(x.shape, **draw).contiguous(memory_format=torch.channels_last)
        signal, noise = (s.sqrt()[:, None, None, None] for s in (a, 1 - a))
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16):
            eps_hat = self.network(signal * x + noise * eps, a)
        return (eps - eps_hat).square().mean()

    def save(self, path: Path, record: Mapping[str, Any]) -> None:
        """Keep all of it, and a record of the caller's."""
        tensors = {
            **checkpoints.named("network.", self.network),
            **checkpoints.named("average.", self.average),
            "beta": torch.tensor(self.schedule.beta),
            "generator": self.generator.get_state(),
        }
        for i, state in self.adam.state_dict()["state"].items():
            tensors |= {f"adam.{i}.{name}": tensor for name, tensor in state.items()}
        now = {"step": self.step, "seconds": self.seconds, "losses": self.losses}
        checkpoints.save(path, tensors, {**self.given(), **now, "record": dict(record)})

    def given(self) -> dict[str, Any]:
        """What must be the same for a run to go on."""
        return {
            "network": {"channels": self.network.channels, "width": self.network.width},
            "settings": asdict(self.settings),
            "images": list(self.x.shape),
            "data": fingerprint(self.x),
            "schedule": fingerprint(torch.tensor(self.schedule.beta)),
        }

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint; ValueError if it is of another network, data or settings."""
        tensors, facts = checkpoints.load(path)
        for name, wanted in self.given().items():
            if facts.get(name) != wanted:
                found = f"{facts.get(name)!r}, not {wanted!r}"
                raise ValueError(f"{path} was made with other {name}: {found}; it is not touched")
        checkpoints.fill(path, self.network, tensors, "network.")
        checkpoints.fill(path, self.average, tensors, "average.")
        self.generator.set_state(tensors["generator"])
        self.adam.load_state_dict({**self.adam.state_dict(), "state": self._moments(tensors)})
        self.step, self.seconds = facts["step"], facts["seconds"]
        self.losses = [(step, loss) for step, loss in facts["losses"]]

    def _moments(self, tensors: Mapping[str, Tensor]) -> dict[int, dict[str, Tensor]]:
        """Adam's state, each tensor laid out in memory as its parameter is."""
        state: dict[int, dict[str, Tensor]] = {}
        for i, parameter in enumerate(self.network.parameters()):
            for name in ("step", "exp_avg", "exp_avg_sq"):
                kept = tensors.get(f"adam.{i}.{name}")
                if kept is not None:  # there is none before the first step
                    like = parameter if kept.shape == parameter.shape else kept
                    state.setdefault(i, {})[name] = torch.empty_like(like).detach().copy_(kept)
        return state


def fingerprint(tensor: Tensor) -> str:
    """The sha256 of a tensor's numbers, row by row."""
    return hashlib.sha256(tensor.cpu().contiguous().numpy().tobytes()).hexdigest()
