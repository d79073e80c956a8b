"""A report as CSV, one row a noise level and one for the mean, and as JSON, everything."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lindiff_nb._base import written
from lindiff_nb.calculator._losses import Losses
from lindiff_nb.calculator._report import Report

MEAN_KNOWN = (
    "test_sd",
    "train_sd",
    "best_time",
    "test_at_best_time",
    "shrinkage_loss",
)  # whatever `mean` says


def as_csv(report: Report) -> str:
    """The losses, all digits: step, alpha_bar, the fields of `Losses`, the mean of the data.

    The last step is "mean", the mean over all steps; the last column says "fitted" or "known".
    """
    columns = [column.tolist() for column in (report.step, report.alpha_bar, *report.levels)]
    rows = [*zip(*columns, strict=True), ("mean", "", *report.mean)]
    head = ["step", "alpha_bar", *Losses._fields, "mean"]
    return written.as_csv([head, *([*row, _mean(report)] for row in rows)])


def as_json(report: Report, source: str, said: Sequence[str] = ()) -> str:
    """The whole report; what is infinite, such as a time to stop at, is null."""
    return written.as_json(contents(report, source, said))


def contents(report: Report, source: str, said: Sequence[str] = ()) -> dict[str, Any]:
    """The report as nested dictionaries and arrays."""
    return {
        "source": source,
        "understood": list(said),
        "d": report.spectrum.size,
        "rank": int(np.count_nonzero(report.spectrum)),
        "n": report.n,
        "c": report.c,
        "mean": _mean(report),
        "mean_known_in": list(MEAN_KNOWN),
        "noise_levels": report.all_levels,
        "step": report.step,
        "alpha_bar": report.alpha_bar,
        "losses": report.levels._asdict(),
        "mean_losses": report.mean._asdict(),
        "shrinkage_loss": report.shrunk,
        "samples": report.samples._asdict(),
        "samples_at_best_c": report.best_samples._asdict(),
        "needed": report.needed._asdict(),
        "frechet": report.frechet._asdict(),
    }


def _mean(report: Report) -> str:
    """Whether the mean of the data is fitted or known."""
    return "fitted" if report.fitted else "known"
