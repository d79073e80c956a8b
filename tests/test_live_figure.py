"""Live figures compute in a real browser what the package computes, and move by keyboard alone.

A small site has one figure of each kind, each beside a still picture.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_site
from axe_playwright_python.sync_playwright import Axe
from nbformat.v4 import new_code_cell, new_output
from playwright.sync_api import expect
from site_browser import Reader, Visit, reading

from lindiff_nb.exact import averages, sampler_error, sampling, schedule, spacing, spectra, training
from lindiff_nb.exact.denoiser import Modes
from lindiff_nb.exact.features import Features
from lindiff_nb.exact.modes import Mixture
from lindiff_nb.exact.sde import VP
from lindiff_nb.measure import random_features
from lindiff_nb.predict import best_ridge, divergence, losses, marchenko_pastur, white

pytestmark = pytest.mark.browser

PAGE = "book/moving.html"
POINTS = 200
VIA = pytest.mark.parametrize("via", ["http", "file"])
rng = np.random.default_rng(18)

# The data of each figure, as a page holds them: texts and arrays of a few sizes of number.
LINEAR = schedule.linear()
RULE = dict(zip(("alpha_bar", "weight"), averages.gauss_rule(LINEAR.alpha_bar), strict=True))
STEPS = {"steps": LINEAR.steps, "beta_end": schedule.MERGER_GOLDT_BETA_END}
SPECTRUM = np.append(rng.gamma(0.3, size=60), np.zeros(4))
LAWS = [np.sort(rng.gamma(0.5, size=(2, 40)), axis=1)[:, ::-1] for _ in range(3)]
LAMBDA, SEEN = np.stack(LAWS, axis=1)
WAITING = rng.uniform(0.1, 1, 3).tolist()
DIGITS = rng.integers(0, 256, (3, 64)).astype(np.uint8)
AXES = np.linalg.qr(rng.standard_normal((64, 64)))[0][:40]
PICTURES = {
    "mean": rng.uniform(0, 1, 64),
    "axes": np.rint(32767 * AXES).astype(np.int16),
    "variances": rng.gamma(0.5, size=40),
    "digits": DIGITS,
    "noise": rng.standard_normal(64).astype(np.float32),
}
LAW, TIMES = Mixture([-3.0, 3.0], deviation=1.0), np.logspace(0, 10, 41)
DRAWN = random_features.draw(rng, 24)
K, B = random_features.normal_equations(DRAWN, LAW, nodes=8)
RATES, V = np.linalg.eigh(K)
SCORE = {
    "w": DRAWN.w,
    "u": DRAWN.u,
    "V": V,
    "k": np.maximum(RATES, 1e-12),
    "b": B @ V,
    "modes": [-3.0, 3.0],
    "deviation": 1.0,
    "times": TIMES,
    "bound": 1 / TIMES + 1e-3,
}
PLACE = 1e-3  # of a minimum, relative: its losses are equal to half the digits nearby
VARYING = SPECTRUM[:60] + 1e-3
SPACED = (
    partial(spacing.evenly, LINEAR),
    schedule.cosine,
    partial(spacing.for_spectrum, VARYING),
)
FIGURES: dict[str, dict[str, Any]] = {
    "marchenko-pastur": {},
    "calculator": RULE,
    "losses": RULE | STEPS | {"spectrum": SPECTRUM},
    "training": STEPS
    | {"laws": ["a", "b", "c"], "lambda": LAMBDA, "seen": SEEN, "waiting": WAITING},
    "score": SCORE,
    "denoise": STEPS | PICTURES,
    "sampler": STEPS | {"spectrum": VARYING},
}


def moving(kind: str, data: dict[str, Any]) -> Any:
    """A cell that shows a still picture and what moves beside it."""
    mime, content = small_site.moving(kind, **data)
    shown = {"image/svg+xml": small_site.FIGURE, mime: content}
    figure = {"name": f"fig-{kind}", "caption": f"The {kind} moves."}
    options = {"figure": figure, "image": {"alt": f"A still picture of the {kind}."}}
    output = new_output("display_data", data=shown)
    return new_code_cell("1", outputs=[output], metadata={"mystnb": options})


@pytest.fixture(scope="module")
def reader(tmp_path_factory) -> Iterator[Reader]:
    page = small_site.page("Moving")
    page.cells += [moving(kind, data) for kind, data in FIGURES.items()]
    with reading(small_site.build(tmp_path_factory.mktemp("moving"), {"moving": page})) as reader:
        yield reader


def numbers(visit: Visit, kind: str, points: list[dict[str, float]]) -> list[dict[str, Any]]:
    """What the figure of this kind gives at each point."""
    ask = """([kind, points]) => points.map(
        point => document.querySelector(`.live[data-kind="${kind}"]`).numbers(point))"""
    return visit.page.evaluate(ask, [kind, points])


def log_uniform(low: float, high: float) -> np.ndarray:
    return np.exp(rng.uniform(np.log(low), np.log(high), POINTS))


def table(**columns: np.ndarray) -> list[dict[str, Any]]:
    """One dictionary for each point."""
    rows = zip(*(values.tolist() for values in columns.values()), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def of_marchenko_pastur(n_over_d: float, c: float, alpha_bar: float) -> dict[str, Any]:
    return {
        "test": white.test_loss(alpha_bar, 1 / n_over_d, c),
        "train": white.train_loss(alpha_bar, 1 / n_over_d, c),
        "atom": marchenko_pastur.atom(1 / n_over_d),
        "edges": marchenko_pastur.edges(1 / n_over_d),
    }


def priced(spectrum: np.ndarray, n: int, c: float, rule: dict, *, fitted: bool) -> dict[str, Any]:
    """What the calculator and the losses say."""
    levels, weight = rule["alpha_bar"], rule["weight"]
    told = {"estimated_mean": fitted}
    best = best_ridge.for_test_loss(spectrum, n, levels, weights=weight, **told)
    return {
        "test": losses.test_loss(spectrum, n, levels, c, **told) @ weight,
        "train": losses.train_loss(spectrum, n, levels, c, **told) @ weight,
        "floor": losses.residual_loss(spectrum, levels) @ weight,
        "kl": divergence.kl(spectrum, n, c, **told),
        "best": best,
        "at_best": losses.test_loss(spectrum, n, levels, best, **told) @ weight,
    }


def of_calculator(d: int, n: int, k: float, c: float) -> dict[str, Any]:
    return priced(spectra.power_law(d, k), n, c, RULE, fitted=True)


def of_losses(n_over_d: float, c: float, t: int) -> dict[str, Any]:
    one = {"alpha_bar": LINEAR.alpha_bar[t - 1 : t], "weight": np.ones(1)}
    n = round(n_over_d * len(SPECTRUM))
    return priced(SPECTRUM, n, c, one if t else RULE, fitted=False)


def of_training(law: int, t: int, tau: float) -> dict[str, Any]:
    a, values, seen = float(LINEAR.alpha_bar[t - 1]), LAMBDA[law], SEEN[law]
    modes = Modes(values, None, seen, np.zeros(40), np.ones(40))
    rule = np.log1p((1 - a) / a / WAITING[law]) / (2 * (1 - a))
    rate = a * values + 1 - a
    decay = np.exp(-2 * tau * rate)
    return {
        "test": training.test_loss(modes, a, tau),
        "train": training.train_loss(modes, a, tau),
        "rule": rule,
        "at_rule": training.test_loss(modes, a, rule),
        "q": decay + a * values * (1 - decay) / rate,
    }


def of_score(tau: float, t: float) -> dict[str, Any]:
    x = np.linspace(-6, 6, 121)
    a = SCORE["b"] * -np.expm1(-2 * SCORE["k"] * tau) / SCORE["k"] @ V.T
    return {
        "learned": random_features.score(Features(DRAWN.w, DRAWN.u), a)(x, t),
        "truth": VP.score(LAW)(x, t),
        "bound": np.exp(np.interp(np.log(tau), np.log(TIMES), np.log(SCORE["bound"]))),
    }


def of_denoise(digit: int, t: int) -> dict[str, Any]:
    a, axes = LINEAR.alpha_bar[t - 1], PICTURES["axes"] / 32767
    s, clean, mean = (1 - a) / a, DIGITS[digit] / 255, PICTURES["mean"]
    seen = clean + np.sqrt(s) * PICTURES["noise"].astype(float)
    keep = PICTURES["variances"] / (PICTURES["variances"] + s)
    guess = mean + (axes @ (seen - mean) * keep) @ axes
    return {"a": a, "guess": guess, "off": np.sqrt(np.mean((guess - clean) ** 2))}


def of_sampler(schedule: int, T: int) -> dict[str, Any]:
    values, made = VARYING, SPACED[schedule](T)
    kept = sampling.sampled_variance(values, made, sampler="ddim") / values
    return {"kept": kept, "kl": sampler_error.sampler_kl(values, made, sampler="ddim")}


def whole(low: float, high: float) -> np.ndarray:
    return np.rint(log_uniform(low, high)).astype(int)


CASES = {
    "marchenko-pastur": (
        of_marchenko_pastur,
        table(
            n_over_d=log_uniform(0.25, 16),
            c=log_uniform(1e-9, 1),
            alpha_bar=rng.uniform(0.5, 0.999, POINTS),
        ),
    ),
    "calculator": (
        of_calculator,
        table(
            d=whole(4, 3000), n=whole(2, 1e6), k=rng.uniform(0, 3, POINTS), c=log_uniform(1e-9, 10)
        ),
    ),
    "losses": (
        of_losses,
        table(
            n_over_d=whole(2, 1000) / len(SPECTRUM),
            c=log_uniform(1e-9, 1),
            t=rng.integers(0, 1001, POINTS),
        ),
    ),
    "training": (
        of_training,
        table(
            law=rng.integers(0, 3, POINTS),
            t=rng.integers(1, 1001, POINTS),
            tau=log_uniform(0.02, 2e4),
        ),
    ),
    "score": (of_score, table(tau=log_uniform(1, 1e10), t=log_uniform(0.01, 1))),
    "denoise": (
        of_denoise,
        table(digit=rng.integers(0, 3, POINTS), t=rng.integers(1, 1001, POINTS)),
    ),
    "sampler": (of_sampler, table(schedule=rng.integers(0, 3, POINTS), T=whole(2, 1000))),
}


@pytest.mark.parametrize("kind", CASES)
def test_the_browser_computes_what_the_package_computes(reader, kind):
    expected, points = CASES[kind]
    with reader.open(PAGE) as visit:
        found = numbers(visit, kind, points)
    for point, values in zip(points, found, strict=True):
        for name, value in expected(**point).items():
            # the place of a minimum has half the digits of its value, and the page tells three
            rel = PLACE if name == "best" else 1e-8
            assert values[name] == pytest.approx(value, rel=rel, abs=1e-13), (name, point)


def changed(visit, words, said):
    """Wait until the words are others, however busy the machine is."""
    there = [words.element_handle(), said]
    visit.page.wait_for_function("([node, said]) => node.innerText !== said", arg=there)


@VIA
def test_an_arrow_key_moves_every_slider_and_what_is_said(reader, via):
    with reader.open(PAGE, via=via) as visit:
        for kind in FIGURES:
            box = visit.page.locator(f'.live[data-kind="{kind}"]')
            words = box.locator(".words")
            assert words.get_attribute("aria-live") == "polite"
            for slider in box.locator("input[type=range]").all():
                slider.press("End")
                slider.press("ArrowLeft")
                said, value = words.inner_text(), slider.get_attribute("aria-valuetext")
                slider.press("Home")
                assert slider.get_attribute("aria-valuetext") != value
                changed(visit, words, said)
            for choice in box.locator("select").all():
                said = words.inner_text()
                choice.press("ArrowDown")
                changed(visit, words, said)
        assert visit.complaints == []
        own = (reader.address, reader.site.as_uri(), "data:")
        assert [url for url in visit.requests if not url.startswith(own)] == []


@pytest.mark.parametrize("width", [390, 1360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_live_figures_fit_the_screen_and_shut_nobody_out(reader, scheme, width):
    with reader.open(PAGE, scheme=scheme, width=width) as visit:
        overflow = visit.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        low = "all => all.filter(label => label.offsetHeight < 24).length"  # WCAG 2.2, 2.5.8
        assert (overflow, visit.page.locator(".live label").evaluate_all(low)) == (0, 0)
        small = "all => all.filter(text => parseFloat(getComputedStyle(text).fontSize) < 9)"
        assert visit.page.locator(".live text").evaluate_all(small + ".length") == 0
        found = Axe().run(visit.page, context=".live", options={"preload": False}).response
        assert [rule["id"] for rule in found["violations"]] == []


def test_without_scripts_the_still_picture_is_seen_and_described(reader):
    context = reader.browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(reader.origin("file") + PAGE)
    for kind in FIGURES:
        picture = page.locator(f"#fig-{kind} img.only-light")
        assert picture.is_visible()
        assert picture.get_attribute("alt") == f"A still picture of the {kind}."
        assert page.locator(f"#fig-{kind} .live").inner_html() == ""
    context.close()


def test_a_live_figure_takes_the_place_of_its_picture_but_on_paper(reader):
    with reader.open(PAGE) as visit:
        picture, box = (visit.page.locator(f"#fig-losses {part}") for part in (".themed", ".live"))
        assert (picture.is_visible(), box.is_visible()) == (False, True)
        visit.page.emulate_media(media="print")
        assert (picture.is_visible(), box.is_visible()) == (True, False)


def test_nothing_moves_by_itself(reader):
    """So there is nothing to stop for who asks for reduced motion."""
    with reader.open(PAGE) as visit:
        assert (
            visit.page.evaluate("document.querySelector('.live').getAnimations({subtree: true})")
            == []
        )
        before = visit.page.locator(".live").first.inner_html()
        visit.page.wait_for_timeout(300)
        assert visit.page.locator(".live").first.inner_html() == before


def test_data_are_asked_for_when_their_figure_is_near(reader):
    with reader.open(PAGE) as visit:
        pass
    page = reader.browser.new_page(viewport={"width": 800, "height": 300})
    asked = []
    page.on("request", lambda request: asked.append("/live/" in request.url))
    page.goto(reader.address + PAGE)
    page.locator(".live[data-kind]").first.wait_for()
    assert 0 < sum(asked) < len(FIGURES)
    page.close()
    assert sum("/live/" in url for url in visit.requests) == len(FIGURES)


def saved(folder: Path) -> dict[Path, np.ndarray | None]:
    """Files that a reader may drop, and the spectrum in each; None where there is none."""
    files: dict[str, np.ndarray | None] = {
        "a.txt": np.array([3, 1, 0.5, 0, 2.5e-3]),
        "b.npy": rng.gamma(0.4, size=300),
        "c.npy": rng.gamma(0.4, size=30).astype(np.float32),
        "d.csv": np.array([2.0, 1.0]),
        "e.txt": None,
        "f.npy": None,
        "g.txt": None,
        "h.csv": None,
        "i.txt": None,
        "j.csv": np.array([3.0, 2.0]),
        "k.npy": None,
    }
    (folder / "a.txt").write_text("# eigenvalues\n3\n1 0.5\n0\n2.5e-3\n")
    (folder / "d.csv").write_text("2.0,1.0\n")
    (folder / "e.txt").write_text("rank, eigenvalue\n1, 2\n")
    (folder / "g.txt").write_text("1 -2\n")
    (folder / "h.csv").write_text("1,3.0\n2,1.5\n3,0.2\n")  # ranks and eigenvalues
    (folder / "i.txt").write_text("1\n1e999\n")
    (folder / "j.csv").write_text("\ufeff3\r\n2\r\n", "utf-8")
    np.save(folder / "f.npy", np.eye(3))
    (folder / "k.npy").write_bytes((folder / "f.npy").read_bytes()[:9])
    for name in ("b.npy", "c.npy"):
        np.save(folder / name, files[name])
    return {folder / name: values for name, values in files.items()}


def choose(box: Any, path: Path) -> None:
    """Name a file in the browser's dialogue."""
    box.locator("input[type=file]").set_input_files(path)


