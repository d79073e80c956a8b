"""`measure.partition_functions`: they are averaged without overflow."""

import numpy as np
import pytest

from lindiff_nb.exact import spectra
from lindiff_nb.measure import experiments, partition_functions
from lindiff_nb.predict import replica

SPECTRUM = spectra.power_law(12, 1.0)


@pytest.mark.parametrize("n", [5, 12, 40])
def test_log_partition_is_minus_half_the_log_determinant_of_the_same_draws(n):
    xi = np.array([[0.1, 1.0], [3.0, 1e-6]])
    found = partition_functions.log_partition(np.random.default_rng(1), SPECTRUM, n, xi, 7)
    eigenvalues = experiments.eigenvalues(np.random.default_rng(1), SPECTRUM, n, 7)
    for index in np.ndindex(xi.shape):
        exact = -np.log(eigenvalues + xi[index]).sum(axis=1) / 2
        assert found[(slice(None), *index)] == pytest.approx(exact, rel=1e-12)


def test_zero_eigenvalues_add_their_share():
    padded = np.append(SPECTRUM, [0, 0, 0])
    plain, more = (
        partition_functions.log_partition(np.random.default_rng(2), s, 5, 0.2, 3)
        for s in (SPECTRUM, padded)
    )
    assert more - plain == pytest.approx(-1.5 * np.log(0.2))


@pytest.mark.parametrize("m", [0.5, 1, 3])
def test_log_moment_is_the_plain_average_where_that_exists(m):
    log_z = np.random.default_rng(3).normal(size=(50, 2))
    found = partition_functions.log_moment(log_z, m)
    weight = np.exp(m * log_z)
    assert found.value == pytest.approx(np.log(weight.mean(axis=0)) / m)
    relative = weight.std(axis=0, ddof=1) / weight.mean(axis=0)
    assert found.error == pytest.approx(relative / m / np.sqrt(50))
    assert found.effective_draws == pytest.approx(50 / (1 + relative**2 * 49 / 50))


def test_a_shift_passes_through_and_nothing_overflows():
    log_z = np.random.default_rng(4).normal(size=200)
    here, there = (
        partition_functions.log_moment(log_z, 2),
        partition_functions.log_moment(log_z + 1e5, 2),
    )
    assert there.value - 1e5 == pytest.approx(here.value, abs=1e-9)
    assert there.error == pytest.approx(here.error, rel=1e-6)


def test_moments_grow_with_m_from_the_mean_and_one_outlier_is_noticed():
    log_z = np.random.default_rng(5).normal(size=300)
    found = [partition_functions.log_moment(log_z, m) for m in (0, 1e-6, 1, 2, 3)]
    values = [each.value for each in found]
    assert values[0] == log_z.mean()
    assert partition_functions.log_moment(log_z[:, None], 0).effective_draws.tolist() == [300]
    assert np.array(found[1]) == pytest.approx(np.array(found[0]), rel=1e-4, abs=1e-5)
    assert np.all(np.diff(values) > 0)
    assert partition_functions.log_moment(
        np.append(log_z, 100.0), 1
    ).effective_draws == pytest.approx(1)


@pytest.mark.parametrize("n", [40, 120])
def test_replicas_of_one_training_set_overlap_as_the_saddle_point_says(n):
    """Diagonal p, off-diagonal 0; six standard errors and a bias of order one: alarm below 1e-6."""
    spectrum, xi = spectra.power_law(80, 0.5), 0.1
    q = partition_functions.overlaps(np.random.default_rng(n), spectrum, n, xi, 3, 60)
    assert q.shape == (60, 3, 3)
    assert q == pytest.approx(q.transpose(0, 2, 1))
    at = replica.stationary_point(0, xi, spectrum, n)
    diagonal = np.trace(q, axis1=1, axis2=2) / 3
    other = (q.sum(axis=(1, 2)) - 3 * diagonal) / 6
    for values, expected, bias in ((diagonal, at.p, 0.02 * at.p), (other, at.r, 0)):
        error = values.std(ddof=1) / np.sqrt(60)
        assert abs(values.mean() - expected) < 6 * error + bias


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("rng", 3),
        ("spectrum", [-1.0]),
        ("n", 0),
        ("xi", 0.0),
        ("xi", np.nan),
        ("draws", 0),
        ("replicas", 0),
    ],
)
def test_bad_arguments_are_named(name, bad):
    good = {"rng": np.random.default_rng(0), "spectrum": [1.0], "n": 2, "xi": 0.1, "draws": 2}
    with pytest.raises(ValueError, match=name):
        partition_functions.overlaps(**(good | {name: bad}))
    if name != "replicas":
        with pytest.raises(ValueError, match=name):
            partition_functions.log_partition(**(good | {name: bad}))


@pytest.mark.parametrize(("log_z", "m"), [([1.0], 1), (1.0, 1), ([1.0, np.nan], 1), ([1.0, 2], -1)])
def test_log_moment_refuses_what_has_no_average(log_z, m):
    with pytest.raises(ValueError, match=r"(log_z|m) must be"):
        partition_functions.log_moment(log_z, m)


def test_draws_far_apart_overflow_nowhere():
    """Of ln Z = 0 and 2000 the mean of Z is half the larger."""
    found = partition_functions.log_moment([0.0, 2000.0], 1)
    assert found.value == pytest.approx(2000 - np.log(2))
    assert found.effective_draws == pytest.approx(1)
