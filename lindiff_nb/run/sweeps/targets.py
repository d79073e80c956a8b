"""What a sweep runs: a chapter, or a function by its address; and what may be varied of it."""

import inspect
import os
import sys
import types
import typing
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from lindiff_nb._base.errors import UsageError, nearest
from lindiff_nb.run.chapters import locate
from lindiff_nb.run.parameters import Parameter
from lindiff_nb.run.sweeps.cells import SEEDS, function, is_function

RANDOM = ("seed", "rng")  # what a function may call its seed, or a numpy Generator made from it
KINDS = (bool, int, float, str)
REST = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@dataclass(frozen=True)
class Target:
    """A chapter or a function, with what it takes."""

    name: str  # of the chapter, or module:function
    kind: str  # in words
    parameters: tuple[Parameter, ...]
    required: tuple[str, ...] = ()
    seeds: int = SEEDS  # from 0 to below this
    random: bool = True  # whether it takes a seed

    def complete(self, names: Iterable[str], replicates: int) -> None:
        """UsageError if a value is missing, or the replicates of a point would be all equal."""
        names = set(names)
        for name in self.required:
            if name not in names:
                raise UsageError(f"{self.name} needs a value for {name}")
        if replicates == 1:
            return
        if "seed" in names:
            raise UsageError("seed is given, and so are replicates, which get seeds of their own")
        if not self.random:
            raise UsageError(f"{self.name} takes no seed: its replicates would be all equal")
        if replicates > self.seeds:
            raise UsageError(f"{self.name} takes {self.seeds} seeds, fewer than {replicates}")


def target(name: str, call: bool = False) -> Target:
    """What a user names; UsageError if there is no such chapter or function."""
    if not isinstance(name, str) or not name:
        raise UsageError(f"a sweep is over a chapter or a module:function, got {name!r}")
    if call:
        return _function(name)
    if is_function(name):
        raise UsageError(f"{name} is a function, not a chapter: --call {name}, or call in a plan")
    chapter = locate(name)
    own = str(chapter.path.resolve()) if chapter.book.only else chapter.name
    highest = [p.high for p in chapter.parameters if p.name == "seed" and p.type is int]
    seeds = int(highest[0] or 0) + 1 if highest else SEEDS
    return Target(own, "this chapter", tuple(chapter.parameters), (), seeds, bool(highest))


def _function(name: str) -> Target:
    """What a function's signature says."""
    called = _imported(name)
    try:
        signature = inspect.signature(called, eval_str=True)
    except (NameError, SyntaxError, AttributeError, TypeError, ValueError):
        raise UsageError(f"{name} has a signature that cannot be read") from None
    random = any(word in signature.parameters for word in RANDOM)
    taken = [p for p in signature.parameters.values() if p.name != "rng" and p.kind not in REST]
    found = {one.name: _parameter(name, one) for one in taken}
    needed = tuple(p.name for p in taken if p.default is p.empty and p.name != "seed")
    known = tuple(parameter for parameter in found.values() if parameter)
    return Target(name, "this function", known, needed, random=random)


def _imported(name: str) -> Callable[..., Any]:
    """The function, also from a module in this folder; a hint where its name is misspelt."""
    if not is_function(name):
        raise UsageError(f"a function is named module:function, got {name!r}")
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    module, _, wanted = name.partition(":")
    try:
        return function(name)
    except UsageError as error:
        raise UsageError(f"{error}{nearest(wanted, dir(sys.modules.get(module)))}") from None
    except Exception as error:  # whatever somebody's module raises
        said = f"{module} cannot be imported: {type(error).__name__}: {error}"
        raise UsageError(said) from None


def _parameter(function: str, taken: inspect.Parameter) -> Parameter | None:
    """A parameter as its annotation or its default has it; None for one that is left alone."""
    said = taken.annotation
    if said is taken.empty:
        said = type(taken.default)
    if isinstance(said, types.UnionType) or typing.get_origin(said) is typing.Union:
        said = next((kind for kind in typing.get_args(said) if kind in KINDS), said)
    if typing.get_origin(said) is typing.Literal:
        choices = tuple(c for c in typing.get_args(said) if isinstance(c, str))
        return Parameter(taken.name, str, "", "", choices=choices)
    if said in KINDS and taken.kind is not taken.POSITIONAL_ONLY:
        return Parameter(taken.name, said, said(), "")
    if taken.default is taken.empty:
        said = "a name and a type, as in n: int (or float, bool, str)"
        raise UsageError(f"{function} must give its {taken.name} {said}, for a sweep to give it")
    return None
