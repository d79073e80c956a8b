"""lindiff-nb advise: what images of one's own can say, from a folder or an array."""

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lindiff_nb._base import image_options
from lindiff_nb._base.errors import refusing
from lindiff_nb._base.outputs import PICTURES, output, write_bytes
from lindiff_nb.run.numbers import number, whole

if TYPE_CHECKING:
    from lindiff_nb.advise.from_sample import Advice

IMAGES = "a folder of pictures, an array (.npy, .npz), or an image set such as mnist"


def add(commands: Any) -> None:
    """Add the command to what `add_subparsers` returned."""
    command = commands.add_parser(
        "advise",
        help="the best ridge for images of your own, and what more of them would bring",
        description="From the images alone: ridge, loss on new ones now and with more, copies.",
    )
    command.add_argument("images", metavar="IMAGES", help=IMAGES)
    image_options.add(command, whole, number)
    image_options.groups(command)
    command.add_argument("--json", type=Path, metavar="FILE", help="write everything there too")
    command.add_argument("--figure", type=Path, metavar="FILE", help="draw it: .png, .svg, .pdf")
    command.add_argument("-f", "--force", action="store_true", help="replace files that exist")
    command.set_defaults(command=advise)


def advise(chosen: argparse.Namespace) -> None:
    """Read, compute, print the answer, write the files. UsageError for what cannot be met."""
    for path, suffixes in ((chosen.json, (".json",)), (chosen.figure, PICTURES)):
        if path is not None:
            output(path, chosen.force, suffixes, inputs=[chosen.images])
    from lindiff_nb.advise import files, from_sample, sample, text
    from lindiff_nb.data import DataUnavailable, groups, images

    with refusing(ValueError, ArithmeticError, MemoryError, DataUnavailable, name=chosen.images):
        read = images(chosen.images, **image_options.given(chosen))
        named = chosen.group_by and groups.named(read.names, chosen.group_by)
        found, dead = sample.of_images(read)
        advice = from_sample.advise(found, read.same, named or None)
    command = None if read.scale is None else _training(chosen, read.names)
    try:
        print(text.text(advice, read.names, read.said, dead, command), flush=True)
    finally:  # whoever reads may have gone: the files are wanted all the same
        if chosen.json is not None:
            write_bytes(chosen.json, files.as_json(advice, command is not None, dead).encode())
        if chosen.figure is not None:
            write_bytes(chosen.figure, _picture(advice, chosen.figure.suffix))


def _training(chosen: argparse.Namespace, names: tuple[str, ...]) -> str:
    """The command that trains on the same images."""
    from lindiff_nb.data import NAMES

    number = ["-n", str(len(names))] if chosen.images in NAMES else []
    options = [*number, *image_options.written(chosen)]
    return " ".join(["lindiff-nb train --data", shlex.quote(chosen.images), *options])


def _picture(advice: "Advice", suffix: str) -> bytes:
    """The figure as a file's bytes."""
    from lindiff_nb.advise.figure import draw
    from lindiff_nb.figures.files import picture

    return picture(suffix, lambda axes: draw(axes[0], advice), columns=1, width=6)
