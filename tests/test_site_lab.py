"""Chapters in JupyterLab as a user meets them: opened by the command, run, saved."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyterlab_browser import copy_of_the_book, home, opened, run_all, save, started
from playwright.sync_api import Browser
from site_browser import chromium

pytestmark = [pytest.mark.browser, pytest.mark.kernel]

SHOWN = """() => {
  const cells = [...jupyterapp.shell.currentWidget.content.model.cells];
  const outputs = cells.filter(c => c.type == 'code').flatMap(c => c.outputs.toJSON());
  const drawn = output => Object.keys(output.data ?? {}).some(
    kind => kind.startsWith('image/'));
  const pictures = [...document.querySelectorAll(
    '.jp-OutputArea-output img, [data-mime-type="image/svg+xml"] svg')];
  return {
    errors: outputs.filter(o => o.output_type == 'error' || o.name == 'stderr'),
    figures: outputs.filter(drawn).length,
    pictures: pictures.filter(p => p.getBoundingClientRect().width > 100).length,
    light: document.body.dataset.jpThemeLight,
    background: getComputedStyle(document.querySelector('.jp-Notebook')).backgroundColor,
  };
}"""

TWO = "() => document.querySelectorAll('.jp-NotebookPanel').length == 2"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def book(tmp_path) -> Path:
    """The pages of a copy of the checkout, in a path that is no easy one."""
    return copy_of_the_book(tmp_path / "Mein Ördner #1 100%" / ".versteckt")


def files(folder: Path, *aside: str) -> dict[Path, bytes]:
    """What the files of a folder hold, but those in folders of these names."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path: path.read_bytes() for path in paths if not set(aside) & set(path.parts)}


@pytest.mark.parametrize(
    ("chapter", "theme"),
    [pytest.param("marchenko-pastur", "Dark", marks=pytest.mark.slow), ("intro", "Light")],
)
def test_a_chapter_opens_as_a_notebook_runs_shows_its_figures_and_is_saved_unchanged(
    browser, book, tmp_path, chapter, theme
):
    before, written = files(book), (book / f"{chapter}.md").stat().st_mtime_ns
    user = home(tmp_path / "home", theme=theme)
    with started(chapter, book=book, home=user) as address, opened(browser, address) as page:
        run_all(page)
        shown = page.evaluate(SHOWN)
        save(page)
    assert shown["errors"] == []
    assert shown["pictures"] == shown["figures"] > 0
    assert shown["light"] == str(theme == "Light").lower()
    assert ("255, 255, 255" in shown["background"]) == (theme == "Light")
    assert (book / f"{chapter}.md").stat().st_mtime_ns > written
    assert files(book, ".ipynb_checkpoints") == before


def test_whatever_is_configured_the_chapter_opens_and_no_file_of_the_user_changes(
    browser, book, tmp_path
):
    """Another root folder, a taken port with no other to try; and a double click does the same."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        user = home(
            tmp_path / "home",
            f"c.ServerApp.root_dir = c.FileContentsManager.root_dir = {str(elsewhere)!r}",
            f"c.ServerApp.preferred_dir = c.FileContentsManager.preferred_dir = {str(elsewhere)!r}",
            f"c.ServerApp.port = {port}",
            "c.ServerApp.port_retries = 0",
            "c.ServerApp.open_browser = True",
        )
        workspace = user / ".jupyter" / "lab" / "workspaces" / "default-37a8.jupyterlab-workspace"
        workspace.parent.mkdir()
        workspace.write_text('{"data": {}, "metadata": {"id": "default"}}')
        before = files(user / ".jupyter")
        with started("intro", book=book, home=user) as address, opened(browser, address) as page:
            assert f":{port}/" not in address
            page.locator('.jp-DirListing-item[title^="Name: calculator.md"]').dblclick()
            page.wait_for_function(
                "() => document.querySelectorAll('.jp-NotebookPanel').length == 2"
            )
            page.wait_for_timeout(2000)  # JupyterLab saves its workspace a while after a change
    kept = files(user / ".jupyter")
    assert {path: kept[path] for path in before} == before
    assert {path.name for path in set(kept) - set(before)} <= {"migrated"}
