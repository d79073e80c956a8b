"""What an installation may lack, said in one sentence with the command that mends it.

The core has theory, images and the calculator. What executes chapters, trains networks or builds
the website comes with an extra: `pip install 'lindiff-nb[run]'`, `[networks]`, `[book]`, `[all]`.
"""

import contextlib
from collections.abc import Iterator
from importlib.util import find_spec

from lindiff_nb._base.errors import UsageError


class NotInstalled(ModuleNotFoundError, UsageError):
    """A package is missing that comes with an extra of this one."""


@contextlib.contextmanager
def of(extra: str) -> Iterator[None]:
    """Around imports of what comes with an extra: NotInstalled names what is missing of it."""
    try:
        yield
    except NotInstalled:
        raise
    except ModuleNotFoundError as error:
        name = (error.name or "a package").partition(".")[0]
        said = f"{name} is not installed: pip install 'lindiff-nb[{extra}]'"
        raise NotInstalled(said, name=name) from None


def need(extra: str, *modules: str) -> None:
    """Raise NotInstalled unless all these modules of an extra are there; none is imported."""
    with of(extra):
        for name in modules:
            if find_spec(name) is None:
                raise ModuleNotFoundError(name=name)
