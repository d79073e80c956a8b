"""The site as a reader meets it: every page, in Chromium, wide and narrow, light and dark."""

import gzip
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from site_browser import PAGES, ROOT, Reader, reading, violations

from lindiff_nb.figures.palette import DARK_PAGE, WHITE, contrast, for_dark
from lindiff_nb.site import policy
from lindiff_nb.site.dark import COLOUR, redraw

pytestmark = pytest.mark.browser

# Everything that is asked of a loaded page, in one go.
PROBE = r"""async () => {
  for (const image of document.images) image.loading = 'eager';
  await Promise.all([...document.images].map(image => image.decode().catch(() => 0)));
  const article = document.querySelector('article') ?? document.body;
  const shown = node => node.checkVisibility();
  const all = query => [...document.querySelectorAll(query)];
  const walker = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
  const raw = [];
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node.parentElement.closest('code, pre, script, style, noscript, .katex')) continue;
    if (/\$|\\[([a-zA-Z]/.test(node.data)) raw.push(node.data);
  }
  return {
    overflow: document.documentElement.scrollWidth - innerWidth,
    background: getComputedStyle(document.body).backgroundColor,
    raw, title: document.title,
    unrendered: all('.math').filter(node => node.querySelectorAll('.katex').length != 1
      || !node.querySelector('.katex-mathml > math')
      || !node.querySelector('.katex-html').textContent).map(node => node.textContent),
    iconless: all('[class*="fa-"]').filter(node =>
      getComputedStyle(node, '::before').content == 'none').map(node => node.outerHTML),
    handlers: all('*').filter(node => [...node.attributes].some(a => a.name.startsWith('on')))
      .map(node => node.outerHTML),
    images: all('article img').map(node => ({
      alt: node.alt, source: node.src, shown: shown(node), loaded: node.naturalWidth > 0,
      kind: ['only-light', 'only-dark'].find(name => node.classList.contains(name)),
      moved: !!node.closest('.moves'),
      framed: !!node.closest('figure') || !node.closest('.cell_output')})),
    figures: all('article figure').map(node => ({
      id: node.id, caption: node.querySelector('figcaption .caption-text')?.innerText ?? '',
      live: !!node.querySelector('.live'), image: !!node.querySelector('img')})),
    unframed: all('.live').filter(node => !node.closest('figure')).length,
  };
}"""
# How far what is seen moved while the page came, as browsers score it.
MOVED = """() => new Promise(done => {
  let moved = 0;
  const add = list => list.getEntries().forEach(entry => { moved += entry.value; });
  new PerformanceObserver(add).observe({type: 'layout-shift', buffered: true});
  setTimeout(() => done(moved), 50);
})"""
# What would take most of axe's time: KaTeX's own markup, and all but one code token of a kind.
THIN = """() => {
  document.querySelectorAll('.katex').forEach(equation => equation.remove());
  const seen = new Set();
  for (const token of document.querySelectorAll('pre span[class]'))
    seen.has(token.className) ? token.replaceWith(token.textContent) : seen.add(token.className);
}"""
# A while after its size changed, the page makes all that scrolls reachable by keyboard.
SETTLED = """() => [...document.querySelectorAll('pre')].every(
  node => node.scrollWidth <= node.clientWidth || node.tabIndex >= 0)"""
SCREENS = [(scheme, width) for scheme in ("light", "dark") for width in (1360, 390)]
AXE = [("light", 1360), ("dark", 390)]  # each the last of its scheme
VIA = {"light": "http", "dark": "file"}
SENTENCE = re.compile(r"^[A-Z][^/]*\s.*\.$", re.S)
every_page = pytest.mark.parametrize("page", PAGES)


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with reading() as reader:
        yield reader


