"""Which images belong together by the names of their files: one patient, scene or film."""

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np

from lindiff_nb._base import validate
from lindiff_nb._base.types import Index

FOLDER = "folder"


def named(names: Sequence[str], by: str) -> list[Index]:
    """Rows whose files lie in one folder, or whose names have the same parts in a pattern.

    by: "folder", or a regular expression that every name must match; where it has brackets, what is
    in them must be the same. Raises ValueError for no pattern, or naming the first without match.
    """
    rows = defaultdict[object, list[int]](list)
    for row, name in enumerate(names):
        rows[_label(name, by)].append(row)
    return [np.array(group) for group in rows.values()]


def _label(name: str, by: str) -> object:
    """What the name of an image says of its group."""
    if by.casefold() == FOLDER:
        return PurePosixPath(name).parent
    try:
        found = re.search(by, name)
    except re.error as error:
        raise validate.fail("group-by", by, f"{FOLDER!r} or a pattern: {error}") from None
    if not found:
        raise validate.fail("group-by", by, f"found in every name, and it is not in {name}")
    return found.groups() or found.group()
