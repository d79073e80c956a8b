"""Show the website of _build/html at a local address."""

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from lindiff_nb.run.errors import RunFailed, UsageError

HOST = "127.0.0.1"
PORT = 8000  # if it is free; else any that is


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without a line for each."""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def server(html: Path, port: int | None = None) -> ThreadingHTTPServer:
    """A server for the site in this folder, at this port or a free one; not started yet."""
    if not (html / "index.html").is_file():
        raise RunFailed(f"no website stands in {html}: run lindiff-nb build first")
    handler = partial(Quiet, directory=str(html))
    for choice in (PORT, 0) if port is None else (port,):
        try:
            return ThreadingHTTPServer((HOST, choice), handler)
        except (OSError, OverflowError):
            continue
    raise UsageError(f"port {port} of {HOST} cannot be used")
