"""Sitemap, feed, card and the buttons to Colab and Binder: only from the addresses we are told."""

import base64
import io
import re
import subprocess
from xml.etree import ElementTree

import nbformat
import pytest
import small_site
import yaml
from PIL import Image
from print_book import book
from site_browser import reading

from lindiff_nb.site import doors

REPOSITORY, SITE = "https://github.com/us/the-book", "https://example.org/the/book"
TOLD = ("LINDIFF_REPOSITORY_URL", "LINDIFF_REPOSITORY_BRANCH", doors.SITE)
FILES = (doors.SITEMAP, doors.FEED, doors.CARD)
CHANGES = (
    "# Changes\n\n* One is < two.\n* Two is {ref}`new <here>`.\n\n(here)=\n## More\n\n* Three."
)


def made(tmp_path_factory, told: dict[str, str]):
    """A site of the prose page, a page of changes and a notebook whose picture is told of."""
    with pytest.MonkeyPatch.context() as patch:
        for name in TOLD:
            patch.delenv(name, raising=False)
        for name, value in told.items():
            patch.setenv(name, value)
        changes = small_site.page("Changes")
        changes.cells[0].source = CHANGES
        notebooks = {"chapter": small_site.page("A chapter"), "changes": changes}
        return small_site.build(tmp_path_factory.mktemp("doors"), notebooks)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    return made(tmp_path_factory, {"LINDIFF_REPOSITORY_URL": REPOSITORY, doors.SITE: SITE + "/"})


@pytest.fixture(scope="module")
def untold(tmp_path_factory):
    return made(tmp_path_factory, {})


def links(page: str) -> list[str]:
    return re.findall(r'href="([^"]*)"', page)


@pytest.mark.long
def test_colab_and_binder_open_the_notebook_of_the_page_from_the_branch_of_a_release(told):
    found = links((told / "book" / "chapter.html").read_text())
    path = "book/chapter.ipynb"
    assert f"https://colab.research.google.com/github/us/the-book/blob/notebooks/{path}" in found
    assert f"https://mybinder.org/v2/gh/us/the-book/notebooks?urlpath=lab/tree/{path}" in found
    prose = " ".join(links((told / "book" / "prose.html").read_text()))
    assert not re.search("colab|binder", prose)


def test_each_page_has_one_address_and_a_card(told):
    for name in ("prose", "chapter", "changes"):
        page = (told / "book" / f"{name}.html").read_text()
        assert re.findall(r'<link rel="canonical" href="([^"]*)"', page) == [
            f"{SITE}/book/{name}.html"
        ]
        assert f'property="og:url" content="{SITE}/book/{name}.html"' in page
        assert f'property="og:image" content="{SITE}/_static/card.png"' in page
        assert (
            f'type="application/atom+xml" title="Linear Diffusion Models" href="{SITE}/feed.xml"'
            in page
        )


def test_the_sitemap_lists_the_pages_and_nothing_else(told):
    tree = ElementTree.parse(told / doors.SITEMAP)
    found = [place.text for place in tree.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    assert found == [f"{SITE}/book/{name}.html" for name in ("changes", "chapter", "prose")]


def test_the_feed_has_every_change_once_and_leads_to_its_page(told):
    atom = "{http://www.w3.org/2005/Atom}"
    tree = ElementTree.parse(told / doors.FEED)
    entries = tree.findall(f"{atom}entry")
    assert [e.findtext(f"{atom}summary") for e in entries] == [
        "One is < two.",
        "Two is new.",
        "Three.",
    ]
    names = [e.findtext(f"{atom}id") for e in entries]
    assert len(set(names)) == 3
    for entry in (tree.getroot(), *entries):
        assert re.match(r"\d{4}-\d\d-\d\dT", entry.findtext(f"{atom}updated"))
        assert entry.findtext(f"{atom}title")
    assert {e.find(f"{atom}link").get("href") for e in entries} == {f"{SITE}/book/changes.html"}


@pytest.mark.long
def test_without_addresses_there_is_no_button_and_no_file_that_needs_one(untold):
    assert not any((untold / name).exists() for name in FILES)
    for path in untold.glob("book/*.html"):
        page = path.read_text()
        assert not re.search(r"canonical|og:url|og:image|atom|twitter", page), path
        assert not re.search(r"mybinder|colab\.|/issues", page), path


def test_a_link_shows_the_first_picture_of_the_first_page(tmp_path):
    picture = io.BytesIO()
    Image.new("RGB", (64, 36), "#0072b2").save(picture, format="png")
    shown = ("image/png", base64.b64encode(picture.getvalue()).decode())
    path = tmp_path / "intro.ipynb"
    nbformat.write(small_site.page("Intro", ("text/plain", "1"), shown), path)
    card = Image.open(io.BytesIO(doors.card(path)))
    assert card.size == (1200, 630)
    assert card.getpixel((600, 315)) == (0, 114, 178)
    assert card.getpixel((0, 0)) == (255, 255, 255)
    nbformat.write(small_site.page("Intro", ("text/plain", "1")), path)
    assert doors.card(path) is None
    assert doors.card(tmp_path / "prose.md") is None


def workflow(name: str) -> dict:
    path = small_site.ROOT / ".github" / "workflows" / name
    return yaml.safe_load(path.read_text())


def test_a_release_publishes_without_a_secret_and_writes_only_where_it_must():
    jobs = workflow("release.yml")["jobs"]
    assert jobs["index"]["permissions"] == {"id-token": "write"}
    assert jobs["repository"]["permissions"] == {"contents": "write"}
    assert "permissions" not in jobs["build"]
    assert "secrets." not in (small_site.ROOT / ".github" / "workflows" / "release.yml").read_text()


def test_the_branch_of_notebooks_holds_what_binder_and_colab_open(tmp_path):
    """The script of the release on a site of two chapters: notebooks, and what installs them."""
    site = tmp_path / "html"
    (site / "_sources" / "book").mkdir(parents=True)
    (site / "_static" / "package").mkdir(parents=True)
    for name in ("a", "b"):
        nbformat.write(small_site.page(name), site / "_sources" / "book" / f"{name}.ipynb")
    (site / "_static" / "package" / "lindiff_nb-1.2-py3-none-any.whl").touch()
    target = tmp_path / "branch"
    script = small_site.ROOT / ".ci" / "notebooks"
    subprocess.run([script, site, target], check=True, capture_output=True)
    assert sorted(path.name for path in (target / "book").iterdir()) == ["a.ipynb", "b.ipynb"]
    wheel = "./lindiff_nb-1.2-py3-none-any.whl[all]"
    lines = (target / "requirements.txt").read_text().splitlines()
    assert lines == ["--constraint requirements.lock", wheel]
    assert (target / "requirements.lock").read_bytes() == (
        small_site.ROOT / "requirements.lock"
    ).read_bytes()
    assert (target / "runtime.txt").read_text() == "python-3.11\n"
    assert (target / "lindiff_nb-1.2-py3-none-any.whl").exists()


@pytest.mark.browser
@pytest.mark.parametrize("site", ["", SITE])
def test_the_printed_book_has_its_pages_and_leads_to_no_machine(told, tmp_path, monkeypatch, site):
    monkeypatch.setenv(doors.SITE, site)
    with reading(told) as reader:
        book(reader, tmp_path / "book.pdf", ["book/changes", "book/prose"])
    printed = (tmp_path / "book.pdf").read_bytes()
    assert printed.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b", printed)) >= 2
    assert b"/Outlines" in printed
    assert b"/Dest" in printed  # of the link from a change to its heading
    assert b"127.0.0.1" not in printed
