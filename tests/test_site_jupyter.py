"""A download beside the page it comes from: the same words, numbers and pictures, before a run."""

import html
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from socket import socket
from typing import Any
from urllib.request import urlopen

import nbformat
import pytest
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from site_browser import built_site, chromium

from lindiff_nb.run.chapters import find_book
from lindiff_nb.run.records import read_records

BOOK = find_book()
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")
MARKDOWN.use(dollarmath_plugin, double_inline=True)
TEXTS = re.compile(r"<(?:p|h\d|li|td|th)\b[^>]*>(.*?)</(?:p|h\d|li|td|th)>", re.S)
NOT_WORDS = re.compile(r'<a class="headerlink.*?</a>|<span class="section-number">.*?</span>', re.S)
MACROS = {"R": r"\mathbb{R}", "E": r"\mathbb{E}", "Tr": r"\operatorname{Tr}"}
MACROS["KL"] = r"\operatorname{KL}"
LINK = r'<a href="https://(?:doi|arxiv)[^>]*>[^<]*</a>'
CITED = [
    re.compile(r'<span class="bibtex-citation".*?\]</span>', re.S),
    re.compile(rf"\({LINK}(?:; {LINK})*\)|{LINK}"),
]
LARGEST = 2_000_000  # bytes

each_chapter = pytest.mark.parametrize("chapter", BOOK.chapters)


@pytest.fixture(scope="module")
def site() -> Path:
    return built_site()


@cache
def article(site: Path, chapter: str) -> str:
    page = (site / "book" / f"{chapter}.html").read_text(encoding="utf-8")
    return in_tex(page[page.index("<article") : page.index("</article")])


def in_tex(page: str) -> str:
    """The page with each formula as its TeX, which KaTeX keeps beside what it sets."""
    kept, depth = [], 0
    for part in re.split(r"(<span\b[^>]*>|</span>)", page):
        if depth or part == '<span class="katex">':
            depth += part.startswith("<span") - (part == "</span>")
            kept += re.findall(r"<annotation[^>]*>(.*?)</annotation>", part, re.S)
        else:
            kept.append(part)
    return "".join(kept)


def download(site: Path, chapter: str) -> Any:
    return nbformat.read(site / "_sources" / "book" / f"{chapter}.ipynb", as_version=4)


def prose(notebook: Any) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def words(text: str) -> str:
    """The words of some HTML, formulas in full, citations as a mark: a page has its own form."""
    text = NOT_WORDS.sub("", text)
    for cited in CITED:
        text = cited.sub("§", text)
    text = html.unescape(re.sub(r"<[^>]*>", "", re.sub("§(?:(?:,| and) §)+", "§", text)))
    text = text.translate(str.maketrans("“”‘’", "\"\"''")).replace("–", "--")
    for name, meaning in MACROS.items():
        text = re.sub(rf"\\{name}(?![A-Za-z])", lambda _, to=meaning: to, text)
    return re.sub(r"\\[()]|[\s$]", "", text)


@each_chapter
@pytest.mark.kernel
def test_every_sentence_and_number_is_that_of_the_page(site, chapter):
    """Paragraphs, headings, cells of tables, captions, and what the figures show."""
    page = article(site, chapter)
    theirs = {words(text) for text in TEXTS.findall(page)}
    theirs |= {words(alt) for alt in re.findall('alt="([^"]*)"', page)}
    ours = [words(t) for text in prose(download(site, chapter)) for t in TEXTS.findall(
        MARKDOWN.render(text))]  # fmt: skip
    assert len(ours) > 15
    assert [text for text in ours if text not in theirs] == []
    assert "…" not in "".join(ours)


@each_chapter
@pytest.mark.kernel
def test_equations_have_the_numbers_of_the_page(site, chapter):
    numbered = r'eqno">\((.*?)\)'
    ours = re.findall(r"\\tag\{(.*?)\}", "\n".join(prose(download(site, chapter))))
    assert ours == re.findall(numbered, article(site, chapter))
    assert len(ours) == BOOK.chapters[chapter].text.count("$$ (")


@each_chapter
@pytest.mark.kernel
def test_every_link_leads_to_a_place_of_the_site_that_is_called_so(site, chapter):
    """Where that place has a number; to a section it leads by its title or other words."""
    text = "\n".join(prose(download(site, chapter)))
    links = re.findall(r"\[([^][]*)\]\(([\w-]+)\.html#([\w-]+)\)", text)
    assert links
    for called, page, anchor in set(links):
        there = article(site, page)
        assert f'id="{anchor}"' in there, (page, anchor)
        if number := re.search(r"\d+(\.\d+)?", called if anchor[:3] != "ch-" else ""):
            place = there[there.index(f'id="{anchor}"') :]
            first = re.search(r'(?:eqno">\(|caption-number">\w+\.? )([\d.]+\d|\d)', place)
            assert first[1] == number[0], (called, page, anchor)


