"""Everything that changes while a network is trained, one step of it, and how it is kept."""

import hashlib
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.backends import cudnn

from lindiff_nb._base.settings import Settings
from lindiff_nb.exact.schedule import Schedule
from lindiff_nb.networks import _facts, checkpoints
from lindiff_nb.networks._device import fast_bfloat16, peak_memory
from lindiff_nb.networks._held_out import BEST, HeldOut, best_step
from lindiff_nb.networks.unet import UNet

WARM_UP = 100  # steps
ONE = torch.zeros(())  # a number
AVERAGED = 8  # in the average, step k counts k^8 - (k-1)^8


class Run:
    """A network in training on images x, (N, channels, h, w), float32."""

    def __init__(
        self,
        x: Tensor,
        schedule: Schedule,
        settings: Settings,
        device: torch.device,
        held_out: HeldOut | None = None,
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
        self.adam = _adam(self.network, settings)
        self.generator = torch.Generator(device).manual_seed(settings.seed)
        self.bfloat16 = fast_bfloat16(device)
        self.step, self.seconds = 0, 0.0
        self.losses: list[tuple[int, float]] = []
        self.held_out = held_out
        self.held_losses: list[tuple[int, list[float]]] = []
        self.best: dict[str, Tensor] = {}

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
        x = self.varied(self.x[torch.randint(len(self.x), (batch,), generator=rng, device=device)])
        eps = torch.randn(x.shape, generator=rng, device=device)
        a = self.alpha_bar[self.spread(batch)]
        signal, noise = (part.sqrt()[:, None, None, None] for part in (a, 1 - a))
        with torch.autocast(device.type, torch.bfloat16, enabled=self.bfloat16):
            eps_hat = self.network(signal * x + noise * eps, a)
        return (eps - eps_hat).square().mean()

    def varied(self, x: Tensor) -> Tensor:
        """Images drawn, mirrored or with jitter if that is asked for: nothing is drawn if not."""
        rng, device = self.generator, self.device
        if self.settings.flip:
            turned = torch.rand(len(x), generator=rng, device=device) < 0.5
            x = torch.where(turned[:, None, None, None], x.flip(-1), x)
        if self.settings.jitter:
            noise = torch.randn(x.shape, generator=rng, device=device)
            x = x + self.settings.jitter**0.5 * noise
        return x

    def look(self) -> None:
        """The loss of the average on the images held out; its weights are kept if it is the least.

        FloatingPointError if it is not finite.
        """
        if self.held_out is None:
            return
        found = self.held_out.losses(self.average, self.schedule)
        if not np.isfinite(found).all():
            raise FloatingPointError(
                f"the loss on held-out images is {found[0]} at step {self.step}"
            )
        self.held_losses.append((self.step, found))
        if self.held_out.keep_best and best_step(self.held_losses) == self.step:
            self.best = {k: v.clone() for k, v in checkpoints.named(BEST, self.average).items()}

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
            **self.best,
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
            "held_out": self.held_out and fingerprint(self.held_out.x),
        }

    def reached(self) -> dict[str, Any]:
        """How far the run has come, on what."""
        return {
            "step": self.step,
            "seconds": round(self.seconds, 3),
            "losses": self.losses,
            "held_losses": self.held_losses,
            "best_step": best_step(self.held_losses) if self.best else None,
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
            there = facts.get(name)
            if name == "settings" and isinstance(there, dict):  # of before there were as many
                there = asdict(Settings()) | there
            if there != wanted:
                found = f"{there!r}, not {wanted!r}"
                raise ValueError(f"{path} was made with other {name}: {found}; it is not touched")
        checkpoints.fill(path, self.network, tensors, "network.")
        checkpoints.fill(path, self.average, tensors, "average.")
        try:
            self.generator.set_state(tensors["generator"])
        except (TypeError, RuntimeError) as error:
            raise ValueError(f"{path} is not a network of ours: {error}") from None
        state = checkpoints.part(path, tensors, "adam.", self._moments(facts["step"]))
        self.adam.load_state_dict({**self.adam.state_dict(), "state": _by_parameter(state)})
        self.step, self.seconds = facts["step"], facts["seconds"]
        self.losses = [(step, loss) for step, loss in facts["losses"]]
        self.held_losses = [(step, means) for step, means in facts.get("held_losses") or []]
        if self.held_losses and self.held_out and self.held_out.keep_best:
            best = checkpoints.part(path, tensors, BEST, self.average.state_dict())
            self.best = {BEST + name: tensor.to(self.device) for name, tensor in best.items()}

    def _moments(self, step: int) -> dict[str, Tensor]:
        """What Adam keeps after so many steps, by PARAMETER.NAME, of the right form only."""
        return {
            f"{i}.{name}": like
            for i, weights in enumerate(self.network.parameters())
            for name, like in (("step", ONE), ("exp_avg", weights), ("exp_avg_sq", weights))
            if step
        }


def _adam(network: UNet, settings: Settings) -> torch.optim.Optimizer:
    """Adam, or AdamW where the weights decay."""
    weights, rate, decay = network.parameters(), settings.rate, settings.weight_decay
    if decay:
        return torch.optim.AdamW(weights, lr=rate, weight_decay=decay, fused=True)
    return torch.optim.Adam(weights, lr=rate, fused=True)


def _by_parameter(tensors: Mapping[str, Tensor]) -> dict[int, dict[str, Tensor]]:
    """Adam's state, found under names PARAMETER.NAME."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        parameter, name = key.split(".")
        state.setdefault(int(parameter), {})[name] = tensor
    return state


def fingerprint(tensor: Tensor) -> str:
    """The sha256 of a tensor's numbers, row by row."""
    return hashlib.sha256(tensor.cpu().contiguous().numpy().tobytes()).hexdigest()
