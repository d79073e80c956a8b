"""A report as a figure: the losses by noise level, and what more images would change.

All of it is predicted, so all of it is lines; a band is two standard deviations from one training
set to the next either way.
"""

from typing import Any

import numpy as np

from lindiff_nb._base.types import Array, Integers
from lindiff_nb.calculator._report import Report, samples
from lindiff_nb.exact.averages import gauss_rule
from lindiff_nb.figures.palette import GREEN, GREY, INK, NEW, TRAINING
from lindiff_nb.predict import best_ridge, fluctuations, losses
from lindiff_nb.predict.population import Population

LEVELS, SIZES = 40, 17  # points of a line
SPAN = 30  # n is followed this far down and up


def draw(axes: Any, report: Report) -> None:
    """Fill three axes: losses against the noise, mean losses against n, divergence against n."""
    by_noise, mean, divergence = axes
    population = Population(report.spectrum)
    _by_noise(by_noise, report, population)
    sizes = _sizes(report.n, 1 + report.fitted)
    _mean(mean, report, population, sizes)
    _divergence(divergence, report, population, sizes)
    for ax in (mean, divergence):
        ax.axvline(report.n, color=INK, linewidth=0.8)
        ax.set(xscale="log", yscale="log", xlabel="images $N$")
        ax.yaxis.set_minor_formatter("")
    handles, labels = by_noise.get_legend_handles_labels()
    by_noise.figure.legend(handles, labels, loc="outside upper center", ncols=len(handles))


def _by_noise(ax: Any, report: Report, population: Population) -> None:
    """Test and training loss, their floor, and the test loss at each level's best ridge."""
    n, mean = report.n, {"estimated_mean": report.fitted}
    low, high = report.all_levels.min(), report.all_levels.max()
    s = np.geomspace(1 / high - 1, 1 / low - 1, LEVELS)
    a = 1 / (1 + s)
    for loss, deviation, color, label in (
        (losses.test_loss, fluctuations.test_loss_sd, NEW, "new data"),
        (losses.train_loss, fluctuations.train_loss_sd, TRAINING, "training data"),
    ):
        value = loss(population, n, a, report.c, **mean)
        band = deviation(population, n - report.fitted, a, report.c)
        _band(ax, s, value, band, color=color, label=label)
    ridge = best_ridge.for_test_loss(population, n, a, estimated_mean=report.fitted)
    best = losses.test_loss(population, n, a, ridge, **mean)
    ax.plot(s, best, "--", color=GREEN, label="best ridge")
    ax.plot(s, losses.residual_loss(population, a), ":", color=GREY, label="floor")
    ax.set(xscale="log", yscale="log", xlabel="noise ratio $s$")
    ax.set_title("loss")


def _mean(ax: Any, report: Report, population: Population, sizes: Integers) -> None:
    """The same, averaged over the noise levels, for other n."""
    n = sizes[:, None]
    a, share = gauss_rule(report.all_levels)
    mean = {"estimated_mean": report.fitted}
    for loss, color in ((losses.test_loss, NEW), (losses.train_loss, TRAINING)):
        ax.plot(sizes, loss(population, n, a, report.c, **mean) @ share, color=color)
    best = [best_ridge.for_test_loss(population, int(n), a, weights=share, **mean) for n in sizes]
    at_best = losses.test_loss(population, n, a, np.array(best)[:, None], **mean) @ share
    ax.plot(sizes, at_best, "--", color=GREEN)
    ax.axhline(report.mean.residual, linestyle=":", color=GREY)
    ax.set_title("mean loss")


def _divergence(ax: Any, report: Report, population: Population, sizes: Integers) -> None:
    """The divergence of the samples from the truth at the best ridge and at the one asked for."""
    fitted, best, asked = report.fitted, [], []
    for n in sizes.tolist():
        ridge = best_ridge.for_kl(population.seen, n, estimated_mean=fitted)
        best.append(samples(population, n, ridge, fitted))
        asked.append(samples(population, n, report.c, fitted))
    _band(ax, sizes, *np.array([(at.kl, at.kl_sd) for at in best]).T, color=GREEN, linestyle="--")
    ax.plot(sizes, [at.kl for at in asked], color=NEW)
    ax.set_title("divergence")


def _band(ax: Any, x: Array | Integers, mean: Any, deviation: Any, **line: Any) -> None:
    """A line, and two standard deviations about it."""
    ax.plot(x, mean, **line)
    low, high = mean - 2 * deviation, mean + 2 * deviation
    ax.fill_between(
        x, np.maximum(low, mean / 10), high, color=line["color"], alpha=0.2, linewidth=0
    )


def _sizes(n: int, least: int) -> Integers:
    """Whole numbers around n, evenly spaced in their logarithm where they can be."""
    return np.unique(np.rint(np.geomspace(max(least, n / SPAN), SPAN * n, SIZES))).astype(np.int64)
