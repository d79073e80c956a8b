"""The command line of the chapters: lindiff-nb list, info, run, figure, lab, build, serve, ...

`lindiff_nb.cli` adds the commands of other packages to these.

Exit status: 0 all is well, 1 what was started failed, 2 the request cannot be met as it
was made (nothing was run or written), 3 a sweep is too large, 130 interrupted, 143 and 129 ended
by SIGTERM and SIGHUP.
"""

import argparse
import sys
from collections.abc import Sequence

import lindiff_nb
from lindiff_nb._base.errors import RunFailed, UsageError, words
from lindiff_nb.run import commands, streams
from lindiff_nb.run.commands import Adder
from lindiff_nb.run.signals import heard, status_and_words
from lindiff_nb.run.sweeps import command as sweeps


def main(argv: Sequence[str] | None = None, more: Sequence[Adder] = ()) -> int:
    """Run one command, one of these or of those that `more` add, and return its exit status."""
    arguments = _shield(list(sys.argv[1:] if argv is None else argv))
    with streams.told():
        try:
            status = _status(arguments, more)
        except SystemExit as leaving:  # argparse has told how the command is used
            raise SystemExit(_finished(int(leaving.code or 0))) from None
        return _finished(status)


def _status(arguments: Sequence[str], more: Sequence[Adder]) -> int:
    """Run the command; what goes wrong is said in a line on standard error."""
    try:
        chosen = _parser(more).parse_args(arguments)
        with heard():
            chosen.command(chosen)
    except UsageError as error:
        return _fail(error.status, f"lindiff-nb: {error}")
    except RunFailed as error:
        return _fail(1, str(error))
    except (OSError, MemoryError) as error:
        return _fail(1, f"lindiff-nb: {words(error)}")
    except ImportError as error:  # where memory is short, a library may not fit
        return _fail(1, f"lindiff-nb: a part of it cannot be loaded: {error}")
    except KeyboardInterrupt as error:
        return _fail(*status_and_words(error))
    return 0


def _fail(status: int, message: str) -> int:
    print(message, file=sys.stderr, flush=True)
    return status


def _finished(status: int) -> int:
    """The status once all is written: a reader who has gone is silence, a full disk a failure."""
    if why := streams.failure():
        return _fail(status or 1, f"lindiff-nb: standard output cannot be written: {why}")
    return status


def _parser(more: Sequence[Adder]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lindiff-nb",
        description="Linear diffusion models: the book's chapters as programs, "
        "and tools for images of your own.",
    )
    parser.add_argument(
        "--version", action="version", version=f"lindiff-nb {lindiff_nb.__version__}"
    )
    table = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in (commands.add, sweeps.add, *more):
        add(table)
    return parser


def _shield(arguments: list[str]) -> list[str]:
    """A space before the value of each -p, so that -1e-3 is not taken for an option."""
    values = {at + 2 for at, argument in enumerate(arguments) if argument == "-p"}
    options = ("-p", "-o", "-f", "--force")  # a value that was forgotten is still missed
    shield = (at in values and text not in options for at, text in enumerate(arguments))
    return [" " * hide + text for hide, text in zip(shield, arguments, strict=True)]
