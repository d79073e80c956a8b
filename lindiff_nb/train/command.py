"""lindiff-nb train: train a U-net on n images, or go on where a run was interrupted.

Everything is checked before training starts. The same command again goes on from the weights'
file: at most the steps since it was last written are lost, however the run ended.
"""

import argparse
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lindiff_nb.run.errors import RunFailed, UsageError
from lindiff_nb.run.files import output

AFTERWARDS = """\
FILE ends in .safetensors; lindiff_nb.measure.networks.load reads it. Beside it a file .json tells
the settings, the data and their checksum, versions, machine, seconds and losses."""


def add(commands: Any) -> None:
    """Add the command to what `add_subparsers` returned."""
    command = commands.add_parser(
        "train",
        help="train a U-net on n images",
        description="Train a U-net on n images, or go on where the same command was interrupted.",
        epilog=AFTERWARDS,
    )
    option = command.add_argument
    option("--data", required=True, metavar="NAME", help="an image set, such as mnist")
    option("-n", type=int, required=True, metavar="N", help="images to train on")
    option("--skip", type=int, default=0, metavar="N", help="images to leave out first (0)")
    option("--size", type=int, default=16, metavar="PIXELS", help="side of an image (16)")
    option("--download", action="store_true", help="fetch the set if it is not here")
    option("--width", type=int, default=16, metavar="F", help="features a pixel (16)")
    option("--steps", type=int, default=8000, metavar="K", help="training steps (8000)")
    option("--batch", type=int, default=128, metavar="N", help="images a step (128)")
    option("--rate", type=float, default=2e-3, metavar="R", help="Adam's step size (0.002)")
    option("--seed", type=int, default=0, metavar="S", help="of weights and draws (0)")
    option("--noise-steps", type=int, default=1000, metavar="T", help="noise levels (1000)")
    option("--beta-end", type=float, default=1e-2, metavar="B", help="the last beta (0.01)")
    option("--every", type=int, default=250, metavar="K", help="steps between savings (250)")
    option("-o", dest="out", type=Path, metavar="FILE", help="DATA-N-SKIP.safetensors")
    command.set_defaults(command=train)


def train(chosen: argparse.Namespace) -> None:
    """Train, write weights and record, and print how the network does on images it never saw."""
    named = chosen.out or Path(f"{chosen.data}-{chosen.n}-{chosen.skip}.safetensors")
    path = output(named, force=True, suffixes=(".safetensors",))
    from lindiff_nb.train import work

    with _refusals():
        job = work.begin(chosen, path)
    print(job.source, f"{job.parameters:,} parameters, from step {job.step}", sep="\n", flush=True)
    with _failures(path):
        work.finish(job)
    print(work.outcome(path, job.images))


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    """Whatever is refused before work starts, as a UsageError."""
    from lindiff_nb.data import DataUnavailable

    try:
        yield
    except (ValueError, MemoryError, DataUnavailable) as error:
        raise UsageError(str(error)) from None


@contextlib.contextmanager
def _failures(path: Path) -> Iterator[None]:
    """Whatever stops the work, as a RunFailed; an interrupted run says how to go on."""
    try:
        yield
    except (FloatingPointError, MemoryError) as error:
        raise RunFailed(f"lindiff-nb: {error}") from None
    except KeyboardInterrupt:
        if path.exists():
            print(f"\nthe same command goes on from {path}", file=sys.stderr)
        raise
