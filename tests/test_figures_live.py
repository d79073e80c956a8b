"""What is attached to a picture is what a page needs to move it, and no more."""

import base64
import json

import numpy as np
import pytest
from matplotlib.figure import Figure

from lindiff_nb.figures import live


def attached(**data) -> dict:
    """What a figure with these data hands to a notebook."""
    figure = Figure()
    live.attach(figure, "a kind", **data)
    return json.loads(json.dumps(live.of_figure(figure), allow_nan=False))


@pytest.mark.parametrize("kind", ["f8", "f4", "i2", "u1"])
def test_an_array_comes_back_bit_by_bit(kind):
    values = np.arange(12).reshape(3, 4).T.astype(kind)
    packed = attached(values=values)["data"]["values"]
    assert np.array_equal(np.frombuffer(base64.b64decode(packed[kind]), "<" + kind), values.ravel())


def test_numbers_texts_and_lists_stay_as_they_are():
    found = attached(steps=3, names=["a", "b"])
    assert found == {"kind": "a kind", "beside": False, "data": {"steps": 3, "names": ["a", "b"]}}


def test_a_figure_to_which_nothing_is_attached_does_not_move():
    assert live.of_figure(Figure()) is None


@pytest.mark.parametrize("values", [np.array(["a"]), np.array([1j]), np.arange(3)])
def test_an_array_of_another_type_is_refused(values):
    with pytest.raises(ValueError, match="values must be of a type among f8, f4, i2, u1"):
        attached(values=values)


def test_too_many_data_are_refused():
    attached(values=np.zeros(11_000))
    with pytest.raises(ValueError, match="data must be at most 120000"):
        attached(values=np.zeros(12_000))
