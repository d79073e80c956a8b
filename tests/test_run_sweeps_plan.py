"""Which cells a sweep has, and what is refused before the first of them."""

import itertools
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as some
from tiny_book import cell, chapter, tiny_book

from lindiff_nb._base.errors import UsageError
from lindiff_nb.run.sweeps.cells import Refused
from lindiff_nb.run.sweeps.plan import MOST, Plan, from_file, lists, plan

CELL = """\
seed: int = 0  # seed [0, 1000000]
d: int = 400  # dimension [1, 4096]
c: float = 0.01  # ridge [0, 10]
label: str = "a"  # any words
flag: bool = True  # yes or no
"""
MODULE = """\
from typing import Literal
def ridge(n: int, c: float = 1.0, label: str = "a", kind: Literal["x", "y"] = "x", *, seed: int):
    return {"n": n}
def drawn(rng, n: int | None = 3):
    return n
def sure(n: int):
    return n
def untyped(n):
    return n
def by_place(n: int, /):
    return n
number = 3
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A book with the chapter `study`, and a folder with the module `ourstudy`."""
    book = tiny_book(
        tmp_path, {"intro": "# Intro\n", "study": chapter("Study", cell(CELL, "parameters"))}
    )
    monkeypatch.setenv("LINDIFF_BOOK", str(book.folder))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "ourstudy.py").write_text(MODULE)
    (tmp_path / "broken.py").write_text("def f(:")
    return tmp_path


def points(made: Plan) -> list[dict]:
    return list(made.points)


def test_a_grid_has_every_value_with_every_other_in_its_order():
    made = plan("study", grid={"d": [2, 1], "c": [0.1, 0.2]}, seeds=3)
    wanted = [{"d": d, "c": c} for d, c in itertools.product([2, 1], [0.1, 0.2])]
    assert points(made) == wanted
    cells = list(made.cells())
    assert len(cells) == len(made) == 12
    assert [one.replicate for one in cells] == [0, 1, 2] * 4


def test_what_is_zipped_goes_hand_in_hand_and_what_is_fixed_is_everywhere():
    made = plan(
        "study",
        grid={"c": [1, 2]},
        zips=[{"d": [1, 2], "label": ["u", "v"]}],
        fixed={"flag": "false"},
    )
    assert points(made) == [
        {"flag": False, "c": c, "d": d, "label": label}
        for c in (1.0, 2.0)
        for d, label in ((1, "u"), (2, "v"))
    ]


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        ("c", ["1e-3", "0.001", ".001"], [0.001]),
        ("d", ["100", "100"], [100]),
        ("c", ["1", "1.0", 1, 1.0], [1.0]),
        ("d", ["007", 7], [7]),
        (
            "label",
            ["007", "7", "no", "none", "2019-01-01"],
            ["007", "7", "no", "none", "2019-01-01"],
        ),
        ("flag", ["false", "TRUE", False], [False, True]),
    ],
)
def test_the_declared_type_decides_what_a_value_is_and_which_are_equal(name, given, kept):
    made = plan("study", grid={name: given})
    assert [point[name] for point in points(made)] == kept
    assert made.duplicates == len(given) - len(kept)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"grid": {"dd": [1]}}, "there is no parameter 'dd'; the nearest is 'd'"),
        ({"grid": {"d": ["1.5"]}}, r"d must be a whole number in \[1, 4096\], got '1.5'"),
        ({"grid": {"d": [True]}}, "d must be"),
        ({"grid": {"d": [0]}}, "d must be"),
        ({"grid": {"c": ["nan"]}}, "c must be"),
        ({"grid": {"flag": ["no"]}}, "flag must be true or false"),
        ({"grid": {"label": [7]}}, "label must be"),
        ({"grid": {"d": []}}, "d has no values"),
        ({"grid": {"d": 3}}, "the values of d must be a list"),
        ({"grid": {"d": "123"}}, "the values of d must be a list"),
        ({"grid": {"d": [1]}, "fixed": {"d": 2}}, "d is given twice"),
        ({"zips": [{"d": [1, 2], "c": [1]}]}, "equally long: d 2, c 1"),
        ({"zips": [{}]}, "the plan has no cells"),
        ({"seeds": 0}, "seeds must be a whole number >= 1"),
        ({"seeds": 1.0}, "seeds must be"),
        ({"entropy": -1}, "entropy must be"),
        ({"fixed": {"seed": 3}, "seeds": 2}, "seed is given"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(how, said):
    with pytest.raises(UsageError, match=said):
        plan("study", **how)


@pytest.mark.parametrize(
    ("name", "how", "said"),
    [
        ("ourstudy", {}, "named module:function"),
        ("nosuchmodule:f", {}, "No module named 'nosuchmodule'"),
        ("ourstudy:rigde", {}, "no attribute 'rigde'; the nearest is 'ridge'"),
        ("broken:f", {}, "broken cannot be imported: SyntaxError"),
        ("ourstudy:number", {}, "number cannot be called"),
        ("ourstudy:untyped", {}, "must give its n a name and a type"),
        ("ourstudy:by_place", {}, "must give its n a name and a type"),
        ("ourstudy:ridge", {}, "needs a value for n"),
        ("ourstudy:ridge", {"grid": {"m": [1]}}, "there is no parameter 'm'"),
        ("ourstudy:ridge", {"grid": {"n": [1.5]}}, "n must be a whole number"),
        ("ourstudy:ridge", {"grid": {"n": [1], "c": [10**400]}}, "c must be a number, got 1000"),
        ("ourstudy:ridge", {"grid": {"n": [1], "kind": ["z"]}}, "kind must be one of x, y"),
        ("ourstudy:sure", {"grid": {"n": [1]}, "seeds": 2}, "takes no seed"),
        ("ourstudy:drawn", {"grid": {"rng": [1]}}, "there is no parameter 'rng'"),
    ],
)
def test_a_function_is_held_to_its_signature(name, how, said):
    with pytest.raises(UsageError, match=said):
        plan(name, call=True, **how)


def test_a_function_in_the_place_of_a_chapter_is_told_how_it_is_called():
    with pytest.raises(UsageError, match=r"ourstudy:ridge is a function, .* --call ourstudy:ridge"):
        plan("ourstudy:ridge", grid={"n": [1]})


def test_a_plan_of_absurd_size_is_refused_with_its_numbers_before_it_is_written_out():
    grid = {"d": list(range(1, 1001)), "c": [k / 100 for k in range(1000)]}
    with pytest.raises(
        Refused, match=r"1000 x 1000 x 1000 = 1,000,000,000 cells, more than 100,000"
    ):
        plan("study", grid=grid, seeds=1000)
    assert MOST == 100_000
    with pytest.raises(Refused, match="4 cells, more than 3"):
        plan("study", seeds=4, most=3)


TOML = """\
chapter = "study"
seeds = 2
fixed = {flag = true}
grid = {c = [1, "0.5"], label = ["a, b", "=", "' \\""]}
zip = [{d = [1, 2]}]
"""


def test_a_file_says_what_the_command_line_says(here):
    (here / "plan.toml").write_text(TOML)
    grid = lists(["c=1,.5", """label="a, b",=,"' \"\"\""""])
    assert from_file(here / "plan.toml") == plan(
        "study", grid=grid, zips=[{"d": ["1", "2"]}], fixed={"flag": "true"}, seeds=2
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seeds = 2", "seed = 2", "there is no key 'seed'; the nearest is 'seeds'"),
        ('chapter = "study"', "", "one of chapter and call must be named"),
        (
            'chapter = "study"',
            'chapter = "studdy"',
            "there is no chapter 'studdy'; the nearest is 'study'",
        ),
        ('"study"', "3", "a sweep is over a chapter"),
        ("[{d = [1, 2]}]", "[1]", "zip must hold names and values"),
        ("{flag = true}", "3", "fixed must hold names and values"),
        ("seeds = 2", "seeds =", "plan.toml"),
        ('["a, b"', '[2019-01-01, "a, b"', "label must be"),
    ],
)
def test_a_file_that_is_no_plan_is_refused_by_its_name(here, old, new, said):
    (here / "plan.toml").write_text(TOML.replace(old, new))
    with pytest.raises(UsageError, match=said) as refused:
        from_file(here / "plan.toml")
    assert "plan.toml" in str(refused.value)
    with pytest.raises(UsageError, match=r"no file .*other\.toml"):
        from_file(here / "other.toml")


