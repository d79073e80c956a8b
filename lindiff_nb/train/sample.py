"""lindiff-nb sample: draw images from a trained network, or go on where that was interrupted."""

import argparse
import io
import sys
from pathlib import Path
from typing import Any

from lindiff_nb._base.errors import UsageError, refusing
from lindiff_nb._base.outputs import output, write_bytes
from lindiff_nb.run.numbers import whole
from lindiff_nb.train.command import DEVICES

MOST = 400  # images in a picture
WHAT = """\
FILE.npy holds the images as the network gives them, black 0 and white 1, and may go a little
beyond; the same command, or one with a larger -n, goes on where the file ends. FILE.png shows them
in rows, cut off at black and white. NETWORK is a file of lindiff-nb train, or a name of the book's
such as mnist-16-A-8000."""


def add(commands: Any) -> None:
    """Add the command to what `add_subparsers` returned."""
    command = commands.add_parser(
        "sample",
        help="draw images from a trained network",
        description="Draw images from a trained network.",
        epilog=WHAT,
    )
    option = command.add_argument
    option("network", metavar="NETWORK", help="weights, .safetensors, or a network of the book")
    option("-n", type=whole, required=True, metavar="N", help="images to draw")
    option("--steps", type=whole, default=50, metavar="T", help="of the sampler (50)")
    option("--sampler", choices=("ddim", "ddpm"), default="ddim", help="default: ddim")
    option("--seed", type=whole, default=0, metavar="S", help="of the noise (0)")
    option("--size", type=whole, metavar="PIXELS", help="side of an image, if NETWORK does not say")
    option("--device", choices=DEVICES, help="where to draw (the fastest that is there)")
    option("-o", dest="out", type=Path, required=True, metavar="FILE", help=".npy or .png")
    option("-f", "--force", action="store_true", help="replace FILE whatever it holds")
    command.set_defaults(command=sample)


def sample(chosen: argparse.Namespace) -> None:
    """Draw, and write at each batch; UsageError for what cannot be done, before it starts."""
    array = chosen.out.suffix == ".npy"
    output(chosen.out, chosen.force or array, (".npy", ".png"))
    if array:
        output(chosen.out.with_suffix(".json"), True, (".json",))
    if chosen.n < 1 or (not array and chosen.n > MOST):
        raise UsageError(f"-n must be 1 or more, and in a .png {MOST} at most, got {chosen.n}")
    from lindiff_nb.train import samples

    path = chosen.out if array else None
    with refusing(ValueError, MemoryError, name=chosen.network):
        asked = samples.prepare(
            chosen.network, chosen.size, chosen.steps, chosen.sampler, chosen.seed
        )
        found = samples.kept(asked, path if not chosen.force else None)
        if len(found):
            done = "" if len(found) < chosen.n else f"; -n asks for {chosen.n}, which is done"
            print(f"{chosen.out} holds {len(found):,} images{done}", flush=True)
        batches = samples.extend(
            asked, found, chosen.n, chosen.out if array else None, chosen.device
        )
    for found in batches:
        if not sys.stderr.isatty():
            print(f"{len(found):,} of {chosen.n:,} images", flush=True)
    if not array:
        write_bytes(chosen.out, _picture(found))


def _picture(images: Any) -> bytes:
    """The images in rows as a PNG, pixel by pixel, cut off at black and white."""
    import numpy as np
    from PIL import Image

    count, h, w = images.shape[:3]
    columns = int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    sheet = np.zeros((rows * columns, *images.shape[1:]), dtype=np.uint8)
    sheet[:count] = np.rint(255 * images.clip(0, 1))
    grid = sheet.reshape(rows, columns, h, w, -1).swapaxes(1, 2).reshape(rows * h, columns * w, -1)
    stream = io.BytesIO()
    Image.fromarray(grid[..., 0] if grid.shape[-1] == 1 else grid).save(stream, format="PNG")
    return stream.getvalue()
