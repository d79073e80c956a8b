"""The networks that come with the book, and how to train them again.

For digits and for photo crops, 16 x 16, there are training sets of 4 to 4,000 images, and for each
size two disjoint sets, A and B (one crop of a photograph was drawn twice and is in both); their
networks also differ in the first weights and in all draws. One more network of each kind is the
reference: it has seen all digits, or four times as many crops. Many networks are kept after
several numbers of steps, since what one has learned depends on how long it was trained. They are
what `lindiff-nb train` makes of the same settings, with weights in half precision; the record of
each is in its file. `lindiff-nb train --ladder` makes all of them again, in hours, and

    LINDIFF_NETWORKS      is then the folder that `network` reads, instead of the package's own
"""

import itertools
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from lindiff_nb._base import files, validate
from lindiff_nb._base.outputs import try_folder
from lindiff_nb._base.settings import Settings
from lindiff_nb._base.types import Array
from lindiff_nb.data import ImageSet, cache, select
from lindiff_nb.exact.schedule import Schedule
from lindiff_nb.networks import denoisers
from lindiff_nb.networks.denoisers import NetworkDenoiser, Trained
from lindiff_nb.train import work
from lindiff_nb.train.asked import Asked

WEIGHTS = Path(__file__).parent / "weights"
SUMS = "SHA256SUMS"  # of the files that come with the package
SIDE = 16  # of an image, if a file does not name another
SIZES = (4, 16, 64, 256, 1000, 4000)
HALVES = {"A": 0, "B": 4000, "all": 0}  # and how many images are left out before each
LAST = 4000  # steps after which all networks can be compared
DOUBLING = tuple(250 * 2**k for k in range(8))  # 250 .. 32,000


class Run(NamedTuple):
    """One training run and the numbers of steps after which its network is kept."""

    data: str
    n: int
    half: str  # "A", "B", or "all" for the reference
    kept: tuple[int, ...]
    size: int = SIDE
    settings: Settings = Settings(batch=64)  # but for the seed, which the half has
    device: str | None = None

    @property
    def asked(self) -> Asked:
        """All of it, as lindiff-nb train takes it."""
        own = asdict(self.settings) | {"seed": list(HALVES).index(self.half)}
        own |= {"skip": HALVES[self.half], "size": self.size, "device": self.device}
        return Asked(data=self.data, n=self.n, steps=self.kept[-1], **own)

    def path(self, steps: int | None = None, folder: Path = WEIGHTS) -> Path:
        """The file of its network after so many steps, or the checkpoint of its training."""
        side = [] if self.size == SIDE else [f"{self.size}x{self.size}"]
        parts = [self.data, *side, self.n, self.half, *([] if steps is None else [steps])]
        return folder / ("-".join(map(str, parts)) + ".safetensors")


def _runs() -> Iterator[Run]:
    """All of them: the long runs are those that show when copying sets in."""
    ends = {16: 8000, 64: 16_000, 256: 32_000}
    for n in SIZES:
        yield Run("mnist", n, "A", _doubling(ends.get(n, LAST)))
        yield Run("mnist", n, "B", (LAST,))
        yield Run("photo-crops", n, "A", (500, LAST))
        yield Run("photo-crops", n, "B", (LAST,))
    yield Run("mnist", 8000, "all", (8000,))
    yield Run("photo-crops", 16_000, "all", (8000,))


def _doubling(end: int) -> tuple[int, ...]:
    return tuple(steps for steps in DOUBLING if steps <= end)


RUNS = tuple(_runs())


def find(data: str, n: int, half: str = "A") -> Run:
    """The run on n images of a set; ValueError, saying which there are, if there is none."""
    for run in RUNS:
        if (run.data, run.n, run.half) == (data, n, half):
            return run
    there = ", ".join(f"{run.data} {run.n} {run.half}" for run in RUNS)
    raise validate.fail("data, n, half", (data, n, half), f"one of {there}")


def network(
    data: str, n: int, half: str = "A", steps: int | None = None, *, folder: Path | str = ""
) -> Trained:
    """The network of a run after so many steps (None: as many as there are up to 4,000).

    Without a folder, the one that LINDIFF_NETWORKS names, else the package's own. Raises ValueError
    if there is no such run, it was not kept then, or the file is damaged, and FileNotFoundError if
    it is not in the folder.
    """
    run = find(data, n, half)
    usual = max((k for k in run.kept if k <= LAST), default=run.kept[-1])
    chosen = usual if steps is None else steps
    if chosen not in run.kept:
        raise validate.fail("steps", chosen, f"one of {run.kept}")
    path = run.path(chosen, Path(folder or os.environ.get("LINDIFF_NETWORKS") or WEIGHTS))
    if path.parent == WEIGHTS:
        _check(path)
    return denoisers.load(path)


def denoiser(
    data: str, n: int, half: str = "A", steps: int | None = None, schedule: Schedule | None = None
) -> NetworkDenoiser:
    """The `network` of a run as a denoiser of points, at the steps of a schedule (None: its own).

    Use this to draw from a network of the book, or for its loss. Raises as `network` does.
    """
    found = network(data, n, half, steps)
    asked = found.schedule if schedule is None else schedule
    return denoisers.denoiser(found.network, asked, tuple(found.facts["images"][1:]), fast=True)


def _check(path: Path) -> None:
    """Refuse a file that is not, to the bit, the one that came with the package."""
    sums = dict(line.split()[::-1] for line in (WEIGHTS / SUMS).read_text("utf-8").splitlines())
    if files.digest(path) != sums.get(path.name):
        raise ValueError(f"{path} is damaged: its sha256 is not the published one")


def images(found: ImageSet, n: int, half: str = "A") -> Array:
    """The n images, (n, h, w), of a loaded set that the networks of this size and half were given.

    Raises ValueError for another half than "A", "B" or "all", or more images than there are.
    """
    if half not in HALVES:
        raise validate.fail("half", half, f"one of {tuple(HALVES)}")
    return select(found, n, HALVES[half])


def retrain(
    runs: Iterable[Run] = RUNS, folder: Path | str | None = None, *, device: str | None = None
) -> Path:
    """Train those networks of the runs that are not in the folder, and return the folder.

    None: `networks` in the cache of the image sets. A run that was interrupted goes on where it
    was. `device` takes the place of the runs' own. Prints a line for each network kept. Raises what
    `work.begin` raises.
    """
    place = cache.folder() / "networks" if folder is None else Path(folder)
    try_folder(place)
    for run in runs:
        if not all(run.path(steps, place).exists() for steps in run.kept):
            _train(run._replace(device=device or run.device), place)
    return place


def _train(run: Run, folder: Path) -> None:
    """Train from the start, or from the checkpoint, and keep the average now and then."""
    checkpoint = run.path(folder=folder)
    job = work.begin(run.asked, checkpoint)
    for step in itertools.chain([job.step], (state.step for state in job.states)):
        if step in run.kept:
            trained = denoisers.load(checkpoint)
            denoisers.save(run.path(step, folder), *trained, half=True)
            print(f"{checkpoint.stem}: step {step:,} of {run.kept[-1]:,}", flush=True)
    if lost := [k for k in run.kept if not run.path(k, folder).exists()]:
        raise ValueError(f"{checkpoint} is past step {lost[0]}: remove it to train from the start")
