"""Units are taken off and put back without a bit lost, or refused by name."""

import numpy as np
import pytest

from lindiff_nb._base import units
from lindiff_nb._base.units import Unit

NUMBERS = np.array([1 / 3, 0.0, -2.7, 1e-7])
EXPONENTS = [-900, -3, 0, 3, 900]


@pytest.mark.parametrize("k", EXPONENTS)
def test_the_unit_is_the_largest_power_of_two_not_above_all(k):
    assert units.unit(NUMBERS * 2.0**k, NUMBERS * 2.0 ** (k - 5)) == Unit(k + 1)
    assert units.unit(np.array([2.0**k])) == Unit(k)
    assert units.unit(np.zeros(3)) == units.unit() == Unit(0)


@pytest.mark.parametrize("k", EXPONENTS)
@pytest.mark.parametrize("power", [-1, 1])
@pytest.mark.parametrize("array", [NUMBERS, NUMBERS + 1j * NUMBERS[::-1], np.asarray(1 / 3)])
def test_off_and_on_are_inverse_bit_by_bit(array, k, power):
    without = Unit(k).off("c", array * 2.0 ** (power * k), power)
    assert np.array_equal(without, array)
    assert np.array_equal(Unit(k).on(without, power), array * 2.0 ** (power * k))


@pytest.mark.parametrize("bad", [5e-324, -2e-308, 1j * 5e-324])
def test_what_is_not_normal_is_refused_by_name(bad):
    with pytest.raises(ValueError, match=r"^c must be zero or normal numbers, got"):
        Unit(0).off("c", np.array([1.0, bad]))


def test_an_argument_is_within_2_to_the_1022_of_the_unit():
    ends = 2.0 ** np.array([-1022, 1022])
    assert np.array_equal(Unit(0).off("c", ends), ends)
    with pytest.raises(ValueError, match=r"^c must be zero or within a factor 4e\+307"):
        Unit(0).off("c", np.array([0.0, np.nextafter(ends[1], np.inf)]))
    with pytest.raises(ValueError, match=r"^c must be zero or within a factor 8e\+90"):
        Unit(0).off("c", np.array([0.0, 2.0**-303]), far=303 - 1)
    with pytest.raises(ValueError, match=r"^c must be .*, got \[1.e\+300\]"):
        Unit(-900).off("c", np.array([1e300]))


def test_a_result_is_normal_zero_or_infinite():
    assert np.array_equal(Unit(900).on(np.array([0, np.inf])), [0, np.inf])
    for value in (2.0**200, 2.0**-200):
        unit = Unit(int(900 * np.sign(np.log(value))))
        with pytest.raises(ValueError, match=r"^x must be in units that give normal numbers, got"):
            unit.on(np.array([1.0, value]), name="x")


def test_a_spectrum_spans_up_to_2_to_the_500():
    unit, levels = units.spectrum([3.0, 0, 2.0**-499])
    assert unit == Unit(1)
    assert np.array_equal(levels, [1.5, 0, 2.0**-500])
    with pytest.raises(ValueError, match=r"^eigenvalues must be zero or within"):
        units.spectrum([3.0, 2.0**-500], "eigenvalues")


def test_beside_noise_no_ridge_is_too_small_and_alone_it_is_as_anywhere():
    noise = np.array([1.0, 0.0])
    small, size = np.array([2.0**-900, 2.0**300]), Unit(300)
    assert size.beside("c", small, noise, far=400)[1] == 1
    with pytest.raises(ValueError, match=r"^c must be zero or within a factor 4e\+307"):
        size.beside("c", small[::-1], noise, far=400)
    with pytest.raises(ValueError, match=r"^c must be zero or within a factor 3e\+120"):
        size.beside("c", np.array([2.0**800, 0.0]), noise, far=400)
    assert Unit(1023).beside("c", np.zeros(1), np.ones(1)) == 0
