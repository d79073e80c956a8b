"""Show the website of _build/html at a local address, to this machine and nothing else.

Only what lies in the folder is served, each file under the policy that its page states, and only
to who asks for a name of this machine: a page from elsewhere that had its own name point here
would ask under that name.
"""

import sys
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lindiff_nb._base.errors import RunFailed, UsageError
from lindiff_nb.site import policy

HOST = "127.0.0.1"
PORT = 8000  # if it is free; else any that is
NAMES = (HOST, "localhost", "::1")


class Server(ThreadingHTTPServer):
    """Has room for a class of readers who come at once, and no words for one who goes away."""

    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell what went wrong here; a reader who hangs up did nothing wrong."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Pages(SimpleHTTPRequestHandler):
    """Serves the files of a folder without a line for each."""

    timeout = 60  # seconds that a reader may say nothing
    policy = policy.policy()

    def send_head(self) -> Any:
        """The file that is asked for, opened; None where the request is refused."""
        if not _of_this_machine(self.headers.get("Host", "")):
            return self.send_error(HTTPStatus.MISDIRECTED_REQUEST, "not a name of this machine")
        path = _inside(Path(self.directory), self.translate_path(self.path))
        if path is None:
            return self.send_error(HTTPStatus.NOT_FOUND)
        if path.suffix == ".html":
            self.policy = policy.stated(path.read_text(encoding="utf-8", errors="replace"))
        return super().send_head()

    def end_headers(self) -> None:
        """Everything under its policy, and as what it is said to be."""
        self.send_header("Content-Security-Policy", self.policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def _of_this_machine(host: str) -> bool:
    """Whether the name in a Host header, whatever its port, stands for this machine alone."""
    try:
        return urlsplit(f"//{host}").hostname in NAMES
    except ValueError:
        return False


def _inside(folder: Path, name: str) -> Path | None:
    """The file that a name leads to, for a folder its index; None if it is none or outside."""
    try:
        path = Path(name).resolve()
        path = path / "index.html" if path.is_dir() else path
        path = path.resolve()
        return path if path.is_relative_to(folder.resolve()) and path.is_file() else None
    except (OSError, RuntimeError, ValueError):  # a name no file can have, links in a circle
        return None


def server(html: Path, port: int | None = None) -> Server:
    """A server for the site in this folder, at this port or a free one; not started yet."""
    if not (html / "index.html").is_file():
        raise RunFailed(f"no website stands in {html}: run lindiff-nb build first")
    handler = partial(Pages, directory=str(html))
    for choice in (PORT, 0) if port is None else (port,):
        try:
            return Server((HOST, choice), handler)
        except (OSError, OverflowError):
            continue
    raise UsageError(f"port {port} of {HOST} cannot be used")
