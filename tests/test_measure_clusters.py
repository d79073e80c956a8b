"""`measure.clusters`: blobs that are apart are found; pairs by distance; images drawn apart."""

import numpy as np
import pytest

from lindiff_nb.measure import clusters

CENTRES = np.array([[0.0, 0, 0], [1, 0, 0], [0, 5, 0], [0, 0, 20]])
KINDS = np.arange(4).repeat([30, 20, 20, 10])
IMAGES = CENTRES[KINDS] + np.random.default_rng(1).uniform(-0.1, 0.1, (80, 3))


def found(count=4, components=3, seed=0):
    """The clustering of the best of a few starts: that of blobs, if components suffice."""
    tries = [
        clusters.find(np.random.default_rng((seed, k)), IMAGES, count, components)
        for k in range(20)
    ]
    spread = [np.sum(np.square((IMAGES - c.mean) @ c.axes - c.centres[c.labels])) for c in tries]
    return tries[int(np.argmin(spread))]


def test_blobs_that_are_apart_are_found():
    """k-means++ misses one of four such blobs in less than half of all starts; 20 starts: 1e-6."""
    sorts = found()
    for kind in range(4):
        assert len(set(sorts.labels[kind == KINDS])) == 1
    assert len(set(sorts.labels)) == 4
    assert np.array_equal(sorts.assign(IMAGES), sorts.labels)
    assert np.array_equal(sorts.assign(CENTRES), sorts.labels[[0, 30, 50, 70]])


def test_assigning_is_the_nearest_centre_along_the_axes():
    sorts = clusters.find(np.random.default_rng(0), IMAGES, 7, 2)
    assert sorts.axes.T @ sorts.axes == pytest.approx(np.eye(2))
    new = np.random.default_rng(2).uniform(-2, 8, (50, 3))
    for image, kind in zip(new, sorts.assign(new), strict=True):
        apart = [np.linalg.norm((image - sorts.mean) @ sorts.axes - c) for c in sorts.centres]
        assert kind == np.argmin(apart)


def test_pairs_are_sorted_by_the_distance_of_their_centres():
    sorts = found()
    two, distance = sorts.pairs(10)
    assert len(two) == 6
    assert np.all(np.diff(distance) >= 0)
    assert distance[[0, -1]] == pytest.approx([1, np.sqrt(425)], abs=0.1)
    assert set(two[0]) == {sorts.labels[0], sorts.labels[30]}
    assert len(sorts.pairs(15)[0]) == 3  # without the smallest


def test_drawn_images_are_equally_many_of_their_cluster_and_no_image_twice():
    sorts = found()
    drawn = clusters.draw_pairs(np.random.default_rng(5), sorts, IMAGES, 6, 4)
    assert [pair.distance for pair in drawn] == sorted(pair.distance for pair in drawn)
    for pair in drawn:
        assert pair.train.shape == (2, 6, 3)
        assert pair.new.shape == (2, 4, 3)
        images = np.concatenate([pair.train, pair.new], axis=1)
        assert len(np.unique(images.reshape(-1, 3), axis=0)) == 20
        for kind, part in zip(pair.two, images, strict=True):
            assert np.all(sorts.assign(part) == kind)


def test_on_a_line_clusters_are_at_both_sides_of_zero_with_deviation_one():
    """New images go by the scale of the training images: as if they were among them."""
    for pair in clusters.draw_pairs(np.random.default_rng(1), found(), IMAGES, 6, 4):
        train, new = pair.on_line()
        assert np.mean(train) == pytest.approx(0, abs=1e-9)
        assert train[0].mean() < 0 < train[1].mean()
        assert np.mean(np.var(train, axis=1)) == pytest.approx(1)
        swapped = pair._replace(new=pair.train[:, :4]).on_line()[1]
        assert swapped == pytest.approx(train[:, :4])
        assert new.shape == (2, 4)


def test_the_line_of_two_far_blobs_is_the_one_through_both():
    pair = clusters.draw_pairs(np.random.default_rng(1), found(), IMAGES, 6, 4)[-1]
    train, _ = pair.on_line()
    ahead = pair.train[1].mean(axis=0) - pair.train[0].mean(axis=0)
    along = pair.train @ ahead / np.linalg.norm(ahead)
    spread = np.sqrt(np.mean(np.var(along, axis=1)))
    assert np.ptp(train.mean(axis=1)) == pytest.approx(
        np.ptp(along.mean(axis=1)) / spread, rel=0.05
    )


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: clusters.find(np.random.default_rng(0), IMAGES, 0), "clusters"),
        (lambda: clusters.find(np.random.default_rng(0), IMAGES, 81), "clusters"),
        (lambda: clusters.find(np.random.default_rng(0), IMAGES, 2, 4), "components"),
        (lambda: clusters.find(np.random.default_rng(0), [[np.nan]], 1, 1), "images"),
        (lambda: found().pairs(25), "least"),
        (lambda: found().pairs(0), "least"),
        (lambda: found().assign([[0.0]]), "x"),
    ],
)
def test_bad_input_is_refused_by_name(call, named):
    with pytest.raises(ValueError, match=named):
        call()


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ((IMAGES, 0, 1), "n"),
        ((IMAGES, 1, 0), "new"),
        ((IMAGES, 30, 1), "least"),
        ((IMAGES, 1, 1, [0.5, 1.5]), "places"),
        ((IMAGES, 1, 1, [-0.1, 0.5]), "places"),
        ((IMAGES[1:], 1, 1), "images"),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_name(given, named):
    with pytest.raises(ValueError, match=named):
        clusters.draw_pairs(np.random.default_rng(0), found(), *given)
