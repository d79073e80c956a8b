"""No code that an output brings runs in the reader's browser, over http and from the disk.

A small site is built with outputs of every kind that would act. On its page nothing may happen;
and each kind, put by hand into a finished page, is stopped by the policy of that page alone.
"""

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import small_site
from site_browser import Reader, Visit, reading

from lindiff_nb.run.serve import server
from lindiff_nb.site import policy

pytestmark = pytest.mark.browser
QUIET = 200  # milliseconds that a page is watched after it was loaded, and after it was clicked
KINDS = [kind for kind, (mime, _) in small_site.planted("").items() if mime == "text/html"]
STEERS = ["a refresh"]  # what a policy does not stop; it is not let into a page
FAVICON = "book/static/favicon.svg"
VIA = pytest.mark.parametrize("via", ["http", "file"])
PAGES = ["index.html", "search.html", "book/prose.html", "book/figures.html"]


@dataclass
class Elsewhere:
    """Another host, which notes what it is asked for."""

    address: str
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Elsewhere]:
    class Noting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            noted.asked.append(self.path)
            self.send_error(404)

        def log_message(self, *message: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Noting) as server:
        noted = Elsewhere(f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield noted
        server.shutdown()


@pytest.fixture(scope="module")
def outputs(elsewhere: Elsewhere) -> dict[str, tuple[str, Any]]:
    return small_site.planted(elsewhere.address)


@pytest.fixture(scope="module")
def reader(tmp_path_factory, outputs) -> Iterator[Reader]:
    figures = [
        ("image/svg+xml", small_site.FIGURE),
        small_site.moving("marchenko-pastur"),
    ]
    notebooks = {
        "figures": small_site.page("Figures", *figures),
        "planted": small_site.page("Planted", *outputs.values()),
    }
    with reading(small_site.build(tmp_path_factory.mktemp("small"), notebooks)) as reader:
        yield reader


def acts(
    reader: Reader, elsewhere: Elsewhere, page: str, via: str, patience: int = QUIET
) -> list[str]:
    """What happens on a page when it is loaded and everything on it that is bait is clicked.

    It is watched from then on for `patience` milliseconds, or until something happens.
    """
    tab = reader.browser.new_page()
    happened: list[str] = []
    tab.on("dialog", lambda dialog: (happened.append("a dialog"), dialog.dismiss()))
    elsewhere.asked.clear()
    address = reader.origin(via) + page

    def watched(milliseconds: int) -> bool:
        for _ in range(0, milliseconds, 20):
            tab.wait_for_timeout(20)
            if happened or elsewhere.asked or tab.url != address:
                return True
        return "planted" in tab.title()

    tab.goto(address, wait_until="load")
    if not watched(QUIET):
        tab.evaluate("() => document.querySelectorAll('.bait').forEach(bait => bait.click())")
        if watched(patience) and not happened and not elsewhere.asked:
            happened.append("the page went away, or has another title")
    tab.close()
    return happened + [f"elsewhere was asked for {path}" for path in elsewhere.asked]


@pytest.fixture
def baited(reader: Reader) -> Iterator[Callable[[str, str], str]]:
    """A page beside the others of this head and these outputs, nothing else."""
    made = reader.site / "book" / "baited.html"

    def bait(head: str, output: str) -> str:
        made.write_text(f"<!DOCTYPE html><html><head>{head}</head><body>{output}</body></html>")
        return f"book/{made.name}"

    yield bait
    made.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def stated(reader: Reader) -> str:
    """The policy as it stands in a finished page."""
    return policy.STATED.search((reader.site / "book" / "prose.html").read_text())[0]


@VIA
def test_nothing_that_outputs_plant_acts(reader, elsewhere, via):
    assert acts(reader, elsewhere, "book/planted.html", via) == []


@pytest.mark.parametrize("kind", KINDS)
def test_each_of_them_acts_where_there_is_no_policy(reader, elsewhere, outputs, baited, kind):
    assert acts(reader, elsewhere, baited("", outputs[kind][1]), "http", patience=10_000)


@VIA
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in STEERS])
def test_the_policy_of_a_finished_page_stops_it(
    reader, elsewhere, outputs, baited, stated, kind, via
):
    assert acts(reader, elsewhere, baited(stated, outputs[kind][1]), via) == []


@pytest.mark.parametrize("kind", STEERS)
def test_what_the_policy_cannot_stop_is_let_into_no_page(
    reader, elsewhere, outputs, baited, stated, kind
):
    output = outputs[kind][1]
    assert acts(reader, elsewhere, baited(stated, output), "http", patience=10_000)
    assert acts(reader, elsewhere, baited(stated, policy.defused(output)), "http") == []


