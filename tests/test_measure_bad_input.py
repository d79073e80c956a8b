"""Every function of `measure` refuses bad input before it works, naming argument and value."""

import numpy as np
import pytest
from hard_cases import assert_refused

from lindiff_nb.measure import copies, experiments, memorization, score_matching

X = np.arange(12.0).reshape(4, 3)
NEAREST = memorization.nearest(X, X)
GOOD = {
    "rng": np.random.default_rng(0),
    "spectrum": np.ones(3),
    "n": 4,
    "alpha_bar": 0.5,
    "c": 0.1,
    "samples": X,
    "training": X,
    "others": X,
    "eigenvectors": np.eye(3),
    "first": 1,
    "nearest": NEAREST,
    "x": X,
    "copies": [True, False],
    "eta": 1e-3,
}
MASKED = np.ma.masked_greater(np.linspace(0.1, 0.9, 12).reshape(4, 3), 0.8)
NUMBER = [MASKED[3], np.nan, np.inf, "0.1", None, 1j, True]
WHOLE = [0, -1, 2.5, True, np.nan, "3"]
SIGNAL = [*NUMBER, 0, -0.1, 1 + 1e-9, [0.5, 0], [0.5, 1 + 1e-9]]
POINTS = [MASKED, list(MASKED), np.zeros((0, 3)), np.ones(3), np.full((3, 3), np.nan), None, "abc"]
BAD = {
    "rng": [None, 0, np.random.RandomState(0)],
    "spectrum": [MASKED[3], [], [[1.0, 2.0]], [1.0, -1e-3], [1.0, np.nan], [0.0, 0], 1.0, None],
    "n": [*WHOLE, None],
    "draws": [*WHOLE, None],
    "alpha_bar": SIGNAL,
    "c": [*NUMBER, -1e-9, [0.5, -1e-9]],
    "direction": ["sampler", "", None],
    "samples": POINTS,
    "training": POINTS,
    "others": [*POINTS, np.ones((4, 2))],
    "eigenvectors": POINTS,
    "first": [-1, 3, 1.0, True],
    "threshold": [*NUMBER, 0, -1],
    "x": POINTS,
    "copies": [MASKED[3], [], X > 1, [0.5, 1.0], [2, 0], True, None, "abc"],
    "eta": [*NUMBER, 0, -0.1, 1e3],
    "steps": [-1, 2.5, True, "3"],
    "noise": [0, np.random.default_rng(0)],
}
SET = ["rng", "spectrum", "n"]
TABLE = [
    (experiments.sample_modes, SET, []),
    (experiments.eigenvalues, SET, ["draws"]),
    (experiments.losses, [*SET, "alpha_bar", "c"], ["draws"]),
    (experiments.kl, [*SET, "c"], ["draws", "direction"]),
    (memorization.nearest, ["samples", "training"], []),
    (memorization.cosine_similarity, ["samples", "others"], []),
    (memorization.detail_similarity, ["samples", "others", "eigenvectors", "first"], []),
    (memorization.fraction_memorised, ["nearest"], ["threshold"]),
    (copies.share, ["copies"], []),
    (score_matching.gradient_descent, ["x", "alpha_bar", "eta"], ["c", "steps", "noise"]),
    (score_matching.largest_eta, ["x", "alpha_bar"], ["c"]),
]
CASES = [
    pytest.param(function, needed, name, id=f"{function.__name__}-{name}")
    for function, needed, more in TABLE
    for name in [*needed, *more]
    if name in BAD
]


@pytest.mark.parametrize(("function", "needed", "name"), CASES)
def test_bad_input_raises_naming_argument_and_value(function, needed, name):
    assert_refused(function, {each: GOOD[each] for each in needed}, name, BAD[name])


@pytest.mark.parametrize("function", [experiments.sample_modes, experiments.losses, experiments.kl])
def test_an_estimated_mean_needs_two_points(function):
    rest = {experiments.losses: {"alpha_bar": 0.5}, experiments.kl: {"c": 0.1}}.get(function, {})
    with pytest.raises(ValueError, match="n must be an integer >= 2, got 1"):
        function(np.random.default_rng(0), np.ones(3), 1, **rest, estimated_mean=True)
