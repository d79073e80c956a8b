"""Standard output and error: letters that a terminal lacks, pipes that close, disks that are full.

A letter that the encoding of a stream does not have is written as near as ASCII comes to it, so
that a dash in a title stops no command. A reader who has seen enough and closes the pipe is no
error. Any other failure to write names the stream.
"""

import codecs
import os
import sys
import unicodedata
from typing import TextIO

READABLE = "lindiff-readable"  # the name of the error handler
ASCII = {
    0x2010: "-", 0x2011: "-", 0x2012: "-", 0x2013: "-", 0x2014: "-", 0x2212: "-",
    0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"', 0x00D7: "x", 0x00B1: "+-",
    0x2026: "...", 0x2190: "<-", 0x2192: "->", 0x00DF: "ss",
}  # fmt: skip


class Unwritable(OSError):
    """Standard output or error cannot be written to."""


def readable() -> None:
    """Let standard output and error take any letter."""
    codecs.register_error(READABLE, _instead)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors=READABLE)


def _instead(error: UnicodeError) -> tuple[str, int]:
    """The nearest ASCII to what cannot be encoded."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    return "".join(map(_ascii, letters)), error.end


def _ascii(letter: str) -> str:
    if ord(letter) in ASCII:
        return ASCII[ord(letter)]
    plain = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    return plain or letter.encode("ascii", "backslashreplace").decode()


def finish() -> None:
    """Write what is still held back. BrokenPipeError where the reader has gone, else Unwritable."""
    for stream, name in ((sys.stdout, "standard output"), (sys.stderr, "standard error")):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except BrokenPipeError:
            _silence(stream)
            raise
        except OSError as error:
            _silence(stream)
            raise Unwritable(f"{name} cannot be written: {error.strerror}") from None


def _silence(stream: TextIO) -> None:
    """Let a stream that cannot be written to drop what it holds, also when Python ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
