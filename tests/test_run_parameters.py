"""What a parameters cell declares, and what may replace it."""

import math
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_book import cell, chapter, tiny_book

from lindiff_nb._base.errors import UsageError
from lindiff_nb.run.declarations import declared
from lindiff_nb.run.parameters import Parameter, check

CELL = """\
d: int = 400  # dimension of the data [1, 4096]

c: float = 0.01  # ridge [0, 10]
images: str = "mnist"  # image set {mnist, photo-crops}
label: str = "a; b"  # any words
centred: bool = True  # subtract the mean; or not
sets: str = "a, b"  # some sets [a, b, c-d]
shift: float = -1.5  # offset [-2, 2.5]
"""
D = Parameter("d", int, 400, "dimension of the data", 1, 4096)
C = Parameter("c", float, 0.01, "ridge", 0.0, 10.0)


def test_each_line_declares_name_type_default_meaning_and_range():
    assert declared(CELL) == [
        D,
        C,
        Parameter("images", str, "mnist", "image set", choices=("mnist", "photo-crops")),
        Parameter("label", str, "a; b", "any words"),
        Parameter("centred", bool, True, "subtract the mean; or not"),
        Parameter("sets", str, "a, b", "some sets", choices=("a", "b", "c-d"), several=True),
        Parameter("shift", float, -1.5, "offset", -2.0, 2.5),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "d = 400  # dimension [1, 4096]",
        "d: int  # dimension [1, 4096]",
        "d: int = 400",
        "d: int = 400  # [1, 4096]",
        "d: int = 400  # dimension",
        "d: int = 4.0  # dimension [1, 4096]",
        "d: int = True  # dimension [0, 4096]",
        "d: int = 4000 + 96  # dimension [1, 4096]",
        "d: int = 5000  # dimension [1, 4096]",
        "d: int = 400  # dimension [4096, 1]",
        "d: int = 400  # dimension [1, 1e3]",
        "d: int = 400  # dimension [1]",
        "d: int = 400  # dimension {1, 2}",
        "d: int | None = None  # dimension [1, 2]",
        "d: list = [1]  # dimensions",
        "c: float = 1  # ridge [0, 10]",
        "c: float = 1.0  # ridge [0, inf]",
        "images: str = 'x'  # image set {mnist, photo-crops}",
        "images: str = 'x'  # image set [a, b]",
        "sets: str = 'a, x'  # some sets [a, b]",
        "sets: str = 'a'  # some sets [a, b}",
        "sets: str = 'a'  # some sets [a, ]",
        "centred: bool = 1  # subtract the mean",
        "centred: bool = True  # subtract the mean [0, 1]",
        "a: int = 1; b: int = 2  # two [0, 9]",
        "_d: int = 1  # hidden [0, 9]",
        "x.d: int = 1  # attribute [0, 9]",
        "import numpy as np",
        "# only a comment",
        "d: int = 400  # dimension [1, 4096]\nd: int = 3  # again [1, 4096]",
        "label: str = '''a",
        "label: str = (  # words\n'a')",
    ],
)
def test_anything_else_in_the_cell_is_an_error_that_names_the_line(line):
    with pytest.raises(UsageError, match="parameters cell") as error:
        declared("n: int = 10  # samples [1, 99]\n" + line)
    assert line.splitlines()[-1].strip() in str(error.value) or "not Python" in str(error.value)


def test_the_error_names_the_chapter(tmp_path):
    book = tiny_book(tmp_path, {"law": chapter("Law", cell("d = 3", "parameters"))})
    with pytest.raises(UsageError, match=r"^law: parameters cell, line 'd = 3'"):
        _ = book.chapters["law"].parameters


def test_a_chapter_need_not_have_parameters(tmp_path):
    book = tiny_book(tmp_path, {"law": chapter("Law", cell("d = 3"))})
    assert book.chapters["law"].parameters == []
    with pytest.raises(UsageError, match="takes none"):
        check([], [("d", 1)])


