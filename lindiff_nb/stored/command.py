"""lindiff-nb recompute: make a result that the book keeps anew, in minutes and on the processor."""

import argparse
from pathlib import Path
from typing import Any

from lindiff_nb._base.errors import RunFailed, UsageError, refusing
from lindiff_nb._base.machine import duration
from lindiff_nb._base.outputs import output

AFTERWARDS = """\
The file ends in .npz; lindiff_nb.stored.results.load(NAME, FILE) reads it. It is written at the
end, whole or not at all. On the machine and with the versions that it names the numbers come out
the same."""


def add(commands: Any) -> None:
    """Add the command to what `add_subparsers` returned."""
    command = commands.add_parser(
        "recompute",
        help="make a stored result of the book anew",
        description="Compute a result that comes with the book anew: minutes, on the processor.",
        epilog=AFTERWARDS,
    )
    command.add_argument("name", metavar="NAME", help="of the result, such as trained-scores")
    command.add_argument("--small", action="store_true", help="a tiny version, in seconds")
    command.add_argument("-o", dest="out", type=Path, metavar="FILE", help="default: NAME.npz")
    command.add_argument("-f", "--force", action="store_true", help="replace a file that is there")
    command.set_defaults(command=recompute)


def recompute(chosen: argparse.Namespace) -> None:
    """Compute and write; UsageError for what cannot be done, before it starts."""
    from lindiff_nb.stored import results

    with refusing(ValueError):
        name = results.checked(chosen.name)
    path = output(chosen.out or Path(f"{name}.npz"), chosen.force, (".npz",))
    try:
        made = results.recompute(name, path, small=chosen.small, say=_say)
    except UsageError:
        raise
    except (ValueError, ArithmeticError) as error:
        raise RunFailed(f"lindiff-nb: {error}") from None
    _say(f"wrote {path}: {len(made.arrays)} arrays, in {duration(made.facts['seconds'])}")


def _say(line: str) -> None:
    print(line, flush=True)
