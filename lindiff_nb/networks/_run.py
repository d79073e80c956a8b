"""Everything that changes while a network is trained, one step of it, and how it is kept."""

import hashlib
import sys
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

from lindiff_nb._base import extras
from lindiff_nb.exact.schedule import Schedule
from lindiff_nb.networks import _facts, checkpoints
from lindiff_nb.networks._settings import Settings
from lindiff_nb.networks.unet import UNet

with extras.of("networks"):
    import torch
    from torch import Tensor
    from torch.backends import cudnn

WARM_UP = 100  # steps
AVERAGED = 8  # in the average, step k counts k^8 - (k-1)^8


class Run:
    """A network in training on images x, (N, channels, h, w), float32."""

    def __init__(
        self, x: Tensor, schedule: Schedule, settings: Settings, device: torch.device
    ) -> None:
        """At step 0."""
        self.x = x.to(device)
        self.schedule, self.settings, self.device = schedule, settings, device
        self.alpha_bar = torch.tensor(schedule.alpha_bar, dtype=torch.float32, device=device)
        scale, mean = torch.std_mean(x.double())
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            network = UNet(x.shape[1], settings.width, float(mean), float(scale))
        self.network = network.to(device)
        self.average = deepcopy(self.network).requires_grad_(False)
        self.adam = torch.optim.Adam(self.network.parameters(), lr=settings.rate, fused=True)
        self.generator = torch.Generator(device).manual_seed(settings.seed)
        self.bfloat16 = fast_bfloat16(device)
        self.step, self.seconds = 0, 0.0
        self.losses: list[tuple[int, float]] = []

    def advance(self) -> Tensor:
        """One step; its loss, not waited for."""
        self.step += 1
        for group in self.adam.param_groups:
            group["lr"] = self.settings.rate * min(1.0, self.step / WARM_UP)
        self.adam.zero_grad()
        with cudnn.flags(enabled=True, deterministic=True):
            loss = self.loss(self.settings.batch)
            loss.backward()
        self.adam.step()
        weight = 1 - (1 - 1 / self.step) ** AVERAGED
        with torch.no_grad():
            pairs = zip(self.average.parameters(), self.network.parameters(), strict=True)
            for mean, now in pairs:
                mean.lerp_(now, weight)
        return loss.detach()

    def loss(self, batch: int) -> Tensor:
        """The loss on so many new pairs of image and noise."""
        rng, device = self.generator, self.device
        x = self.x[torch.randint(len(self.x), (batch,), generator=rng, device=device)]
        eps = torch.randn(x.shape, generator=rng, device=device)
        a = self.alpha_bar[self.spread(batch)]
        signal, noise = (part.sqrt()[:, None, None, None] for part in (a, 1 - a))
        with torch.autocast(device.type, torch.bfloat16, enabled=self.bfloat16):
            eps_hat = self.network(signal * x + noise * eps, a)
        return (eps - eps_hat).square().mean()

    def spread(self, batch: int) -> Tensor:
        """t - 1 for each image: the k-th falls into the k-th of `batch` equal parts of 1..T."""
        place = torch.rand(batch, generator=self.generator, device=self.device)
        t = (torch.arange(batch, device=self.device) + place) * (self.schedule.steps / batch)
        return t.long().clamp(max=self.schedule.steps - 1)  # float32 may round up

    def save(self, path: Path, record: Mapping[str, Any]) -> None:
        """Keep all of it, and a record of the caller's; FloatingPointError if it is worthless."""
        if not all(weights.isfinite().all() for weights in self.average.parameters()):
            raise FloatingPointError(f"the weights are not finite after step {self.step}")
        tensors = {
            **checkpoints.named("network.", self.network),
            **checkpoints.named("average.", self.average),
            "beta": torch.tensor(self.schedule.beta),
            "generator": self.generator.get_state(),
        }
        for i, state in self.adam.state_dict()["state"].items():
            tensors |= {f"adam.{i}.{name}": tensor for name, tensor in state.items()}
        facts = {**self.given, **self.reached(), "record": dict(record)}
        checkpoints.save(path, tensors, facts)

    @cached_property
    def given(self) -> dict[str, Any]:
        """What must be the same for a run to go on."""
        return {
            "network": {"channels": self.network.channels, "width": self.network.width},
            "settings": asdict(self.settings),
            "images": list(self.x.shape),
            "data": fingerprint(self.x),
            "schedule": fingerprint(torch.tensor(self.schedule.beta)),
        }

    def reached(self) -> dict[str, Any]:
        """How far the run has come, on what."""
        return {
            "step": self.step,
            "seconds": round(self.seconds, 3),
            "losses": self.losses,
            "device": str(self.device),
            "bfloat16": self.bfloat16,
            "threads": torch.get_num_threads(),
            "torch": str(torch.__version__),
            "peak_memory": peak_memory(self.device),
        }

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint; ValueError if it is not all of this run, on this kind of device.

        Random numbers of one kind of device cannot go on on another.
        """
        tensors, facts = checkpoints.load(path)
        if "generator" not in tensors:
            raise ValueError(f"{path} holds weights only: training cannot go on from it")
        _facts.reached(path, facts)
        if torch.device(facts["device"]).type != self.device.type:
            raise ValueError(
                f"{path} was trained on {facts['device']}; its random numbers cannot go on on "
                f"{self.device}"
            )
        for name, wanted in self.given.items():
            if facts.get(name) != wanted:
                found = f"{facts.get(name)!r}, not {wanted!r}"
                raise ValueError(f"{path} was made with other {name}: {found}; it is not touched")
        checkpoints.fill(path, self.network, tensors, "network.")
        checkpoints.fill(path, self.average, tensors, "average.")
        self.generator.set_state(tensors["generator"])
        self.adam.load_state_dict({**self.adam.state_dict(), "state": moments(tensors)})
        self.step, self.seconds = facts["step"], facts["seconds"]
        self.losses = [(step, loss) for step, loss in facts["losses"]]


def moments(tensors: Mapping[str, Tensor]) -> dict[int, dict[str, Tensor]]:
    """Adam's state, found under names adam.PARAMETER.NAME."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        if key.startswith("adam."):
            _, parameter, name = key.split(".")
            state.setdefault(int(parameter), {})[name] = tensor
    return state


def fast_bfloat16(device: torch.device) -> bool:
    """Does the device multiply numbers of 16 bits faster than numbers of 32?"""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    known: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()  # older torch has none
    return device.type == "cpu" and bool(known.get("avx512_bf16", False))


def peak_memory(device: torch.device) -> int | None:
    """The most bytes held at a time, by the graphics processor or by this process so far."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    try:
        import resource
    except ImportError:  # Windows does not tell
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def fingerprint(tensor: Tensor) -> str:
    """The sha256 of a tensor's numbers, row by row."""
    return hashlib.sha256(tensor.cpu().contiguous().numpy().tobytes()).hexdigest()
