"""`exact.features`: moments in closed form against integrals over a fine grid."""

import numpy as np
import pytest

from lindiff_nb.exact.features import Features
from lindiff_nb.exact.modes import Mixture

LAW = Mixture([-2.0, 1.0, 2.5], [0.2, 0.5, 0.3], [1.0, 0.3, 0.7])


def some(seed, *shape):
    rng = np.random.default_rng(seed)
    return Features(rng.standard_normal(shape), rng.standard_normal((*shape, 4)))


@pytest.mark.parametrize("seed", range(4))
def test_moments_are_integrals_for_every_pair_of_signs_and_thresholds(seed):
    features, t = some(seed, 12), 0.37
    x, weights = LAW.rule(200_001)
    values = features.values(x, t)
    slopes = (values > 0) * features.w[:, None]
    squares, mean_slopes = features.moments(LAW, t)
    assert squares == pytest.approx(values * weights @ values.T, abs=1e-7)
    assert mean_slopes == pytest.approx(slopes @ weights, abs=1e-4)


def test_the_matrix_of_moments_is_symmetric_and_has_no_negative_eigenvalue():
    squares, _ = some(1, 60).moments(LAW, 0.1)
    assert squares == pytest.approx(squares.T, abs=1e-13)
    assert np.linalg.eigvalsh(squares)[0] > -1e-12


def test_one_feature_that_never_bends_on_the_data_is_a_straight_line():
    features = Features([1.0], [[100.0]])
    squares, slope = features.moments(LAW, 0.5)
    assert squares[0, 0] == pytest.approx(LAW.moments() @ [1e4, 200.0, 1.0], rel=1e-12)
    assert slope == pytest.approx([1.0])


def test_a_feature_and_its_mirror_image_share_the_second_moment():
    features = Features([1.0, -1.0], np.zeros((2, 4)))
    squares, slopes = features.moments(Mixture([0.0], deviation=1.5), 0.5)
    assert squares == pytest.approx(np.diag([1.125, 1.125]), abs=1e-15)
    assert slopes == pytest.approx([0.5, -0.5])


def test_leading_axes_of_features_and_of_laws_broadcast():
    features, points = some(2, 3, 5), np.random.default_rng(3).standard_normal((3, 7))
    squares, slopes = features.moments(Mixture(points).at(0.5), 0.5)
    assert squares.shape == (3, 5, 5)
    alone = Features(features.w[1], features.u[1]).moments(Mixture(points[1]).at(0.5), 0.5)
    assert squares[1] == pytest.approx(alone[0], rel=1e-12, abs=1e-15)
    assert slopes[1] == pytest.approx(alone[1], rel=1e-12, abs=1e-15)
    one = Features(features.w[0], features.u[0]).moments(Mixture(points).at(0.5), 0.5)
    assert one[0].shape == (3, 5, 5)


@pytest.mark.parametrize(
    ("w", "u", "name"),
    [
        ([0.0, 1.0], np.ones((2, 4)), "none of them zero"),
        ([], np.ones((0, 4)), "w must be one feature or more"),
        (1.0, np.ones(4), "w must be one feature or more"),
        ([1.0, np.inf], np.ones((2, 4)), "w"),
        ([1.0, 2.0], np.ones((3, 4)), "u must be of shape"),
        ([1.0, 2.0], np.ones((2, 0)), "u must be of shape"),
    ],
)
def test_what_are_no_features_is_refused_by_name(w, u, name):
    with pytest.raises(ValueError, match=name):
        Features(w, u)
