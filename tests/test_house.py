"""The house rules that a machine can keep. CONTRIBUTING.md names each beside its test."""

import ast
import itertools
import re
import shlex
from pathlib import Path
from typing import NamedTuple

import introduced
import jupytext
import pytest
import yaml
from pybtex.database import parse_file

from lindiff_nb.figures import palette
from lindiff_nb.site import live
from lindiff_nb.site.reading import FOLDED, cost, draws, tags, texts

ROOT = Path(__file__).parents[1]
SKELETON = ROOT / "lindiff_nb/run/skeleton/chapter.md"
BOOK = ROOT / "book"
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text())
PAGES = [TOC["root"], *(page["file"] for part in TOC["parts"] for page in part["chapters"])]
CHAPTERS = [name for name in PAGES if "{code-cell}" in (ROOT / f"{name}.md").read_text()]
TEXT = {name: (ROOT / f"{name}.md").read_text() for name in PAGES}
ALL_TEXT = "\n".join(TEXT.values())
READMES_CODE = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)


class Figure(NamedTuple):
    """What a cell says of the figure it draws."""

    name: str
    caption: str
    alt: str


def cells(name: str, kind: str) -> list:
    notebook = jupytext.reads(TEXT[name], fmt="md:myst")
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def test_every_page_of_the_book_is_in_the_table_of_contents():
    assert {f"book/{path.stem}" for path in BOOK.glob("*.md")} == set(PAGES)


@pytest.mark.parametrize("name", CHAPTERS)
def test_chapters_call_and_define_nothing(name):
    for cell in cells(name, "code"):
        assert not re.search(r"^\s*(def|class|lambda) ", cell.source, re.M), cell.source


@pytest.mark.parametrize("name", PAGES)
def test_weight_decay_is_called_a_ridge_only_where_it_grows_with_alpha_bar(name):
    """One decay for all noise levels is another ridge at each of them."""
    prose = " ".join(cell.source for cell in cells(name, "markdown"))
    for sentence in re.split(r"(?<=[.?!;])\s", prose):
        alike = re.search(r"\bacts? like|\bone thing|\bput exactly|\bwhich is what", sentence)
        if alike and "weight decay" in sentence.lower():
            assert r"\bar\alpha" in sentence, sentence


@pytest.mark.parametrize("name", CHAPTERS)
def test_style_comes_from_one_file_and_randomness_from_an_argument(name):
    for cell in cells(name, "code"):
        assert not re.search(r"figsize|set_title|rcParams|np\.random\.seed", cell.source)


@pytest.mark.parametrize("name", CHAPTERS)
def test_cells_are_short(name):
    for cell in cells(name, "code"):
        lines = [line for line in cell.source.splitlines() if line.strip()]
        assert len(lines) <= 20, cell.source


COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def nested(source: str) -> list[str]:
    """Comprehensions that hold another one."""
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, COMPREHENSIONS)
        and any(isinstance(part, COMPREHENSIONS) for part in list(ast.walk(node))[1:])
    ]


@pytest.mark.parametrize("name", CHAPTERS)
def test_no_comprehension_holds_another(name):
    """Where one nests, a verb is missing in the package, or a name in the chapter."""
    for cell in cells(name, "code"):
        assert not nested(cell.source), cell.source


def test_a_nested_comprehension_is_seen():
    assert nested("x = {k: [f(k, n) for n in sizes] for k in laws}")
    assert nested("a, b = (np.array([f(n) for n in sizes]) for f in formulas)")
    assert nested("worst = max(max(x for x in row) for row in rows)")
    assert not nested("rows = [f(n) for n in sizes]; worst = max(x for x in rows)")
    assert not nested("for x in [f(n) for n in sizes]:\n    y = [g(x) for _ in range(3)]")


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_figure_is_named_captioned_and_described(name):
    for cell in cells(name, "code"):
        if draws(cell.source) and "remove-output" not in cell.metadata.get("tags", []):
            options = cell.metadata.get("mystnb", {})
            assert options, cell.source
            figure = Figure(**options["figure"], alt=options["image"]["alt"])
            assert figure.name.startswith("fig-")
            assert figure.caption.strip().endswith(".")
            assert figure.alt.strip().endswith(".")
            assert len(figure.alt) > 40
            assert figure.name in ALL_TEXT.replace(f"name: {figure.name}", ""), "never referred to"


