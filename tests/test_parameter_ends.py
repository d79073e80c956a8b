"""Each chapter runs, assertions included, with each parameter alone at either end of its range.

At its lower end a parameter meets the published values of all others: a lower end that one of them
rules out is found here. At its upper end it meets the small values of the chapter, or a night would
not be enough. An end that is the published value has been run by the build. Of a str with choices
each choice is tried, of a list of choices the empty one. A bool has no ends: ours asks
for the network.
"""

import pytest
from test_book import CHAPTERS

from lindiff_nb.run.parameters import Parameter, Value
from lindiff_nb.run.runner import run_chapter

Case = tuple[str, str, Value, dict[str, Value]]  # chapter, parameter, its value, the other values

LONGEST = 300  # seconds for one run; the range of a parameter that needs more is too wide


def ends(parameter: Parameter) -> list[tuple[Value, bool]]:
    """The values of a parameter that are tried, and whether the others are as published."""
    if parameter.several:
        values = [("", True)]
    elif parameter.choices:
        values = [(choice, False) for choice in parameter.choices]
    elif parameter.type is bool:
        values = []
    else:
        values = [(parameter.low, True), (parameter.high, False)]
    return [(value, published) for value, published in values if value != parameter.default]


def cases() -> list[Case]:
    """Every end of every parameter of every chapter."""
    return [
        (name, parameter.name, value, {} if published else chapter.small)
        for name, chapter in CHAPTERS.items()
        for parameter in chapter.parameters
        for value, published in ends(parameter)
    ]


@pytest.mark.slow
@pytest.mark.kernel
@pytest.mark.parametrize(
    ("chapter", "name", "value", "others"),
    [pytest.param(*case, id="-".join(map(str, case[:3]))) for case in cases()],
)
def test_a_chapter_holds_at_each_end_of_each_parameter(chapter, name, value, others):
    values = CHAPTERS[chapter].values((others | {name: value}).items())
    _, record = run_chapter(CHAPTERS[chapter], values, timeout=LONGEST)
    assert record["parameters"][name] == value


def test_each_number_is_tried_at_both_ends_of_its_range():
    tried = {(chapter, name, value) for chapter, name, value, _ in cases()}
    for chapter in CHAPTERS:
        for parameter in CHAPTERS[chapter].parameters:
            if parameter.type in (int, float):
                wanted = {parameter.low, parameter.high} - {parameter.default}
                assert {(chapter, parameter.name, value) for value in wanted} <= tried
