"""The site as a reader meets it: every page, in Chromium, wide and narrow, light and dark."""

import gzip
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
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
    images: all('article img:not(.stack img)').map(node => ({
      alt: node.alt, source: node.src, loaded: node.naturalWidth > 0,
      shown: shown(node) || (node.matches(':has(+ .stack)') && shown(node.nextElementSibling)),
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
# What would take most of axe's time: KaTeX's own markup, and all but one token of a kind in code.
THIN = """() => {
  document.querySelectorAll('.katex').forEach(equation => equation.remove());
  const seen = new Set();
  for (const token of document.querySelectorAll(':is(pre, .sig) :is(span, em)[class]'))
    seen.has(token.className) ? token.replaceWith(token.textContent) : seen.add(token.className);
}"""
# A while after its size changed, the page makes all that scrolls reachable by keyboard.
SETTLED = """() => [...document.querySelectorAll('pre')].every(
  node => node.scrollWidth <= node.clientWidth || node.tabIndex >= 0)"""
AXE = {"light": 1360, "dark": 390}  # each the last width of its scheme
VIA = {"light": "http", "dark": "file"}
DRAWING = re.compile(r'class="(only-(?:light|dark))" src="[./]*_images/([^"]+\.svg)"')
SENTENCE = re.compile(r"^(\(a\) )?[A-Z][^/]*\s.*\.$", re.S)
every_page = pytest.mark.parametrize("page", PAGES)


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with reading() as reader:
        yield reader


@dataclass
class Look:
    """A page in one scheme: what it is like at each width, and, dark, on paper and turned light."""

    page: str
    scheme: str
    moved: float  # while it came
    came: set[str]  # what it asked for until it stood there
    requests: list[str]
    complaints: list[str]
    screens: dict[int, dict[str, Any]] = field(default_factory=dict)
    barriers: list[str] = field(default_factory=list)
    paper: dict[str, Any] = field(default_factory=dict)
    turned: dict[str, Any] = field(default_factory=dict)

    def each(self, key: str) -> list[Any]:
        return [probe[key] for probe in self.screens.values()]


def looks() -> Iterator[Any]:
    """Each page light, from a host, and dark, from the folder; every other look slow."""
    for at, (page, scheme) in enumerate(itertools.product(PAGES, VIA)):
        marks = [pytest.mark.slow] if at % 4 in (1, 2) else []
        yield pytest.param((page, scheme), id=f"{page}-{scheme}", marks=marks)


@pytest.fixture(scope="module", params=looks())
def look(request: pytest.FixtureRequest, reader: Reader) -> Look:
    """The page loaded once, then made narrow or wide, and printed."""
    page, scheme = request.param
    with reader.open(page, scheme=scheme, via=VIA[scheme]) as visit:
        moved, came = visit.page.evaluate(MOVED), set(visit.requests)
        look = Look(page, scheme, moved, came, visit.requests, visit.complaints)
        for width in (390, 1360) if scheme == "light" else (1360, 390):
            visit.page.set_viewport_size({"width": width, "height": 850})
            visit.page.wait_for_function(SETTLED)
            look.screens[width] = visit.page.evaluate(PROBE)
            if (scheme, width) == ("dark", 1360):
                look.paper = printed(visit.page)
                visit.page.emulate_media(media="screen", color_scheme="light")
                look.turned = visit.page.evaluate(PROBE)
                visit.page.emulate_media(color_scheme="dark")
            if width == AXE[scheme]:
                visit.page.evaluate(THIN)  # and so the page is spent
                look.barriers = violations(visit.page)
    return look


def printed(page: Any) -> dict[str, Any]:
    """What a page is like on paper, and what is closed there, or stays open afterwards."""
    page.emulate_media(media="print")
    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    probe = page.evaluate(PROBE)
    closed = page.locator("details.sd-dropdown:not([open]), .toggle-hidden").count()
    page.evaluate("() => dispatchEvent(new Event('afterprint'))")
    left = page.locator("details.sd-dropdown[open]").count()
    shown = "all => all.filter(node => node.checkVisibility()).length"
    pieces = page.locator(".stack").evaluate_all(shown)
    return probe | {"closed": closed, "left open": left, "pieces": pieces}


@pytest.fixture(scope="module")
def home(reader: Reader) -> Callable[[str], set[str]]:
    """What the home page asks for, in either scheme."""

    @cache
    def came(scheme: str) -> set[str]:
        with reader.open(PAGES[0], scheme=scheme, via=VIA[scheme]) as visit:
            return set(visit.requests)

    return came


@pytest.fixture(scope="module")
def still(reader: Reader) -> Iterator[Any]:
    """A page of a browser that runs no scripts."""
    with reader.browser.new_context(java_script_enabled=False) as context:
        yield context.new_page()


@every_page
def test_every_page_of_the_table_of_contents_exists(reader, page):
    assert (reader.site / page).is_file()


def test_the_browser_has_nothing_to_complain_about(look):
    assert look.complaints == []


@every_page
def test_every_page_states_a_policy_that_names_its_own_scripts(reader, page):
    text = (reader.site / page).read_text()
    inside = {policy.hash_of(script) for script in policy.INLINE.findall(text)}
    assert policy.STATED.findall(text) == [policy.policy(policy.HASH.findall(text))]
    assert set(policy.HASH.findall(text)) == inside


def test_no_element_has_a_handler_of_its_own(look):
    assert not any(look.each("handlers"))


@pytest.mark.parametrize("page", ["index.html", *PAGES])
def test_no_page_repeats_an_id(reader, page):
    ids = re.findall(r'<[a-z][^>]*\sid="([^"]*)"', (reader.site / page).read_text())
    assert [name for name, times in Counter(ids).items() if times > 1] == []


def test_only_the_pages_of_the_book_are_published(reader):
    found = {path.relative_to(reader.site).as_posix() for path in reader.site.rglob("*.html")}
    assert found == {"index.html", *PAGES}


def test_no_page_asks_another_host_for_anything(reader, look):
    assert look.requests
    allowed = (reader.origin(VIA[look.scheme]), "data:", "blob:")
    assert [url for url in look.requests if not url.startswith(allowed)] == []


def test_no_page_is_wider_than_the_screen(look):
    assert max(look.each("overflow")) <= 0


def test_no_serious_barrier_to_accessibility(look):
    assert look.barriers == []


def test_every_equation_is_rendered(look):
    for probe in look.screens.values():
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


def test_the_icons_of_a_page_have_a_shape(look):
    assert not any(look.each("iconless"))


def weight(reader: Reader, origin: str, urls: set[str]) -> int:
    """What these files of the site weigh on their way, compressed."""
    return sum(packed(reader.site / url.removeprefix(origin).partition("?")[0]) for url in urls)


@cache
def packed(path: Path) -> int:
    content = path.read_bytes() if path.is_file() else b""
    return min(len(content), len(gzip.compress(content)))


def test_a_first_visit_is_light_and_the_next_page_lighter(reader, home, look):
    """In bytes on their way; what a live figure needs is not counted on the next page."""
    origin = reader.origin(VIA[look.scheme])
    later = {url for url in look.came - home(look.scheme) if "/vega/" not in url}
    assert weight(reader, origin, look.came) <= 900_000
    assert weight(reader, origin, later) <= 200_000


def test_of_a_figure_comes_the_drawing_that_is_shown_and_not_all_at_once(look):
    other = "only-dark" if look.scheme == "light" else "only-light"
    drawings = {kind: set() for kind in (None, "only-light", "only-dark")}
    for image in look.screens[1360]["images"]:
        drawings[image["kind"]].add(image["source"])
    assert not drawings[other] & look.came
    assert len(drawings[f"only-{look.scheme}"] & look.came) <= 5


def test_nothing_moves_while_a_page_comes(look):
    if not any(figure["live"] for figure in look.screens[1360]["figures"]):
        assert look.moved < 0.02  # a live figure is drawn by a script, below what it moves


def test_a_reader_who_switches_the_scheme_gets_the_other_drawing(reader):
    with reader.open("book/divergence.html") as visit:
        figure = visit.page.locator(".themed").first
        figure.scroll_into_view_if_needed()
        for name in ("only-light", "only-dark"):
            loaded = "node => node.checkVisibility() && node.naturalWidth > 0"
            drawing = figure.locator(f"> img.{name}").element_handle()
            while not drawing.evaluate("node => node.checkVisibility()"):
                visit.page.locator(".theme-switch-button").first.click()
            visit.page.wait_for_function(loaded, arg=drawing)


def test_every_image_is_loaded_and_described_by_a_sentence(look):
    for image in itertools.chain(*look.each("images")):
        assert image["loaded"], image
        assert SENTENCE.match(image["alt"]), image


def test_every_figure_has_a_name_and_a_caption_that_is_seen(look):
    for probe in look.screens.values():
        for figure in probe["figures"]:
            assert figure["id"].startswith("fig-"), figure
            assert figure["caption"].strip().endswith("."), figure
            assert figure["live"] or figure["image"], figure
        assert all(image["framed"] for image in probe["images"])
        assert probe["unframed"] == 0


def test_a_page_shows_the_figures_drawn_for_its_scheme(look):
    hidden = "only-light" if look.scheme == "dark" else "only-dark"
    for image in itertools.chain(*look.each("images")):
        if image["source"].endswith(".svg"):
            assert image["kind"] is not None
            seen = image["kind"] != hidden and not image["moved"]  # a live figure stands there
            assert image["shown"] == seen or not image["framed"]


def test_the_figures_know_the_colour_of_the_page(look):
    page = DARK_PAGE if look.scheme == "dark" else WHITE
    red, green, blue = (int(page[i : i + 2], 16) for i in (1, 3, 5))
    assert set(look.each("background")) == {f"rgb({red}, {green}, {blue})"}


def test_what_is_readable_on_white_is_readable_on_the_dark_page(reader):
    """Contrast 3 : 1; what is fainter than that on white (a grid) is meant to be faint."""
    drawn = {"only-light": set(), "only-dark": set()}
    for page in PAGES:
        for kind, name in DRAWING.findall((reader.site / page).read_text()):
            drawn[kind].add((reader.site / "_images" / name).read_text())
    assert len(drawn["only-dark"]) > 70
    assert {redraw(svg) for svg in drawn["only-light"]} == drawn["only-dark"]
    for svg in drawn["only-light"]:
        colours = {match[2] for match in COLOUR.finditer(svg)}
        strong = {colour for colour in colours if contrast(colour, WHITE) >= 3}
        assert strong
        assert all(contrast(for_dark(colour), DARK_PAGE) >= 2.95 for colour in strong)


def test_a_page_turned_light_is_as_whole_as_it_was_dark(look):
    if look.scheme == "dark":
        assert look.turned["unrendered"] == []
        assert look.turned["overflow"] <= 0
        assert all(image["loaded"] for image in look.turned["images"] if image["shown"])


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


def test_on_paper_everything_is_light_and_open(look):
    if look.scheme == "dark" and look.page != "search.html":
        assert (look.paper["closed"], look.paper["left open"]) == (0, 0)
        assert look.paper["pieces"] == 0  # of a drawing that is there as a whole
        assert look.paper["background"] == "rgb(255, 255, 255)"
        for image in look.paper["images"]:
            assert image["shown"] == (image["kind"] != "only-dark"), image


@every_page
def test_no_page_or_download_tells_where_it_was_made(reader, page):
    name = page.removesuffix(".html")
    files = [reader.site / page, reader.site / "_sources" / f"{name}.ipynb"]
    for path in filter(lambda path: path.exists(), files):
        for secret in (str(ROOT), str(reader.site.parents[1]), "/site-packages/", "/home/"):
            assert secret not in path.read_text(encoding="utf-8"), (path.name, secret)
