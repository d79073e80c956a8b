"""A real browser on the built site: what test_site.py and test_live_figure.py share.

The site is the one in _build/html, brought up to date first; LINDIFF_SITE names another. Without
a browser these tests are skipped, unless LINDIFF_REQUIRE_BROWSER is set: then they fail.
"""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text())
CHAPTERS = [page["file"] for part in TOC["parts"] for page in part["chapters"]]
PAGES = [*(f"{name}.html" for name in [TOC["root"], *CHAPTERS]), "search.html"]

ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-sync", "--no-first-run"),
    *("--disable-component-update", "--disable-background-networking"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # nothing gets out
]
READY = """async () => {
  for (const figure of document.querySelectorAll('.live')) {
    figure.scrollIntoView();
    while (!figure.dataset.kind) await new Promise(later => setTimeout(later, 20));
  }
  if (!location.hash) scrollTo(0, 0);
}"""


def built_site() -> Path:
    """The folder of the site, brought up to date; one process at a time."""
    if "LINDIFF_SITE" in os.environ:
        return Path(os.environ["LINDIFF_SITE"])
    import fcntl

    (ROOT / "_build").mkdir(exist_ok=True)
    with (ROOT / "_build" / "test-site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        build = [sys.executable, "-m", "lindiff_nb", "build"]
        done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return ROOT / "_build" / "html"


@contextmanager
def chromium() -> Iterator[Browser]:
    """A Chromium: LINDIFF_CHROMIUM, the system's, or the one that Playwright installed."""
    with sync_playwright() as playwright:
        names = ("chromium", "chromium-browser", "google-chrome", "chrome")
        found = [os.environ.get("LINDIFF_CHROMIUM"), *map(shutil.which, names)]
        path = next(filter(None, found), playwright.chromium.executable_path)
        if not Path(path).exists():
            required = "LINDIFF_REQUIRE_BROWSER" in os.environ
            (pytest.fail if required else pytest.skip)("no Chromium found (LINDIFF_CHROMIUM)")
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


class SubPath(SimpleHTTPRequestHandler):
    """The site under /some/book/ and nothing else, as on a host that it shares with others."""

    def translate_path(self, path: str) -> str:
        return super().translate_path(path.removeprefix("/some/book"))

    def log_message(self, *message: Any) -> None:
        pass


class QuietServer(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that closes a connection is no error of the site."""


@contextmanager
def served(site: Path) -> Iterator[str]:
    """The address of the site over http, under a sub-path."""
    with QuietServer(("127.0.0.1", 0), partial(SubPath, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/some/book/"
        server.shutdown()


@dataclass
class Visit:
    """A page that was opened: what the browser complained about, and what it asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("pageerror", lambda error: self.complaints.append(f"exception: {error}"))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", self.note_message)
        self.page.on("response", self.note_response)
        self.page.on("requestfailed", lambda r: self.complaints.append(f"failed: {r.url}"))

    def note_message(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def note_response(self, response: Any) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status}: {response.url}")


@dataclass
class Reader:
    """Opens pages of the site over http or from the folder; one context per kind of screen."""

    browser: Browser
    site: Path
    address: str
    contexts: dict[tuple[str, int], Any] = field(default_factory=dict)

    def origin(self, via: str) -> str:
        return self.address if via == "http" else self.site.as_uri() + "/"

    @contextmanager
    def open(
        self, page: str, *, scheme: str = "light", width: int = 1360, via: str = "http"
    ) -> Iterator[Visit]:
        """The page, loaded, its live figures drawn."""
        if (scheme, width) not in self.contexts:
            screen = {"width": width, "height": 900 if width > 600 else 844}
            context = self.browser.new_context(color_scheme=scheme, viewport=screen)
            self.contexts[scheme, width] = context
        visit = Visit(self.contexts[scheme, width].new_page())
        visit.watch()
        visit.page.goto(self.origin(via) + page, wait_until="load")
        visit.page.evaluate(READY)
        yield visit
        visit.page.close()


@contextmanager
def reading(site: Path | None = None) -> Iterator[Reader]:
    """A browser with a site before it: this one, or the book's."""
    with chromium() as browser:
        site = site or built_site()
        with served(site) as address:
            yield Reader(browser, site, address)


def violations(page: Any) -> list[str]:
    """Serious and critical violations of WCAG and best practice, of a page as it is.

    Without its preload, which asks for style sheets at addresses of its own making.
    """
    options = {"resultTypes": ["violations"], "preload": False}
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]
