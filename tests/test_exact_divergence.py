"""`exact.divergence` against closed forms, 50 digits, invariances, and the singular cases."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg, stats

from lindiff_nb.exact.divergence import frechet, frechet_of_roots, gaussian_kl


def gaussian(d, seed, rank=None):
    """A mean and a covariance of the given rank."""
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((d, rank or d))
    return rng.standard_normal(d), root @ root.T


def textbook(mean_p, cov_p, mean_q, cov_q):
    """(Tr cov_q^-1 cov_p - d + shift' cov_q^-1 shift + ln det cov_q / det cov_p) / 2, in mpmath."""
    p, q = mpmath.matrix(cov_p.tolist()), mpmath.matrix(cov_q.tolist())
    shift = mpmath.matrix(mean_p.tolist()) - mpmath.matrix(mean_q.tolist())
    inverse = q**-1
    product = inverse * p
    trace = mpmath.fsum(product[i, i] for i in range(len(cov_p)))
    distance = (shift.T * inverse * shift)[0]
    return float((trace - len(cov_p) + distance - mpmath.log(mpmath.det(product))) / 2)


@pytest.mark.parametrize("seed", range(4))
def test_divergence_matches_the_textbook_formula_in_50_digits(seed):
    p, q = gaussian(5, seed), gaussian(5, seed + 100)
    with mpmath.workdps(50):
        assert gaussian_kl(*p, *q) == pytest.approx(textbook(*p, *q), rel=1e-10)


@pytest.mark.parametrize("step", [1e-3, 1e-6, 1e-9])
def test_small_divergences_keep_their_digits(step):
    """Near p the divergence is quadratic in the step, far below the rounding of its terms."""
    mean, cov = gaussian(5, 0)
    direction = gaussian(5, 1)[1]
    with mpmath.workdps(60):
        expected = textbook(mean, cov + step * direction, mean, cov)
    found = gaussian_kl(mean, cov + step * direction, mean, cov)
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-24)


def test_divergence_is_the_mean_log_ratio_of_densities():
    """The z-score of 100,000 draws exceeds 5.5 with probability below 1e-7."""
    p, q = gaussian(3, 0), gaussian(3, 1)
    normal_p, normal_q = (stats.multivariate_normal(*moments) for moments in (p, q))
    x = normal_p.rvs(100_000, random_state=np.random.default_rng())
    ratio = normal_p.logpdf(x) - normal_q.logpdf(x)
    error = ratio.std() / np.sqrt(len(x))
    assert abs(ratio.mean() - gaussian_kl(*p, *q)) < 5.5 * error


@pytest.mark.parametrize("d", [1, 5, 60])
@pytest.mark.parametrize("rank", [1, 3, 60])
def test_a_gaussian_does_not_diverge_from_itself(d, rank):
    p = gaussian(d, 0, min(rank, d))
    assert 0 <= gaussian_kl(*p, *p) < 1e-20


@pytest.mark.parametrize("condition", [1e3, 1e6, 1e9, 1e11])
def test_an_ill_conditioned_gaussian_does_not_diverge_from_itself(condition):
    rotation = np.linalg.qr(gaussian(20, 0)[1])[0]
    cov = (rotation * np.geomspace(1, 1 / condition, 20)) @ rotation.T
    cov = (cov + cov.T) / 2
    assert 0 <= gaussian_kl(np.ones(20), cov, np.ones(20), cov) < 1e-15


@given(seed=st.integers(0, 10**6), d=st.integers(1, 8), scale=st.floats(-6, 6))
@settings(max_examples=30, deadline=None)
def test_divergence_is_positive_and_independent_of_each_coordinates_units(seed, d, scale):
    p, q = gaussian(d, seed), gaussian(d, seed + 1)
    units = 10.0 ** (scale * np.linspace(-1, 1, d))
    expected = gaussian_kl(*p, *q)
    assert expected > 0
    converted = (p[0] * units, p[1] * np.outer(units, units), q[0] * units)
    found = gaussian_kl(*converted, q[1] * np.outer(units, units))
    assert found == pytest.approx(expected, rel=1e-5)