@pytest.fixture(scope="module")
def probes(reader: Reader) -> dict[tuple[str, str, int], dict[str, Any]]:
    """What each page is like on each screen, and on paper; loaded once per scheme, then turned.

    Light it comes from a host, dark from the folder.
    """
    found = {}
    for page, scheme in itertools.product(PAGES, ("light", "dark")):
        with reader.open(page, scheme=scheme, via=VIA[scheme]) as visit:
            arrival = {"moved": visit.page.evaluate(MOVED), "came": set(visit.requests)}
            for width in (390, 1360) if scheme == "light" else (1360, 390):
                visit.page.set_viewport_size({"width": width, "height": 850})
                visit.page.wait_for_function(SETTLED)
                probe = visit.page.evaluate(PROBE)
                if (scheme, width) == ("dark", 1360):
                    found[page, "paper", width] = printed(visit.page)
                    visit.page.emulate_media(media="screen", color_scheme="light")
                    found[page, "folder", width] = visit.page.evaluate(PROBE)
                    visit.page.emulate_media(color_scheme="dark")
                found[page, scheme, width] = (
                    probe
                    | arrival
                    | {
                        "complaints": list(visit.complaints),
                        "requests": list(visit.requests),
                        "axe": axe(visit.page) if (scheme, width) in AXE else [],
                    }
                )
    return found


def printed(page: Any) -> dict[str, Any]:
    """What a page is like on paper, and what is closed there, or stays open afterwards."""
    page.emulate_media(media="print")
    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    probe = page.evaluate(PROBE)
    closed = page.locator("details.sd-dropdown:not([open]), .toggle-hidden").count()
    page.evaluate("() => dispatchEvent(new Event('afterprint'))")
    left = page.locator("details.sd-dropdown[open]").count()
    return probe | {"closed": closed, "left open": left}


@pytest.fixture(scope="module")
def still(reader: Reader) -> Iterator[Any]:
    """A page of a browser that runs no scripts."""
    with reader.browser.new_context(java_script_enabled=False) as context:
        yield context.new_page()


def axe(page: Any) -> list[str]:
    """What bars the way to a page, which is spent afterwards."""
    page.evaluate(THIN)
    return violations(page)


def on_all_screens(probes: dict, page: str, key: str) -> dict[tuple[str, int], Any]:
    return {screen: probes[page, *screen][key] for screen in SCREENS}


@every_page
def test_every_page_of_the_table_of_contents_exists(reader, page):
    assert (reader.site / page).is_file()


@every_page
def test_the_browser_has_nothing_to_complain_about(probes, page):
    assert not any(on_all_screens(probes, page, "complaints").values())


@every_page
def test_every_page_states_a_policy_that_names_its_own_scripts(reader, probes, page):
    text = (reader.site / page).read_text()
    inside = {policy.hash_of(script) for script in policy.INLINE.findall(text)}
    assert policy.STATED.findall(text) == [policy.policy(policy.HASH.findall(text))]
    assert set(policy.HASH.findall(text)) == inside
    assert not any(on_all_screens(probes, page, "handlers").values())


@pytest.mark.parametrize("page", ["index.html", *PAGES])
def test_no_page_repeats_an_id(reader, page):
    ids = re.findall(r'<[a-z][^>]*\sid="([^"]*)"', (reader.site / page).read_text())
    assert [name for name, times in Counter(ids).items() if times > 1] == []


def test_only_the_pages_of_the_book_are_published(reader):
    found = {path.relative_to(reader.site).as_posix() for path in reader.site.rglob("*.html")}
    assert found == {"index.html", *PAGES}


@every_page
def test_no_page_asks_another_host_for_anything(reader, probes, page):
    for (scheme, _), requests in on_all_screens(probes, page, "requests").items():
        assert requests
        allowed = (reader.origin(VIA[scheme]), "data:", "blob:")
        assert [url for url in requests if not url.startswith(allowed)] == []


@every_page
def test_no_page_is_wider_than_the_screen(probes, page):
    assert max(on_all_screens(probes, page, "overflow").values()) <= 0


@every_page
def test_no_serious_barrier_to_accessibility(probes, page):
    assert not any(on_all_screens(probes, page, "axe").values())


