"""What a sweep says: its plan before it starts, how it gets on, how it ended, where it stands."""

import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from tqdm import tqdm

from lindiff_nb._base.machine import duration
from lindiff_nb.run.sweeps.cells import Cell
from lindiff_nb.run.sweeps.guard import size
from lindiff_nb.run.sweeps.store import STATUSES, Record, Store

BAR = "{percentage:3.0f}% |{bar:24}| {n_fmt}/{total_fmt}  {remaining} left  {desc}"
FEW = 5  # what is listed of many


def forecast(
    plan: Sequence[Cell], duplicates: int, wanted: int, waiting: int, workers: int, store: Store
) -> str:
    """The plan in words, with what earlier cells tell of time, memory and disk."""
    target = Path(plan[0].target).name  # of a chapter of somebody's own, without its folders
    twice = f" ({duplicates:,} more were given twice)" if duplicates else ""
    shard = "" if wanted == len(plan) else f", {wanted:,} of them in this shard"
    ended = f"{wanted - waiting:,} ended before, {waiting:,} to go, {workers} at a time"
    first = f"{len(plan):,} cells of {target}{twice}{shard}: {ended}"
    known = [one for one in store.known.values() if one["status"] == "done"]
    if not waiting:
        return first
    if not known:
        return f"{first}\nno earlier cells to tell how long it takes"
    took = sum(one["seconds"] for one in known) / len(known) * waiting / workers
    held = max(one["peak_memory"] for one in known)
    disk = waiting * sum(path.stat().st_size for path in _files(store.folder)) / len(store.known)
    about = f"about {duration(took)}, {size(held)} of memory each at most, {size(disk)} on disk"
    return f"{first}\nas of {len(known):,} earlier cells: {about}"


class Told:
    """How a sweep gets on: a bar with the time left on a terminal, a line a change elsewhere."""

    def __init__(self, waiting: dict[str, Cell]) -> None:
        """The cells that will end."""
        self.cells, self.start = dict(waiting), time.monotonic()
        self.bar = tqdm(total=len(waiting), disable=None, bar_format=BAR, leave=False)
        self.counts: Counter[str] = Counter()

    def ended(self, records: Sequence[Record]) -> None:
        """These cells have just ended."""
        self.counts.update(one["status"] for one in records)
        self.bar.n += len(records)
        self.bar.set_description_str(_counts(self.counts))  # draws both at once
        if not self.bar.disable or not records:
            return
        for one in records if len(records) <= FEW else []:
            took = duration(one["seconds"])
            why = f" ({one['reason']})" if one["reason"] else ""
            print(f"{name(self.cells[one['identity']])}: {one['status']} after {took}{why}")
        over, total = sum(self.counts.values()), len(self.cells)
        left = (time.monotonic() - self.start) / over * (total - over)
        said = f"{over:,} of {total:,} ({_counts(self.counts)})"
        print(f"{said}, about {duration(left)} left" if over < total else said, flush=True)

    def say(self, line: str) -> None:
        """Something else, on a line of its own."""
        self.bar.clear()
        print(line, file=sys.stderr, flush=True)


def name(cell: Cell) -> str:
    """A cell in words: its values and the number of its replicate."""
    values = [f"{name}={value!r}" for name, value in cell.values.items()]
    return ", ".join([*values, f"replicate={cell.replicate}"])


def summary(cells: Iterable[Cell], known: dict[str, Record]) -> str:
    """How many cells ended in which way, and why those that failed did, the most frequent first."""
    cells = list(cells)
    found = [(cell, known[cell.identity]) for cell in cells if cell.identity in known]
    counts = Counter(one["status"] for _, one in found)
    counts["not run"] = len(cells) - len(found)
    reasons: dict[tuple[str, str], list[Cell]] = {}
    for cell, one in found:
        if one["status"] != "done":
            where = f" in code cell {one['cell']}" if one["cell"] else ""
            reasons.setdefault((f"{one['status']}{where}", one["reason"]), []).append(cell)
    most = sorted(reasons.items(), key=lambda item: -len(item[1]))[:FEW]
    lines = [
        f"  {len(of):,} {how}: {reason} ({'; '.join(map(name, of[:2]))}{', ...' * (len(of) > 2)})"
        for (how, reason), of in most
    ]
    more = [f"  and {len(reasons) - FEW} other reasons"] if len(reasons) > FEW else []
    return "\n".join([f"{len(cells):,} cells: {_counts(counts)}", *lines, *more])


def status(folder: Path) -> str:
    """Where a sweep stands, from the files of its folder alone; UsageError if there is none."""
    store = Store(folder)
    plan = store.plans()[-1]
    known = store.records()
    dates = sorted(one["date"] for one in known.values())
    last = f"\nthe latest record is of {dates[-1]}" if dates else ""
    return f"{folder}, {summary(plan, known)}{last}"


def _counts(counts: Counter[str]) -> str:
    words = [f"{counts[how]:,} {how}" for how in (*STATUSES, "not run") if counts[how]]
    return ", ".join(words) or "none has ended"


def _files(folder: Path) -> list[Path]:
    places = (folder / name for name in ("cells", "logs", "notebooks"))
    return [path for place in places for path in place.glob("*") if path.is_file()]
