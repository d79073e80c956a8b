"""lindiff-nb sweep and lindiff-nb collect: what can be asked for.

Exit status of a sweep: 0 all cells are done, 1 some are not, 2 it cannot be made as it was asked
for, 3 a guard refuses its size, 130 interrupted.
"""

import argparse
import contextlib
import os
import sys
from pathlib import Path
from typing import Any

from lindiff_nb._base.errors import RunFailed, UsageError, refusing
from lindiff_nb.run.numbers import count, positive, whole

ALIKE = 5  # as of `drive.sweep`
GROUPS = ("failed", "timeout", "oom", "killed")
AFTERWARDS = """\
The same command goes on where it was interrupted. PLAN.toml has the keys chapter or call, grid,
zip, fixed, seeds and entropy. Exit status: 0 all done, 1 some failed, 2 not as asked, 3
too large, 130 interrupted.
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
    several = {"nargs": "+", "default": [], "metavar": "NAME=V,V,..."}
    option("--grid", action="extend", help="values, each with all others", **several)
    option("--zip", action="append", help="values that go hand in hand", **several)
    fixed = {"nargs": 2, "default": [], "metavar": ("NAME", "VALUE")}
    option("-p", dest="fixed", action="append", help="one value for all cells", **fixed)
    option("--entropy", type=whole, default=0, metavar="N", help="other seeds for all cells (0)")
    option("--seeds", type=count, default=1, metavar="N", help="replicates of each point (1)")
    option("-o", dest="out", type=Path, metavar="FOLDER", help="where everything is kept")
    option("--status", type=Path, metavar="FOLDER", help="say where a sweep stands; run nothing")
    option("--retry", default=(), type=_statuses, metavar="failed,oom,timeout,killed")
    option("--shard", type=_shard, metavar="I/N", help="the I-th of N parts of the cells")
    option("--workers", type=count, metavar="N", help="cells at a time (one a core)")
    option("--timeout", type=positive, metavar="SECONDS", help="that a cell may take")
    option("--memory", type=positive, metavar="GIB", help="that a cell may hold")
    option(
        "--alike", type=whole, default=ALIKE, metavar="K", help="stop where the first K fail alike"
    )
    option("--most", type=count, metavar="N", help="cells that are allowed (100000)")
    option("--scheduler", metavar="ADDRESS", help="of a Dask cluster that runs, or its file")
    option("--slurm", type=count, metavar="N", help="print an array script of N shards instead")
    option("--kubernetes", type=count, metavar="N", help="print an Indexed Job of N shards instead")
    option("--keep", choices=("failed", "all", "none"), default="failed", help="which notebooks")
    command.set_defaults(command=_sweep)

    command = commands.add_parser("collect", help="the cells of a sweep as a table")
    command.add_argument("folder", type=Path, metavar="FOLDER")
    command.add_argument("-o", dest="out", type=Path, metavar="TABLE", help=".csv, .parquet, .nc")
    command.add_argument("-f", "--force", action="store_true", help="replace a table that exists")
    command.set_defaults(command=_collect)


def _sweep(chosen: argparse.Namespace) -> None:
    if chosen.status:
        from lindiff_nb.run.sweeps import report

        print(report.status(chosen.status))
        return
    if chosen.out is None:
        raise UsageError("-o must name the folder where everything is kept")
    plan = _plan(chosen)
    if chosen.slurm or chosen.kubernetes:
        from lindiff_nb.run.sweeps import scripts

        write = scripts.slurm if chosen.slurm else scripts.kubernetes
        print(write(_words(chosen), chosen.slurm or chosen.kubernetes), end="")
        return
    from lindiff_nb.run.sweeps.drive import sweep

    names = ("shard", "workers", "timeout", "memory", "keep", "retry", "alike")
    how = {name: getattr(chosen, name) for name in names}
    with _executor(chosen) as executor:
        counts = sweep(plan, chosen.out, executor=executor, **how)
    if wrong := sum(counts.values()) - counts.get("done", 0):
        raise RunFailed(f"{wrong} of {sum(counts.values())} cells are not done")


def _plan(chosen: argparse.Namespace) -> Any:
    """The plan that the command line gives, or names."""
    from lindiff_nb.run.sweeps.plan import MOST, from_file, lists, plan

    sys.path.append(os.getcwd())  # a function of the user's own, as with python -m
    most = chosen.most or MOST
    if chosen.call and chosen.what:
        raise UsageError(f"--call {chosen.call} and {chosen.what}: it is one of them")
    if not (chosen.call or chosen.what):
        raise UsageError("what to run must be named: a chapter, a plan, or --call MODULE:FUNCTION")
    fixed = {name: value.removeprefix(" ") for name, value in chosen.fixed}
    if len(fixed) < len(chosen.fixed):
        raise UsageError("-p gives a name twice: " + " ".join(name for name, _ in chosen.fixed))
    zips = [lists(group) for group in chosen.zip]
    how: dict[str, Any] = {"grid": lists(chosen.grid), "zips": zips, "fixed": fixed}
    if chosen.call or not chosen.what.endswith(".toml"):
        how |= {"seeds": chosen.seeds, "entropy": chosen.entropy, "most": most}
        return plan(chosen.call or chosen.what, call=bool(chosen.call), **how)
    if any(how.values()) or (chosen.seeds, chosen.entropy) != (1, 0):
        raise UsageError(f"grid, zip, -p, seeds, entropy are not for a plan: see {chosen.what}")
    return from_file(Path(chosen.what), most)


def _executor(chosen: argparse.Namespace) -> Any:
    """The workers of a cluster, or None for those of this machine."""
    if chosen.scheduler is None:
        return contextlib.nullcontext()
    from lindiff_nb.run.sweeps.dask import cluster

    with refusing(name=chosen.out):
        chosen.out.mkdir(parents=True, exist_ok=True)
    return cluster(chosen.scheduler, chosen.out, chosen.workers)


def _words(chosen: argparse.Namespace) -> list[str]:
    """The command of one shard, but for its number."""
    words = ["lindiff-nb", "sweep", *([chosen.what] if chosen.what else [])]
    usual = {"seeds": 1, "entropy": 0, "keep": "failed", "alike": ALIKE}
    for name in ("call", *usual, "workers", "timeout", "memory", "most"):
        value = getattr(chosen, name)
        words += [] if value in (None, usual.get(name)) else [f"--{name}", str(value)]
    words += ["--retry", ",".join(chosen.retry)] * bool(chosen.retry)
    for name, value in chosen.fixed:
        words += ["-p", name, value.removeprefix(" ")]
    for option, group in (("--grid", chosen.grid), *(("--zip", group) for group in chosen.zip)):
        words += [option, *group] if group else []
    return [*words, "-o", str(chosen.out)]


def _collect(chosen: argparse.Namespace) -> None:
    from lindiff_nb.run.sweeps import collect

    if chosen.out:
        collect.to_file(chosen.folder, chosen.out, chosen.force)
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
