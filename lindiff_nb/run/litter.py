"""What processes that were killed have left, and how anything at all is removed.

Every temporary file or folder of ours carries the number of its process: ld-PID-*, .ld-PID*.
"""

import contextlib
import re
import shutil
from pathlib import Path

import psutil

OURS = re.compile(r"\.?ld-(\d{1,9})\b.*")


def sweep(folder: Path) -> None:
    """Remove from a folder what processes that are gone from this machine have left there."""
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            name = OURS.fullmatch(path.name)
            if name and not psutil.pid_exists(int(name[1])):
                with contextlib.suppress(OSError):
                    remove(path)


def remove(path: Path) -> None:
    """Remove a file, a link, or a folder with all it holds."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
