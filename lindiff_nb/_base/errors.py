"""The two ways in which a request goes wrong, and the words for it."""

import contextlib
from collections.abc import Iterable, Iterator
from difflib import get_close_matches


class UsageError(ValueError):
    """The request cannot be met as it was made: nothing was run, nothing written."""

    status = 2  # of the command that it ends


class RunFailed(RuntimeError):
    """A chapter or the website was started and did not come to a good end."""


@contextlib.contextmanager
def refusing(*kinds: type[Exception], name: object = None) -> Iterator[None]:
    """What goes wrong before work starts, of these kinds or with a file, as a UsageError.

    `name` is the file that is worked on, for errors of the system that name none.
    """
    try:
        yield
    except kinds as error:
        raise UsageError(words(error)) from None
    except OSError as error:
        raise UsageError(words(error, name)) from None


def words(error: Exception, name: object = None) -> str:
    """What an error says, with the file where there is one, and never nothing."""
    if isinstance(error, OSError) and error.strerror:
        file = error.filename if error.filename is not None else name
        if file is None and isinstance(error, FileNotFoundError):  # os.getcwd names none
            return "the folder where this was started is gone"
        return error.strerror if file is None else f"{file}: {error.strerror}"
    said = str(error)
    if isinstance(error, MemoryError):
        return f"too large for the memory of this machine{said and f' ({said})'}"
    if isinstance(error, ArithmeticError):
        return f"a number leaves the range that can be computed with ({said or 'overflow'})"
    return said or type(error).__name__


def counted(count: int, noun: str) -> str:
    """A number of things: "1 copy", "2,000 copies"."""
    many = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{count:,} {noun if count == 1 else many}"


def nearest(name: str, names: Iterable[str]) -> str:
    """The one of `names` that looks like `name`, capitals or not, as a hint; empty if none does."""
    folded = {other.casefold(): other for other in names}
    match = get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.6)
    return f"; the nearest is {folded[match[0]]!r}" if match else ""
