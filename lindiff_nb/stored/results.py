"""The table of results that are kept, how one is read, and how it is made again.

A file NAME.npz holds arrays, and under `facts` what made them as JSON text: name, settings,
seconds, machine and versions. On the same machine with the same versions a result comes out the
same to the bit.
"""

import json
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module, resources
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lindiff_nb._base import validate
from lindiff_nb._base.errors import RunFailed, words
from lindiff_nb._base.files import replacing
from lindiff_nb._base.machine import machine, versions
from lindiff_nb._base.outputs import elsewhere

Arrays = dict[str, NDArray[Any]]
Say = Callable[[str], None]
# NAME -> the module with compute(small, say), which returns arrays and settings.
JOBS = {
    "trained-scores": "lindiff_nb.stored.trained_scores",
    "mnist-modes": "lindiff_nb.stored.mnist_modes",
    "regularising": "lindiff_nb.stored.regularising",
    "many-dimensions": "lindiff_nb.stored.many_dimensions",
}


class Result(NamedTuple):
    """Arrays by name, and what made them."""

    arrays: Arrays
    facts: dict[str, Any]


def load(name: str, path: Path | None = None) -> Result:
    """A result that the package keeps, or the one in a file that `recompute` wrote.

    Raises ValueError for a name that is not in the table or a file that holds something else, and
    OSError if it cannot be read.
    """
    checked(name)
    file = path or resources.files("lindiff_nb.stored") / f"{name}.npz"
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as content:
        arrays = {key: content[key] for key in content.files}
    facts = json.loads(str(arrays.pop("facts", "{}")))
    if facts.get("name") != name:
        raise ValueError(f"{file} does not hold the result {name}")
    return Result(arrays, facts)


def recompute(name: str, path: Path, *, small: bool = False, say: Say = print) -> Result:
    """Compute a result anew and write it to a file, whole or not at all.

    `small` takes seconds: other sizes, the same code. `say` is called with a line now and then.
    Raises ValueError for a name that is not in the table, what the computation raises, and
    RunFailed, saying where the result is instead, if the file cannot be written then.
    """
    compute = import_module(JOBS[checked(name)]).compute
    start = time.perf_counter()
    arrays, settings = compute(small, say)
    facts = {"name": name, "settings": settings, "seconds": round(time.perf_counter() - start)}
    facts |= {"machine": machine(), "versions": versions()}
    made = Result(arrays, facts)
    try:
        _save(made, path)
    except OSError as error:
        where = elsewhere(path.name, partial(_save, made))
        raise RunFailed(f"lindiff-nb: {words(error, path)}; {where}") from None
    return made


def _save(made: Result, path: Path) -> None:
    parts: dict[str, Any] = {"facts": json.dumps(made.facts), **made.arrays}
    with replacing(path) as stream:
        np.savez_compressed(stream, **parts)


def checked(name: str) -> str:
    """The name of a result in the table, or ValueError."""
    return validate.choice("the result", name, tuple(JOBS))
