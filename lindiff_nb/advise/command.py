"""lindiff-nb advise: what images of one's own can say, from a folder or an array."""

import argparse
import shlex
from typing import TYPE_CHECKING, Any

from lindiff_nb._base import answers, image_options
from lindiff_nb._base.errors import refusing
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
    meanings = {"json": "write everything there too", "figure": "draw it: .png, .svg, .pdf"}
    answers.options(command, **meanings)
    command.set_defaults(command=advise)


def advise(chosen: argparse.Namespace) -> None:
    """Read, compute, print the answer, write the files. UsageError for what cannot be met."""
    answers.check(chosen)
    from lindiff_nb.advise import files, from_sample, sample, text
    from lindiff_nb.data import groups, images

    with refusing(ValueError, ArithmeticError, MemoryError, name=chosen.images):
        read = images(chosen.images, **image_options.given(chosen))
        named = chosen.group_by and groups.named(read.names, chosen.group_by)
        found, dead = sample.of_images(read)
        advice = from_sample.advise(found, read.same, named or None)
    command = None if read.scale is None else _training(chosen, read.names)
    answers.give(
        chosen,
        text.text(advice, read.names, read.said, dead, command),
        json=lambda: files.as_json(advice, command is not None, dead),
        figure=lambda: _picture(advice, chosen.figure.suffix),
    )


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
