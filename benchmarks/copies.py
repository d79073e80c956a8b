"""Copies: the two nearest of 50,000 images of 32 x 32 for each of 10,000, against scikit-learn.

Scikit-learn's brute-force search is asked for the same, if it is installed. The images are bytes,
as files hold them; it takes floats, here of single precision. Memory is the most that a process of
its own takes, as the system counts it: compiled code allocates where Python does not see it.
"""

import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec

from benchmarks.timing import Row, at_most, faster

SAMPLES, TRAINING, SIDE = 10_000, 50_000, 32
ALONE = """
import resource, sys, time
import numpy as np
rng = np.random.default_rng(0)
sizes = {samples}, {training}
x, known = (rng.integers(0, 256, (n, {side}**2), dtype=np.uint8) for n in sizes)
if sys.argv[1] == "ours":
    from lindiff_nb.measure.memorization import nearest
else:
    from sklearn.neighbors import NearestNeighbors
start = time.process_time()
if sys.argv[1] == "ours":
    found = nearest(x, known).index
else:
    x, known = (each.astype(np.float32) for each in (x, known))
    near = NearestNeighbors(n_neighbors=2, algorithm="brute").fit(known)
    found = near.kneighbors(x, return_distance=True)[1][:, 0]
taken = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(time.process_time() - start, taken / 1024, int(found.astype(np.int64).sum()))
"""


def alone(which: str) -> tuple[float, float, int]:
    """Processor seconds, MiB, and the sum of all indices found."""
    code = ALONE.format(side=SIDE, samples=SAMPLES, training=TRAINING)
    done = subprocess.run(
        [sys.executable, "-c", code, which], capture_output=True, text=True, check=True
    )
    seconds, mebibytes, found = done.stdout.split()
    return float(seconds), float(mebibytes), int(found)


def rows() -> Iterator[Row]:
    """Both find the same images."""
    seconds, mebibytes, found = alone("ours")
    what = f"nearest of {TRAINING} images of {SIDE} x {SIDE} for {SAMPLES} ({seconds:.0f} s)"
    if not find_spec("sklearn"):
        print("scikit-learn is not installed; no comparison with its neighbours", file=sys.stderr)
        yield Row(f"{what}, memory in MiB", mebibytes, "", True)
        return
    other, more, theirs = alone("theirs")
    assert found == theirs
    yield faster(1.0, f"{what}: scikit-learn / ours", seconds, other)
    yield at_most(0.5, f"{what}, {mebibytes:.0f} MiB: memory, ours / scikit-learn", mebibytes, more)
