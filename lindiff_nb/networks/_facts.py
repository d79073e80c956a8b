"""What a checkpoint tells of its training, read by type: anything else is not a network of ours."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

FIRST = "average.first.weight"  # (width, channels, 3, 3)


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


def reached(path: Path | str, facts: Mapping[str, Any]) -> None:
    """Raise ValueError unless the facts say how far the training has come, on which device."""
    for name, is_one in FORMS.items():
        if not is_one(facts.get(name)):
            raise _not_ours(path, name, facts.get(name))
    for name in ("losses", "held_losses"):
        if (pairs := facts.get(name)) and pairs[-1][0] != facts["step"]:
            raise _not_ours(path, f"last entry of {name}", pairs[-1])


def _whole(value: Any) -> bool:
    """A whole number >= 0 that a float can hold."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def _number(value: Any) -> bool:
    """A finite number >= 0."""
    return _whole(value) or (isinstance(value, float) and math.isfinite(value) and value >= 0)


def _losses(value: Any) -> bool:
    """Steps with the loss at each."""
    pairs = isinstance(value, list) and all(isinstance(p, list) and len(p) == 2 for p in value)
    return pairs and all(_whole(step) and _number(loss) for step, loss in value)


def _held(value: Any) -> bool:
    """None, or steps with a list of losses at each, all equally long."""
    if value is None:
        return True
    parts = [[step, loss] for step, losses in value for loss in losses] if _pairs(value) else [0]
    return _losses(parts) and len({len(losses) for _, losses in value}) < 2


def _pairs(value: Any) -> bool:
    """A list of pairs whose second is a list that is not empty."""
    return isinstance(value, list) and all(
        isinstance(p, list) and len(p) == 2 and isinstance(p[1], list) and p[1] for p in value
    )


def _device(value: Any) -> bool:
    """The name of a device."""
    try:
        return isinstance(value, str) and bool(torch.device(value))
    except RuntimeError:
        return False


FORMS: dict[str, Callable[[Any], bool]] = {
    "step": _whole,
    "seconds": _number,
    "losses": _losses,
    "held_losses": _held,
    "device": _device,
}


def _not_ours(path: Path | str, name: str, value: Any) -> ValueError:
    return ValueError(f"{path} is not a network of ours: its {name} is {value!r:.200}")
