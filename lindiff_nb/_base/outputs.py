"""The files that a command writes: nobody's work is lost, and none is left half written."""

import os
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lindiff_nb._base.errors import RunFailed, UsageError, words
from lindiff_nb._base.files import behind, beside, replacing

PICTURES = (".png", ".svg", ".pdf")  # what figures are drawn as
DEVICES = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}  # what Windows takes for no file
DEVICES |= {f"{port}{number}" for port in ("COM", "LPT") for number in "0123456789¹²³"}


def output(
    path: Path,
    force: bool,
    suffixes: tuple[str, ...],
    ours: Callable[[Path], bool] | None = None,
    inputs: Iterable[str | Path | None] = (),
) -> Path:
    """A path that can be written to; UsageError if it cannot, or if that would cost somebody work.

    Its name ends in one of the suffixes. An existing file is replaced by force, or if it is `ours`,
    but never one of `inputs` or one that is write-protected; nor is a picture put into a folder of
    them, to be read with them. That a file can be made there is not believed but tried.
    """
    try:
        _look_at(path, force, suffixes, ours)
        _apart(path, inputs)
        _try(beside(path))
    except OSError as error:  # a name the system cannot take, or a place
        raise UsageError(f"the output {path} cannot be written: {error.strerror}") from None
    return path


def _apart(path: Path, inputs: Iterable[str | Path | None]) -> None:
    """UsageError if an output is one of the inputs, or a picture in a folder of them."""
    for place in [Path(each) for each in inputs if each]:
        if path.suffix in PICTURES and place.is_dir() and place.resolve() in path.resolve().parents:
            raise UsageError(f"the output {path} would be a picture among those in {place}")
        if path.exists() and place.is_file() and path.samefile(place):
            raise UsageError(f"the output {path} is an input")


def _look_at(
    path: Path, force: bool, suffixes: tuple[str, ...], ours: Callable[[Path], bool] | None
) -> None:
    """The checks of `output`."""
    if path.name.partition(".")[0].rstrip(" ").upper() in DEVICES:
        raise UsageError(f"the output {path} has a name that Windows reserves")
    if path.suffix not in suffixes:
        raise UsageError(f"the output {path} must end in {' or '.join(suffixes)}")
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent} for the output {path.name}")
    if path.is_dir():
        raise UsageError(f"the output {path} is a folder")
    if path.exists() and not path.is_file():  # a pipe or a device: to look into it may never end
        raise UsageError(f"the output {path} is not a file")
    if path.exists() and not _may_go(behind(path)):
        raise UsageError(f"the output {path} is write-protected or another user's: it stays")
    if path.exists() and not force and not (ours and ours(path)):
        written = " and was not written by a run" if ours else ""
        raise UsageError(f"{path} exists{written}: --force replaces it")


def _may_go(path: Path) -> bool:
    """Whether a file may be replaced: its mode allows it, and in a folder like /tmp it is ours."""
    folder, file = path.parent.stat(), path.stat()
    shared = folder.st_mode & stat.S_ISVTX and os.geteuid() not in (0, folder.st_uid, file.st_uid)
    return os.access(path, os.W_OK) and not shared


def try_folder(folder: Path) -> None:
    """Make a folder if need be; UsageError, naming it, unless files can be made in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _try(beside(folder / "trial"))
    except OSError as error:
        raise UsageError(f"the folder {folder} cannot be written to: {error.strerror}") from None


def _try(trial: Path) -> None:
    """Write a little, as a full disk refuses it, and take it away."""
    try:
        trial.write_bytes(bytes(4096))
    finally:
        trial.unlink(missing_ok=True)


def elsewhere(name: str, write: Callable[[Path], object]) -> str:
    """Write a result of long work, whose place failed, among temporary files; in words, where."""
    try:
        path = Path(tempfile.mkdtemp(prefix="lindiff-nb-")) / name
        try:
            write(path)
        except OSError:
            path.parent.rmdir()
            raise
    except OSError:
        return "nor can it be written elsewhere"
    return f"the result is in {path}"


def write_text(path: Path, text: str) -> None:
    """Write a file so that it is whole or as it was before."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file so that it is whole or as it was before; OSError names it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as stream:
        stream.write(content)


def write_all(contents: Mapping[Path, Callable[[], str | bytes]]) -> None:
    """Write the files of one answer, each whole or as it was before.

    All are made before the first is written, which takes no time then: what ends this leaves none
    of them, which the same request would refuse to replace. One that cannot be made or written
    keeps none of the others from it: RunFailed names each that failed.
    """
    made: dict[Path, bytes] = {}
    failed: list[str] = []
    for path, content in contents.items():
        with _noted(path, failed):
            found = content()
            made[path] = found.encode() if isinstance(found, str) else found
    for path, found in made.items():
        with _noted(path, failed):
            write_bytes(path, found)
    if failed:
        raise RunFailed("\n".join(failed))


@contextmanager
def _noted(path: Path, failed: list[str]) -> Iterator[None]:
    """What keeps a file from being made, as a line with its name."""
    try:
        yield
    except RunFailed as failure:
        failed.append(str(failure))
    except (OSError, MemoryError) as error:
        said = words(error, path)
        failed.append(f"lindiff-nb: {said if str(path) in said else f'{path}: {said}'}")
