"""`measure.memorization`: neighbours as by brute force, and copies recognised exactly."""

import numpy as np
import pytest

from lindiff_nb.measure import memorization
from lindiff_nb.measure.memorization import (
    Nearest,
    cosine_similarity,
    detail_similarity,
    fraction_memorised,
    nearest,
)


def brute_force(samples, training):
    """Every distance from its definition."""
    distance = np.linalg.norm(samples[:, None] - training[None], axis=-1)
    ordered = np.sort(distance, axis=1)
    return distance.argmin(axis=1), ordered[:, 0], ordered[:, 1]


@pytest.mark.parametrize("chunk", [1, 7, 1000, None])
@pytest.mark.parametrize("n", [2, 5, 60])
def test_nearest_is_brute_force(n, chunk):
    rng = np.random.default_rng()
    training, samples = rng.standard_normal((n, 5)), rng.standard_normal((33, 5))
    found = nearest(samples, training, chunk=chunk)
    index, distance, second = brute_force(samples, training)
    assert np.array_equal(found.index, index)
    assert found.distance == pytest.approx(distance, rel=1e-13)
    assert found.second_distance == pytest.approx(second, rel=1e-13)


@pytest.mark.parametrize("offset", [0, 1e6])
def test_a_copy_is_at_distance_zero_whatever_the_offset(offset):
    rng = np.random.default_rng()
    training = rng.standard_normal((40, 16)) + offset
    found = nearest(training[::-1], training)
    assert np.array_equal(found.index, np.arange(40)[::-1])
    assert np.all(found.distance == 0)
    assert np.all(found.second_distance > 0)
    assert fraction_memorised(found) == 1


def test_a_copy_of_a_point_that_occurs_twice_is_a_copy():
    training = np.array([[1.0, 2], [3, 4], [1, 2]])
    found = nearest([[1.0, 2]], training)
    assert (found.index[0], found.distance[0], found.second_distance[0]) == (0, 0, 0)
    assert found.ratio[0] == 0
    assert fraction_memorised(found) == 1


def test_with_one_training_point_there_is_no_second():
    found = nearest([[1.0, 2], [3, 5]], [[1.0, 2]])
    assert np.array_equal(found.distance, [0, np.sqrt(13)])
    assert np.all(found.second_distance == np.inf)
    assert np.all(found.ratio == 0)


def test_images_are_flattened():
    rng = np.random.default_rng()
    training, samples = rng.random((9, 4, 4)), rng.random((3, 4, 4))
    flat = nearest(samples.reshape(3, 16), training.reshape(9, 16))
    assert np.array_equal(nearest(samples, training).index, flat.index)
    assert cosine_similarity(samples, training[:3]) == pytest.approx(
        cosine_similarity(samples.reshape(3, 16), training[:3].reshape(3, 16))
    )


def test_fraction_memorised_counts_ratios_below_the_threshold():
    made = Nearest(np.arange(4), np.array([0.1, 0.33, 0.34, 2]), np.array([1.0, 1, 1, 4]))
    assert made.ratio == pytest.approx([0.1, 0.33, 0.34, 0.5])
    assert fraction_memorised(made) == 0.5
    assert fraction_memorised(made, threshold=0.2) == 0.25
    assert fraction_memorised(made, threshold=1) == 1


def test_cosine_is_that_of_the_angle_row_by_row():
    angle = np.linspace(0, np.pi, 7)
    turned = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    fixed = np.tile([3.0, 0], (7, 1))
    assert cosine_similarity(5 * turned, fixed) == pytest.approx(np.cos(angle), abs=1e-15)
    assert cosine_similarity([[0.0, 0]], [[1.0, 1]]) == 0
    x = np.random.default_rng().standard_normal((50, 9))
    assert np.all(cosine_similarity(x, 1e-9 * x) <= 1)


def test_detail_similarity_does_not_see_the_leading_directions():
    rng = np.random.default_rng()
    v, _ = np.linalg.qr(rng.standard_normal((8, 8)))
    detail = rng.standard_normal((5, 6)) @ v[:, 2:].T
    coarse = [10 * rng.standard_normal((5, 2)) @ v[:, :2].T for _ in range(2)]
    x, y = (detail + part for part in coarse)
    assert detail_similarity(x, y, v, 2) == pytest.approx(np.ones(5), abs=1e-12)
    assert np.all(np.abs(cosine_similarity(x, y) - 1) > 1e-6)
    assert detail_similarity(x, y, v, 0) == pytest.approx(cosine_similarity(x, y), abs=1e-12)


@pytest.mark.parametrize("first", [-1, 8, 2.0])
def test_detail_needs_a_direction_that_is_left(first):
    with pytest.raises(ValueError, match="first must be an integer from 0 to 7"):
        detail_similarity(np.eye(8), np.eye(8), np.eye(8), first)


def test_rows_that_do_not_pair_up_are_refused():
    with pytest.raises(ValueError, match="must pair up, got 3 and 2 rows"):
        memorization.cosine_similarity(np.ones((3, 4)), np.ones((2, 4)))
    with pytest.raises(ValueError, match=r"eigenvectors must be of shape \(4, m\)"):
        detail_similarity(np.ones((3, 4)), np.ones((3, 4)), np.eye(5), 0)