BIG = 10**400
BAD = {
    "d": [
        *("0", "-5", "4097", "2.5", "12.0", "abc", "", " 12", "1e3", "1_000", "0x10", "١٢", "12\n"),
        *("True", "nan", "inf", str(BIG), "9" * 5000, "None", "[3]", "3,4"),
        *(0, 4097, BIG, 2.5, 12.0, True, None, [3], (3,), {3}, math.nan, 3 + 0j, b"3"),
        *(np.array([3]), np.float64(3), np.bool_(True), Decimal(3), Fraction(3), Path("3")),
    ],
    "c": [
        *("-1e-9", "10.1", "nan", "inf", "-inf", "Infinity", "1e999", "1_0.0", "0.5.", "", "٠.٥"),
        *(-1, 11, BIG, math.nan, math.inf, -math.inf, True, None, "True", 1j, [0.5]),
        *("1e-400", "-1e-400", "0.0001e-330"),
        *(np.float64("nan"), np.array([0.5]), torch.tensor(math.inf), Decimal("0.5")),
    ],
    "centred": ["1", "0", "yes", "", 1, 0.0, None, np.int64(1)],
    "images": ["cifar", "", "MNIST", " mnist", 3, None, b"mnist"],
    "sets": ["nonsense", "a, x", "a,,b", ",", "a b", "A", "a, a", " ", 3, None],
    "label": ["a\nb", "\x00", 3, None],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in BAD.items() for value in values], ids=repr
)
def test_a_bad_value_is_refused_with_parameter_value_and_what_is_allowed(name, value):
    with pytest.raises(UsageError, match=f"^{name} must be .*, got ") as error:
        check(declared(CELL), [(name, value)])
    assert len(str(error.value)) < 200
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("given", [10**5000, -(10**5000), [10**5000]], ids=["+", "-", "list"])
@pytest.mark.parametrize("name", ["d", "c", "centred", "sets", "label"])
def test_a_number_that_python_does_not_write_is_refused_as_any_other(name, given):
    with pytest.raises(UsageError, match=f"^{name} must be .*, got a .* of too many digits"):
        check(declared(CELL), [(name, given)])


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("d", "12", 12),
        ("d", "+0012", 12),
        ("d", 4096, 4096),
        ("d", np.int64(12), 12),
        ("d", np.array(12), 12),
        ("d", torch.tensor(12), 12),
        ("c", "1e-3", 1e-3),
        ("c", "-0.0", 0.0),
        ("c", "0e-999", 0.0),
        ("c", "5e-324", 5e-324),
        ("sets", "", ""),
        ("sets", "c-d,a", "c-d,a"),
        ("c", ".5", 0.5),
        ("c", "3", 3.0),
        ("c", 3, 3.0),
        ("c", 10, 10.0),
        ("c", 1e-320, 1e-320),
        ("c", np.float32(0.5), 0.5),
        ("c", torch.tensor(0.5), 0.5),
        ("centred", "FALSE", False),
        ("centred", np.bool_(True), True),
        ("images", "photo-crops", "photo-crops"),
        ("label", "quotes ' and \" and {braces}", "quotes ' and \" and {braces}"),
    ],
)
def test_a_good_value_becomes_a_plain_one_of_the_declared_type(name, given, value):
    (read,) = check(declared(CELL), [(name, given)]).values()
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("name", "near"), [("centered", "centred"), ("CENTRED", "centred"), ("D", "d"), ("dd", "d")]
)
def test_an_unknown_name_is_refused_with_the_nearest(name, near):
    with pytest.raises(UsageError, match=rf"no parameter '{name}'; the nearest is '{near}'"):
        check(declared(CELL), [(name, "true")])


def test_no_nearest_is_named_where_none_is_near():
    with pytest.raises(UsageError, match=r"no parameter 'nn' \(of d, c"):
        check(declared(CELL), [("nn", "1")])


@pytest.mark.parametrize("name", ["", "D", "d ", "d\n", "import os", "__d", "d;c", "lambda", "𝐝"])
def test_a_name_that_is_not_exactly_a_parameter_is_refused(name):
    with pytest.raises(UsageError, match="there is no parameter"):
        check(declared(CELL), [(name, "1")])


def test_a_parameter_given_twice_is_refused():
    with pytest.raises(UsageError, match="d is given twice"):
        check([D, C], [("d", "3"), ("c", "1"), ("d", "3")])
