"""The whole command line, `lindiff-nb`: the commands of the chapters, and those of other rooms.

A command imports what it needs when it is chosen, so that the others start at once.
"""

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: those of `run.cli`."""
    try:
        return _main(argv)
    except KeyboardInterrupt:  # before there was anybody to hear it: while commands were loaded
        print("\ninterrupted", file=sys.stderr)
        return 130


def _main(argv: Sequence[str] | None) -> int:
    from lindiff_nb.advise import command as advise
    from lindiff_nb.calculator import command as predict
    from lindiff_nb.copies import command as copies
    from lindiff_nb.fid import command as fid
    from lindiff_nb.run import cli
    from lindiff_nb.run.environment import without_grammar
    from lindiff_nb.stored import command as recompute
    from lindiff_nb.train import command as train
    from lindiff_nb.train import sample

    without_grammar()
    more = [predict.add, advise.add, copies.add, fid.add, train.add, sample.add, recompute.add]
    return cli.main(argv, more=more)
