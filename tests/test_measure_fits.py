"""`measure.fits`: the losses of given training sets, from the matrices themselves."""

import numpy as np
import pytest
from hard_cases import assert_refused

from lindiff_nb.exact import denoiser
from lindiff_nb.measure import fits

ALPHA_BAR = np.array([0.3, 0.9, 0.99])


@pytest.mark.parametrize("n", [1, 3, 4, 20])
def test_losses_are_those_of_the_optimal_matrices(n):
    rng, d = np.random.default_rng(n), 4
    sets = [rng.standard_normal((n, d)) for _ in range(3)]
    root = rng.standard_normal((d, d))
    covariance, zero = root @ root.T, np.zeros(d)
    found = fits.mean_losses(sets, covariance, ALPHA_BAR)
    for row, x in zip(found, sets, strict=True):
        own = x.T @ x / n
        for column, law in enumerate((covariance, own)):
            expected = [
                denoiser.loss(*denoiser.optimal(zero, own, a), zero, law, a) for a in ALPHA_BAR
            ]
            assert row[column] == pytest.approx(np.mean(expected), rel=1e-9)


def test_sets_are_different_points_of_the_pool_drawn_one_after_the_other():
    pool = np.arange(24.0).reshape(8, 3)
    found = fits.sets(np.random.default_rng(1), pool, 5, 4)
    rng = np.random.default_rng(1)
    assert found.shape == (4, 5, 3)
    for each in found:
        assert np.array_equal(each, rng.choice(pool, 5, replace=False))
        assert len(np.unique(each[:, 0])) == 5
    images = fits.sets(np.random.default_rng(1), pool.reshape(8, 3, 1), 5, 4)
    assert np.array_equal(images, found)


def test_every_point_of_the_pool_is_as_likely():
    """Counts of 10 points in 4000 sets of 4: a z-score exceeds 6 with probability 2e-9 each."""
    drawn = fits.sets(np.random.default_rng(), np.arange(10.0)[:, None], 4, 4000)
    counts = np.bincount(drawn.astype(int).ravel())
    assert np.all(np.abs(counts - 1600) < 6 * np.sqrt(4000 * 0.4 * 0.6))


def test_a_pool_that_cannot_be_drawn_from_is_refused():
    good = {"rng": np.random.default_rng(0), "pool": np.ones((4, 2)), "n": 2, "draws": 3}
    assert_refused(fits.sets, good, "rng", [0, None])
    assert_refused(fits.sets, good, "pool", [np.ones(3), np.zeros((0, 2)), [[np.nan, 1.0]]])
    assert_refused(fits.sets, good, "n", [0, 5, 1.5, True])
    assert_refused(fits.sets, good, "draws", [0, -1, 2.5])


def test_bad_input_raises_naming_argument_and_value():
    good = {"sets": [np.ones((2, 3))], "covariance": np.eye(3), "alpha_bar": 0.5}
    assert_refused(fits.mean_losses, good, "covariance", [np.ones(3), -np.eye(3), None])
    assert_refused(fits.mean_losses, good, "alpha_bar", [0, 2, np.nan])
    assert_refused(fits.mean_losses, good, "sets", [[np.ones((2, 4))], [np.full((2, 3), np.nan)]])


def test_the_loss_on_the_rest_is_that_of_the_images_that_were_not_drawn():
    rng, n, size, d = np.random.default_rng(3), 7, 20, 4
    pool = rng.standard_normal((size, d))
    own, rest = pool[:n], pool[n:]
    on_pool, train = fits.mean_losses([own], pool.T @ pool / size, ALPHA_BAR)[0]
    directly = fits.mean_losses([own], rest.T @ rest / len(rest), ALPHA_BAR)[0, 0]
    assert fits.on_rest(on_pool, train, n / size) == pytest.approx(directly, rel=1e-12)
    both = fits.on_rest([on_pool, train], train, [[n / size], [0.0]])
    assert both == pytest.approx(np.array([[directly, train], [on_pool, train]]))


@pytest.mark.parametrize(
    ("name", "bad"),
    [("share", [1.0, -0.1, np.nan]), ("pool_loss", [np.nan]), ("train_loss", [np.inf])],
)
def test_a_share_or_a_loss_that_is_none_is_refused(name, bad):
    good = {"pool_loss": 1.0, "train_loss": 0.5, "share": 0.25}
    assert_refused(fits.on_rest, good, name, bad)
