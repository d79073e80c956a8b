"""lindiff-nb predict: the calculator at the command line.

What the request names is checked, and files that exist are refused, before anything is computed.
"""

import argparse
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lindiff_nb.run.errors import UsageError, refusing
from lindiff_nb.run.files import output, write_bytes, write_text

if TYPE_CHECKING:
    from lindiff_nb._types import Array
    from lindiff_nb.calculator._report import Report

PICTURES = (".png", ".svg", ".pdf")
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
    data.add_argument("--spectrum", metavar="FILE", help="eigenvalues, one a line; or .npy")
    data.add_argument("--power-law", nargs=2, metavar=("D", "K"), help="rank^-K, mean 1")
    data.add_argument("--images", metavar="NAME", help="an image set, such as mnist")
    command.add_argument("-n", type=int, required=True, metavar="N", help="images to train on")
    command.add_argument("-c", type=float, default=0.0, metavar="C", help="ridge (default: 0)")
    command.add_argument("--size", type=int, default=16, metavar="PIXELS", help="of --images (16)")
    command.add_argument("--normalise", action="store_true", help="scale to mean variance one")
    command.add_argument("--schedule", choices=("linear", "cosine"), default="linear")
    command.add_argument("--steps", type=int, default=1000, metavar="T", help="default: 1000")
    command.add_argument("--beta-end", type=float, default=1e-2, metavar="B", help="linear: 0.01")
    command.add_argument(
        "--alpha-bar", type=float, nargs="+", metavar="A", help="noise levels, not a schedule's"
    )
    command.add_argument("--rows", type=int, default=9, metavar="R", help="levels shown (9)")
    command.add_argument("--kl", type=float, default=0.01, help="aim of the divergence (0.01)")
    command.add_argument("--excess", type=float, default=0.1, help="aim of the loss (0.1)")
    command.add_argument("--json", type=Path, metavar="FILE", help="write everything there too")
    command.add_argument("--csv", type=Path, metavar="FILE", help="write the losses there too")
    command.add_argument("--figure", type=Path, metavar="FILE", help="draw it: .png, .svg, .pdf")
    command.add_argument("-f", "--force", action="store_true", help="replace files that exist")
    command.set_defaults(command=predict)


def predict(chosen: argparse.Namespace) -> None:
    """Compute, write the files, print the report. UsageError for what cannot be met."""
    outputs: list[tuple[Path | None, tuple[str, ...]]] = [
        (chosen.json, (".json",)),
        (chosen.csv, (".csv",)),
        (chosen.figure, PICTURES),
    ]
    for path, suffixes in outputs:
        if path is not None:
            output(path, chosen.force, suffixes)
    from lindiff_nb.calculator import files, text
    from lindiff_nb.data import DataUnavailable

    with refusing(ValueError, DataUnavailable):
        source, report = _report(chosen)
    if chosen.json:
        write_text(chosen.json, files.as_json(report, source))
    if chosen.csv:
        write_text(chosen.csv, files.as_csv(report))
    if chosen.figure:
        write_bytes(chosen.figure, _picture(report, chosen.figure.suffix))
    print(text.text(report, source))


def _report(chosen: argparse.Namespace) -> "tuple[str, Report]":
    from lindiff_nb.calculator._report import report

    source, spectrum = _spectrum(chosen)
    if chosen.normalise:
        source, spectrum = f"{source}, normalised", spectrum / spectrum.mean()
    aims = {"loss_excess": chosen.excess, "kl": chosen.kl}
    levels = _levels(chosen)
    return source, report(spectrum, chosen.n, levels, chosen.c, rows=chosen.rows, **aims)


def _spectrum(chosen: argparse.Namespace) -> "tuple[str, Array]":
    """What the spectrum is called, and itself."""
    from lindiff_nb.exact import spectra

    if chosen.power_law:
        try:
            d, exponent = int(chosen.power_law[0]), float(chosen.power_law[1])
        except ValueError:
            given = " ".join(chosen.power_law)
            raise UsageError(
                f"--power-law must be a whole number and a number, got {given}"
            ) from None
        return f"power law of exponent {exponent:g}", spectra.power_law(d, exponent)
    if chosen.images:
        from lindiff_nb.data import load

        images = load(chosen.images, chosen.size)
        spectrum = spectra.of_data(images.train)
        return f"{images.record.name} at {chosen.size} x {chosen.size}", spectrum
    from lindiff_nb.calculator.spectrum_file import read_spectrum

    return chosen.spectrum, read_spectrum(chosen.spectrum)


def _levels(chosen: argparse.Namespace) -> "Array":
    """alpha_bar of every step."""
    import numpy as np

    from lindiff_nb.exact import schedule

    if chosen.alpha_bar:
        return np.array(chosen.alpha_bar)
    if chosen.schedule == "cosine":
        return schedule.cosine(chosen.steps).alpha_bar
    return schedule.linear(chosen.steps, beta_end=chosen.beta_end).alpha_bar


def _picture(report: "Report", suffix: str) -> bytes:
    """The figure as a file's bytes, the same for the same report."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    from lindiff_nb.calculator.figure import draw
    from lindiff_nb.figures import use_style

    use_style()
    fig, axes = plt.subplots(1, 3, figsize=(10, 3.6))
    draw(axes, report)
    stream = io.BytesIO()
    dates = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    fig.savefig(stream, format=suffix[1:], dpi=200, metadata=dates.get(suffix))
    plt.close(fig)
    return stream.getvalue()
