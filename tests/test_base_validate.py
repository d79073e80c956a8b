"""The rules that hold for every argument: rounding, masks, truth values."""

import itertools

import numpy as np
import pytest

from lindiff_nb._base import rounding, validate
from lindiff_nb.exact import spectra

POWER = spectra.power_law(40, 1.0)


def of_rank(r, d=40, dtype=float):
    """The eigenvalues, as eigvalsh gives them, of a covariance of rank r computed in this type."""
    root = np.random.default_rng(r).standard_normal((d, r)).astype(dtype)
    return np.linalg.eigvalsh(root @ root.T)[::-1]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("r", [1, 7, 39])
def test_varying_counts_the_rank_of_what_eigvalsh_returns(r, dtype):
    noisy = of_rank(r, dtype=dtype)
    assert np.count_nonzero(noisy) > r
    for form in (noisy, noisy[::-1], np.abs(noisy)):
        assert np.count_nonzero(validate.varying(form)) == r
    assert validate.varying(noisy)[:r] == pytest.approx(noisy[:r].astype(float), rel=0, abs=0)


def test_rounding_below_zero_is_zero_and_more_is_refused():
    noisy = of_rank(7)
    assert noisy.min() < 0
    assert np.array_equal(validate.spectrum(noisy), noisy.clip(min=0))
    edge = rounding.resolution(POWER)
    assert validate.spectrum([*POWER[:-1], -edge * 0.99])[-1] == 0
    with pytest.raises(ValueError, match=r"^spectrum must be non-negative, got "):
        validate.spectrum([*POWER[:-1], -edge * 1.01])


def test_losses_keep_tiny_variances_and_counts_do_not():
    tiny = np.append(POWER, 1e-18)
    assert validate.spectrum(tiny)[-1] == 1e-18
    assert validate.varying(tiny)[-1] == 0
    assert np.array_equal(validate.varying(POWER), POWER)


def test_the_resolution_is_size_times_eps_times_the_largest_by_type():
    for dtype, eps in ((np.float16, 2.0**-23), (np.float32, 2.0**-23), (np.float64, 2.0**-52)):
        assert rounding.resolution(np.repeat(np.array([1, 8], dtype), 30)) == 60 * 8 * eps
        assert rounding.resolution(np.array([8, 1], dtype)) == 10 * 8 * eps  # few are ten
    for whole in ([1, 8, 2] * 8, np.array([8, 1, 1] * 8)):
        assert rounding.resolution(whole) == 24 * 8 * 2.0**-52
    edge = np.array([1.0, 10 * 2.0**-52])
    assert validate.varying(edge)[1] == 0  # at the resolution itself
    assert validate.varying(edge * [1, 1.01])[1] > 0


def test_float32_tells_nothing_within_its_resolution_from_zero():
    noisy = np.abs(of_rank(7, dtype=np.float32))
    assert np.array_equal(validate.spectrum(noisy), validate.varying(noisy))
    assert np.count_nonzero(validate.spectrum(noisy.astype(float))) > 7  # the type decides


def test_spectra_resolved_is_the_same_rule():
    for noisy in (of_rank(7), np.abs(of_rank(7, dtype=np.float32))):
        assert np.array_equal(spectra.resolved(noisy), validate.varying(noisy))


@pytest.mark.parametrize(
    "masked",
    [
        np.ma.masked_equal([1.0, -999, 2], -999),
        np.ma.ones(3),
        [np.ma.ones(2), np.ma.ones(2)],
        [[1.0, np.ma.masked]],
        np.ma.masked,
    ],
)
def test_a_mask_is_refused_by_name_in_any_form(masked):
    for check in (validate.numbers, validate.array, validate.integers, validate.samples):
        with pytest.raises(ValueError, match=r"^it must be .* without a mask, got a masked array"):
            check("it", masked)


def test_truth_values_are_zeros_and_ones_in_an_array_and_no_counts():
    for form in (np.array([True, False]), [True, False], (np.True_, np.False_)):
        assert np.array_equal(validate.numbers("it", form), [1.0, 0.0])
        with pytest.raises(ValueError, match=r"^it must be integers >= 1, got "):
            validate.integers("it", form)
    for alone in (True, np.True_):
        with pytest.raises(ValueError, match=r"^it must be finite real numbers, got "):
            validate.numbers("it", alone)


def test_what_is_no_array_of_numbers_is_refused_by_name():
    class Unwilling:
        def __array__(self, *_, **__):
            raise TypeError("on another device")

    for value in (Unwilling(), [[1.0], [1.0, 2.0]], {"a": 1}, "abc", [1, None]):
        with pytest.raises(ValueError, match=r"^it must be "):
            validate.numbers("it", value)


@pytest.mark.skipif(np.finfo(np.longdouble).maxexp == 1024, reason="no precision beyond double")
def test_what_no_double_holds_is_refused_by_name_though_it_is_finite():
    far = np.longdouble(2) ** 5000
    for value in (far, np.array([1, far]), [-far]):
        with pytest.raises(ValueError, match=r"^it must be finite real numbers, got "):
            validate.numbers("it", value)


def test_noise_of_data_is_that_of_the_covariance_and_what_the_points_lost():
    """eps of the type, squared, times the size of a coordinate and what many points leave of it."""
    for d, kind in itertools.product((4, 30), (np.float16, np.float32)):
        levels, mean = np.linspace(2.0, 1.0, d), np.full(d, 3.0)
        lost = 10 * (1 + np.sqrt(d / 3)) ** 2 * np.finfo(kind).eps ** 2 * (2.0 + 9.0)
        found = rounding.resolution_of_data(levels, np.zeros((3, d), kind), mean)
        assert found == pytest.approx(rounding.resolution(levels) + lost, rel=1e-14)


def test_the_largest_count_is_that_of_an_index():
    assert validate.integer("n", 2**63 - 1) == 2**63 - 1
    for beyond in (2**63, 2**63 + 1):
        with pytest.raises(ValueError, match=r"^n must be .*, got one beyond 64 bits$"):
            validate.integer("n", beyond)
    assert "9223372036854775807" in str(validate.fail("n", 2**63 - 1, "less"))
