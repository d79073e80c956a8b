"""Sweeps: of notebooks against papermill in a shell, of calls against Dask alone, and begun again.

These times are those of a clock, as most of the work is in other processes: on a machine that is
busy with something else they tell little.

Last on two cores at a load of 6 to 7: 0.45 s a notebook beyond its kernel; 5.6 times a shell loop,
and 0.27 of the time of xargs -P2. That is no slip: `import papermill.cli` took 2.5 s of processor
time where a whole notebook by it took 4.1, and xargs pays it for each, a sweep once. Begun again,
10,000 calls took 0.15 s at a load of 17, of which 0.08 of processor time; a first time is over 5 s.
"""

import contextlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import jupytext
import nbformat

from benchmarks.timing import Row, at_most, faster
from lindiff_nb.run import sweep
from lindiff_nb.run.execute import execute
from lindiff_nb.run.sweeps.plan import plan

CELLS, CALLS, WORKERS = 8, 10_000, 2
DECLARED = "n: int = 0  # any number [0, 1000]"
BODY = (
    "from lindiff_nb.run import record\nsum(k * k for k in range(2_000_000))\nrecord(twice=2 * n)"
)


def millisecond(n: int) -> int:
    """Take a millisecond."""
    time.sleep(0.001)
    return 2 * n


def rows() -> Iterator[Row]:
    """In a folder of their own."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield from _notebooks()
            yield from _calls()
        finally:
            os.chdir(before)


def _shortest(repeats: int, *contenders: Callable[[Path], object]) -> list[float]:
    """Seconds that each took in its best run, each time into a folder that is new."""
    best, fresh = [float("inf")] * len(contenders), count()
    for _ in range(repeats):
        for k, run in enumerate(contenders):
            out = Path(f"out-{next(fresh)}").absolute()
            out.mkdir()
            start = time.perf_counter()
            with contextlib.redirect_stdout(io.StringIO()):
                run(out)
            best[k] = min(best[k], time.perf_counter() - start)
            shutil.rmtree(out)
    return best


def _notebooks() -> Iterator[Row]:
    """The same eight cells, by the command in a process of its own, and by papermill in a shell."""
    cell = nbformat.v4.new_code_cell
    cells = [cell(DECLARED, metadata={"tags": ["parameters"]}), cell(BODY)]
    book = nbformat.v4.new_notebook(cells=cells)
    book.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python",
        "language": "python",
    }
    nbformat.write(book, "study.ipynb")
    jupytext.write(book, "study.md", fmt="md:myst")
    numbers = " ".join(map(str, range(CELLS)))
    papermill = f"{sys.executable} -m papermill --no-progress-bar study.ipynb"

    def ours(out: Path, workers: int = WORKERS) -> None:
        words = ["sweep", "study.md", "--grid", f"n={numbers.replace(' ', ',')}", "-o", str(out)]
        command = [sys.executable, "-m", "lindiff_nb", *words, "--workers", str(workers)]
        subprocess.run(command, check=True, capture_output=True)

    def shell(line: str) -> Callable[[Path], object]:
        return lambda out: subprocess.run(
            line.format(out=out), shell=True, check=True, capture_output=True
        )

    loop = shell(f"for n in {numbers}; do {papermill} {{out}}/$n.ipynb -p n $n || exit 1; done")
    xargs = f"printf '%s\\n' {numbers} | xargs -P{WORKERS} -I@ {papermill} {{out}}/@.ipynb -p n @"
    alone = [lambda out: [execute(book) for _ in range(CELLS)], lambda out: ours(out, 1)]
    two, looped, parallel, bare, one = _shortest(2, ours, loop, shell(xargs), *alone)
    each = (one - bare) / CELLS
    what = f"{CELLS} notebooks one by one, {each:.2f} s a cell beyond its kernel: sweep / kernels"
    yield Row(what, one / bare, "", True)
    what = f"{60 * CELLS / two:.0f} notebooks a minute, {WORKERS} at a time: "
    yield faster(1.7, what + "papermill in a loop / ours", two, looped)
    yield at_most(1.1, f"the same: ours / papermill by xargs -P{WORKERS}", two, parallel)


def _calls() -> Iterator[Row]:
    """Ten thousand calls of a millisecond."""
    study = plan("benchmarks.sweeps:millisecond", call=True, grid={"n": range(CALLS)})
    folder = Path("calls")
    times = []
    for _ in range(6):
        start = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            sweep(study, folder, workers=WORKERS)
        times.append(time.perf_counter() - start)
    first, again = times[0], min(times[1:])
    what = f"a finished sweep of {CALLS} calls once more ({again:.2f} s) / the first time"
    yield at_most(1 / 50, what, again, first)
    if not find_spec("distributed"):
        print("distributed is not installed; no comparison with Dask alone", file=sys.stderr)
        return
    from distributed import Client, LocalCluster

    how = {"n_workers": WORKERS, "threads_per_worker": 1, "dashboard_address": ":0"}
    with LocalCluster(host="127.0.0.1", **how) as cluster, Client(cluster) as client:
        executor = client.get_executor(pure=False)
        executor._max_workers = WORKERS
        ours, theirs = _shortest(
            2,
            lambda out: sweep(study, out, executor=executor),
            lambda out: client.gather(client.map(millisecond, range(CALLS), pure=False)),
        )
    yield at_most(1.5, f"{CALLS} calls of a ms on a Dask cluster: sweep / Dask alone", ours, theirs)
