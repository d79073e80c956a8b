"""lindiff-nb train: train a U-net on n images, or go on where a run was interrupted.

Everything is checked before training starts. The same command again goes on from the weights'
file: at most the steps since it was last written are lost, however the run ended.
"""

import argparse
import contextlib
import sys
from collections.abc import Iterator
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

from lindiff_nb._base.errors import RunFailed, UsageError, refusing
from lindiff_nb._base.files import Busy, alone
from lindiff_nb._base.outputs import output
from lindiff_nb.run.numbers import number, whole
from lindiff_nb.train.asked import Asked

AFTERWARDS = """\
FILE ends in .safetensors; lindiff_nb.networks.denoisers.load reads it. Beside it a file .json tells
the settings, the data and their checksum, versions, machine, seconds and losses."""
NUMBERS = (
    ("skip", "N", "images to leave out first"),
    ("size", "PIXELS", "side of an image"),
    ("width", "F", "features a pixel"),
    ("steps", "K", "training steps"),
    ("batch", "N", "images a step"),
    ("rate", "R", "Adam's step size"),
    ("seed", "S", "of weights and draws"),
    ("noise_steps", "T", "noise levels"),
    ("beta_end", "B", "the last beta"),
    ("every", "K", "steps between savings"),
)
FIELDS = {field.name for field in fields(Asked)}


def add(commands: Any) -> None:
    """Add the command to what `add_subparsers` returned."""
    command = commands.add_parser(
        "train",
        help="train a U-net on n images",
        description="Train a U-net on n images, or go on where the same command was interrupted.",
        epilog=AFTERWARDS,
    )
    option = partial(command.add_argument, default=argparse.SUPPRESS)
    option("--data", required=True, metavar="NAME", help="an image set, such as mnist")
    option("-n", required=True, type=whole, metavar="N", help="images to train on")
    option("--download", action="store_true", help="fetch the set if it is not here")
    for name, metavar, meaning in NUMBERS:
        usual = getattr(Asked, name)
        dashed = "--" + name.replace("_", "-")
        form = whole if isinstance(usual, int) else number
        option(dashed, type=form, metavar=metavar, help=f"{meaning} ({usual})")
    name = "DATA-N-SKIP.safetensors"
    option("-o", dest="out", type=Path, default=None, metavar="FILE", help=name)
    command.set_defaults(command=train)


def train(chosen: argparse.Namespace) -> None:
    """Train, write weights and record, and print how the network does on images it never saw."""
    given = {name: value for name, value in vars(chosen).items() if name in FIELDS}
    asked = Asked(**given)
    named = chosen.out or Path(f"{asked.data}-{asked.n}-{asked.skip}.safetensors")
    path = output(named, force=True, suffixes=(".safetensors",))
    from lindiff_nb.data import DataUnavailable
    from lindiff_nb.train import work

    with _alone(path):
        with refusing(ValueError, MemoryError, DataUnavailable, name=path):
            job = work.begin(asked, path)
        print(job.source, f"{job.parameters:,} parameters, {_start(job.step, asked)}", sep="\n")
        sys.stdout.flush()
        with _failures(path):
            work.finish(job)
            print(work.outcome(path, job.images))


def _start(step: int, asked: Asked) -> str:
    """Where training begins, and that there is nothing to do if it is past the end."""
    done = f"; --steps asks for {asked.steps}, which is done" if step >= asked.steps else ""
    return f"from step {step}{done}"


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """The weights' file for this training alone."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(alone(path))
        except Busy:
            raise UsageError(f"another training writes {path}") from None
        yield


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
