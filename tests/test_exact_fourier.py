"""`exact.fourier`: waves of known frequency, Parseval, and what is refused."""

import numpy as np
import pytest
from hard_cases import assert_refused

from lindiff_nb.exact import fourier

SIDE = 8


def wave(k_y, k_x, phase=0.3):
    y, x = np.mgrid[:SIDE, :SIDE]
    return np.cos(2 * np.pi * (k_y * y + k_x * x) / SIDE + phase)


@pytest.mark.parametrize(("k", "ring"), [((0, 1), 1), ((2, 2), 3), ((0, -3), 3), ((3, 2), 4)])
def test_a_wave_has_its_power_at_its_frequency(k, ring):
    share = fourier.radial_power(wave(*k)[None])[0]
    assert share[ring] == pytest.approx(1)
    assert share.sum() == pytest.approx(1)
    assert fourier.mean_frequency(wave(*k)[None])[0] == pytest.approx(np.hypot(*k))


def test_powers_of_waves_add_up():
    both = 3 * wave(0, 1) + 4 * wave(0, 3)
    share = fourier.radial_power(both[None])[0]
    assert share[[1, 3]] == pytest.approx([9 / 25, 16 / 25])
    assert fourier.mean_frequency(both[None])[0] == pytest.approx(1 * 9 / 25 + 3 * 16 / 25)


def test_white_images_fill_the_rings_as_their_areas():
    """Exactly, for all unit images together: every frequency gets the same power."""
    every = np.eye(SIDE**2).reshape(-1, SIDE, SIDE)
    share = fourier.radial_power(every).mean(axis=0)
    k = np.fft.fftfreq(SIDE) * SIDE
    ring = np.floor(np.hypot(k[:, None], k) + 0.5)
    assert share == pytest.approx([np.mean(ring == f) for f in range(len(share))])


def test_an_image_of_one_pixel_has_all_its_power_at_zero():
    assert fourier.radial_power([[[2.0]]]).tolist() == [[1.0]]
    assert fourier.mean_frequency([[[2.0]]]) == [0.0]


def test_bad_input_raises_naming_argument_and_value():
    good = {"images": np.ones((2, 4, 4))}
    for function in (fourier.radial_power, fourier.mean_frequency):
        assert_refused(function, good, "images", [None, np.ones((2, 4)), np.ones((2, 4, 5))])
        assert_refused(function, good, "images", [np.zeros((2, 4, 4)), [[[np.nan]]]])
