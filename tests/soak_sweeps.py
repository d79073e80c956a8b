"""Sweep notebooks while a driver or a kernel is killed every few seconds: soak_sweeps.py [CELLS].

The sweep is begun again until nothing is left to do. Its table must then be that of a sweep which
nobody disturbed. Prints what was killed, and what the undisturbed driver held on its way.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil
from tiny_book import cell, chapter, tiny_book

from lindiff_nb.run.sweeps.collect import MEASURED, columns, text
from lindiff_nb.run.sweeps.store import Store

PARAMETERS = "d: int = 1  # any [1, 99]\nseed: int = 0  # its seed [0, 1000000]"
DRAW = """\
import numpy as np
from lindiff_nb.run import record
record(drawn=np.random.default_rng(seed).normal(size=d).sum(), once_more=seed)"""
PAUSE = 3.0, 9.0  # seconds between two kills


def driver(folder: str, seeds: int) -> subprocess.Popen[bytes]:
    """The command in a process of its own."""
    line = [sys.executable, "-m", "lindiff_nb", "sweep", "law", "--grid", "d=1,2,3,4,5"]
    line += ["--seeds", str(seeds), "--workers", "4", "--retry", "killed", "--alike", "0"]
    with Path(f"{folder}.log").open("ab") as log:
        return subprocess.Popen([*line, "-o", folder], stdout=log, stderr=subprocess.STDOUT)


def disturbed(folder: str, seeds: int) -> Counter[str]:
    """What was killed until all was done."""
    kills: Counter[str] = Counter()
    running = driver(folder, seeds)
    while True:
        try:
            running.wait(random.uniform(*PAUSE))
        except subprocess.TimeoutExpired:
            kernels = psutil.Process(running.pid).children()
            if not kernels:
                continue  # it has not begun
            victim = random.choice(["driver", *["kernel"] * 5])
            (random.choice(kernels) if victim == "kernel" else running).kill()
            kills[victim] += 1
            if victim == "kernel":
                continue
            running.wait()
        if running.returncode == 0:
            return kills
        kills["end with cells to try again"] += running.returncode == 1
        running = driver(folder, seeds)


def undisturbed(folder: str, seeds: int) -> list[tuple[int, int, int]]:
    """Of the driver, now and then: cells that are done, memory in MiB, and open files."""
    running, seen, store = driver(folder, seeds), [], Store(Path(folder))
    while running.poll() is None:
        time.sleep(10)
        try:
            process = psutil.Process(running.pid)
            held = round(process.memory_info().rss / 2**20), process.num_fds()
        except psutil.Error:
            break
        store.news()
        seen.append((len(store.known), *held))
    assert running.wait() == 0
    return seen


def table(folder: str) -> str:
    """The table but for what two runs differ in."""
    return text({name: c for name, c in columns(Path(folder)).items() if name not in MEASURED})


def main(cells: int) -> None:
    """The sweep with kills, the quiet one, and a comparison."""
    os.chdir(tempfile.mkdtemp())
    law = chapter("The law", cell(PARAMETERS, "parameters"), cell(DRAW))
    os.environ["LINDIFF_BOOK"] = str(tiny_book(Path.cwd(), {"law": law}).folder)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    for name, run in (("killed", disturbed), ("quiet", undisturbed)):
        start = time.monotonic()
        found = run(name, cells // 5)
        print(
            f"{name}: {time.monotonic() - start:.0f} s, load {os.getloadavg()[0]:.1f}",
            found,
            flush=True,
        )
    left = [p for p in psutil.process_iter(["cmdline"]) if "ipykernel" in str(p.info["cmdline"])]
    ours = [p for p in left if p.environ().get("LINDIFF_BOOK") == os.environ["LINDIFF_BOOK"]]
    print(f"{len(columns(Path('killed'))['seed'])} cells, {len(ours)} kernels left")
    assert table("killed") == table("quiet")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