def test_eigenvalues_of_any_spread_are_fine_in_their_own_axes():
    variances = np.array([1e12, 1.0, 1e-12])
    ratios = np.array([2.0, 0.5, 3.0])
    expected = np.sum(ratios - 1 - np.log(ratios)) / 2
    zero = np.zeros(3)
    found = gaussian_kl(zero, np.diag(variances * ratios), zero, np.diag(variances))
    assert found == pytest.approx(expected, rel=1e-12)


def test_a_known_divergence_in_each_direction():
    one, two = np.eye(1), 2 * np.eye(1)
    assert gaussian_kl([0], one, [0], two) == pytest.approx((np.log(2) - 0.5) / 2)
    assert gaussian_kl([0], two, [0], one) == pytest.approx((1 - np.log(2)) / 2)
    assert gaussian_kl([3], one, [0], one) == pytest.approx(4.5)


def test_a_singular_gaussian_diverges_infinitely_from_a_full_one_and_back():
    flat, full = gaussian(6, 0, rank=3), gaussian(6, 1)
    assert gaussian_kl(*flat, *full) == np.inf
    assert gaussian_kl(*full, *flat) == np.inf


def test_singular_gaussians_on_different_subspaces_diverge_infinitely():
    assert gaussian_kl(*gaussian(6, 0, 3), *gaussian(6, 1, 3)) == np.inf
    mean, cov = gaussian(6, 0, 3)
    assert gaussian_kl(mean + np.arange(6), cov, mean, cov) == np.inf  # parallel, not the same


@pytest.mark.parametrize("angle", [1e-2, 1e-4, 1e-5])
def test_a_slight_tilt_out_of_the_subspace_is_seen(angle):
    cov = np.diag([1.0, 1.0, 0.0])
    turn = np.eye(3)
    turn[1:, 1:] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    assert gaussian_kl(np.zeros(3), turn @ cov @ turn.T, np.zeros(3), cov) == np.inf


def test_on_a_common_subspace_the_divergence_is_that_within_it():
    (mean_p, cov_p), (mean_q, cov_q) = gaussian(3, 0), gaussian(3, 1)
    frame, offset = np.linalg.qr(gaussian(7, 2)[1])[0][:, :3], gaussian(7, 3)[0]
    within = gaussian_kl(mean_p, cov_p, mean_q, cov_q)
    lifted = [
        part
        for mean, cov in ((mean_p, cov_p), (mean_q, cov_q))
        for part in (frame @ mean + offset, frame @ cov @ frame.T)
    ]
    lifted[1], lifted[3] = ((cov + cov.T) / 2 for cov in (lifted[1], lifted[3]))
    assert gaussian_kl(*lifted) == pytest.approx(within, rel=1e-9)


def test_pixels_that_never_vary_count_only_if_they_disagree():
    (mean, cov), (other, wide) = gaussian(4, 0), gaussian(4, 1)
    pad = ((0, 2), (0, 2))
    dead = [np.append(mean, [0.3, 0]), np.pad(cov, pad), np.append(other, [0.3, 0])]
    assert gaussian_kl(*dead, np.pad(wide, pad)) == pytest.approx(
        gaussian_kl(mean, cov, other, wide), rel=1e-10
    )
    for unit in (1.0, 1e-12, 1e12):
        moved = unit * (dead[0] + [0, 0, 0, 0, 0, 1e-3]), unit**2 * dead[1]
        assert gaussian_kl(*moved, unit * dead[2], unit**2 * np.pad(wide, pad)) == np.inf


def test_point_masses_are_equal_or_infinitely_far_apart():
    zero, none = np.zeros(3), np.zeros((3, 3))
    assert gaussian_kl(zero + 1, none, zero + 1, none) == 0
    assert gaussian_kl(zero, none, zero + 1, none) == np.inf
    assert gaussian_kl(zero, none, zero, np.eye(3)) == np.inf
    assert gaussian_kl(zero, np.eye(3), zero, none) == np.inf


