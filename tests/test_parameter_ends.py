"""Each chapter runs, assertions included, with each parameter alone at either end of its range.

The others have the small values of the chapter, or it would take hours. An end that is the
published value is tried too. Of a str with choices each choice is tried, of a list of choices the
empty one. A bool has no ends: ours asks for the network. The ends of a seed need no runs of their
own: what a chapter asserts holds for any seed, and so the runs of other ends take them along.
"""

from itertools import zip_longest

import pytest
from test_book import CHAPTERS

from lindiff_nb.run.parameters import Parameter, Value
from lindiff_nb.run.runner import run_chapter

Case = tuple[str, dict[str, Value]]  # chapter, the parameter that is tried, and maybe a seed

LONGEST = 300  # seconds for one run; the range of a parameter that needs more is too wide


def ends(parameter: Parameter) -> list[Value]:
    """The values of a parameter that are tried."""
    if parameter.several:
        return [""]
    if parameter.choices:
        return list(parameter.choices)
    return [] if parameter.type is bool else [parameter.low, parameter.high]


def cases() -> list[Case]:
    """Every end of every parameter of every chapter, but those that a small run has anyway."""
    found = []
    for name, chapter in CHAPTERS.items():
        tried = [
            {parameter.name: value}
            for parameter in chapter.parameters
            for value in ends(parameter)
            if value != chapter.small.get(parameter.name, parameter.default)
        ]
        seeds = [values for values in tried if "seed" in values]
        others = [values for values in tried if "seed" not in values]
        found += [(name, a | b) for a, b in zip_longest(others, seeds, fillvalue={})]
    return found


@pytest.mark.slow
@pytest.mark.kernel
@pytest.mark.parametrize(
    ("chapter", "tried"),
    [
        pytest.param(name, tried, id="-".join([name, *(f"{k}-{v}" for k, v in tried.items())]))
        for name, tried in cases()
    ],
)
def test_a_chapter_holds_at_each_end_of_each_parameter(chapter, tried):
    values = CHAPTERS[chapter].values((CHAPTERS[chapter].small | tried).items())
    _, record = run_chapter(CHAPTERS[chapter], values, timeout=LONGEST)
    assert record["parameters"].items() >= tried.items()


def test_each_number_is_tried_at_both_ends_of_its_range():
    tried = {(chapter, *end) for chapter, values in cases() for end in values.items()}
    assert all(len(values.keys() - {"seed"}) <= 1 for _, values in cases())
    for chapter in CHAPTERS:
        for parameter in CHAPTERS[chapter].parameters:
            if parameter.type in (int, float):
                small = CHAPTERS[chapter].small.get(parameter.name, parameter.default)
                wanted = {parameter.low, parameter.high} - {small}
                assert {(chapter, parameter.name, value) for value in wanted} <= tried
