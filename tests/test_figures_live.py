"""What is attached to a picture is what a page needs to move it, and no more."""

import base64
import json

import numpy as np
import pytest
from matplotlib.figure import Figure

from lindiff_nb.exact import denoiser
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


def unpacked(figure: Figure) -> dict:
    """The data attached to a figure, arrays as a page reads them."""
    data = dict(live.of_figure(figure)["data"])
    for name, value in data.items():
        if isinstance(value, dict):
            ((kind, text),) = value.items()
            unit = {"i2": 32767, "u1": 255}.get(kind, 1)
            data[name] = np.frombuffer(base64.b64decode(text), "<" + kind) / unit
    return data


def test_a_digit_is_guessed_in_the_leading_eigenvectors_of_its_moments():
    rng, figure = np.random.default_rng(0), Figure()
    x = rng.uniform(size=(50, 36))
    covariance = np.cov(x.T)
    live.denoise(figure, x.mean(axis=0), covariance, x[:2], rng.standard_normal(36), steps=9)
    data = unpacked(figure)
    axes = data["axes"].reshape(-1, 36)
    assert np.allclose(axes @ axes.T, np.eye(36), atol=1e-3)
    assert np.allclose(axes.T * data["variances"] @ axes, covariance, atol=1e-4)
    assert np.allclose(data["digits"], x[:2].ravel(), atol=1 / 255)
    assert (live.of_figure(figure)["beside"], data["steps"]) == (True, 9)


def test_a_training_set_has_an_entry_for_every_direction_and_what_waits_in_its_null_space():
    figure, values = Figure(), np.array([2.0, 1.0, 0.0])
    modes = denoiser.Modes(values, None, values + 0.5, np.zeros(3), np.array([1.0, 1, 3]))
    live.training(figure, {"a": modes, "b": modes}, steps=9)
    data = unpacked(figure)
    assert np.array_equal(data["lambda"], 2 * [2, 1, 0, 0, 0])
    assert np.array_equal(data["seen"], 2 * [2.5, 1.5, 0.5, 0.5, 0.5])
    assert (data["laws"], data["waiting"]) == (["a", "b"], [0.5, 0.5])


def test_a_sampler_holds_its_spectrum_and_schedule():
    figure = Figure()
    live.sampler(figure, np.ones(4), steps=9, beta_end=0.5)
    data = unpacked(figure)
    assert (data["spectrum"].tolist(), data["steps"], data["beta_end"]) == ([1.0] * 4, 9, 0.5)
