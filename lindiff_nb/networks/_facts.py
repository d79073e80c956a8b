"""What a checkpoint tells of its training, read by type: anything else is not a network of ours."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

FIRST = "average.first.weight"  # (width, channels, 3, 3)


class Reached(NamedTuple):
    """How far a training has come."""

    step: int
    seconds: float
    losses: list[tuple[int, float]]
    device: str  # its type


def network(
    path: Path | str, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]
) -> tuple[int, int]:
    """Channels and width of the network in a file, which the size of its first weights confirms.

    Raises ValueError for facts of another form, before anything of their size is made.
    """
    told = facts.get("network")
    shape = tuple(tensors[FIRST].shape[:2]) if FIRST in tensors and tensors[FIRST].ndim else ()
    if not isinstance(told, dict) or (told.get("width"), told.get("channels")) != shape:
        raise _not_ours(path, "network", told)
    beta = tensors.get("beta")
    if beta is None or beta.ndim != 1 or not beta.is_floating_point():
        raise _not_ours(path, "schedule", beta)
    return int(shape[1]), int(shape[0])


def reached(path: Path | str, facts: Mapping[str, Any]) -> Reached:
    """How far the training in a checkpoint has come; ValueError for facts of another form."""
    told: list[Any] = [facts.get(name) for name in ("step", "seconds", "losses")]
    step, seconds, losses = told
    if not _whole(step):
        raise _not_ours(path, "step", step)
    if not _number(seconds):
        raise _not_ours(path, "seconds", seconds)
    if not (isinstance(losses, list) and all(map(_is_loss, losses))):
        raise _not_ours(path, "losses", losses)
    try:
        device = torch.device(facts["device"]).type
    except (KeyError, TypeError, RuntimeError):
        raise _not_ours(path, "device", facts.get("device")) from None
    pairs = [(int(at), float(loss)) for at, loss in losses]
    return Reached(int(step), float(seconds), pairs, device)


def _is_loss(entry: Any) -> bool:
    """A step and the loss there."""
    return isinstance(entry, list) and len(entry) == 2 and _whole(entry[0]) and _number(entry[1])


def _whole(value: Any) -> bool:
    """A whole number >= 0."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _number(value: Any) -> bool:
    """A finite number >= 0."""
    return _whole(value) or (isinstance(value, float) and math.isfinite(value) and value >= 0)


def _not_ours(path: Path | str, name: str, value: Any) -> ValueError:
    return ValueError(f"{path} is not a network of ours: its {name} is {value!r:.200}")
