"""Tensors and facts in one safetensors file that is whole or not there.

The facts are JSON in the file's header, with the sha256 of all that follows the header. A file is
written under another name, flushed to the disk, and takes its own name at one stroke, so that a
process killed at any moment leaves the file before. Nothing is unpickled. `load` refuses a file
that was cut short, that is not of this kind, or whose tensors differ by a single bit.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load as from_bytes
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

FORMAT = "lindiff_nb network 2"


def save(path: Path | str, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Write the file, or leave the one that is there as it was."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    ours = {"format": FORMAT, "sha256": _sha256_of_tensors(to_bytes(plain))}
    text = json.dumps({**facts, **ours}, allow_nan=False)
    part = Path(path).with_name(f".{Path(path).name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(to_bytes(plain, metadata={"facts": text}))
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def load(path: Path | str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors, on the CPU, and the facts.

    Raises ValueError, with the reason, for a file that is cut short or not one of `save`'s.
    """
    data = Path(path).read_bytes()
    try:
        tensors = from_bytes(data)
        facts = json.loads(json.loads(data[8 : _length(data)])["__metadata__"]["facts"])
        known = facts["format"] == FORMAT
    except SafetensorError as error:
        raise ValueError(f"{path} is cut short or damaged: {error}") from error
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is a safetensors file, but not a network of ours") from error
    if not known:
        raise ValueError(
            f"{path} has the format {facts['format']!r}, this program reads {FORMAT!r}"
        )
    if facts["sha256"] != _sha256_of_tensors(data):
        raise ValueError(f"{path} is damaged: its sha256 is not the recorded one")
    return tensors, facts


def _length(data: bytes) -> int:
    """Of a safetensors header, with the eight bytes that say how long it is."""
    return 8 + int.from_bytes(data[:8], "little")


def _sha256_of_tensors(data: bytes) -> str:
    """The sha256 of what follows the header."""
    return hashlib.sha256(data[_length(data) :]).hexdigest()


def fill(path: Path | str, module: nn.Module, tensors: Mapping[str, Tensor], prefix: str) -> None:
    """Put the tensors whose names begin with `prefix` into the module.

    Raises ValueError, naming the first that does not fit, if they are of another architecture.
    """
    theirs = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
    ours = module.state_dict()
    for name in sorted(ours.keys() | theirs.keys()):
        has, wants = (tuple(d[name].shape) if name in d else None for d in (theirs, ours))
        if has != wants:
            what = f"{prefix}{name} has the shape {has}, the network wants {wants}"
            raise ValueError(f"{path} holds a network of another architecture: {what}")
    module.load_state_dict(theirs)


def named(prefix: str, module: nn.Module) -> dict[str, Tensor]:
    """The module's tensors under names that begin with `prefix`."""
    return {prefix + name: tensor for name, tensor in module.state_dict().items()}
