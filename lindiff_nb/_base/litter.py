"""What processes that were killed have left, and how anything at all is removed.

Every temporary file or folder of ours carries the number of its process: ld-PID-*, .ld-PID*. Where
other machines may write into the same folder, it also carries the machine: .ld-PID@HOST.
"""

import contextlib
import re
import shutil
import socket
from hashlib import sha256
from pathlib import Path

import psutil

OURS = re.compile(r"\.?ld-(\d{1,9})\b(?:@([0-9a-f]{8}))?.*")


def host() -> str:
    """This machine in eight letters."""
    return sha256(socket.gethostname().encode()).hexdigest()[:8]


def sweep(folder: Path) -> None:
    """Remove from a folder what processes that are gone from this machine have left there."""
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            name = OURS.fullmatch(path.name)
            if name and name[2] in (None, host()) and not psutil.pid_exists(int(name[1])):
                with contextlib.suppress(OSError):
                    remove(path)


def remove(path: Path) -> None:
    """Remove a file, a link, or a folder with all it holds; OSError names this path."""
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise OSError(error.errno, f"cannot be removed: {error.strerror}", str(path)) from error
