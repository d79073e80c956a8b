"""lindiff-nb sweep and lindiff-nb collect: what can be asked for.

Exit status of a sweep: 0 all cells are done, 1 some are not, 2 it cannot be made as it was asked
for, 3 a guard refuses its size, 130 interrupted.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from lindiff_nb._base.errors import RunFailed, UsageError
from lindiff_nb.run.numbers import number, whole

GROUPS = ("failed", "timeout", "oom", "killed")
AFTERWARDS = """\
The same command goes on where it was interrupted. PLAN.toml has the keys chapter or call, grid, zip,
fixed and seeds. Exit status: 0 all done, 1 some failed, 2 not as asked, 3 too large, 130 interrupted.
"""


def add(commands: Any) -> None:
    """Add both commands to what `add_subparsers` returned."""
    command = commands.add_parser(
        "sweep",
        help="run a chapter or a function at many values",
        description="Run a chapter or a function at many values, and keep what each recorded.",
        epilog=AFTERWARDS,
    )
    option = command.add_argument
    option("what", nargs="?", metavar="CHAPTER | PLAN.toml", help="what to run, or the whole plan")
    option("--call", metavar="MODULE:FUNCTION", help="a function instead of a chapter")
    option("--grid", nargs="+", default=[], metavar="NAME=V,V,...", help="all with all others")
    option("--seeds", type=_count, default=1, metavar="N", help="replicates of each point (1)")
    option("-o", dest="out", type=Path, metavar="FOLDER", help="where everything is kept")
    option("--status", type=Path, metavar="FOLDER", help="say where a sweep stands; run nothing")
    option("--retry", default=(), type=_statuses, metavar="failed,oom,timeout,killed")
    option("--shard", type=_shard, metavar="I/N", help="the I-th of N parts of the cells")
    option("--workers", type=_count, metavar="N", help="cells at a time (one a core)")
    option("--timeout", type=_positive, metavar="SECONDS", help="that a cell may take")
    option("--memory", type=_positive, metavar="GIB", help="that a cell may hold")
    option("--keep", choices=("failed", "all", "none"), default="failed", help="which notebooks")
    command.set_defaults(command=_sweep)

    command = commands.add_parser("collect", help="the cells of a sweep as a table")
    command.add_argument("folder", type=Path, metavar="FOLDER")
    command.add_argument("-o", dest="out", type=Path, metavar="TABLE", help=".csv, .parquet, .nc")
    command.set_defaults(command=_collect)


def _sweep(chosen: argparse.Namespace) -> None:
    from lindiff_nb.run.sweeps import report

    if chosen.status:
        print(report.status(chosen.status))
        return
    if chosen.out is None:
        raise UsageError("-o must name the folder where everything is kept")
    from lindiff_nb.run.sweeps.drive import sweep
    from lindiff_nb.run.sweeps.store import Store

    plan = _plan(chosen)
    how = {name: getattr(chosen, name) for name in ("shard", "workers", "timeout", "memory")}
    counts = sweep(plan, chosen.out, keep=chosen.keep, retry=chosen.retry, **how)
    known = Store(chosen.out).records()
    cells = {c.identity: c for c in plan.cells()}
    cells = list(cells.values())[chosen.shard[0] - 1 :: chosen.shard[1]] if chosen.shard else cells
    said = report.summary(cells, known)
    if set(counts) - {"done"}:
        raise RunFailed(said)
    print(said)


def _collect(chosen: argparse.Namespace) -> None:
    from lindiff_nb.run.sweeps import collect

    if chosen.out:
        collect.to_file(chosen.folder, chosen.out)
    else:
        sys.stdout.write(collect.text(collect.columns(chosen.folder)))


def _shard(text: str) -> tuple[int, int]:
    part, slash, parts = text.partition("/")
    found = whole(part), whole(parts) if slash else 0
    if not 1 <= found[0] <= found[1]:
        raise argparse.ArgumentTypeError(f"must be I/N with I from 1 to N, got {text!r}")
    return found


def _statuses(text: str) -> tuple[str, ...]:
    found = tuple(text.split(","))
    if wrong := [status for status in found if status not in GROUPS]:
        raise argparse.ArgumentTypeError(f"must be some of {', '.join(GROUPS)}, got {wrong[0]!r}")
    return found


def _count(text: str) -> int:
    value = whole(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"must be a positive whole number, got {text!r}")
    return value


def _positive(text: str) -> float:
    value = number(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"must be a positive number, got {text!r}")
    return value
