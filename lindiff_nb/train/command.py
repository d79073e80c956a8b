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
from typing import TYPE_CHECKING, Any

from lindiff_nb._base import image_options
from lindiff_nb._base.errors import RunFailed, UsageError, refusing
from lindiff_nb._base.outputs import output
from lindiff_nb.run.numbers import number, whole
from lindiff_nb.train.asked import Asked

if TYPE_CHECKING:
    from lindiff_nb.train import work

AFTERWARDS = """\
FILE ends in .safetensors; lindiff_nb.networks.denoisers.load reads it. Beside it a file .json tells
the settings, the data and their checksum, versions, machine, seconds and losses. --ladder trains
the networks that come with the book, hours of work, into the folder FILE; LINDIFF_NETWORKS names
that folder to the chapters. --held-out shows at each saving the loss on images not trained on, for
little, some and much noise too, and FILE is the network that did best on them."""
DEVICES = ("cpu", "cuda", "mps")


def add(commands: Any) -> None:
    """Add the command to what `add_subparsers` returned."""
    command = commands.add_parser(
        "train",
        help="train a U-net on n images",
        description="Train a U-net on n images, or go on where the same command was interrupted.",
        epilog=AFTERWARDS,
    )
    option = partial(command.add_argument, default=argparse.SUPPRESS)
    option("--data", metavar="NAME", help="a folder of images, .npy, .npz, or a set such as mnist")
    option("-n", type=whole, metavar="N", help="images to train on (of your own: all)")
    option("--download", action="store_true", help="fetch the set if it is not here")
    for field in fields(Asked):
        if meaning := field.metadata.get("meaning"):
            dashed = "--" + field.name.replace("_", "-")
            if isinstance(field.default, bool):
                option(dashed, action="store_true", help=meaning)
                continue
            form, metavar = (whole, "N") if isinstance(field.default, int) else (number, "X")
            option(dashed, type=form, metavar=metavar, help=f"{meaning} ({field.default})")
    option("--keep", choices=("best", "last"), help="with --held-out: which network (best)")
    image_options.add(command, whole, number)
    command.set_defaults(skip_bad=None)
    image_options.groups(command)
    option("--device", choices=DEVICES, help="where to train (the fastest that is there)")
    option("--ladder", action="store_true", help="train the networks of the book instead")
    name = "DATA-N-SKIP.safetensors"
    option("-o", dest="out", type=Path, default=None, metavar="FILE", help=name)
    command.set_defaults(command=train)


def train(chosen: argparse.Namespace) -> None:
    """Train, write weights and record, and print how the network does on images it never saw.

    UsageError for what cannot be done, before it starts; RunFailed if training breaks off.
    """
    names = {field.name for field in fields(Asked)}
    options = {name: value for name, value in vars(chosen).items() if name in names}
    given = {name: value for name, value in options.items() if value is not None}
    if "ladder" in chosen:
        return _ladder(chosen.out, given)
    from lindiff_nb.data import NAMES

    if given.get("data", NAMES[0]) not in NAMES:
        given = {"n": None, **given}
    if missing := [name for name in ("--data", "-n") if name.strip("-") not in given]:
        raise UsageError(f"{' and '.join(missing)} must be given, or --ladder")
    asked = Asked(**given)
    stem = Path(asked.data).stem
    named = chosen.out or Path(f"{stem}-{asked.n or 'all'}-{asked.skip}.safetensors")
    path = output(named, force=True, suffixes=(".safetensors",))
    for suffix in (".json", *[".png"] * bool(asked.held_out)):
        output(path.with_suffix(suffix), True, (suffix,), inputs=[asked.data])
    from lindiff_nb.train import work

    with refusing(ValueError, MemoryError, name=path):
        job = work.begin(asked, path)
    print(job.source, f"{job.parameters:,} parameters, {_start(job, asked)}", sep="\n")
    sys.stdout.flush()
    with _failures(path):
        work.finish(job)
        print(work.outcome(job, asked.device))


def _ladder(folder: Path | None, given: dict[str, Any]) -> None:
    """Train those networks of the book that are not in the folder yet."""
    if others := sorted(given.keys() - {"device"}):
        raise UsageError(f"--ladder has its own {' and '.join(others)}; it takes -o and --device")
    from lindiff_nb.train import ladder

    with refusing(ValueError, MemoryError, name=folder):
        print(ladder.retrain(folder=folder, device=given.get("device")))


def _start(job: "work.Job", asked: Asked) -> str:
    """Where training begins, and that there is nothing to do if it is past the end."""
    done = f"; --steps asks for {asked.steps}, which is done" if job.step >= asked.steps else ""
    if not done and job.finished:
        done = f"; --patience {asked.patience}, which is over: finished"
    return f"from step {job.step}{done}"


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
