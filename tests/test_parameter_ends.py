"""Each chapter runs, assertions included, with each parameter alone at either end of its range.

The others have the small values of the chapter, or it would take hours. An end that is the
published value is tried too. Of a str with choices each choice is tried, of a list of choices the
empty one. A bool has no ends: ours asks for the network.
"""

import pytest
from test_book import CHAPTERS

from lindiff_nb.run.parameters import Parameter, Value
from lindiff_nb.run.runner import run_chapter

Case = tuple[str, str, Value]  # chapter, parameter, its value

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
    return [
        (name, parameter.name, value)
        for name, chapter in CHAPTERS.items()
        for parameter in chapter.parameters
        for value in ends(parameter)
        if value != chapter.small.get(parameter.name, parameter.default)
    ]


@pytest.mark.slow
@pytest.mark.kernel
@pytest.mark.parametrize(
    ("chapter", "name", "value"),
    [pytest.param(*case, id="-".join(map(str, case))) for case in cases()],
)
def test_a_chapter_holds_at_each_end_of_each_parameter(chapter, name, value):
    values = CHAPTERS[chapter].values((CHAPTERS[chapter].small | {name: value}).items())
    _, record = run_chapter(CHAPTERS[chapter], values, timeout=LONGEST)
    assert record["parameters"][name] == value


def test_each_number_is_tried_at_both_ends_of_its_range():
    tried = {(chapter, name, value) for chapter, name, value in cases()}
    for chapter in CHAPTERS:
        for parameter in CHAPTERS[chapter].parameters:
            if parameter.type in (int, float):
                small = CHAPTERS[chapter].small.get(parameter.name, parameter.default)
                wanted = {parameter.low, parameter.high} - {small}
                assert {(chapter, parameter.name, value) for value in wanted} <= tried
