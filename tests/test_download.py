"""What a reader takes home: the executed notebook of a page, and the package beside it."""

import json
import os
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import nbformat
import pytest
from site_browser import CHAPTERS, ROOT, TOC, built_site

from lindiff_nb.site.package import FOLDER, WHEEL

pytestmark = pytest.mark.kernel


@pytest.fixture(scope="module")
def site() -> Path:
    return built_site()


def downloads(site: Path) -> list[Path]:
    pages = [site / "_sources" / f"{name}.ipynb" for name in [TOC["root"], *CHAPTERS]]
    return [page for page in pages if page.exists()]


def test_the_notebooks_hold_no_path_of_the_machine_that_ran_them(site):
    assert len(downloads(site)) >= 4
    for notebook in downloads(site):
        text = notebook.read_text()
        for private in (str(Path.home()), str(ROOT), sys.prefix):
            assert private not in text, (notebook.name, private)


def test_every_executed_page_leads_to_the_package(site):
    for notebook in downloads(site):
        page = site / "book" / f"{notebook.stem}.html"
        assert f'href="../{FOLDER}/{WHEEL}"' in page.read_text()
    assert (site / FOLDER / WHEEL).is_file()


@pytest.fixture(scope="module")
def stranger(site, tmp_path_factory) -> Path:
    """A new environment of nothing but `pip install 'WHEEL[all]'`, at the versions of the lock."""
    place = tmp_path_factory.mktemp("stranger")
    venv.create(place, with_pip=True)
    wheel = f"{site / FOLDER / WHEEL}[all]"
    pip = [place / "bin" / "pip", "install", "--quiet", "--no-cache-dir"]
    subprocess.run([*pip, "--constraint", ROOT / "requirements.lock", wheel], check=True)
    return place


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize("chapter", ["intro", "regularising"])
def test_a_notebook_runs_where_nothing_but_the_package_was_installed(
    site, stranger, tmp_path, chapter
):
    """One that needs no torch and one that does; as Colab and Binder run them."""
    source = site / "_sources" / "book" / f"{chapter}.ipynb"
    hidden = {"PYTHONPATH", "VIRTUAL_ENV", "JUPYTER_PATH"}
    bare = {name: value for name, value in os.environ.items() if name not in hidden}
    papermill = [stranger / "bin" / "python", "-m", "papermill", "--no-progress-bar"]
    command = [*papermill, "--kernel", "python3", source, tmp_path / "out.ipynb"]
    subprocess.run(command, cwd=tmp_path, env=bare, check=True)
    cells = nbformat.read(tmp_path / "out.ipynb", as_version=4).cells
    assert "lindiff_nb" in cells[0].source
    assert all(cell.execution_count for cell in cells if cell.cell_type == "code" and cell.source)


def test_a_downloaded_notebook_needs_only_the_package(site, tmp_path):
    """Installed from the site's wheel into an empty folder, run from another."""
    library = tmp_path / "library"
    wheel = str(site / FOLDER / WHEEL)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", str(library), wheel], check=True, capture_output=True)

    source = site / "_sources" / f"{TOC['root']}.ipynb"
    notebook = nbformat.read(source, as_version=4)
    where = nbformat.v4.new_code_cell("import lindiff_nb\nprint(lindiff_nb.__file__)")
    notebook.cells.append(where)
    nbformat.write(notebook, tmp_path / "mine.ipynb")

    run = [sys.executable, "-m", "papermill", "mine.ipynb", "out.ipynb", "--no-progress-bar"]
    run += ["-k", "python3", "-p", "draws", "3", "-p", "steps", "100"]
    alone = os.environ | {"PYTHONPATH": str(library), "MPLBACKEND": "agg", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(run, cwd=tmp_path, env=alone, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    out = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert str(library) in out.cells[-1].outputs[0]["text"]


@contextmanager
def jupyter_server() -> Iterator[str]:
    """The address of a Jupyter server on the checkout, with the extensions that are installed."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = [f"--ServerApp.root_dir={ROOT}", f"--ServerApp.port={port}", "--no-browser"]
    options += ["--IdentityProvider.token=", "--ServerApp.port_retries=0", "--allow-root"]
    command = [sys.executable, "-m", "jupyter_server", *options]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=30)


def ask(address: str, patience: float = 60) -> Any:
    """The answer of a server that may still be starting."""
    end = time.monotonic() + patience
    while True:
        try:
            with urlopen(address, timeout=30) as answer:
                return json.load(answer)
        except URLError as refused:
            if isinstance(refused, HTTPError) or time.monotonic() > end:
                raise
            time.sleep(0.2)


def test_jupyter_opens_each_chapter_as_a_notebook(site):
    with jupyter_server() as address:
        for notebook in downloads(site):
            model = ask(f"{address}/api/contents/book/{notebook.stem}.md?type=notebook&content=1")
            kinds = [cell["cell_type"] for cell in model["content"]["cells"]]
            assert kinds.count("code") > 5
            assert model["content"]["metadata"]["kernelspec"]["name"] == "python3"
