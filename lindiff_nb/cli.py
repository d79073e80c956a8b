"""The whole command line: the commands of the chapters, and predict, advise, train and recompute.

A command imports what it needs when it is chosen, so that the others start at once.
"""

from collections.abc import Sequence

from lindiff_nb.advise import command as advise
from lindiff_nb.calculator import command as predict
from lindiff_nb.run import cli
from lindiff_nb.stored import command as recompute
from lindiff_nb.train import command as train


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: those of `run.cli`."""
    return cli.main(argv, more=[predict.add, advise.add, train.add, recompute.add])
