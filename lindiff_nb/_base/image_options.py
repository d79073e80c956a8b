"""The options of commands that take images of one's own, one set for all of them."""

import argparse
import shlex
from collections.abc import Callable
from typing import Any

NAMES = ("size", "crop", "gray", "white", "skip_bad", "largest")
GROUPS = "images of one patient or scene: 'folder', or a pattern that their names share"


def add(command: Any, whole: Callable[[str], int], number: Callable[[str], float]) -> None:
    """Add them to a command; `whole` and `number` read numbers as all commands do."""
    option = command.add_argument
    option("--size", type=whole, metavar="PIXELS", help="make all square and of this side")
    option("--crop", type=whole, metavar="PIXELS", help="take the central square of each")
    colours = command.add_mutually_exclusive_group()
    colours.add_argument("--gray", action="store_true", default=None, help="all in gray")
    colours.add_argument(
        "--colour", "--color", action="store_false", dest="gray", help="all in colour"
    )
    option("--white", type=number, metavar="W", help="of numbers deeper than a byte, such as 4095")
    option("--skip-bad", action="store_true", help="leave out files that cannot be read")
    option("--largest", type=whole, metavar="PIXELS", help="of one picture (100,000,000)")


def groups(command: Any) -> None:
    """Add the option that says which images belong together."""
    command.add_argument("--group-by", metavar="FOLDER|REGEX", help=GROUPS)


def given(chosen: Any) -> dict[str, Any]:
    """What `data.images` is to be called with: the options that were given, of any object."""
    values = {name: getattr(chosen, name) for name in NAMES}
    return {name: value for name, value in values.items() if value is not None}


def written(chosen: argparse.Namespace) -> list[str]:
    """The options that were given, the groups among them, as they are typed."""
    typed = []
    for name in (*NAMES, "group_by"):
        value, option = getattr(chosen, name), "--" + name.replace("_", "-")
        if name == "gray" and value is False:
            typed.append("--colour")
        elif value is True:
            typed.append(option)
        elif value not in (None, False):
            typed += [option, shlex.quote(str(value))]
    return typed