@pytest.mark.parametrize("content", [b"x = " + b"[" * 10**5, b"\xff", b"a = '\0'", b"", b"a = 1_"])
def test_any_bytes_are_a_plan_or_are_refused_by_name(here, content):
    (here / "plan.toml").write_bytes(content)
    with pytest.raises(UsageError, match=r"plan\.toml"):
        from_file(here / "plan.toml")


def test_a_plan_that_is_no_file_is_refused_and_never_waited_for(here):
    os.mkfifo(here / "pipe.toml")
    (here / "folder.toml").mkdir()
    for name in ("pipe.toml", "folder.toml"):
        with pytest.raises(UsageError, match=f"{name} is not a file"):
            from_file(here / name)


@pytest.mark.parametrize("word", ["d", "=1", "", 'label="a'])
def test_a_word_that_is_no_list_is_refused(word):
    with pytest.raises(UsageError):
        lists([word])
    with pytest.raises(UsageError, match="given twice"):
        lists(["d=1", "d=2"])
    assert lists(["d="]) == {"d": []}


@given(some.lists(some.text(some.characters(exclude_characters="\r\n\0")), min_size=1))
def test_any_text_survives_in_quotes(values):
    quoted = ",".join('"' + value.replace('"', '""') + '"' for value in values)
    assert lists([f"label={quoted}"]) == {"label": values}


# ---- seeds


def by_point(made: Plan) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for one in made.cells():
        values = {name: value for name, value in one.values.items() if name != "seed"}
        found.setdefault(json.dumps(values, sort_keys=True), []).append(one.seed)
    return found


def test_a_seed_depends_on_its_point_and_replicate_alone():
    few = by_point(plan("study", grid={"d": [1, 2], "c": [0.5, 1]}, seeds=3))
    other = by_point(plan("study", grid={"c": [1, 7, 0.5], "d": [2, 3, 1]}, seeds=5))
    assert all(other[point][:3] == found for point, found in few.items())
    again = by_point(plan("study", grid={"d": [1, 2], "c": [0.5, 1]}, seeds=3, entropy=1))
    assert all(set(again[point]).isdisjoint(found) for point, found in few.items())


def test_a_seed_that_is_given_is_used_and_what_takes_none_needs_none():
    assert len(plan("ourstudy:sure", call=True, grid={"n": [1]})) == 1
    made = plan("study", grid={"seed": [5, 6]})
    assert [(one.seed, one.values["seed"]) for one in made.cells()] == [(5, 5), (6, 6)]


def test_a_chapter_s_seeds_are_in_its_range_and_different_for_all_replicates_of_a_point():
    made = plan("study", grid={"d": [1, 2]}, seeds=500)
    assert all(len(set(found)) == 500 for found in by_point(made).values())
    assert all(0 <= one.seed <= 1_000_000 for one in made.cells())
    with pytest.raises(UsageError, match="takes 1000001 seeds, fewer than 1000002"):
        plan("study", seeds=1_000_002, most=10**7)
