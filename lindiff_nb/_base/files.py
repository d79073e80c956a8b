"""Files that are whole or as they were before, whatever interrupts their writing.

A file is written beside its place under a short name that says whose it is, flushed to the disk,
and takes its own name at one stroke. What a killed process left goes with the next writing.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from lindiff_nb._base import litter


class Busy(OSError):
    """Another process works on the same file."""


def beside(path: Path) -> Path:
    """A temporary name for a file: as short for a long name as for any other, another each time.

    Of a link beside what it leads to, on whichever disk that is.
    """
    return behind(path).with_name(f".ld-{os.getpid()}@{litter.host()}-{secrets.token_hex(4)}.part")


def digest(path: Path) -> str:
    """The sha256 of a file."""
    return sha256(path.read_bytes()).hexdigest()


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A stream whose bytes replace the file when it closes well; OSError names the file itself.

    A link stays one: the file that it leads to is replaced, or made.
    """
    part = beside(path)
    try:
        litter.sweep(part.parent)
        with part.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, behind(path))
    except OSError as error:
        named = path if error.filename in (None, str(part)) else error.filename
        raise OSError(error.errno, error.strerror or str(error), str(named)) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def behind(path: Path) -> Path:
    """The file that a link leads to, whether it is there or not."""
    return Path(os.path.realpath(path))


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Work on a file that no other process works on; Busy if one does.

    The lock is the system's, so it ends with its process, however that ends.
    """
    file = behind(path)
    lock = file.with_name(f".ld-{sha256(file.name.encode()).hexdigest()[:16]}.lock")
    with _held(lock, path):
        yield


def sweep_locks(folder: Path) -> None:
    """Remove from a folder the locks of processes that were killed: those that nobody holds."""
    for lock in folder.glob(".ld-*.lock"):
        with contextlib.suppress(OSError), _held(lock, lock):
            pass


@contextlib.contextmanager
def _held(lock: Path, path: Path) -> Iterator[None]:
    """Hold a lock's file, and take it away; Busy, naming `path`, if another process holds it."""
    descriptor = _locked(lock, path)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            lock.unlink()
        os.close(descriptor)


def lock_or_fail(descriptor: int) -> None:
    """Lock an open file; BlockingIOError if it is locked, nothing where there are no locks."""
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except (ImportError, OSError):  # a system or a file system without locks
        pass


def _locked(lock: Path, path: Path) -> int:
    """A descriptor that holds the lock's file, and that file is still there under its name."""
    while True:
        descriptor = _opened(lock)
        try:
            lock_or_fail(descriptor)
            if os.path.samestat(os.fstat(descriptor), lock.stat()):
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            raise Busy(None, "another process works on it", str(path)) from None
        except FileNotFoundError:  # its owner ended in between, and took the name away
            pass
        os.close(descriptor)


def _opened(lock: Path) -> int:
    """A descriptor of the lock's file, which is made; one that another user left is only read."""
    try:
        return os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    except PermissionError:
        if not os.access(lock, os.R_OK):
            raise
        return os.open(lock, os.O_RDONLY)
