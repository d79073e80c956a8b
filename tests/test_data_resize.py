"""Area averages: the definition, its limits, and a naive reference."""

import numpy as np
import pytest

from lindiff_nb.data.resize import area, blank, gray, weights

SIZES = [(28, 16), (28, 32), (32, 16), (92, 16), (5, 1), (7, 7), (3, 11)]


@pytest.mark.parametrize(("n", "size"), SIZES)
def test_new_pixels_weigh_old_ones_by_overlap_and_use_every_old_pixel_alike(n, size):
    A = weights(n, size)
    fine = np.repeat(np.eye(n), size, axis=0)  # both grids divide n * size small steps
    naive = fine.reshape(size, n, n).mean(axis=1)
    np.testing.assert_allclose(A, naive, atol=1e-12)
    np.testing.assert_allclose(A.sum(axis=1), 1)
    np.testing.assert_allclose(A.sum(axis=0), size / n)


def test_what_a_caller_gets_is_not_changed_for_the_next():
    with pytest.raises(ValueError, match="read-only"):
        weights(5, 2)[0, 0] = 0


@pytest.mark.parametrize(("n", "size"), [(28, 16), (32, 16), (40, 9)])
def test_reducing_is_the_mean_over_the_area_that_a_new_pixel_covers(n, size):
    """Naively: every old pixel is cut into size x size equal pieces, the new ones into n x n."""
    images = np.random.default_rng(0).random((5, n, n))
    pieces = images.repeat(size, axis=1).repeat(size, axis=2)
    expected = pieces.reshape(5, size, n, size, n).mean(axis=(2, 4))
    np.testing.assert_allclose(area(images, size), expected, atol=1e-12)


def test_the_mean_of_every_image_is_kept_and_constants_stay():
    images = np.random.default_rng(1).integers(0, 256, (9, 28, 28)).astype(np.uint8)
    for size in (1, 16, 28, 32):
        means = area(images, size).mean(axis=(1, 2))
        np.testing.assert_allclose(means, images.mean(axis=(1, 2)) / 255)
    np.testing.assert_allclose(area(np.full((1, 28, 28), 255, np.uint8), 16), 1)


def test_the_original_size_gives_the_original_pixels():
    images = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    np.testing.assert_array_equal(area(images, 16), images / 255)


def test_gray_is_the_luma_of_the_three_planes():
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], np.uint8)
    np.testing.assert_allclose(gray(colours), [[0.299, 0.587, 0.114, 1]])


def test_a_stack_above_the_memory_limit_is_refused_with_its_size():
    with pytest.raises(MemoryError, match=r"size=5000 for 70,000 images needs about 26,077.0 GiB"):
        blank(70_000, 5000)