def drop(box: Any, path: Path) -> None:
    """Let a file go above the figure, as a hand does that drags it there."""
    page, content = box.page, list(path.read_bytes())
    carried = page.evaluate_handle(
        """([name, content]) => {
          const carried = new DataTransfer();
          carried.items.add(new File([new Uint8Array(content)], name));
          return carried;
        }""",
        [path.name, content],
    )
    for event in ("dragenter", "dragover", "drop"):
        box.locator(".panels").dispatch_event(event, {"dataTransfer": carried})


@pytest.mark.parametrize("give", [choose, drop])
def test_a_file_of_eigenvalues_changes_the_numbers_and_stays_where_it_is(reader, tmp_path, give):
    with reader.open(PAGE) as visit:
        box = visit.page.locator('.live[data-kind="calculator"]')
        asked, words = len(visit.requests), box.locator(".words")
        for path, spectrum in saved(tmp_path).items():
            before = words.inner_text()
            give(box, path)
            told = box.locator("label:has(input[type=file]) span").last
            expect(told).to_contain_text("that is no" if spectrum is None else path.name)
            assert box.locator("[name=d]").is_disabled() == (spectrum is not None)
            visit.page.wait_for_timeout(50)
            if spectrum is not None:
                assert words.inner_text() != before
                (found,) = numbers(visit, "calculator", [{"n": 50, "c": 0.01}])
                for name, value in priced(spectrum, 50, 0.01, RULE, fitted=True).items():
                    rel = PLACE if name == "best" else 1e-5
                    assert found[name] == pytest.approx(value, rel=rel), name
        assert len(visit.requests) == asked
        assert visit.complaints == []


def test_the_script_is_small():
    text = (small_site.ROOT / "lindiff_nb/site/static/live.js").read_text().splitlines()
    code = [line for line in text if line.strip() and not line.strip().startswith("//")]
    assert len(code) <= 600