def test_every_page_states_a_policy_before_anything_it_governs(reader):
    pages = {path.relative_to(reader.site).as_posix() for path in reader.site.rglob("*.html")}
    assert pages == {*PAGES, "book/planted.html"}
    for name in pages:
        page = (reader.site / name).read_text()
        head = page[: policy.STATED.search(page).start()]
        assert not re.search(r"<(script|link|style|body)\b", head)
        (stated,) = policy.STATED.findall(page)
        assert stated == policy.stated(page)
        rules = stated.split("; ")
        assert [policy.HASH.sub("", rule) for rule in rules] == list(policy.RULES)
        assert "unsafe-eval" not in page
        assert not any("unsafe-inline" in rule for rule in rules if not rule.startswith("style"))


@pytest.mark.parametrize("name", [*PAGES, "book/planted.html"])
def test_a_policy_names_the_scripts_of_its_own_page_and_no_other(reader, name):
    page = (reader.site / name).read_text()
    inside = [policy.hash_of(script) for script in policy.INLINE.findall(page)]
    named = policy.HASH.findall(policy.stated(page))
    assert sorted(named) == sorted(set(inside))
    assert len(named) == len(set(named))
    assert (name == "index.html") == (named == [])


@pytest.mark.parametrize("name", [*PAGES, "book/planted.html"])
def test_no_page_repeats_an_id(reader, name):
    page = (reader.site / name).read_text()
    ids = re.findall(r'<[a-z][^>]*\sid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    assert ids or name == "index.html"


@VIA
@pytest.mark.parametrize("name", PAGES[1:])
def test_the_policy_hinders_nothing_that_belongs_to_the_book(reader, name, via):
    with reader.open(name, via=via) as visit:
        handlers = visit.page.evaluate("""() => [...document.querySelectorAll('*')].filter(
          node => [...node.attributes].some(a => a.name.startsWith('on'))).map(n => n.outerHTML)""")
        assert handlers == []
        assert visit.complaints == []
        modes = []
        for _ in range(3):
            visit.page.locator(".theme-switch-button:visible").first.click()
            modes.append(visit.page.evaluate("document.documentElement.dataset.mode"))
        assert sorted(modes) == ["auto", "dark", "light"]
        visit.page.keyboard.press("Control+k")
        assert visit.page.evaluate("document.activeElement.type") == "search"
        assert visit.complaints == []


@VIA
def test_equations_proofs_and_solutions_open_and_the_page_prints(reader, via):
    with reader.open("book/prose.html", via=via) as visit:
        page = visit.page
        assert page.locator("mjx-container svg").count() == 2
        page.locator("details.sd-dropdown summary").click()
        assert page.get_by_text("Because.").is_visible()
        assert not page.get_by_text("Done again.").is_visible()
        page.locator(".solution.dropdown .toggle-button").last.click()
        assert page.get_by_text("Done again.").is_visible()
        page.evaluate("() => { window.print = () => { window.printed = true; }; }")
        page.locator("[data-action=print]").evaluate("button => button.click()")
        assert page.evaluate("window.printed")
        assert visit.complaints == []


@VIA
def test_the_search_box_finds_a_page_and_the_front_door_leads_to_the_first(reader, via):
    page = reader.browser.new_page()
    visit = Visit(page)
    visit.watch()
    page.goto(reader.origin(via) + "index.html")
    page.wait_for_url("**/book/prose.html")
    page.keyboard.press("Control+k")
    page.keyboard.type("claim")
    left = "failed: "  # what the front door still waited for as the reader went on
    assert [said for said in visit.complaints if not said.startswith(left)] == []
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=claim")
    page.locator("#search-results li a").first.wait_for()
    assert "prose.html" in page.locator("#search-results a").first.get_attribute("href")
    page.close()


def test_the_front_door_has_the_icon_of_the_book(reader):
    icon = re.search(r'<link rel="icon" href="([^"]*)"', (reader.site / "index.html").read_text())
    assert (reader.site / icon[1]).read_bytes() == (small_site.ROOT / FAVICON).read_bytes()


def test_only_a_page_with_a_live_figure_loads_its_script(reader):
    found = {name for name in PAGES if "live.js" in (reader.site / name).read_text()}
    assert found == {"book/figures.html"}


def test_the_same_policy_in_the_headers_of_the_local_server_hinders_nothing(reader):
    with server(reader.site, 0) as local:
        threading.Thread(target=local.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{local.server_port}/"
        there = Reader(reader.browser, reader.site, address)
        for name in PAGES[1:]:
            with there.open(name) as visit:
                assert visit.complaints == []
        local.shutdown()
