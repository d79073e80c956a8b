"""Images drawn from a network, each from a noise of its own.

The noise of image k depends on the seed and on k alone, so that ten images are the first ten of a
hundred, in whatever batches and runs they are drawn. A file of samples holds as many as there are,
and beside it a file .json says of which network and how; the same command goes on from there.
"""

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lindiff_nb._base import files, memory, validate
from lindiff_nb._base.outputs import write_bytes, write_text
from lindiff_nb._base.written import as_json
from lindiff_nb.exact import sampling, spacing
from lindiff_nb.networks import denoisers, training
from lindiff_nb.run.sources import json_object
from lindiff_nb.train import ladder

BATCH = 256  # images drawn before they are kept
SAMPLERS = ("ddim", "ddpm")
Pixels = NDArray[np.float32]


class Rows(np.random.Generator):
    """A generator for each row: what one draws does not depend on the others."""

    def __init__(self, seed: int, rows: range) -> None:
        """The streams of these rows."""
        super().__init__(np.random.PCG64(seed))
        self.streams = [np.random.default_rng([seed, row]) for row in rows]

    def standard_normal(self, size: Any = None, *_: Any, **__: Any) -> Any:
        """(rows, d), a row from each stream."""
        return np.stack([stream.standard_normal(size[1]) for stream in self.streams])


class Sampler(NamedTuple):
    """A network and how it is asked."""

    trained: denoisers.Trained
    shape: tuple[int, ...]  # (channels, h, w)
    steps: int
    sampler: str
    seed: int
    facts: dict[str, Any]  # what another run must share to go on


def prepare(network: str, size: int | None, steps: int, sampler: str, seed: int) -> Sampler:
    """A network of a file, or of the book by its file's name, ready to be asked.

    Raises ValueError for what is no network, or a bad argument; FileNotFoundError.
    """
    path = Path(network)
    shipped = ladder.WEIGHTS / f"{path.name}.safetensors"
    path = shipped if not path.exists() and shipped.exists() else path
    trained = denoisers.load(path)
    if size is not None and (validate.integer("size", size) < 4 or size % 4):
        raise validate.fail("size", size, "divisible by 4")
    side = [size] * 2 if size else _side(trained.facts.get("images"))
    if side is None:
        raise ValueError(f"{path} does not say how large its images are: --size does")
    shape = (trained.network.channels, *side)
    validate.integer("seed", seed, low=0)
    spacing.evenly(trained.schedule, steps)
    facts = {
        "network": files.digest(path),
        "step": trained.facts.get("best_step") or trained.facts.get("step"),
        "steps": steps,
        "sampler": validate.choice("sampler", sampler, SAMPLERS),
        "seed": seed,
        "shape": list(shape),
    }
    return Sampler(trained, shape, steps, sampler, seed, facts)


def _side(images: Any) -> list[int] | None:
    """Height and width of the images of a shape, None if it is none that a network can have."""
    match images:
        case [*_, int(h), int(w)] if min(h, w) > 0 and h % 4 == w % 4 == 0:
            return [h, w]
    return None


def draw(asked: Sampler, rows: range, device: str | None = None) -> Pixels:
    """The images of these rows, (rows, h, w) or (rows, h, w, 3), as they come: not cut off."""
    few = spacing.evenly(asked.trained.schedule, asked.steps)
    asked.trained.network.to(training.best_device(device))
    guess = denoisers.denoiser(asked.trained.network, few, asked.shape)
    rng = Rows(asked.seed, rows)
    noise = rng.standard_normal((len(rows), int(np.prod(asked.shape))))
    if asked.sampler == "ddim":
        x = sampling.ddim(guess, noise, few, progress=False)
    else:
        x = sampling.ddpm(guess, noise, few, rng, progress=False)
    images = np.moveaxis(x.reshape(-1, *asked.shape), 1, -1).astype(np.float32)
    return images[..., 0] if asked.shape[0] == 1 else images


def kept(asked: Sampler, path: Path | None) -> Pixels:
    """The samples that a file holds; ValueError if they are of another network or way to ask."""
    if path is None or not (path.exists() or path.with_suffix(".json").exists()):
        return np.empty(0, dtype=np.float32)
    facts = (json_object(path.with_suffix(".json")) or {}).get("samples")
    if isinstance(facts, dict) and facts != asked.facts:
        other = next((k for k in asked.facts if facts.get(k) != asked.facts[k]), "kind")
        raise ValueError(f"{path} holds samples of another {other}: --force replaces it")
    channels, *side = asked.shape
    none = np.empty((0, *side, channels)[: 3 + (channels > 1)], dtype=np.float32)
    with contextlib.suppress(FileNotFoundError, ValueError, EOFError):
        found = np.load(path, allow_pickle=False) if path.exists() else none
        form = isinstance(found, np.ndarray) and (found.shape[1:], found.dtype)
        if facts == asked.facts and form == (none.shape[1:], none.dtype):
            return found
    raise ValueError(f"{path} or the .json beside it was not written by sample: --force")


def extend(
    asked: Sampler, found: Pixels, n: int, path: Path | None, device: str | None = None
) -> Iterator[Pixels]:
    """All samples so far, up to n, a batch at a time, kept in the file before they are yielded."""
    memory.require(8 * n * int(np.prod(asked.shape)), f"{n:,} images")
    while len(found) < n:
        new = draw(asked, range(len(found), min(n, len(found) + BATCH)), device)
        if path is not None and not len(found):
            path.resolve().unlink(missing_ok=True)  # what it held was not drawn as is now said
            facts = as_json({"samples": asked.facts})
            write_text(path.with_suffix(".json"), facts)
        found = np.concatenate([found, new]) if len(found) else new
        if path is not None:
            stream = io.BytesIO()
            np.save(stream, found)
            write_bytes(path, stream.getvalue())
        yield found
