"""`python -m benchmarks`: measure everything and print the table; exit 1 if a target is missed."""

import sys

from benchmarks import draws, effective_ridge, figure_3, losses, memory, mixture, training, unet


def main() -> int:
    """Print each row as soon as it is measured."""
    kept = True
    for benchmark in (effective_ridge, losses, draws, mixture, training, figure_3, memory, unet):
        for row in benchmark.rows():
            print(row.line(), flush=True)
            kept = kept and row.kept
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
