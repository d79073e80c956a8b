"""lindiff-nb predict: the calculator at the command line.

What the request names is checked, and files that exist are refused, before anything is computed.
"""

import argparse
from typing import TYPE_CHECKING, Any

from lindiff_nb._base import answers
from lindiff_nb._base.errors import UsageError, refusing
from lindiff_nb.run.numbers import count, number, whole

if TYPE_CHECKING:
    from lindiff_nb.calculator._report import Report

SPECTRUM = "eigenvalues or a covariance: text, .csv, .npy, .npz, .mat, or one of them .gz"
DIMENSION = "of the data, if FILE lists the largest only"
MEAN = "of the data: fitted to the same images, or known (default: fitted)"
FILES = {
    "json": "write everything there too",
    "csv": "write the losses there too",
    "figure": "draw it: .png, .svg, .pdf",
    "steps_json": "write these steps there",
}
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
    _add_data(command)
    _add_noise(command.add_argument)
    _add_questions(command.add_argument)
    answers.options(command, **FILES)
    command.set_defaults(command=predict)


def _add_data(command: Any) -> None:
    """The options that say what is learned from: a spectrum, and how many images."""
    data = command.add_mutually_exclusive_group(required=True)
    data.add_argument("--spectrum", metavar="FILE", help=SPECTRUM)
    data.add_argument("--power-law", nargs=2, metavar=("D", "K"), help="rank^-K, mean 1")
    data.add_argument("--images", metavar="IMAGES", help="a folder, .npy, .npz, or mnist ..")
    option = command.add_argument
    option("--dimension", type=whole, metavar="D", help=DIMENSION)
    option("-n", type=whole, required=True, metavar="N", help="images to train on")
    option("-c", type=number, default=0.0, metavar="C", help="ridge (default: 0)")
    option("--size", type=whole, metavar="PIXELS", help="of --images (16)")
    option("--mean", choices=("fitted", "known"), default="fitted", help=MEAN)
    option("--normalise", action="store_true", help="scale to mean variance one")


def _add_noise(option: Any) -> None:
    """The options that say how much noise there is at each step."""
    option("--schedule", choices=("linear", "cosine"), default="linear")
    option("--steps", type=whole, default=1000, metavar="T", help="default: 1000")
    option("--beta-end", type=number, default=1e-2, metavar="B", help="linear: 0.01")
    levels = {"nargs": "+", "metavar": "A", "help": "noise levels, not a schedule's"}
    option("--alpha-bar", type=number, **levels)


def _add_questions(option: Any) -> None:
    """The options that say what is to be told."""
    option("--rows", type=whole, default=9, metavar="R", help="levels shown (9)")
    option("--kl", type=number, default=0.01, help="aim of the divergence (0.01)")
    option("--excess", type=number, default=0.1, help="aim of the loss (0.1)")
    option("--best-steps", type=count, metavar="T", help="where so few steps of DDIM should stop")
    option("--for", dest="aim", choices=("kl", "w2"), help="of them (default: kl)")


def predict(chosen: argparse.Namespace) -> None:
    """Compute, print the report, write the files. UsageError for what cannot be met."""
    answers.check(chosen, chosen.spectrum, chosen.images)
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
    from lindiff_nb.calculator import _steps, files, text
    from lindiff_nb.calculator._request import answer

    with refusing(ValueError, ArithmeticError, MemoryError, RuntimeError, name=chosen.spectrum):
        found = answer(chosen)
        steps = chosen.best_steps and _steps.best(
            found.report.spectrum, chosen.best_steps, chosen.aim or "kl"
        )
    answers.give(
        chosen,
        "\n\n".join([text.text(*found), *([_steps.text(steps)] if steps else [])]),
        json=lambda: files.as_json(*found),
        csv=lambda: files.as_csv(found.report),
        figure=lambda: _picture(found.report, chosen.figure.suffix),
        steps_json=lambda: _steps.as_json(steps),
    )


def _picture(report: "Report", suffix: str) -> bytes:
    """The figure as a file's bytes, the same for the same report."""
    from lindiff_nb.calculator.figure import draw
    from lindiff_nb.figures.files import picture

    return picture(suffix, lambda axes: draw(axes, report), columns=3, width=10)
