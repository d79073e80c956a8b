"""What a command answers: words on the terminal, and the files that were asked for; one rule."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lindiff_nb._base.outputs import PICTURES, output, write_all

FILES = {"json": (".json",), "csv": (".csv",), "figure": PICTURES, "steps_json": (".json",)}


def options(command: Any, **meanings: str) -> None:
    """Add the option of each of these `FILES`, json="write everything there too", and --force."""
    for name, meaning in meanings.items():
        option = "--" + name.replace("_", "-")
        command.add_argument(option, type=Path, metavar="FILE", help=meaning)
    command.add_argument("-f", "--force", action="store_true", help="replace files that exist")


def check(chosen: argparse.Namespace, *inputs: str | Path | None) -> None:
    """Look at each file that is asked for, before anything is computed; UsageError as `output`."""
    for name, suffixes in FILES.items():
        if (path := getattr(chosen, name, None)) is not None:
            output(path, chosen.force, suffixes, inputs=inputs)


def give(chosen: argparse.Namespace, words: str, **contents: Callable[[], str | bytes]) -> None:
    """Print the words, and write what stands in each file that is asked for; as `write_all`."""
    print(words, flush=True)
    asked = {getattr(chosen, name): content for name, content in contents.items()}
    write_all({path: content for path, content in asked.items() if path is not None})
