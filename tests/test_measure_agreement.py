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
    others = (table.sum(axis=1) - np.diag(table)) / 6
    assert found.other == pytest.approx(others, rel=1e-10)
    assert found.relative == pytest.approx(np.trace(table) / others.sum(), rel=1e-10)


def test_one_picture_is_at_zero():
    x = np.random.default_rng().standard_normal((5, 4))
    found = distances(x, x)
    assert found.relative == 0
    assert found.error == 0


def test_strangers_are_at_one_within_the_error():
    """Of 200 repetitions the z-score has standard deviation near 1; seven errors of it are 0.35."""
    rng = np.random.default_rng()
    pairs = [distances(*rng.standard_normal((2, 60, 5))) for _ in range(200)]
    z = np.array([(found.relative - 1) / found.error for found in pairs])
    assert abs(z.mean()) < 7 / np.sqrt(200)
    assert abs(z.std() - 1) < 0.4


def test_rows_must_pair_up():
    with pytest.raises(ValueError, match="must pair up, two or more, got 3 and 2"):
        distances(np.ones((3, 4)), np.ones((2, 4)))
    with pytest.raises(ValueError, match="got 1 and 1"):
        distances(np.ones((1, 4)), np.ones((1, 4)))
    with pytest.raises(ValueError, match="dimension 4"):
        distances(np.ones((3, 4)), np.ones((3, 5)))
