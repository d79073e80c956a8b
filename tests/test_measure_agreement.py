"""`measure.agreement`: distances within pairs and across them."""

import numpy as np
import pytest

from lindiff_nb.measure.agreement import distances


def test_distances_are_those_of_all_pairs():
    rng = np.random.default_rng()
    x, y = rng.standard_normal((2, 7, 3, 2)) + 5
    found = distances(x, y)
    table = np.sum((x[:, None] - y[None]) ** 2, axis=(2, 3))
    assert found.same == pytest.approx(np.diag(table), rel=1e-12)
    others = (table.sum(axis=0) + table.sum(axis=1) - 2 * np.diag(table)) / 12
    assert found.other == pytest.approx(others, rel=1e-10)
    assert found.relative == pytest.approx(np.trace(table) / others.sum(), rel=1e-10)


def test_one_picture_is_at_zero():
    x = np.random.default_rng().standard_normal((5, 4))
    found = distances(x, x)
    assert found.relative == 0
    assert found.error == 0


@pytest.mark.parametrize("shared", [0.0, 0.6])
def test_the_error_is_the_scatter_of_repetitions(shared):
    """Both models draw `shared` times the noise, and their own besides: 1 - shared^2 is expected.

    The mean of 600 z-scores is 0 to within 1 / sqrt(600), 0.04; their standard deviation is 1.04,
    for 60 noises are not infinitely many, to within 1 / sqrt(1200), 0.03. The bounds are more than
    five errors away: false alarms below 1e-6.
    """
    rng = np.random.default_rng()
    expected, z = 1 - shared**2, []
    for _ in range(600):
        noise, first, second = rng.standard_normal((3, 60, 5))
        own = np.sqrt(1 - shared**2)
        found = distances(shared * noise + own * first, shared * noise + own * second)
        z.append((found.relative - expected) / found.error)
    assert abs(np.mean(z)) < 0.25
    assert abs(np.std(z) - 1) < 0.2


def test_rows_must_pair_up():
    with pytest.raises(ValueError, match="must pair up, two or more, got 3 and 2"):
        distances(np.ones((3, 4)), np.ones((2, 4)))
    with pytest.raises(ValueError, match="got 1 and 1"):
        distances(np.ones((1, 4)), np.ones((1, 4)))
    with pytest.raises(ValueError, match="dimension 4"):
        distances(np.ones((3, 4)), np.ones((3, 5)))


def test_without_two_different_samples_there_is_no_scale():
    with pytest.raises(ValueError, match="must differ between noises"):
        distances(np.ones((3, 4)), np.ones((3, 4)))


def test_two_noises_are_enough():
    found = distances([[0.0], [1.0]], [[0.0], [3.0]])
    assert np.array_equal(found.same, [0, 4])
    assert np.array_equal(found.other, [5, 5])
    assert found.relative == 0.4
    assert found.error == pytest.approx(0.4, rel=1e-15)


def test_bytes_beside_floats_from_zero_to_one_are_refused():
    x = np.random.default_rng(0).random((40, 6))
    whole = np.rint(255 * x).astype(np.uint8)
    for pair in ((whole, x), (x, whole)):
        with pytest.raises(ValueError, match="first and second must be in one unit, got "):
            distances(*pair)
    assert distances(whole, 255 * x).relative < 1e-4
    assert distances(x, 255 * x).relative > 0.1