@pytest.mark.parametrize("p", [1e-300, 1e-150, 1e150, 1e300])
@pytest.mark.parametrize("q", [1e-300, 1e-150, 1e150, 1e300])
def test_extreme_variances_never_give_nan(p, q):
    found = gaussian_kl(np.zeros(2), p * np.eye(2), np.zeros(2), q * np.eye(2))
    assert found >= 0
    assert (found == 0) == (p == q)


def tilted(share):
    """Two Gaussians on 39 of 40 dimensions; this share of the second's variance leaves the first's.

    And the direction in which the first is empty.
    """
    rotation = np.linalg.qr(np.random.default_rng(0).standard_normal((40, 40)))[0]
    inside, empty = rotation[:, :39], rotation[:, 39]
    leak = np.zeros((40, 39))
    leak[:, 0] = np.sqrt(39 * share) * empty
    second = inside + leak
    return inside @ inside.T, second @ second.T, empty


@pytest.mark.parametrize(("share", "finite"), [(2e-14, True), (2e-13, False)])
def test_variance_outside_counts_from_10_d_eps_of_the_whole(share, finite):
    """d = 40: 9e-14."""
    first, second, _ = tilted(share)
    found = gaussian_kl(np.zeros(40), second, np.zeros(40), first)
    assert np.isfinite(found) == finite
    assert not finite or found < 1e-6


@pytest.mark.parametrize("size", [1.0, 1e6])
@pytest.mark.parametrize(("share", "finite"), [(0.3, True), (3.0, False)])
def test_an_offset_outside_counts_from_10_d_eps_of_the_means(share, finite, size):
    """It is the rounding of means far from the origin, whatever their size."""
    first, _, empty = tilted(0.0)
    mean = np.full(40, size)
    offset = share * 400 * np.finfo(float).eps * np.linalg.norm(mean) * empty
    along = first @ np.arange(40.0)  # far inside: what an offset along the axes may round
    for moved in (mean + offset, mean - offset):
        assert np.isfinite(gaussian_kl(mean, first, moved, first)) == finite
    assert np.isfinite(gaussian_kl(mean, first, mean + along, first))


@pytest.mark.parametrize("seed", range(4))
def test_the_frechet_distance_is_that_of_the_square_root_of_a_product(seed):
    p, q = gaussian(6, seed), gaussian(6, seed + 100)
    root = linalg.sqrtm(p[1] @ q[1]).real
    wanted = np.sum((p[0] - q[0]) ** 2) + np.trace(p[1] + q[1] - 2 * root)
    assert frechet(*p, *q) == pytest.approx(wanted, rel=1e-8)


def test_the_frechet_distance_of_close_gaussians_keeps_its_digits():
    """Diagonal ones: sum (sqrt(a) - sqrt(b))^2, eight digits where traces would leave none."""
    turn, roots = stats.ortho_group.rvs(5, random_state=0), np.array([3.0, 2, 1, 0.5, 0.1])
    moved = roots * (1 + 1e-9 * np.arange(1, 6))
    found = frechet_of_roots(turn * roots, turn * moved)
    assert found == pytest.approx(np.sum((roots - moved) ** 2), rel=1e-6)


@pytest.mark.parametrize("rank", [1, 3, 6])
def test_singular_gaussians_are_a_finite_distance_apart(rank):
    """p along the first axes, q along the last: where both vary it is that of their roots."""
    p, q = np.diag(np.arange(6) < rank), np.diag(np.arange(6) >= 3) * 4.0
    wanted = np.sum((np.sqrt(np.diag(p)) - np.sqrt(np.diag(q))) ** 2)
    assert frechet(np.zeros(6), p, np.zeros(6), q) == pytest.approx(wanted)


def test_points_are_a_root_of_their_covariance():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((4, 30)), rng.standard_normal((50, 30))
    zero, points = np.zeros(30), [x.T / 2, y.T / np.sqrt(50)]
    wanted = frechet(zero, x.T @ x / 4, zero, y.T @ y / 50)
    assert frechet_of_roots(*points) == pytest.approx(wanted, rel=1e-6)
    assert frechet_of_roots(*points[::-1]) == pytest.approx(wanted, rel=1e-6)