PLACES = "left|right|top|bottom|above|below|middle|upper|lower"
PANEL = rf"(?:{PLACES})(?:-hand)? (?:panel|map|plot|row|column)s?\b"
PLACED = re.compile(
    rf"\((?:{PLACES})\)|(?:^|[.;:,] )(?:at the |on the )?(?:{PLACES})(?: and (?:{PLACES}))?[,:]"
    rf"|\b{PANEL}",
    re.I,
)
PLACED_IN_PROSE = re.compile(rf"\{{numref\}}`fig-[\w-]+`,? (?:left|right|top|bottom)\b|\b{PANEL}")


@pytest.mark.parametrize("name", CHAPTERS)
def test_panels_are_named_by_their_letters(name):
    """On a phone they stand one under the other, so no word for a place holds."""
    for cell in cells(name, "code"):
        if options := cell.metadata.get("mystnb", {}).get("figure"):
            alt = cell.metadata["mystnb"]["image"]["alt"]
            for text in (options["caption"], alt):
                assert not PLACED.findall(" ".join(text.split())), text
            several = re.search(r"subplots\((?!\))", cell.source)
            assert not several or re.search(r"\([a-f](, [a-f])*\)", alt), alt
    for cell in cells(name, "markdown"):
        assert not PLACED_IN_PROSE.findall(cell.source), cell.source


@pytest.mark.parametrize(
    ("text", "placed"),
    [
        ("Left, the loss.", True),
        ("On digits (left) and crops (b).", True),
        ("In the right panel it rises.", True),
        ("Losses; at the right, those of digits.", True),
        ("(a) Losses. Middle and right, other sizes.", True),
        ("(a) The right share. Below one it rises, to the left of it.", False),
    ],
)
def test_a_word_for_a_place_is_seen(text, placed):
    assert bool(PLACED.search(text)) == placed


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_displayed_equation_has_a_label(name):
    for cell in cells(name, "markdown"):
        for end in re.findall(r"^[ >]*\$\$(.*)$", cell.source, re.M)[1::2]:
            assert re.match(r" *\([\w-]+\)", end), cell.source


@pytest.mark.parametrize("name", CHAPTERS)
def test_chapters_open_with_what_you_will_see_and_assert_their_numbers(name):
    if name == TOC["root"]:
        return
    text = TEXT[name]
    assert "What you will see" in text or "**The question.**" in text
    assert "What you need" in text
    assert re.search(r"^assert ", text, re.M)
    assert "record(" in text
    exercises = re.findall(r"\{exercise(?:-start)?\}", text)
    solutions = re.findall(r"\{solution(?:-start)?\}", text)
    assert len(exercises) == len(solutions) >= 3


# ---- what a page may cost its reader

BUDGET = {
    "words": 2000,
    "lines of code": 200,
    "visible lines of code": 120,
    "figures": 8,
    "numbers in the prose": 12,
    "minutes": 23,
}


def silences(parts: list) -> list[str]:
    """The code cells that follow another one with nothing said between."""
    pairs = itertools.pairwise(parts)
    return [b.source for a, b in pairs if a.cell_type == b.cell_type == "code"]


def out_of_frame(parts: list) -> list[str]:
    """What a page lacks of the frame: question, answer and figure first, checks and table last."""
    code = [c for c in parts if c.cell_type == "code"]
    before = itertools.takewhile(lambda c: not re.search(r"^## ", c.source, re.M), parts)
    lede = [c for c in code if "lede" in tags(c)]
    last = code[-1].source if code else ""
    opening = parts[0].source if parts else ""
    holds = {
        "the question": "**The question.**" in opening,
        "the answer": "**The answer.**" in opening,
        "what is needed": "**What you need.**" in opening,
        "one figure for the answer": len(lede) == 1 and all(draws(c.source) for c in lede),
        "a folded set-up": all(tags(c) & FOLDED for c in before if c.cell_type == "code"),
        "checks at the end": bool(re.search(r"^assert ", last, re.M)) and "record(" in last,
        "a table of what was measured": "measured(" in last,
    }
    return [what for what, there in holds.items() if not there]


TRY = re.compile(r"^\*\*Try it\.\*\* [^`]*?:\n\n```bash\n(lindiff-nb [^\n]*)\n```$", re.M)
PATH = re.compile(r"^\*\*In ten minutes\.\*\*.*\n\n\|.*\|\n\|[:\-| ]+\|\n((?:\|.*\|\n)+)", re.M)
PRACTICE = re.compile(
    r"^## What it means if you train a real model\n(.*?)(?=^## |^\(|\Z)", re.M | re.S
)
LEADS_ON = re.compile(
    r"^## So far, and next\n.*\*\*So far\.\*\*.*\*\*Next\.\*\*.*\{ref\}", re.M | re.S
)
MARKED = re.compile(
    r"\*(seen on a (U-net|small network): \{numref\}`[\w-]+`"
    r"|(linear theory|random features) only)\*\.?$"
)


