"""Standard output and error: letters that a terminal lacks, pipes that close, disks that are full.

A letter that the encoding of a stream does not have is written as near as ASCII comes to it, so
that a dash in a title stops no command. Nor does a stream that cannot be written: work goes on to
its files and its exit status. A reader who has seen enough and closes the pipe is no error; any
other failure is told at the end.
"""

import codecs
import contextlib
import io
import os
import sys
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any, TextIO, cast

READABLE = "lindiff-readable"  # the name of the error handler
LETTERS = {
    "-": "\u2010\u2011\u2012\u2013\u2014\u2212",
    "'": "\u2018\u2019",
    '"': "\u201c\u201d",
    "x": "\u00d7",
    "+-": "\u00b1",
    "->": "\u2192",
    "ss": "\u00df",
    "o": "\u00f8",
    "O": "\u00d8",
}
ASCII = {letter: plain for plain, letters in LETTERS.items() for letter in letters}


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Standard output and error take any letter, and what they cannot take any more is dropped."""
    codecs.register_error(READABLE, _instead)
    _reserve()
    before = sys.stdout, sys.stderr
    with open(os.devnull, "w") as nowhere:
        streams = [stream or nowhere for stream in before]  # None is one that was closed
        for stream in streams:
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors=READABLE)
        sys.stdout, sys.stderr = (cast(TextIO, _Told(stream)) for stream in streams)
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before


def failure() -> str | None:
    """Why standard output could not be written to, if it was not that its reader had gone."""
    sys.stdout.flush()
    error = cast(_Told, sys.stdout).error
    return None if isinstance(error, BrokenPipeError | None) else error.strerror


def _reserve() -> None:
    """Let no file that is opened later take the number of a standard stream that was closed.

    What libraries print of themselves would be written into it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


class _Told:
    """A stream that remembers its first failure, and is silent from then on."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.error: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        self._tried(lambda: self.stream.write(text))
        return len(text)

    def flush(self) -> None:
        self._tried(self.stream.flush)

    def _tried(self, work: Callable[[], Any]) -> None:
        try:
            work()
        except OSError as error:
            _silence(self)
            self.error = self.error or error


def _instead(error: UnicodeError) -> tuple[str, int]:
    """The nearest ASCII to what cannot be encoded."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


def _plain(letter: str) -> str:
    """A letter in ASCII, as its code if nothing is near."""
    if letter in ASCII:
        return ASCII[letter]
    parts = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    return parts or letter.encode("ascii", "backslashreplace").decode()


def _silence(stream: Any) -> None:
    """Let a stream that cannot be written drop what it holds, also when Python ends."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
