"""All that figure 3 of Merger & Goldt (second version) shows, measured and predicted, at its size.

d = 1000, five training sets a condition, forty noise steps: test losses along training for five
power laws at n = 0.6 d; the same for two of them with three ridges; the best time to stop against
the exponent for three n, at the mean loss over the steps and at one step.
"""

from collections.abc import Iterator

import numpy as np

from benchmarks.timing import Row, at_most, shortest
from lindiff_nb._base.types import Array
from lindiff_nb.exact import schedule, spectra, stopping
from lindiff_nb.exact import training as along
from lindiff_nb.measure import experiments
from lindiff_nb.predict import training

D, DRAWS, BUDGET = 1000, 5, 120.0
EXPONENTS, RIDGED, RIDGES = (0.25, 0.5, 1.0, 1.5, 2.0), (1.0, 2.0), np.array([1e-3, 1e-2, 1e-1])
SIZES = tuple(round(r * D) for r in (0.3, 0.6, 0.9))
STEPS = np.unique(np.rint(np.geomspace(1, 1000, 40)).astype(int))
A = schedule.linear().alpha_bar[STEPS - 1]
WEIGHTS = np.gradient(STEPS.astype(float))
TAU = np.geomspace(0.01, 1e5, 60)[:, None]
MIDDLE = len(A) // 2


def measured() -> None:
    """Every training set of the figure, each diagonalised once."""
    rng = np.random.default_rng(0)
    for k in EXPONENTS:
        spectrum = spectra.power_law(D, k)
        for n in SIZES:
            for _ in range(DRAWS):
                modes = experiments.sample_modes(rng, spectrum, n)
                stopping.best_stopping_time(modes, A, weights=WEIGHTS)
                stopping.best_stopping_time(modes, A[MIDDLE])
                if n == SIZES[1]:
                    for c in (0.0, *(RIDGES if k in RIDGED else ())):
                        along.test_loss(modes, A, TAU, c)


def predicted() -> None:
    """The same without training sets."""
    for k in EXPONENTS:
        spectrum = spectra.power_law(D, k)
        for n in SIZES:
            training.best_stopping_time(spectrum, n, A, weights=WEIGHTS)
            training.best_stopping_time(spectrum, n, A[MIDDLE])
            if n == SIZES[1]:
                for c in (0.0, *(RIDGES if k in RIDGED else ())):
                    training.test_loss(spectrum, n, A, TAU, c)


def eigendecompositions(matrices: dict[int, Array]) -> None:
    """What the measured half cannot avoid: one for each training set, of its Gram matrix."""
    for n in SIZES:
        for _ in range(DRAWS * len(EXPONENTS)):
            np.linalg.eigh(matrices[n])


def rows() -> Iterator[Row]:
    """Processor seconds on one core against two minutes; both halves against what must be done."""
    rng = np.random.default_rng(1)
    points = {n: rng.standard_normal((n, D)) for n in SIZES}
    matrices = {n: x @ x.T / n for n, x in points.items()}
    ours, theory, eigen = shortest(1, measured, predicted, lambda: eigendecompositions(matrices))
    what = f"figure 3, d = {D}, {DRAWS} draws: seconds on one core / {BUDGET:g}"
    yield at_most(1, what, ours + theory, BUDGET)
    yield at_most(4, "figure 3, measured half: ours / its eigendecompositions", ours, eigen)
    yield Row("figure 3, predicted half: ours / the same", theory / eigen, "", True)