def out_of_form(name: str, parts: list) -> list[str]:
    """What a chapter lacks of what a reader in a hurry needs, and of what leads on."""
    text = texts(parts)
    tried, path, practice = TRY.search(text), PATH.search(text), PRACTICE.search(text)
    rows = path[1].splitlines() if path else []
    given = re.split(r"^[-*] ", practice[1], flags=re.M)[1:] if practice else []
    bullets = [" ".join(bullet.split("\n\n")[0].split()) for bullet in given]
    holds = {
        "a command to try": bool(tried) and shlex.split(tried[1])[1:3] == ["run", name],
        "three to five claims": 3 <= len(rows) <= 5
        and all(re.search(r"\{(numref|eq)\}`.*\|.*`[^`]+` *\|$", row) for row in rows),
        "at most four bullets, each marked": 1 <= len(bullets) <= 4
        and all(MARKED.search(bullet) for bullet in bullets),
        "a guess": "Guess, then run" in text,
        "so far, and next": bool(LEADS_ON.search(text)),
        "numbers in regular weight": not re.search(r"\*\*[^*\n]*\{glue:[^*\n]*\*\*", text),
    }
    return [what for what, there in holds.items() if not there]


def parts(text: str) -> list:
    """The cells of a page."""
    return jupytext.reads(text, fmt="md:myst").cells


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_keeps_to_its_budget_and_its_frame(name):
    page = parts(TEXT[name])
    assert {what: n for what, n in cost(page).items() if n > BUDGET.get(what, n)} == {}
    assert silences(page) == []
    if name == TOC["root"]:
        return  # the home page has its own form
    assert out_of_frame(page) == []
    assert out_of_form(Path(name).name, page) == []


@pytest.mark.parametrize(
    ("old", "new", "seen"),
    [
        ("**The question.**", "", "the question"),
        (", lede]", "]", "one figure for the answer"),
        (":tags: [hide-input]\n\nimport", "import", "a folded set-up"),
        ("measured(SHORT", "dict(SHORT", "a table of what was measured"),
        ("assert off", "off", "checks at the end"),
        ("The rest of the set-up:\n\n", "", "silence"),
        ("lindiff-nb run NAME", "lindiff-nb run another", "a command to try"),
        ("**Try it.**", "Try it.", "a command to try"),
        ("| {numref}`fig-NAME-loss` |", "| |", "three to five claims"),
        ("*linear theory only*", "", "at most four bullets, each marked"),
        ("Guess, then run", "Two", "a guess"),
        ("**Next.**", "", "so far, and next"),
        ("{glue:text}`SHORT_off:.1%`", "**{glue:text}`x`**", "numbers in regular weight"),
        ("## Exercises", "word " * 2000, "words"),
        ("## Exercises", "{glue:text}`x` " * 12, "numbers in the prose"),
        ("## Exercises", ":::{dropdown} Proof\n" + "word " * 2000 + "\n:::", None),
        ("rng = ", "x = 1\n" * 120 + "rng = ", "visible lines of code"),
        ("use_style()", "x = 1\n" * 200, "lines of code"),
    ],
)
def test_what_breaks_the_frame_or_the_budget_is_seen(old, new, seen):
    text = SKELETON.read_text()
    assert old in text
    page = parts(text.replace(old, new))
    spent = {what for what, n in cost(page).items() if n > BUDGET[what]}
    found = spent | set(out_of_frame(page)) | set(out_of_form("NAME", page))
    found |= {"silence"} if silences(page) else set()
    assert found == ({seen} if seen else set())


def named(page: list, function: str) -> set[str]:
    """The names that a page's calls of a function give; those made from parts as patterns."""
    found = set()
    for cell in (cell for cell in page if cell.cell_type == "code"):
        for call in ast.walk(ast.parse(cell.source)):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == function:
                found |= {keyword.arg for keyword in call.keywords if keyword.arg}
                made = [keyword.value for keyword in call.keywords if not keyword.arg]
                keys = [key for part in made for key in getattr(part, "keys", [part])]
                keys = [getattr(key, "key", key) for key in keys]  # of a comprehension
                formatted = [ast.unparse(k)[2:-1] for k in keys if isinstance(k, ast.JoinedStr)]
                found |= {re.sub(r"\{.*?\}", r"\\w+", name) for name in formatted}
    return found


