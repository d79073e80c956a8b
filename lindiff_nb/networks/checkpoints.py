"""Tensors and facts in one safetensors file that is whole or not there.

The facts are JSON in the file's header. One of them is the sha256 of the whole file, counted with
zeros in its own place. A file is written under another name, flushed to the disk, and takes its own
name at one stroke, so that a process killed at any moment leaves the file before. Nothing is
unpickled. `load` refuses a file that was cut short, that is not of this kind, or that differs by a
single bit. Files of format 2, whose sha256 covers the tensors alone, are read as well.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load as from_bytes
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from lindiff_nb._base.files import replacing

FORMAT = "lindiff_nb network 3"
OLDER = "lindiff_nb network 2"
BLANK = "0" * 64  # in the place of the sha256, while it is computed


def save(path: Path | str, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Write the file, or leave the one that is there as it was."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    text = json.dumps({**facts, "format": FORMAT, "sha256": BLANK}, allow_nan=False)
    blank = to_bytes(plain, metadata={"facts": text})
    with replacing(Path(path)) as file:
        file.write(_with_digest(blank, BLANK, hashlib.sha256(blank).hexdigest()))


def load(path: Path | str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors, on the CPU, and the facts.

    Raises ValueError, with the reason, for a file that is cut short or not one of `save`'s.
    """
    if Path(path).exists() and not Path(path).is_file():  # to read a pipe may never end
        raise ValueError(f"{path} is not a file")
    data = Path(path).read_bytes()
    try:
        tensors = from_bytes(data)
        facts = json.loads(json.loads(data[8 : _length(data)])["__metadata__"]["facts"])
        stated, recorded = str(facts["format"]), str(facts["sha256"])
    except SafetensorError as error:
        raise ValueError(f"{path} is cut short or damaged: {error}") from error
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} is a safetensors file, but not a network of ours") from error
    if stated not in (FORMAT, OLDER):
        raise ValueError(f"{path} has the format {stated!r}, this program reads {FORMAT!r}")
    covered = data[_length(data) :] if stated == OLDER else _with_digest(data, recorded, BLANK)
    if recorded != hashlib.sha256(covered).hexdigest():
        raise ValueError(f"{path} is damaged: its sha256 is not the recorded one")
    return tensors, facts


def _length(data: bytes) -> int:
    """Of a safetensors header, with the eight bytes that say how long it is."""
    return 8 + int.from_bytes(data[:8], "little")


def _with_digest(data: bytes, found: str, wanted: str) -> bytes:
    """The file with one sha256 in its facts in the place of another."""
    key = '\\"sha256\\": \\"'  # JSON within JSON: its quotes are escaped
    head, tail = data[: _length(data)], data[_length(data) :]
    return head.replace((key + found).encode(), (key + wanted).encode()) + tail


def part(
    path: Path | str, tensors: Mapping[str, Tensor], prefix: str, like: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """The tensors whose names begin with `prefix`, under the rest of their names.

    Raises ValueError, naming the first that does not fit, unless they have the names, shapes and
    kinds of those of `like`, and their numbers are finite.
    """
    theirs = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
    for name in sorted(like.keys() | theirs.keys()):
        has, wants = (_form(d[name]) if name in d else None for d in (theirs, like))
        if has != wants:
            what = f"{prefix}{name} has the shape {has}, the network wants {wants}"
            raise ValueError(f"{path} holds a network of another architecture: {what}")
        if not theirs[name].isfinite().all():
            raise ValueError(f"{path} is not a network of ours: its {prefix}{name} is not finite")
    return theirs


def _form(tensor: Tensor) -> tuple[Any, ...]:
    """Its shape, and its type unless that is some real numbers."""
    kind = () if tensor.is_floating_point() else (str(tensor.dtype),)
    return (*tensor.shape, *kind)


def fill(path: Path | str, module: nn.Module, tensors: Mapping[str, Tensor], prefix: str) -> None:
    """Put the tensors whose names begin with `prefix` into the module.

    Raises ValueError, naming the first that does not fit, if they are of another architecture.
    """
    module.load_state_dict(part(path, tensors, prefix, module.state_dict()))


def named(prefix: str, module: nn.Module) -> dict[str, Tensor]:
    """The module's tensors under names that begin with `prefix`."""
    return {prefix + name: tensor for name, tensor in module.state_dict().items()}
