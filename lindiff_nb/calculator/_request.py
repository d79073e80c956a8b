"""What lindiff-nb predict is asked for: the spectrum, the noise levels, and the report on them."""

import argparse
from typing import NamedTuple

import numpy as np

from lindiff_nb._base import rounding, units
from lindiff_nb._base.errors import UsageError
from lindiff_nb._base.types import Array
from lindiff_nb.calculator._inputs import MOST, SPREAD
from lindiff_nb.calculator._reading import COMPLETE, Found
from lindiff_nb.calculator._report import Report, report
from lindiff_nb.calculator.spectrum_file import read
from lindiff_nb.exact import schedule, spectra
from lindiff_nb.run.numbers import number, whole


class Answer(NamedTuple):
    """A report, what it is on, and how that was understood, a line each."""

    report: Report
    source: str
    said: tuple[str, ...]


def answer(chosen: argparse.Namespace) -> Answer:
    """The report that is asked for; ValueError and OSError for what cannot be met."""
    levels = _levels(chosen)
    source, spectrum, said = _spectrum(chosen)
    if chosen.normalise:
        own = units.spectrum(spectrum)[1]
        source, spectrum = f"{source}, normalised", own / own.mean()
    told = {"loss_excess": chosen.excess, "kl": chosen.kl, "rows": chosen.rows, "mean": chosen.mean}
    found = report(spectrum, chosen.n, levels, chosen.c, exact=True, **told)  # resolved before
    return Answer(found, source, said)


def _spectrum(chosen: argparse.Namespace) -> tuple[str, Array, tuple[str, ...]]:
    """What the spectrum is called, itself, and how it was found."""
    if chosen.power_law:
        return _power_law(*chosen.power_law)
    if chosen.images:
        from lindiff_nb.data import images

        found = images(chosen.images, size=chosen.size)
        lossy = found.pixels.dtype if rounding.single(found.pixels) else np.float64
        spectrum = spectra.of_data(found.floats().astype(lossy, copy=False))
        said = f"the spectrum of all {len(found.pixels)} images, which stand for all there are"
        at = " x ".join(map(str, found.shape))
        return f"{chosen.images} at {at}", spectrum, (said, *found.said)
    listed = read(chosen.spectrum)
    if chosen.dimension in (None, listed[0].size):
        return chosen.spectrum, *listed
    return chosen.spectrum, *_continued(*listed, chosen.dimension)


def _continued(spectrum: Array, said: tuple[str, ...], d: int) -> Found:
    """The list with a guess of what it leaves out, and a line that says so."""
    k, zeros = spectrum.size, int((spectrum == 0).sum())
    if not k < d <= MOST:
        raise UsageError(f"--dimension must be from {k}, as many as are listed, to {MOST}, got {d}")
    if zeros:
        raise UsageError(f"--dimension {d}: {zeros} of {k} are zero, so nothing comes after them")
    guess = f"the other {d - k} of {d} are a guess: they go on falling as ranks {k // 2} to {k} do"
    kept = tuple(line.replace(f", {COMPLETE}", "") for line in said)
    return Found(spectra.continued(spectrum, d), (*kept, guess))


def _power_law(first: str, second: str) -> tuple[str, Array, tuple[str, ...]]:
    """An exact spectrum: of it no variance is rounding."""
    try:
        d, exponent = whole(first), number(second)
    except argparse.ArgumentTypeError:
        wanted = "--power-law must be a whole number and a number"
        raise UsageError(f"{wanted}, got {first} {second}") from None
    if d > MOST:
        raise UsageError(f"d must be at most {MOST}, got {first}")
    spectrum = spectra.power_law(d, exponent)
    if spectrum[-1] < SPREAD * spectrum[0]:
        span = f"{d} eigenvalues span more than a factor {1 / SPREAD:g}"
        raise UsageError(f"exponent must be smaller, got {exponent:g}: {span}")
    return f"power law of exponent {exponent:g}", spectrum, ()


def _levels(chosen: argparse.Namespace) -> Array:
    """alpha_bar of every step."""
    if chosen.alpha_bar:
        return np.array(chosen.alpha_bar)
    if chosen.steps > MOST:
        raise UsageError(f"steps must be an integer from 1 to {MOST}, got {chosen.steps}")
    if chosen.schedule == "cosine":
        return schedule.cosine(chosen.steps).alpha_bar
    return schedule.linear(chosen.steps, beta_end=chosen.beta_end).alpha_bar