def unsaid(page: list, quoted: set[str]) -> list[str]:
    """What a page records and neither quotes nor explains in its last table."""
    said = quoted | named(page, "measured")
    names = sorted(named(page, "record"))
    return [name for name in names if not any(re.fullmatch(name, other) for other in said)]


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_number_that_a_chapter_records_is_quoted_or_explained(name):
    quoted = set(re.findall(r"\{glue:\w+\}`(?:[\w/.-]+::)?(\w+)", ALL_TEXT))
    assert unsaid(parts(TEXT[name]), quoted) == []


def test_a_number_that_is_recorded_and_left_without_words_is_seen():
    page = parts(
        '```{code-cell} python\nrecord(a=1, b=2, **{f"c_{k}": 3})\nmeasured(a="one")\n```\n'
    )
    assert unsaid(page, set()) == ["b", r"c_\w+"]
    assert unsaid(page, {"b", "c_2"}) == []


NEW_OR_TRAINING = {"new": "NEW", "training": "TRAINING"}
MEANS = {"mean", "nanmean", "average", "gradient", "trapezoid", "simpson", "CubicSpline"}
DRAWN = re.compile(r"\.(test|train)\.mean\((axis=)?(1|-1)\)$")  # (draws, levels, ..) of `measure`


def noise_levels(tree: ast.AST) -> set[str]:
    """Names of arrays of noise levels: by convention, or taken from the one rule or a schedule."""
    names = {"alpha_bar", "noise_ratio", "a_t", "every_t"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and re.search(r"gauss_rule\(", ast.unparse(node.value)):
            first = node.targets[0]
            names.add(ast.unparse(first.elts[0] if isinstance(first, ast.Tuple) else first))
    return names


def speaks_of(node: ast.AST, names: set[str]) -> bool:
    """Whether all noise levels enter an expression; one of them, `alpha_bar[0]`, may."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return False
    name = node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")
    return name in names or any(speaks_of(part, names) for part in ast.iter_child_nodes(node))


def second_rules(source: str) -> list[str]:
    """Where a mean over noise steps goes another way than `exact.averages`.

    Every k-th level, or a mean, a spline or a trapezoidal rule over them.
    """
    tree, found = ast.parse(source), []
    names = noise_levels(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and speaks_of(node.value, names):
            parts = [part for part in ast.walk(node.slice) if isinstance(part, ast.Slice)]
            wrong = any(part.step and ast.unparse(part.step) != "-1" for part in parts)
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            wrong = name in MEANS and (speaks_of(node, names) or DRAWN.search(ast.unparse(node)))
        else:
            continue
        found += [ast.unparse(node)] if wrong else []
    return found


@pytest.mark.parametrize(
    "source",
    [
        "a = schedule.linear().alpha_bar[::20]",
        "few = alpha_bar[9::20, None]",
        "np.mean(losses.test_loss(spectrum, n, alpha_bar))",
        "losses.test_loss(spectrum, n, schedule.linear().alpha_bar).mean(axis=-1)",
        "a, w = averages.gauss_rule(every)\nnp.mean(losses.test_loss(spectrum, n, a))",
        "np.trapezoid(loss, noise_ratio)",
        "draws.losses(rng, spectrum, n, a).test.mean(axis=1)",
        "CubicSpline(np.log(alpha_bar), loss)",
    ],
)
def test_a_second_rule_for_means_over_noise_steps_is_seen(source):
    assert second_rules(source)


@pytest.mark.long
def test_every_mean_over_noise_steps_goes_through_the_one_rule():
    for path in (ROOT / "lindiff_nb").rglob("*.py"):
        assert not second_rules(path.read_text()), path
    for name in CHAPTERS:
        source = "\n".join(cell.source for cell in cells(name, "code"))
        assert not second_rules(source), name


ASKING = set(re.findall(r"^\((ch-[\w-]+)\)=\n# .*\?$", ALL_TEXT, re.M))


@pytest.mark.parametrize("name", PAGES)
def test_what_a_reference_shows_has_its_own_marks(name):
    """An equation's number is in brackets already, and a title that asks ends its sentence."""
    assert not re.search(r"\(\{eq\}`[^`]*`\)", TEXT[name])
    ends = re.findall(r"\{ref\}`(ch-[\w-]+)`\.", TEXT[name])
    assert not ASKING.intersection(ends)


def test_every_entry_of_the_bibliography_is_cited_and_leads_somewhere():
    entries = parse_file(BOOK / "references.bib").entries
    cited = set()
    for keys in re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", ALL_TEXT):
        cited |= {key.strip() for key in keys.split(",")}
    assert cited == set(entries)
    for key, entry in entries.items():
        assert {"doi", "eprint"} & set(entry.fields), f"{key} has neither DOI nor arXiv number"


@pytest.mark.long
def test_names_in_the_notation_page_are_used_in_code():
    package = "\n".join(path.read_text() for path in (ROOT / "lindiff_nb").rglob("*.py"))
    chapters = "\n".join(cell.source for name in CHAPTERS for cell in cells(name, "code"))
    names = re.findall(r"^ *- ((?:`\w+`(?:, )?)+)$", TEXT["book/notation"], re.M)
    for name in re.findall(r"`(\w+)`", " ".join(names)):
        assert re.search(rf"\b{name}\b", package + chapters), name


def series_in_wrong_colours(source: str) -> list[str]:
    """Series named new or training data, digits or images, that are not drawn in their colours.

    A name stands beside its colour: in one call, one tuple, or one line of a dictionary.
    """
    found, named = set(), set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Dict):
            groups = [*zip(node.keys, node.values, strict=True), node.values]
        elif isinstance(node, ast.Tuple):
            groups = [node.elts]
        elif isinstance(node, ast.Call):
            groups = [[*node.args, *(keyword.value for keyword in node.keywords)]]
        else:
            continue
        for group in groups:
            inks = {getattr(part, "attr", getattr(part, "id", "")) for part in group}
            for part in group:
                name = part.value if isinstance(part, ast.Constant) else ""
                if re.fullmatch(r"(new|training) (data|digits|images)", str(name)):
                    named.add(name)
                    found |= {name} if NEW_OR_TRAINING[name.split()[0]] in inks else set()
    return sorted(named - found)


