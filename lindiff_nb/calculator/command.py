"""lindiff-nb predict: the calculator at the command line.

What the request names is checked, and files that exist are refused, before anything is computed.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lindiff_nb._base.errors import UsageError, refusing
from lindiff_nb._base.outputs import PICTURES, output, write_bytes, write_text
from lindiff_nb.run.numbers import count, number, whole

if TYPE_CHECKING:
    from lindiff_nb.calculator._report import Report
    from lindiff_nb.calculator._request import Answer

SPECTRUM = "eigenvalues or a covariance: text, .csv, .npy, .npz, .mat, or one of them .gz"
MOST_STEPS = 10_000
UNITS = """\
The spectrum is that of the data as they enter the network: the ridge, and what is much or little
noise, are in the same units. --normalise divides it by its mean first."""


def add(commands: Any) -> None:
    """Add the command to what `add_subparsers` returned."""
    command = commands.add_parser(
        "predict",
        help="what n images with a given spectrum will give",
        description="Losses and samples of a linear diffusion model, and what is best for them.",
        epilog=UNITS,
    )
    data = command.add_mutually_exclusive_group(required=True)
    data.add_argument("--spectrum", metavar="FILE", help=SPECTRUM)
    data.add_argument("--power-law", nargs=2, metavar=("D", "K"), help="rank^-K, mean 1")
    data.add_argument("--images", metavar="IMAGES", help="a folder, .npy, .npz, or mnist ..")
    command.add_argument(
        "--dimension", type=whole, metavar="D", help="of the data, if FILE lists the largest only"
    )
    command.add_argument("-n", type=whole, required=True, metavar="N", help="images to train on")
    command.add_argument("-c", type=number, default=0.0, metavar="C", help="ridge (default: 0)")
    command.add_argument("--size", type=whole, metavar="PIXELS", help="of --images (16)")
    command.add_argument(
        "--mean",
        choices=("fitted", "known"),
        default="fitted",
        help="of the data: fitted to the same images, or known (default: fitted)",
    )
    command.add_argument("--normalise", action="store_true", help="scale to mean variance one")
    command.add_argument("--schedule", choices=("linear", "cosine"), default="linear")
    command.add_argument("--steps", type=whole, default=1000, metavar="T", help="default: 1000")
    command.add_argument("--beta-end", type=number, default=1e-2, metavar="B", help="linear: 0.01")
    command.add_argument(
        "--alpha-bar", type=number, nargs="+", metavar="A", help="noise levels, not a schedule's"
    )
    command.add_argument("--rows", type=whole, default=9, metavar="R", help="levels shown (9)")
    command.add_argument("--kl", type=number, default=0.01, help="aim of the divergence (0.01)")
    command.add_argument("--excess", type=number, default=0.1, help="aim of the loss (0.1)")
    command.add_argument("--json", type=Path, metavar="FILE", help="write everything there too")
    command.add_argument("--csv", type=Path, metavar="FILE", help="write the losses there too")
    command.add_argument("--figure", type=Path, metavar="FILE", help="draw it: .png, .svg, .pdf")
    command.add_argument(
        "--best-steps", type=count, metavar="T", help="where so few steps of DDIM should stop"
    )
    command.add_argument("--for", dest="aim", choices=("kl", "w2"), help="of them (default: kl)")
    command.add_argument("--steps-json", type=Path, metavar="FILE", help="write these steps there")
    command.add_argument("-f", "--force", action="store_true", help="replace files that exist")
    command.set_defaults(command=predict)


def predict(chosen: argparse.Namespace) -> None:
    """Compute, print the report, write the files. UsageError for what cannot be met."""
    outputs: list[tuple[Path | None, tuple[str, ...]]] = [
        (chosen.json, (".json",)),
        (chosen.csv, (".csv",)),
        (chosen.figure, PICTURES),
        (chosen.steps_json, (".json",)),
    ]
    for path, suffixes in outputs:
        if path is not None:
            output(path, chosen.force, suffixes, inputs=[chosen.spectrum, chosen.images])
    if chosen.size is not None and not chosen.images:
        raise UsageError(f"--size {chosen.size} goes with --images alone")
    if chosen.dimension is not None and not chosen.spectrum:
        raise UsageError(f"--dimension {chosen.dimension} goes with --spectrum alone")
    if chosen.best_steps is None and (chosen.aim or chosen.steps_json):
        raise UsageError("--for and --steps-json go with --best-steps T")
    if chosen.best_steps and chosen.best_steps > MOST_STEPS:
        raise UsageError(f"--best-steps must be at most {MOST_STEPS}, got {chosen.best_steps}")
    if chosen.json and chosen.json == chosen.steps_json:
        raise UsageError(f"--json and --steps-json are both {chosen.json}")
    from lindiff_nb.calculator import _steps, text
    from lindiff_nb.calculator._request import answer
    from lindiff_nb.data import DataUnavailable

    impossible = ValueError, ArithmeticError, MemoryError, RuntimeError, DataUnavailable
    with refusing(*impossible, name=chosen.spectrum):
        found = answer(chosen)
        steps = chosen.best_steps and _steps.best(
            found.report.spectrum, chosen.best_steps, chosen.aim or "kl"
        )
    try:
        print(text.text(*found), flush=True)
        if steps:
            print(f"\n{_steps.text(steps)}", flush=True)
        if steps and chosen.steps_json:
            write_text(chosen.steps_json, _steps.as_json(steps))
    finally:  # whoever reads may have gone: the files are wanted all the same
        _write(chosen, found)


def _write(chosen: argparse.Namespace, found: "Answer") -> None:
    """The files that were asked for; an OSError names the one that cannot be written."""
    from lindiff_nb.calculator import files

    contents: list[tuple[Path | None, Callable[[], bytes]]] = [
        (chosen.json, lambda: files.as_json(*found).encode()),
        (chosen.csv, lambda: files.as_csv(found.report).encode()),
        (chosen.figure, lambda: _picture(found.report, chosen.figure.suffix)),
    ]
    for path, content in contents:
        if path is not None:
            try:
                write_bytes(path, content())
            except OSError as error:
                raise OSError(error.errno, error.strerror, str(path)) from None


def _picture(report: "Report", suffix: str) -> bytes:
    """The figure as a file's bytes, the same for the same report."""
    from lindiff_nb.calculator.figure import draw
    from lindiff_nb.figures.files import picture

    return picture(suffix, lambda axes: draw(axes, report), columns=3, width=10)
