"""Every function of `predict` refuses bad numbers before it works, naming argument and value."""

import numpy as np
import pytest
from hard_cases import assert_refused

from lindiff_nb.predict import divergence, fluctuations, losses, marchenko_pastur, ridge

GOOD = {
    "spectrum": np.ones(3),
    "n": 4,
    "d": 3,
    "alpha_bar": 0.5,
    "c": 0.1,
    "xi": 0.1,
    "kappa": 0.1,
    "aspect": 0.5,
    "p": 0.5,
    "x": 0.5,
    "z": -1.0,
}
MASKED = np.ma.masked_greater([0.25, 0.5, 0.9], 0.8)
NUMBER = [MASKED, list(MASKED), np.nan, np.inf, "0.1", None, 1j, True, [[1.0], [1.0, 2.0]]]
NUMBER += [[0.5, np.nan]]
WHOLE = [0, -1, 2.5, True, np.nan, "3", None, 10**400, 10**5000]
NONNEGATIVE = [*NUMBER, -1e-9, [0.5, -1e-9]]
DIRECTION = ["sampler", "", None, np.array(["a", "b"])]
BAD = {
    "spectrum": [
        MASKED,
        np.ma.ones(3),
        [],
        [[1.0, 2.0]],
        [1.0, -1e-3],
        [1.0, np.nan],
        [np.inf],
        [0.0, 0],
        1.0,
        None,
        [1j],
        [1e308, 1e308],
        [1.0, 1e308],
    ],
    "n": [*WHOLE, np.ma.ones(2, int)],
    "d": WHOLE,
    "alpha_bar": [*NUMBER, 0, -0.1, 1 + 1e-9, [0.5, 0], [0.5, 1 + 1e-9]],
    "c": NONNEGATIVE,
    "xi": NONNEGATIVE,
    "kappa": NONNEGATIVE,
    "aspect": [*NUMBER, 0, -1, [0.5, 2], 1e301, 1e-301],
    "p": [*NONNEGATIVE, 1.1, [0.5, 1.1]],
    "x": NUMBER,
    "z": [
        MASKED,
        np.nan,
        np.inf,
        "0.1",
        None,
        complex(np.nan, 1),
        complex(0, np.inf),
        1.0,
        [-1.0, 1.0],
    ],
    "direction": DIRECTION,
    "power": WHOLE,
}
TABLE = [
    (ridge.degrees_of_freedom, ["kappa", "spectrum"], ["power"]),
    (ridge.effective_ridge, ["xi", "spectrum", "n"], []),
    (ridge.response, ["xi", "spectrum", "n"], []),
    (losses.test_loss, ["spectrum", "n", "alpha_bar", "c"], []),
    (losses.train_loss, ["spectrum", "n", "alpha_bar", "c"], []),
    (losses.test_and_train_loss, ["spectrum", "n", "alpha_bar", "c"], []),
    (losses.gap, ["spectrum", "n", "alpha_bar", "c"], []),
    (losses.scatter, ["spectrum", "n", "alpha_bar", "c"], []),
    (losses.mean_error, ["spectrum", "n", "alpha_bar", "c"], []),
    (losses.residual_loss, ["spectrum", "alpha_bar"], []),
    (losses.alignment, ["spectrum", "n", "alpha_bar"], []),
    (divergence.kl, ["spectrum", "n", "c"], ["direction"]),
    (fluctuations.test_loss_sd, ["spectrum", "n", "alpha_bar", "c"], []),
    (fluctuations.train_loss_sd, ["spectrum", "n", "alpha_bar", "c"], []),
    (fluctuations.kl_sd, ["spectrum", "n", "c"], ["direction"]),
    (divergence.wishart_kl, ["d", "n"], ["direction"]),
    (marchenko_pastur.edges, ["aspect"], []),
    (marchenko_pastur.atom, ["aspect"], []),
    (marchenko_pastur.density, ["x", "aspect"], []),
    (marchenko_pastur.cdf, ["x", "aspect"], []),
    (marchenko_pastur.quantile, ["p", "aspect"], []),
    (marchenko_pastur.stieltjes, ["z", "aspect"], []),
]
CASES = [
    pytest.param(function, needed, name, id=f"{function.__name__}-{name}")
    for function, needed, more in TABLE
    for name in [*needed, *more]
]


@pytest.mark.parametrize(("function", "needed", "name"), CASES)
def test_bad_input_raises_naming_argument_and_value(function, needed, name):
    assert_refused(function, {each: GOOD[each] for each in needed}, name, BAD[name])


@pytest.mark.parametrize("n", [[], [3, 0], [2.0, 3.0], [True], [1, "2"], [[1], [2, 3]]])
def test_arrays_of_n_are_whole_numbers_too(n):
    for function, needed, _ in TABLE:
        arguments = {each: GOOD[each] for each in needed} | {"n": n}
        if "n" in needed:
            with pytest.raises(ValueError, match=r"^n .*, got "):
                function(**arguments)


def test_an_estimated_mean_needs_two_points():
    with pytest.raises(ValueError, match="n must be an integer >= 2, got 1"):
        divergence.kl(np.ones(3), 1, 0.1, estimated_mean=True)


def test_arrays_that_do_not_broadcast_are_named_with_their_shapes():
    with pytest.raises(ValueError, match=r"alpha_bar \(2,\) and c \(3,\) must have shapes"):
        losses.test_loss(np.ones(3), 4, np.full(2, 0.5), np.zeros(3))
