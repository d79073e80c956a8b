"""What a report of the calculator asks `predict`: given a `Population`, and given the spectrum."""

from collections.abc import Iterator

from benchmarks.timing import Row, at_most, shortest
from lindiff_nb.exact import schedule, spectra
from lindiff_nb.exact.averages import gauss_rule
from lindiff_nb.predict import best_ridge, divergence, fluctuations, losses, training
from lindiff_nb.predict.population import Population, Spectrum

D, N = 1000, 500


def asked(spectrum: Spectrum) -> None:
    """Losses and their deviations, the best ridge and time, and the n that a divergence needs."""
    a, share = gauss_rule(schedule.linear().alpha_bar)
    for weights in (None, share):
        best_c = best_ridge.for_test_loss(spectrum, N, a, weights=weights)
        losses.test_and_train_loss(spectrum, N, a, best_c)
        fluctuations.test_loss_sd(spectrum, N, a)
        training.best_stopping(spectrum, N, a, weights=weights)
    for octave in range(2, 32):
        divergence.kl(spectrum, 2**octave, best_ridge.for_kl(spectrum, 2**octave))


def rows() -> Iterator[Row]:
    """Power law k = 1, the Gauss rule of the usual schedule."""
    spectrum = spectra.power_law(D, 1.0)
    known = Population(spectrum)
    ours, without = shortest(5, lambda: asked(known), lambda: asked(spectrum))
    yield at_most(1.1, f"a report, d = {D}: with a Population / without", ours, without)
