"""Numbers handed from a chapter to its prose."""

import json
import math
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lindiff_nb.run import measured, read_records, record
from lindiff_nb.run.content import check_html
from lindiff_nb.run.records import PREFIX


def recorded(*pairs: tuple[str, object]) -> dict:
    """A notebook in which these were recorded, as a file holds it."""
    outputs = [
        {
            "output_type": "display_data",
            "data": {PREFIX + "text/plain": [repr(value)]},
            "metadata": {"scrapbook": {"name": name, "mime_prefix": PREFIX}},
        }
        for name, value in pairs
    ]
    return {"cells": [{"cell_type": "markdown"}, {"cell_type": "code", "outputs": outputs}]}


@settings(deadline=None)
@given(st.floats(allow_nan=False) | st.integers() | st.booleans() | st.text())
def test_a_value_is_read_back_exactly(value):
    (read,) = read_records(json.loads(json.dumps(recorded(("value", value))))).values()
    assert read == value
    assert type(read) is type(value)


def test_a_name_recorded_twice_is_an_error():
    with pytest.raises(ValueError, match="loss is recorded twice"):
        read_records(recorded(("loss", 1), ("loss", 2)))


@pytest.mark.parametrize(
    "value",
    [np.zeros(1), np.zeros((2, 2)), torch.zeros(3), [1], None, 1j, np.complex128(1), b"x", {}],
    ids=repr,
)
def test_what_is_not_one_number_or_string_is_refused_by_name(value):
    with pytest.raises(ValueError, match=r"^loss must be"):
        record(loss=value)


@pytest.mark.parametrize(
    "value", [math.nan, np.float64("nan"), np.array(math.nan), torch.tensor(math.nan)]
)
def test_nan_is_refused_by_name(value):
    with pytest.raises(ValueError, match=r"^loss is not a number \(NaN\)"):
        record(loss=value)


def test_outside_of_a_notebook_recording_is_silent(capsys):
    record(a=np.float64(1.5), b=torch.tensor(2), c="three", d=math.inf)
    assert capsys.readouterr().out == ""


def test_importing_record_costs_a_kernel_nothing():
    code = "import sys; from lindiff_nb.run import record; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"papermill", "jupytext", "nbformat", "numpy", "IPython", "yaml", "tqdm"}
    assert not heavy & set(done.stdout.split())


@pytest.fixture
def shown(monkeypatch) -> list:
    """What is displayed, as in a notebook, by a process that has recorded nothing yet."""
    import IPython

    from lindiff_nb.run import records

    said = []
    monkeypatch.setattr(records, "_so_far", {})
    monkeypatch.setattr(IPython, "get_ipython", lambda: True)
    monkeypatch.setattr(IPython.display, "display", lambda data, **_: said.append(data))
    return said


def test_the_table_has_a_row_for_each_meaning_in_their_order(shown):
    record(n=200, unsaid=1.0)
    record(loss=1 / 3, name="a < b")
    measured(loss="test loss & more", n="images", name="which")
    table = shown[-1]
    check_html(table["text/html"])
    assert re.findall(r"<th[^>]*>(.*?)</th><td>(.*?)</td>", table["text/html"]) == [
        ("test loss &amp; more", "0.3333"),
        ("images", "200"),
        ("which", "a &lt; b"),
    ]
    assert table["text/plain"].splitlines()[0] == "test loss & more: 0.3333"


def test_numbers_of_one_meaning_have_a_row_each(shown):
    record(first=1, second=2)
    measured(first="the same", second="the same")
    assert shown[-1]["text/plain"].splitlines() == ["the same: 1", "the same: 2"]
    assert shown[-1]["text/html"].count("<tr>") == 2


def test_the_table_knows_no_number_that_was_not_recorded(shown):
    record(loss=1.0)
    with pytest.raises(ValueError, match=r"^lost was not recorded"):
        measured(lost="test loss")
    assert len(shown) == 1
