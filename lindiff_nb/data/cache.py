"""Files from the network, kept in the user's cache, and never used unchecked.

Each file has a size and a sha256 known beforehand. A download goes to a temporary name in the
cache folder and takes its own name, at one stroke, only when both agree; it is checked again each
time it is read. So whatever interrupts a download, no later load sees a part of it.
"""

import hashlib
import os
import time
from pathlib import Path
from typing import BinaryIO, NamedTuple

import platformdirs
from tqdm import tqdm

from lindiff_nb._base.files import replacing
from lindiff_nb.data.imageset import DataUnavailable

TIMEOUT = (10, 30)  # seconds to connect, seconds without a byte
PATIENCE, SLOWEST = 60, 10_000  # seconds for a file of no size, bytes per second beyond that


class File(NamedTuple):
    """A published file: its set, its name, its size in bytes, its sha256, where it is served."""

    folder: str
    name: str
    size: int
    sha256: str
    addresses: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """Its place in the cache."""
        return folder() / self.folder / self.name

    @property
    def urls(self) -> list[str]:
        """Where to ask for it, in order; LINDIFF_DATA_MIRROR replaces the public addresses."""
        if mirror := os.environ.get("LINDIFF_DATA_MIRROR"):
            return [f"{mirror.rstrip('/')}/{self.folder}/{self.name}"]
        return [address + self.name for address in self.addresses]


def folder() -> Path:
    """The cache: LINDIFF_DATA if set, else the system's place for caches."""
    return Path(
        os.environ.get("LINDIFF_DATA") or platformdirs.user_cache_dir("lindiff_nb")
    ).expanduser()


def check(file: File) -> Path:
    """The path of a cached file; raises DataUnavailable if it is absent or not the right one."""
    try:
        with file.path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            right = (
                size == file.size
                and hashlib.file_digest(stream, "sha256").hexdigest() == file.sha256
            )
    except OSError as error:
        raise DataUnavailable(
            f"{file.name} is not in {file.path.parent} ({error.strerror})"
        ) from error
    if not right:
        raise DataUnavailable(
            f"{file.path} is not the published file (size or sha256 differs); it is not used"
        )
    return file.path


def read(file: File) -> bytes:
    """The bytes of a cached file; raises DataUnavailable as `check` does."""
    return check(file).read_bytes()


def fetch(file: File) -> bytes:
    """The bytes of a file, from the cache or else downloaded into it.

    Raises DataUnavailable, with what each address answered, if no address serves the right file.
    """
    try:
        return read(file)
    except DataUnavailable:
        answers = []
    for url in file.urls:
        try:
            _download(url, file)
            return read(file)
        except (OSError, ValueError) as error:
            answers.append(f"{url}: {_brief(error)}")
    raise DataUnavailable(f"{file.name} could not be downloaded. " + "; ".join(answers))


def _download(url: str, file: File) -> None:
    """What a server sends takes the file's name if it is the published file."""
    file.path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file.path) as output:
        if _stream(url, output, file.size) != file.sha256:
            raise ValueError("what it serves is not the published file (sha256 differs)")


def _stream(url: str, output: BinaryIO, size: int) -> str:
    """The body of one answer, as sent (no transparent unpacking), at most `size` bytes of it.

    Returns its sha256. A server may be slow, down to SLOWEST bytes a second, and no slower: else
    one that sends a byte now and then would be waited for without end.
    """
    import requests
    import urllib3

    end = time.monotonic() + PATIENCE + size / SLOWEST
    plain = {"Accept-Encoding": "identity"}
    digest = hashlib.sha256()
    try:
        with (
            requests.get(url, stream=True, timeout=TIMEOUT, headers=plain) as answer,
            tqdm(total=size, unit="B", unit_scale=True, disable=None) as bar,
        ):
            answer.raise_for_status()
            while piece := answer.raw.read1(2**16):
                bar.update(output.write(piece))
                digest.update(piece)
                if output.tell() > size:
                    raise ValueError("the answer is longer than the published file")
                if time.monotonic() > end:
                    raise TimeoutError(f"{output.tell():,} of {size:,} bytes came in all that time")
    except urllib3.exceptions.HTTPError as error:
        raise OSError(str(error)) from error
    return digest.hexdigest()


def _brief(error: BaseException) -> str:
    """What went wrong in the first place, on one line."""
    while error.__context__ is not None:
        error = error.__context__
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