@every_page
def test_every_equation_is_rendered(probes, page):
    for screen in SCREENS:
        probe = probes[page, *screen]
        assert (probe["unrendered"], probe["raw"]) == ([], [])
        assert not re.search(r"[\\$]", probe["title"])


@every_page
def test_equation_numbers_are_where_links_to_them_lead(reader, page):
    """A link says the number of the equation that it leads to."""
    text = (reader.site / page).read_text()
    for uri, number in re.findall(r'href="([^"#]*#equation-[^"]*)">\(([\d.]+)\)<', text):
        path, _, name = uri.partition("#")
        there = (reader.site / page).parent / path if path else reader.site / page
        found = rf'id="{name}">\s*<span class="eqno">\({number}\)<'
        assert re.search(found, there.read_text()), (uri, number)


@every_page
def test_formulas_are_there_without_scripts(still, reader, page):
    """A page of formulas, seen by a browser that runs nothing."""
    still.goto(reader.address + page)
    unseen = """all => all.filter(node => !node.closest('details:not([open])')
      && !node.querySelector('.katex-html').getBoundingClientRect().width)"""
    assert still.locator("article .math").evaluate_all(f"all => ({unseen})(all).length") == 0


@every_page
def test_the_icons_of_a_page_have_a_shape(probes, page):
    assert not any(on_all_screens(probes, page, "iconless").values())


def weight(reader: Reader, origin: str, urls: set[str]) -> int:
    """What these files of the site weigh on their way, compressed."""
    return sum(packed(reader.site / url.removeprefix(origin).partition("?")[0]) for url in urls)


@cache
def packed(path: Path) -> int:
    content = path.read_bytes() if path.is_file() else b""
    return min(len(content), len(gzip.compress(content)))


@every_page
def test_a_first_visit_is_light_and_the_next_page_lighter(reader, probes, page):
    """In bytes on their way; what a live figure needs is not counted on the next page."""
    for scheme, via in VIA.items():
        home, came = (probes[name, scheme, 1360]["came"] for name in (PAGES[0], page))
        later = {url for url in came - home if "/vega/" not in url}
        assert weight(reader, reader.origin(via), came) <= 900_000
        assert weight(reader, reader.origin(via), later) <= 200_000


@every_page
def test_of_a_figure_comes_the_drawing_that_is_shown_and_not_all_at_once(probes, page):
    for scheme, other in (("light", "only-dark"), ("dark", "only-light")):
        probe = probes[page, scheme, 1360]
        drawings = {kind: set() for kind in (None, "only-light", "only-dark")}
        for image in probe["images"]:
            drawings[image["kind"]].add(image["source"])
        assert not drawings[other] & probe["came"]
        assert len(drawings[f"only-{scheme}"] & probe["came"]) <= 5


@every_page
def test_nothing_moves_while_a_page_comes(probes, page):
    if any(figure["live"] for figure in probes[page, "light", 1360]["figures"]):
        return  # drawn by a script, below what it moves
    assert max(on_all_screens(probes, page, "moved").values()) < 0.02


def test_a_reader_who_switches_the_scheme_gets_the_other_drawing(reader):
    with reader.open("book/divergence.html") as visit:
        figure = visit.page.locator(".themed").first
        figure.scroll_into_view_if_needed()
        for name in ("only-light", "only-dark"):
            loaded = "node => node.checkVisibility() && node.naturalWidth > 0"
            drawing = figure.locator(f".{name}").element_handle()
            while not drawing.evaluate("node => node.checkVisibility()"):
                visit.page.locator(".theme-switch-button").first.click()
            visit.page.wait_for_function(loaded, arg=drawing)


@every_page
def test_every_image_is_loaded_and_described_by_a_sentence(probes, page):
    for screen in SCREENS:
        for image in probes[page, *screen]["images"]:
            assert image["loaded"], image
            assert SENTENCE.match(image["alt"]), image


