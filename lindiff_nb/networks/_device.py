"""What a device can do, and how much it held."""

from typing import Any

import torch

from lindiff_nb._base import memory


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
    return memory.peak() or None