@pytest.mark.long
def test_new_and_training_data_have_one_colour_each():
    """In the chapters, in the calculator's figure and in the live ones."""
    for name in CHAPTERS:
        for cell in cells(name, "code"):
            if draws(cell.source):
                assert not series_in_wrong_colours(cell.source), cell.source
    drawn = (ROOT / "lindiff_nb/calculator/figure.py").read_text()
    assert "new data" in drawn
    assert not series_in_wrong_colours(drawn)
    moving = (ROOT / "lindiff_nb/site/static/live.js").read_text()
    for kind, ink in (("new", "NEW"), ("training", "TRAINING")):
        assert set(re.findall(rf'"{kind} data", (\w+)', moving)) == {ink}
    assert (live.COLOURS["new"], live.COLOURS["training"]) == (palette.NEW, palette.TRAINING)
    assert series_in_wrong_colours('ax.plot(x, y, label="new data", color=palette.TRAINING)')


def test_the_notation_page_says_where_each_symbol_is_first_used():
    """To write it anew: `python tests/introduced.py`."""
    notation = TEXT["book/notation"]
    assert len(introduced.ROWS.findall(notation)) > 80
    assert introduced.written(notation) == notation
    wrong = re.sub(r"(ranks named\n  - \{ref\}`)ch-intro", r"\1ch-sampling", notation)
    assert introduced.written(wrong) == notation != wrong


@pytest.mark.parametrize("example", READMES_CODE)
def test_the_readme_s_examples_run(example):
    exec(compile(example, "README.md", "exec"), {})


CLOCKS = {"time", "perf_counter", "monotonic", "process_time", "perf_counter_ns", "monotonic_ns"}


def reads_a_clock(node: ast.AST) -> bool:
    """Whether a call of the clock stands anywhere below."""
    calls = (call.func for call in ast.walk(node) if isinstance(call, ast.Call))
    return any(isinstance(f, ast.Attribute) and f.attr in CLOCKS for f in calls)


@pytest.mark.parametrize("file", sorted((ROOT / "tests").glob("*.py")), ids=lambda file: file.stem)
def test_no_test_asserts_how_long_something_took(file):
    """A busy machine would fail it, and a fast one hide what it is about: `make bench` measures."""
    for node in ast.walk(ast.parse(file.read_text())):
        assert not (isinstance(node, ast.Assert) and reads_a_clock(node)), node.lineno
