"""A real JupyterLab, started by `lindiff-nb lab`, in a real browser, and the book's picture of it.

python tests/jupyterlab_browser.py      draws book/static/jupyterlab.webp anew
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page
from site_browser import ROOT, chromium

ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/\S+")
SECONDS = 240  # that anything may take, on a busy machine
OPEN = """() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status
  == 'idle' && !!document.querySelector('.jp-NotebookPanel')"""
RUN = "() => jupyterapp.commands.execute('notebook:run-all-cells').then(() => {})"
SAVE = "() => jupyterapp.commands.execute('docmanager:save').then(() => {})"
SAVED = "() => !jupyterapp.shell.currentWidget.context.model.dirty"
ENDED = """() => {
  const cells = [...jupyterapp.shell.currentWidget.content.model.cells];
  const code = cells.filter(cell => cell.type == 'code');
  const said = code.flatMap(cell => cell.outputs.toJSON());
  return code.every(cell => cell.executionCount) || said.some(one => one.output_type == 'error');
}"""


def copy_of_the_book(folder: Path) -> Path:
    """The folder of pages of a copy of this checkout."""
    shutil.copytree(ROOT / "book", folder / "book", ignore=shutil.ignore_patterns(".*"))
    for name in ("_toc.yml", "_config.yml", "jupytext.toml"):
        shutil.copy(ROOT / name, folder)
    return folder / "book"


def home(folder: Path, *configuration: str, theme: str = "Light") -> Path:
    """The home of a user with this configuration of Jupyter's server, and a theme."""
    jupyter = folder / ".jupyter"
    settings = {
        "apputils-extension/themes": {"theme": f"JupyterLab {theme}"},
        "notebook-extension/tracker": {"windowingMode": "none"},  # every cell is drawn
    }
    for name, values in settings.items():
        path = jupyter / "lab" / "user-settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(values))
    (jupyter / "jupyter_lab_config.py").write_text("c.LabApp.expose_app_in_browser = True")
    (jupyter / "jupyter_server_config.py").write_text("\n".join(configuration))
    return folder


@contextmanager
def started(*arguments: str, book: Path, home: Path) -> Iterator[str]:
    """The address that `lindiff-nb lab` prints, while it runs, for this book and user."""
    command = [sys.executable, "-m", "lindiff_nb", "lab", "--no-browser", *arguments]
    ours = {"LINDIFF_BOOK": str(book), "HOME": str(home), "PYTHONPATH": str(ROOT)}
    kept = {name: value for name, value in os.environ.items() if "JUPYTER" not in name}
    pipes: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=home, env=kept | ours, text=True, **pipes) as process:
        said: list[str] = []
        while not (address := ADDRESS.search("".join(said[-1:]))):
            said.append(process.stderr.readline())
            assert said[-1], "".join(said)
        try:
            yield address[0]
        finally:
            _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    """Jupyter's server may miss a signal that comes while it is at work: it is asked again."""
    for end in (process.terminate, process.terminate, process.kill):
        end()
        try:
            process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            continue
        return


@contextmanager
def opened(browser: Browser, address: str) -> Iterator[Page]:
    """JupyterLab at an address, once a notebook is open and its kernel waits."""
    page = browser.new_page(viewport={"width": 1360, "height": 900})
    page.set_default_timeout(1000 * SECONDS)
    page.goto(address)
    page.wait_for_function(OPEN)
    yield page
    page.close()


def run_all(page: Page) -> None:
    """Run every cell of the notebook, to its end or an error."""
    page.evaluate(RUN)
    page.wait_for_function(ENDED)


def save(page: Page) -> None:
    """Save the notebook, and wait until it is saved: another saving may be on its way."""
    page.evaluate(SAVE)
    page.wait_for_function(SAVED)


def picture(path: Path) -> None:
    """What a reader sees: a chapter that was opened by the command and run."""
    import tempfile

    from PIL import Image

    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        user = home(Path(folder) / "home")
        lab = started("marchenko-pastur", "--read", book=ROOT / "book", home=user)
        with lab as address, opened(browser, address) as page:
            page.set_viewport_size({"width": 1100, "height": 760})
            drawn = page.locator(".jp-OutputArea-output img").nth(1)
            drawn.evaluate("node => node.scrollIntoView({block: 'center'})")
            page.screenshot(path=f"{folder}/shot.png")
        Image.open(f"{folder}/shot.png").save(path, quality=80)


if __name__ == "__main__":
    picture(ROOT / "book" / "static" / "jupyterlab.webp")
