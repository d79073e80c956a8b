"""Standard output and error: letters that a terminal lacks, pipes that close, disks that are full.

A letter that the encoding of a stream does not have is written as near as ASCII comes to it, so
that a dash in a title stops no command. A reader who has seen enough and closes the pipe is no
error. Any other failure to write names the stream.
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


class Gone(BrokenPipeError):
    """Whoever read standard output has gone."""


class Unwritable(OSError):
    """Standard output cannot be written to."""


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Standard output and error take any letter; what goes wrong with output is Gone or Unwritable.

    A standard error that cannot be written is let be: there is nowhere to say so.
    """
    codecs.register_error(READABLE, _instead)
    before = sys.stdout, sys.stderr
    for stream in before:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=READABLE)
    sys.stdout, sys.stderr = (cast(TextIO, _Told(stream)) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


class _Told:
    """A stream whose failures say that they are its own."""

    def __init__(self, stream: TextIO | None) -> None:
        self.stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        return self._tried(lambda: self.stream.write(text) if self.stream else len(text))

    def flush(self) -> None:
        self._tried(lambda: self.stream.flush() if self.stream else None)

    def _tried(self, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except OSError as error:
            _silence(self)
            if isinstance(sys.stderr, _Told) and sys.stderr is self:
                return 0
            if isinstance(error, BrokenPipeError):
                raise Gone from None
            raise Unwritable(f"standard output cannot be written: {error.strerror}") from None


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
