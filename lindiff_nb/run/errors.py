"""The two ways in which a request goes wrong."""

import contextlib
from collections.abc import Iterable, Iterator
from difflib import get_close_matches


class UsageError(ValueError):
    """The request cannot be met as it was made: nothing was run, nothing written."""


class RunFailed(RuntimeError):
    """A chapter or the website was started and did not come to a good end."""


@contextlib.contextmanager
def refusing(*kinds: type[Exception]) -> Iterator[None]:
    """What goes wrong before work starts, of these kinds or with a file, as a UsageError."""
    try:
        yield
    except kinds as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}") from None


def nearest(name: str, names: Iterable[str]) -> str:
    """The one of `names` that looks like `name`, capitals or not, as a hint; empty if none does."""
    folded = {other.casefold(): other for other in names}
    match = get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.6)
    return f"; the nearest is {folded[match[0]]!r}" if match else ""
