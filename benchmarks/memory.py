"""What the predictions need beside their arguments, for 100000 dimensions and 1000 points."""

import tracemalloc
from collections.abc import Iterator

import numpy as np

from benchmarks.timing import Row
from lindiff_nb.exact import schedule, spectra
from lindiff_nb.predict import divergence, fluctuations, losses, training

D, N, LIMIT = 100_000, 30_000, 64  # MiB; a table of points and dimensions is 763


def rows() -> Iterator[Row]:
    """The most at any time, as Python's allocator and numpy report it."""
    spectrum, a = spectra.power_law(D, 1.0), schedule.linear().alpha_bar
    for name, run in {
        "losses.test_loss, 1000 steps": lambda: losses.test_loss(spectrum, N, a),
        "losses.train_loss, 1000 steps": lambda: losses.train_loss(spectrum, N, a),
        "divergence.kl, 1000 ridges": lambda: divergence.kl(spectrum, N, 1e-3 / a),
        "training.test_loss, 1000 times": lambda: training.test_loss(spectrum, N, 0.9, 1e2 / a),
        "fluctuations.test_loss_sd, 1000 steps": lambda: fluctuations.test_loss_sd(spectrum, N, a),
    }.items():
        tracemalloc.start()
        assert np.size(run()) == a.size
        mebibytes = tracemalloc.get_traced_memory()[1] / 2**20
        tracemalloc.stop()
        what = f"memory in MiB, {name}, d = {D}"
        yield Row(what, mebibytes, f"<= {LIMIT}", mebibytes <= LIMIT)
