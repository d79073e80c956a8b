"""`_valley`: the deepest of several valleys, to the precision asked for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lindiff_nb._base import valley


@given(st.lists(st.floats(-20, 20), min_size=1, max_size=5), st.sampled_from([1e-6, 1e-13]))
@settings(max_examples=50, deadline=None)
def test_parabolas_in_the_logarithm_are_least_where_they_say(centres, precision):
    centres, grid = np.array(centres), np.geomspace(1e-10, 1e10, 41)
    curve = (np.log(grid[:, None]) - centres) ** 2
    found = valley.bottom(curve, lambda x: np.log(x) - centres, grid, precision)
    assert np.log(found) == pytest.approx(centres, abs=2 * precision)


@pytest.mark.parametrize("deeper", [-3.0, 4.0])
def test_of_two_valleys_it_takes_the_deeper_one(deeper):
    """((y + 3) (y - 4))^2, y = ln x, tilted by y / 10 towards one of the two."""
    tilt, grid = -0.1 * np.sign(deeper), np.geomspace(1e-4, 1e4, 33)
    y = np.log(grid[:, None])
    curve = ((y + 3) * (y - 4)) ** 2 + tilt * y

    def slope(x):
        y = np.log(x)
        return 2 * (y + 3) * (y - 4) * (2 * y - 1) + tilt

    found = valley.bottom(curve, slope, grid, 1e-9)
    assert np.log(found) == pytest.approx([deeper], abs=0.01)
    assert slope(found) == pytest.approx([0.0], abs=1e-6)


def test_roots_next_to_the_smallest_numbers_are_found():
    found = valley.root(lambda x: x - 1e-300, np.array([1e-306]), np.array([1.0]), 1e-13)
    assert found == pytest.approx([1e-300], rel=1e-12)


def test_pooled_values_are_those_of_each_point_or_their_weighted_mean():
    values = np.arange(12.0).reshape(3, 4)
    assert np.array_equal(valley.pool(None, (4,))(values), values)
    weights = np.array([[1.0, 0], [2, 1]])
    mean = valley.pool(weights, (2, 2))(values)
    assert mean == pytest.approx((values @ [1, 0, 2, 1] / 4)[:, None], rel=1e-15)
    for bad in (np.ones(4), -weights, 0 * weights, np.nan * weights):
        with pytest.raises(ValueError, match="weights"):
            valley.pool(bad, (2, 2))
