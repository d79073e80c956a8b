"""A report as plain text: the summary, the losses level by level, the samples, what is needed."""

from collections.abc import Sequence

import numpy as np

from lindiff_nb._base import written
from lindiff_nb.calculator._cautions import cautions
from lindiff_nb.calculator._losses import Losses
from lindiff_nb.calculator._report import Report, Samples
from lindiff_nb.exact import spectra

Row = Sequence[str]
NOTES = """\
Assumed: a linear model, many dimensions, fourth moments like a Gaussian's.
Losses are per dimension and noise level, divergences in nats per dimension.
+- is the predicted standard deviation from one training set to the next, for a
mean an upper bound. The floor is the loss with infinitely many images. Times are
learning rate x steps on the loss summed over dimensions; 'never' says that
stopping does not help."""
KNOWN = """\
The +- of the losses, 'stop at' and the loss beside it, and shrinkage have no
formula for a fitted mean: they are for the mean known and one image less."""


def text(report: Report, source: str, said: Sequence[str] = ()) -> str:
    """The whole report on what `source` names; a terminal and a page of the book hold its lines.

    `said` are lines on how the source was understood.
    """
    notes = "\n".join([NOTES, *[KNOWN] * report.fitted, *cautions(report)])
    parts = [_summary(report, source), "\n".join(said), *_losses(report), _samples(report)]
    return "\n\n".join(filter(None, [*parts, _needed(report), _frechet(report), notes]))


def _summary(report: Report, source: str) -> str:
    spectrum = report.spectrum
    d, rank = spectrum.size, np.count_nonzero(spectrum)
    empty = f", {d - rank} of them zero" if rank < d else ""
    fit = (
        "the mean is fitted to the same n images" if report.fitted else "the mean is taken as known"
    )
    effective = spectra.participation_ratio(spectrum)
    levels = report.all_levels
    return (
        f"{source}: d = {d} eigenvalues{empty}, mean {_number(spectrum.mean())}, "
        f"participation ratio {_number(effective)}\n"
        f"n = {report.n} images, {_number(report.n / d)} per dimension; ridge c = "
        f"{_number(report.c)}\n{fit}\n"
        f"{levels.size} noise levels, alpha_bar from {_number(levels.max())} to "
        f"{_number(levels.min())}"
    )


def _losses(report: Report) -> tuple[str, str]:
    """What the ridge asked for gives, and what is best."""
    names = [(f"{t}", _number(a)) for t, a in zip(report.step, report.alpha_bar, strict=True)]
    values = [Losses(*row) for row in zip(*report.levels, strict=True)]
    rows = list(zip([*names, ("mean", "")], [*values, report.mean], strict=True))
    given = ("step", "alpha_bar", "floor", "new data", "+-", "training", "+-")
    best = ("step", "alpha_bar", "best c", "new data", "stop at", "new data")
    return (
        _columns([given, *((*name, *_given(at)) for name, at in rows)]),
        _columns([best, *((*name, *_best(at)) for name, at in rows)]),
    )


def _given(at: Losses[float]) -> Row:
    test = _number(at.test), _number(at.test_sd, 2)
    return (_number(at.residual), *test, _number(at.train), _number(at.train_sd, 2))


def _best(at: Losses[float]) -> Row:
    time = "never" if np.isinf(at.best_time) else _number(at.best_time)
    return _number(at.best_c, 3), _number(at.test_at_best_c), time, _number(at.test_at_best_time)


def _samples(report: Report) -> str:
    head = ("samples with ridge", "c", "KL(samples||truth)", "+-", "KL(truth||samples)", "+-")
    rows = [("asked for", report.samples), ("best for samples", report.best_samples)]
    return _columns([head, *((name, *_sample(at)) for name, at in rows)])


def _sample(at: Samples) -> Row:
    values = (
        _number(at.kl),
        _number(at.kl_sd, 2),
        _number(at.reverse_kl),
        _number(at.reverse_kl_sd, 2),
    )
    return (_number(at.c, 3), *values)


def _needed(report: Report) -> str:
    need, jitter = report.needed, np.sqrt(report.mean.best_c)
    return (
        f"mean loss on new data of shrinkage, the best that keeps the training set's\n"
        f"directions: {_number(report.shrunk)}; of the best ridge: "
        f"{_number(report.mean.test_at_best_c)}\n"
        f"n for a mean loss on new data within {100 * need.loss_excess:g}% of its floor, at this\n"
        f"ridge: {_count(need.n_for_loss)}; at the best one: {_count(need.n_for_loss_at_best_c)}\n"
        f"n for KL(samples||truth) = {need.kl:g}, ridge best for it: {_count(need.n_for_kl)}\n"
        f"best c of the mean as jitter of the images: deviation {_number(jitter, 3)},\n"
        f"{255 * jitter:.2g} grey levels if pixels are 0 to 1, and half of that if -1 to 1"
    )


def _frechet(report: Report) -> str:
    at = report.frechet
    counts = " / ".join(map(_count, at[-3:]))
    shown = f"{_number(at.distance, 3)} +- {_number(at.sd, 2)}"
    lines = [
        f"Frechet distance of a perfect model with {at.samples} samples: {shown},",
        f"{100 * at.share:.2g}% of the total variance; n for 10 / 1 / 0.1 %: {counts}",
    ]
    if at.of_fit is not None:
        lines.append(f"of a model fitted to these {report.n} images: {_number(at.of_fit, 3)}")
    return "\n".join(lines)


def _number(value: float, digits: int = 4) -> str:
    return f"{float(value):.{digits}g}"


def _count(n: float) -> str:
    return "no number is enough" if np.isinf(n) else f"{n:.0f}"


def _columns(rows: Sequence[Row]) -> str:
    """The rows, all but their first column flush right."""
    return written.columns(rows, range(1, len(rows[0])))