@every_page
def test_every_figure_has_a_name_and_a_caption_that_is_seen(probes, page):
    for screen in SCREENS:
        probe = probes[page, *screen]
        for figure in probe["figures"]:
            assert figure["id"].startswith("fig-"), figure
            assert figure["caption"].strip().endswith("."), figure
            assert figure["live"] or figure["image"], figure
        assert all(image["framed"] for image in probe["images"])
        assert probe["unframed"] == 0


@every_page
def test_dark_pages_show_the_figures_drawn_for_them(probes, page):
    for scheme, width in SCREENS:
        for image in probes[page, scheme, width]["images"]:
            if image["source"].endswith(".svg"):
                hidden = "only-light" if scheme == "dark" else "only-dark"
                assert image["kind"] is not None
                seen = image["kind"] != hidden and not image["moved"]  # a live figure stands there
                assert image["shown"] == seen or not image["framed"]


def test_the_figures_know_the_colour_of_the_dark_page(probes):
    red, green, blue = (int(DARK_PAGE[i : i + 2], 16) for i in (1, 3, 5))
    for page in PAGES:
        for background in (probes[page, "dark", width]["background"] for width in (1360, 390)):
            assert background == f"rgb({red}, {green}, {blue})"


def test_what_is_readable_on_white_is_readable_on_the_dark_page(reader, probes):
    """Contrast 3 : 1; what is fainter than that on white (a grid) is meant to be faint."""
    sources = {
        (image["kind"], image["source"].removeprefix(reader.origin(VIA["dark"]) + "_images/"))
        for page in PAGES
        for image in probes[page, "dark", 1360]["images"]
        if image["kind"]
    }
    drawn = {"only-light": set(), "only-dark": set()}
    for kind, name in sources:
        drawn[kind].add((reader.site / "_images" / name).read_text())
    assert {redraw(svg) for svg in drawn["only-light"]} == drawn["only-dark"]
    for svg in drawn["only-light"]:
        colours = {match[2] for match in COLOUR.finditer(svg)}
        strong = {colour for colour in colours if contrast(colour, WHITE) >= 3}
        assert strong
        assert all(contrast(for_dark(colour), DARK_PAGE) >= 2.95 for colour in strong)


@every_page
def test_every_page_opens_from_the_folder(probes, page):
    """In both schemes; what it asks for and complains of there the other tests say."""
    for scheme, width in (("dark", 390), ("dark", 1360), ("folder", 1360)):
        probe = probes[page, scheme, width]
        assert probe["unrendered"] == []
        assert probe["overflow"] <= 0
        assert all(image["loaded"] for image in probe["images"] if image["shown"])


@pytest.mark.parametrize("via", ["http", "file"])
def test_search_finds_marchenko_and_its_page(reader, via):
    with reader.open("search.html?q=Marchenko", via=via) as visit:
        result = visit.page.locator("#search-results li a").first
        result.wait_for()
        links = visit.page.locator("#search-results a").evaluate_all("all => all.map(String)")
        visit.page.wait_for_load_state("networkidle")
    assert any("/book/marchenko-pastur.html" in link for link in links), links
    assert visit.complaints == []


def test_the_front_door_leads_to_the_first_page(reader):
    page = reader.browser.new_page()
    page.goto(reader.address)
    page.wait_for_url(reader.address + PAGES[0])
    page.close()


@pytest.mark.parametrize("page", PAGES[:-1])
def test_on_paper_everything_is_light_and_open(probes, page):
    probe = probes[page, "paper", 1360]
    assert (probe["closed"], probe["left open"]) == (0, 0)
    assert probe["background"] == "rgb(255, 255, 255)"
    for image in probe["images"]:
        assert image["shown"] == (image["kind"] != "only-dark"), image


@every_page
def test_no_page_or_download_tells_where_it_was_made(reader, page):
    name = page.removesuffix(".html")
    files = [reader.site / page, reader.site / "_sources" / f"{name}.ipynb"]
    for path in filter(lambda path: path.exists(), files):
        for secret in (str(ROOT), str(reader.site.parents[1]), "/site-packages/", "/home/"):
            assert secret not in path.read_text(encoding="utf-8"), (path.name, secret)