@each_chapter
@pytest.mark.kernel
def test_the_run_is_in_it_and_its_code_is_the_chapters(site, chapter):
    notebook = download(site, chapter)
    first, *code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert "import lindiff_nb" in first.source
    source = [cell for cell in BOOK.chapters[chapter].notebook.cells if cell.cell_type == "code"]
    assert [cell.source for cell in code] == [cell.source for cell in source]
    assert [cell.metadata for cell in code] == [cell.metadata for cell in source]
    assert read_records(notebook) == notebook.metadata["lindiff_nb"]["recorded"]


@each_chapter
@pytest.mark.kernel
def test_every_figure_is_there_in_pixels_and_in_words(site, chapter):
    """JupyterLab draws no SVG of a notebook that is not trusted."""
    path = site / "_sources" / "book" / f"{chapter}.ipynb"
    cells = [cell for cell in download(site, chapter).cells if figure_of(cell)]
    assert cells
    for cell in cells:
        drawn = [o for o in cell.outputs if "image/svg+xml" in o.get("data", {})]
        assert drawn, figure_of(cell)
        for output in drawn:
            assert output.data["image/png"]
            assert len(output.metadata["image/png"]["alt"]) > 20
    assert path.stat().st_size < LARGEST


def figure_of(cell: Any) -> str:
    """The name of the figure that a cell draws; empty if it draws none."""
    return cell.metadata.get("mystnb", {}).get("figure", {}).get("name", "")


# ---- in JupyterLab

SEEN = """() => {
  const all = query => [...document.querySelectorAll('.jp-Notebook ' + query)];
  const text = all('.jp-RenderedMarkdown').map(node => node.textContent).join(' ');
  return {
    pictures: all('.jp-OutputArea-output img').filter(node => node.naturalWidth > 100).length,
    formulas: all('mjx-container').length,
    errors: all('mjx-merror, [data-mjx-error]').map(node => node.outerHTML),
    raw: text.match(/\\$|\\{[a-z:]+\\}`|:::|\\\\[a-zA-Z]+/g) ?? [],
    open: all('details[open] > summary').map(node => node.textContent),
    closed: all('details:not([open]) > summary').map(node => node.textContent),
  };
}"""


@contextmanager
def jupyterlab(folder: Path, theme: str) -> Iterator[str]:
    """The address of a JupyterLab on a folder, with no settings but these and nothing trusted."""
    settings = {
        "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
        "@jupyterlab/apputils-extension:themes": {"theme": theme},
        "@jupyterlab/apputils-extension:notification": {"fetchNews": "false"},
    }
    write = folder / "settings" / "overrides.json"
    write.parent.mkdir()
    write.write_text(json.dumps(settings))
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    names = ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    clean = os.environ | {name: str(folder / "home" / name) for name in names}
    options = [f"--ServerApp.root_dir={folder}", f"--ServerApp.port={port}", "--no-browser"]
    options += ["--IdentityProvider.token=", "--ServerApp.port_retries=0", "--allow-root"]
    options += [f"--LabApp.app_settings_dir={write.parent}"]
    command = [sys.executable, "-m", "jupyterlab", *options]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, env=clean, stdout=log, stderr=log)
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(600):
            try:
                urlopen(f"{address}/api").close()
                break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait()


@pytest.mark.kernel
@pytest.mark.browser
@pytest.mark.parametrize(
    "theme", ["JupyterLab Light", pytest.param("JupyterLab Dark", marks=pytest.mark.slow)]
)
def test_jupyterlab_shows_it_whole_though_nobody_trusts_it_yet(site, tmp_path, theme):
    notebook = download(site, "marchenko-pastur")
    nbformat.write(notebook, tmp_path / "x.ipynb")
    figures = [cell for cell in notebook.cells if figure_of(cell)]
    with jupyterlab(tmp_path, theme) as address, chromium() as browser:
        page = browser.new_page(viewport={"width": 1300, "height": 900})
        page.goto(f"{address}/lab/tree/x.ipynb")
        page.wait_for_selector(".jp-Notebook .jp-OutputArea-output img", timeout=90_000)
        page.wait_for_function("() => document.querySelectorAll('mjx-container').length > 200")
        seen = page.evaluate(SEEN)
    assert seen["pictures"] == len(figures)
    assert (seen["errors"], seen["raw"]) == ([], [])
    assert any(re.match(r"Exercise \d+\.1\b", title) for title in seen["open"])
    assert not any("Solution" in title for title in seen["open"])
    assert any(re.match(r"Solution to Exercise \d+\.1\b", title) for title in seen["closed"])
