"""One command at a time changes what is in _build (where the system can tell)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lindiff_nb._base.errors import RunFailed
from lindiff_nb._base.files import lock_or_fail
from lindiff_nb._base.litter import remove


@contextmanager
def alone(folder: Path) -> Iterator[int]:
    """Hold the lock of a folder, which is made if need be; RunFailed where another build holds it.

    Yields the descriptor of the lock's file: a process that inherits it holds the lock as well.
    The file stays, for a lock on a file that was removed is no lock.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a") as lock:
        try:
            lock_or_fail(lock.fileno())
        except BlockingIOError:
            raise RunFailed(f"another build is under way in {folder}") from None
        yield lock.fileno()


def clean(folder: Path) -> None:
    """Remove what builds have made, but for the lock; RunFailed while a build is under way."""
    if not folder.is_dir():
        return
    with alone(folder):
        for path in folder.iterdir():
            if path.name != "lock":
                remove(path)
