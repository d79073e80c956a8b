"""`python -m benchmarks [NAME ...]`: measure and print the table; exit 1 if a target is missed."""

import sys

from benchmarks import (
    advice,
    copies,
    effective_ridge,
    empirical,
    experiments,
    figure_3,
    frechet,
    losses,
    memory,
    random_features,
    report,
    sweeps,
    training,
    unet,
)
from benchmarks.timing import processor

ALL = (
    effective_ridge,
    losses,
    experiments,
    empirical,
    training,
    figure_3,
    frechet,
    report,
    memory,
    random_features,
    unet,
    sweeps,
    advice,
    copies,
)


def main(*names: str) -> int:
    """Print each row as soon as it is measured: of these modules, or of all."""
    print(f"processor: {processor()}", flush=True)
    kept = True
    for benchmark in (one for one in ALL if one.__name__.split(".")[-1] in names or not names):
        for row in benchmark.rows():
            print(row.line(), flush=True)
            kept = kept and row.kept
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
