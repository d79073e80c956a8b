"""lindiff-nb copies: how many of a model's samples are copies of its training images.

No network is asked, nothing is random, and what is written names images by number only.
"""

import argparse
import math
from typing import TYPE_CHECKING, Any

from lindiff_nb._base import answers, image_options
from lindiff_nb._base.errors import RunFailed, UsageError, refusing
from lindiff_nb._base.written import as_json
from lindiff_nb.run.numbers import number, whole

if TYPE_CHECKING:
    from lindiff_nb.copies.search import Found
    from lindiff_nb.data.own import Images
    from lindiff_nb.measure.copies import Share

NONE = 1e-9  # shares that differ by less are one
WHAT = """\
A copy lies three times nearer to one training image than to any other that does not look like it.
Images are a folder, .npy, .npz, or the name of a set; features or latents (n, d) do as well."""


def add(commands: Any) -> None:
    """Add the command to what `add_subparsers` returned."""
    command = commands.add_parser(
        "copies",
        help="how many samples are copies of training images",
        description="How many samples are copies of training images, and how sure that is.",
        epilog=WHAT,
    )
    command.add_argument("samples", metavar="SAMPLES", help="what the model made")
    command.add_argument("training", metavar="TRAINING", help="what it was trained on")
    command.add_argument("--new", metavar="HELDOUT", help="images it never saw, for comparison")
    command.add_argument(
        "--at-most", type=number, metavar="SHARE", help="exit with status 1 if there are more"
    )
    command.add_argument("--mirrored", action="store_true", help="mirror images are copies too")
    image_options.add(command, whole, number)
    meanings = {"json": "write the result there too", "figure": "draw the ten likeliest pairs"}
    answers.options(command, **meanings)
    command.set_defaults(command=copies)


def copies(chosen: argparse.Namespace) -> None:
    """Search, print, write. UsageError for what cannot be compared; RunFailed above --at-most."""
    paths = [path for path in (chosen.samples, chosen.training, chosen.new) if path is not None]
    answers.check(chosen, *paths)
    if chosen.at_most is not None and not 0 <= chosen.at_most <= 1:
        raise UsageError(f"--at-most {chosen.at_most:g} must be a share from 0 to 1")
    from lindiff_nb.copies.search import search
    from lindiff_nb.data import images

    with refusing(ValueError, MemoryError):
        read = [images(path, **image_options.given(chosen)) for path in paths]
        if chosen.figure and len(read[1].shape) == 1:
            raise UsageError("--figure is for images: these have no shape")
        found = search(*read, mirrored=chosen.mirrored)
    answers.give(
        chosen,
        text(found, read),
        json=lambda: as_json(contents(found, read)),
        figure=lambda: _picture(found, read, chosen.figure.suffix),
    )
    share, limit = found.samples.share.fraction, chosen.at_most
    if limit is not None and share > limit:
        told = f"{_percent(share)} of the samples are copies, above {_percent(limit)}"
        raise RunFailed(f"lindiff-nb: {told}")


def text(found: "Found", read: list["Images"]) -> str:
    """The answer in words, what was read, and what is to be kept in mind."""
    from lindiff_nb.measure.copies import difference

    near, share = found.samples, found.samples.share
    lines = [f"copies       {_counted(share)}"]
    if found.new is not None:
        gap, low, high = map(_percent, difference(share, found.new.share))
        lines.append(f"new images   {_counted(found.new.share)}")
        lines.append(f"difference   {gap} ({low} to {high})")
    likely = [
        f"{read[0].names[at]} ~ {read[1].names[int(near.image[at])]} ({near.ratio[at]:.2f})"
        for at in found.suspicious[:3]
    ]
    lines.append(f"likeliest    sample ~ training image (ratio of distances): {', '.join(likely)}")
    if found.new is None:
        lines.append("without --new it is not known how many new images would pass for copies")
    return "\n".join([*lines, *found.said, *(line for each in read for line in each.said)])


def contents(found: "Found", read: list["Images"]) -> dict[str, Any]:
    """The result for JSON; `interval` is Wilson's, 95 %."""
    from lindiff_nb.measure.copies import THRESHOLD, difference

    share, new = found.samples.share, found.new and found.new.share
    return {
        "samples": share.samples,
        "copies": share.copies,
        "fraction": share.fraction,
        "interval": share.interval,
        "new": new and new.samples,
        "new_copies": new and new.copies,
        "new_fraction": new and new.fraction,
        "new_interval": new and new.interval,
        "difference": new and difference(share, new),
        "training": len(read[1].pixels),
        "twins": sum(map(len, read[1].same)) - len(read[1].same),
        "threshold": THRESHOLD,
        "pairs": [
            {
                "sample": int(sample),
                "training": int(found.samples.image[sample]),
                "ratio": float(found.samples.ratio[sample]),
            }
            for sample in found.suspicious
        ],
        "warnings": found.said,
    }


def _counted(share: "Share") -> str:
    low, high = map(_percent, share.interval)
    ends = f"{low} to {high}" if share.copies else f"at most {high}"
    return f"{share.copies} of {share.samples:,}: {_percent(share.fraction)} ({ends})"


def _percent(share: float) -> str:
    """With as many places as tell it from none and from all."""
    away = min(abs(share), abs(1 - abs(share)))
    return f"{share:.{1 if away < NONE else max(1, math.ceil(-math.log10(100 * away)))}%}"


def _picture(found: "Found", read: list["Images"], suffix: str) -> bytes:
    """The most suspicious samples above their training images, as a file's bytes."""
    import numpy as np

    from lindiff_nb.figures import image_grid
    from lindiff_nb.figures.files import drawn

    most, training = list(found.suspicious), read[1]
    low, high = training.scale or (float(training.pixels.min()), float(training.pixels.max()))
    pairs = found.shown[most], training.floats(found.samples.image[most])
    stack = (np.concatenate(pairs).clip(low, high) - low) / ((high - low) or 1.0)
    texts = {"rows": ["sample", "training"]}
    texts["labels"] = [f"{ratio:.2f}" for ratio in found.samples.ratio[most]]
    return drawn(suffix, lambda: image_grid(stack, columns=len(most), **texts)[0])
