"""Leaving out points, or groups of points, in closed form: equal to the refits, and what follows.

Check values are of inputs that anyone can draw again: N(s, shape) is `default_rng(s)`'s standard
normal; power is 1/rank in 100 dimensions over its mean.
"""

import itertools

import numpy as np
import pytest
from scipy.optimize import brentq

from lindiff_nb.advise import from_sample
from lindiff_nb.exact import alike, divergence, inversion, left_out, schedule, told, validation
from lindiff_nb.exact.averages import gauss_rule
from lindiff_nb.predict import losses

ALPHA_BAR, WEIGHTS = gauss_rule(schedule.linear(1000, beta_end=1e-2).alpha_bar)
S = (1 - ALPHA_BAR) / ALPHA_BAR
POWER = 1 / np.arange(1, 101)
POWER /= POWER.mean()


def N(seed, shape):
    return np.random.default_rng(seed).standard_normal(shape)


def tens(share=0.5):
    """120 points in 12 groups of 10 that share so much of the variance."""
    common, own = np.repeat(N(3, (12, 100)), 10, axis=0), N(4, (120, 100))
    groups = np.arange(120).reshape(12, 10)
    return (np.sqrt(share) * common + np.sqrt(1 - share) * own) * np.sqrt(POWER), groups


def mean_loss(sample, c):
    at = left_out.curves(sample, S + c)
    return WEIGHTS @ left_out.loss((at.trace, at.square, at.parts.sum(axis=0)), S, sample.d)


def refitted(x, groups, c):
    """The mean loss on each group of the denoiser fitted to all others, mean and all."""
    d, total = x.shape[1], 0.0
    for group in groups:
        rest = np.delete(x, group, axis=0)
        lam, v = np.linalg.eigh(np.cov(rest.T, bias=True))
        z = (x[group] - rest.mean(axis=0)) @ v
        for s, weight in zip(S, WEIGHTS, strict=True):
            g = 1 / (lam + s + c)
            leaked = np.mean(z**2 @ g**2)
            loss = 1 + s * (s * np.sum(g**2) - 2 * np.sum(g) + leaked) / d
            total += weight * loss * len(group) / len(x)
    return total


def test_leaving_out_single_points_is_the_left_out_loss():
    x = N(0, (30, 50)) * np.sqrt(POWER[:50]) + 1
    alone = validation.left_out_loss(x, ALPHA_BAR, 0.2, estimated_mean=True) @ WEIGHTS
    assert mean_loss(left_out.of_points(x), 0.2) == pytest.approx(alone, rel=1e-11)


@pytest.mark.parametrize("d", [8, 60], ids=["n>d", "n<d"])
def test_leaving_out_groups_is_fitting_again_without_them(d):
    x = N(1, (20, d)) * np.sqrt(POWER[:d]) + 1
    groups = [[0, 7], [1], [2, 3, 4, 5, 6, 8], [9], [10, 11, 12], *([k] for k in range(13, 20))]
    sample = left_out.of_points(x, groups)
    assert mean_loss(sample, 0.3) == pytest.approx(refitted(x, groups, 0.3), rel=1e-10)
    np.testing.assert_array_equal(np.sort(np.concatenate(left_out.ordered(sample))), np.arange(20))


def test_a_check_value_of_twelve_refits():
    x, groups = tens()
    found = mean_loss(left_out.of_points(x, groups), 0.3)
    assert found == pytest.approx(0.3457447, rel=1e-6)
    assert found == pytest.approx(refitted(x, groups, 0.3), rel=1e-10)


def test_a_spline_of_ninety_places_is_the_curve():
    sample = left_out.of_points(N(0, (50, 100)) * np.sqrt(POWER))

    def values(xi):
        at = left_out.curves(sample, xi)
        return at.trace, at.square, at.parts.sum(axis=0)

    table = left_out.tabulated(values, S.min(), S.max() + 30)
    xi = np.geomspace(S.min(), S.max() + 30, 301)
    np.testing.assert_allclose(table(xi), values(xi), rtol=1e-6)


def test_a_part_is_the_sample_of_its_points():
    x, groups = tens()
    rows = np.arange(15, 75)
    part = left_out.part(left_out.of_points(x, groups), rows)
    alone = left_out.of_points(x[rows])
    np.testing.assert_allclose(part.lam[::-1][:50], alone.lam[::-1][:50], rtol=1e-9)
    assert (part.d, part.n, sorted(map(len, part.groups))) == (100, 60, [5, 5, 10, 10, 10, 10, 10])


@pytest.mark.parametrize("groups", [[[0, 1], [1, 2]], [[0], [1]], [[0, 1, 2, 3]]], ids=str)
def test_groups_that_are_no_partition_are_refused(groups):
    with pytest.raises(ValueError, match="groups must be a partition of the rows 0 to 2"):
        left_out.of_points(N(0, (3, 5)), groups)


def test_points_that_are_all_the_same_are_refused():
    for shape in ((5, 3), (3, 5)):
        with pytest.raises(ValueError, match="no variance"):
            left_out.of_points(np.ones(shape))


def test_effective_ridges_of_unequal_points_are_the_populations():
    """Check values, and the law that they estimate: D is df_1 of the population at kappa."""
    length = np.sqrt(np.random.default_rng(6).gamma(0.5, 2, (100, 1)))
    sample = left_out.of_points(N(5, (100, 100)) * np.sqrt(POWER) * length)
    seen = inversion.effective_ridges(sample, np.array([0.05, 0.5]))
    np.testing.assert_allclose(seen.kappa, [0.4236735, 1.380132], rtol=1e-6)
    np.testing.assert_allclose(seen.freedom, [56.6097, 31.43211], rtol=1e-5)
    assert inversion.worth(inversion.energies(sample, 0.5)) == pytest.approx(31.55392, rel=1e-5)
    freedom = np.sum(POWER / (POWER + seen.kappa[:, None]), axis=1)
    np.testing.assert_allclose(seen.freedom, freedom, rtol=0.15)


def test_copies_are_worth_what_they_copy():
    x = N(0, (40, 100)) * np.sqrt(POWER)
    once = left_out.of_points(x)
    twice = left_out.of_points(np.repeat(x, 2, axis=0), np.arange(80).reshape(40, 2))
    worth = [inversion.worth(inversion.energies(sample, 0.3)) for sample in (once, twice)]
    assert worth[0] == pytest.approx(worth[1], rel=0.01)
    e = np.sort(inversion.energies(twice, 0.3))
    np.testing.assert_allclose(e[:40], 0, atol=1e-9)
    assert e.mean() == pytest.approx(1)


def test_energies_are_of_the_fits_without_a_group(xi=0.3):
    """T_B = H_B M_B from the definition: one fit a group, about the mean of its own points."""
    x, groups = N(0, (12, 8)) + 1, np.split(np.arange(12), [1, 2, 4, 7])
    parts = []
    for group in groups:
        rest = np.delete(x, group, axis=0)
        scatter = len(rest) * np.cov(rest.T, bias=True) + 12 * xi * np.eye(8)
        T = (x[group] - x.mean(axis=0)) @ np.linalg.solve(scatter, (x[group] - rest.mean(axis=0)).T)
        parts.extend(np.linalg.eigvalsh(T + T.T).clip(min=0))
    found = inversion.energies(left_out.of_points(x, groups), xi)
    np.testing.assert_allclose(np.sort(found), np.sort(parts) / np.mean(parts), rtol=1e-9)


@pytest.mark.parametrize("n", [50, 400])
def test_the_spectrum_read_from_leverages_has_the_populations_loss(n):
    """With endless images, from 50 points of 100 dimensions within 10%, from 400 within 5%.

    Over 40 seeds the largest errors were 3.9% and 0.8%.
    """
    found = inversion.inverted(left_out.of_points(N(n, (n, 100)) * np.sqrt(POWER)))
    assert found.counts.sum() == pytest.approx(100)
    loss = np.sum(found.counts * found.lam / (found.lam + S[:, None]), axis=1) @ WEIGHTS / 100
    truth = losses.residual_loss(POWER, ALPHA_BAR) @ WEIGHTS
    assert loss == pytest.approx(truth, rel=0.1 if n == 50 else 0.05)


def test_the_divergence_told_from_the_sample_is_near_the_true_one():
    """Both blurred by j; of 50 points, mean 1. Over 40 seeds the largest error was 11%."""
    x, c, j = N(0, (50, 100)) * np.sqrt(POWER), 0.44, 0.6
    sample = left_out.of_points(x)
    said = told.blurred_kl(sample, inversion.inverted(sample).seen, c, j)
    fitted = np.cov(x.T, bias=True) + (c + j) * np.eye(100)
    inverse, m = np.linalg.inv(fitted), x.mean(axis=0)
    truth = np.diag(POWER + j)
    exact = np.trace(inverse @ truth) - 100 + m @ inverse @ m
    exact += np.linalg.slogdet(fitted)[1] - np.log(POWER + j).sum()
    assert said == pytest.approx(exact / 200, rel=0.35)


@pytest.mark.parametrize("n", [20, 150])
def test_the_divergence_is_its_formula_with_one_fit_a_point(n, d=100, c=0.44, j=0.6):
    """With the degrees of freedom of the truth, whose ln det(Sigma + j) is known."""
    x = N(0, (n, d)) * np.sqrt(POWER)
    kappa = np.geomspace(j / 2, 1e8, 800)
    seen = inversion.Seen(kappa, np.sum(POWER / (POWER + kappa[:, None]), axis=1))
    said = told.blurred_kl(left_out.of_points(x), seen, c, j)
    ridge, Q = (c + j) * np.eye(d), 0.0
    for i in range(n):
        rest = np.delete(x, i, axis=0)
        off = x[i] - rest.mean(axis=0)
        scatter = (n - 1) * np.cov(rest.T, bias=True) + n * ridge
        Q += off @ np.linalg.solve(scatter, off)
    fitted = np.cov(x.T, bias=True) + ridge
    exact = Q + j * np.trace(np.linalg.inv(fitted)) - d + np.linalg.slogdet(fitted)[1]
    assert said == pytest.approx((exact - np.log(POWER + j).sum()) / (2 * d), rel=3e-4)


@pytest.mark.parametrize("unit", [2.0**-9, 3.0])
@pytest.mark.parametrize("shape", [(20, 30), (40, 12)])
def test_what_a_sample_says_is_the_same_in_another_unit(shape, unit):
    x, square = N(0, shape) + 0.3, unit**2
    x[1] = x[0] + 0.1 * x[2]
    here, there = left_out.of_points(x), left_out.of_points(unit * x)
    for power, one, other in zip(
        (-1, -2, -1), left_out.curves(here, S), left_out.curves(there, square * S), strict=True
    ):
        np.testing.assert_allclose(other, square**power * one, rtol=1e-9)
    found, moved = inversion.inverted(here), inversion.inverted(there)
    np.testing.assert_allclose(moved.lam, square * found.lam, rtol=1e-7)
    np.testing.assert_allclose(moved.counts, found.counts, rtol=1e-4, atol=1e-4)
    energies = inversion.energies(there, square * 0.5)
    np.testing.assert_allclose(energies, inversion.energies(here, 0.5), rtol=1e-9)
    j = float(found.seen.kappa[1])
    kl = told.blurred_kl(there, moved.seen, square * 0.1, square * j)
    assert kl == pytest.approx(told.blurred_kl(here, found.seen, 0.1, j), rel=1e-6)
    halves = [
        told.halves(sample, c, np.random.default_rng(0))
        for sample, c in ((here, 0.1), (there, square * 0.1))
    ]
    assert halves[1] == pytest.approx(square * halves[0], rel=1e-9)
    assert alike.pairs(there).tolist() == alike.pairs(here).tolist() == [[0, 1]]


def test_two_halves_of_the_same_points_do_not_differ():
    x = N(0, (20, 30))
    twice = left_out.of_points(np.concatenate([x, x]), np.r_[:40].reshape(2, 20))
    assert told.halves(twice, 0.1, np.random.default_rng(0)) == pytest.approx(0, abs=1e-8)
    apart = left_out.of_points(np.concatenate([x, x + 1]), np.r_[:40].reshape(2, 20))
    assert told.halves(apart, 0.1, np.random.default_rng(0)) == pytest.approx(30)


@pytest.mark.parametrize("power", [0, 1, 2, 3])
@pytest.mark.parametrize(("n", "d"), [(12, 30), (60, 15)])
def test_the_bracket_of_halves_holds_the_truth_however_few_directions_vary(power, n, d):
    """In 0.85 of the sets or more; in 24 of 40 then, but for 3 draws in 100,000."""
    variances, held = np.arange(1.0, d + 1) ** -power, 0
    for rng in np.random.default_rng().spawn(40):
        x = rng.standard_normal((n, d)) * np.sqrt(variances)
        sample = left_out.of_points(x)
        c = from_sample.best(sample).c
        low, high = told.bracket(told.halves(sample, c, rng), sample)
        fitted = np.cov(x.T, bias=True) + c * np.eye(d)
        held += low < divergence.frechet(x.mean(0), fitted, np.zeros(d), np.diag(variances)) < high
    assert held >= 24


def test_with_many_directions_the_bracket_is_narrow_and_it_scales():
    many, one = left_out.of_points(np.eye(9)), left_out.of_points([[0.0, 0], [1, 0], [2, 0]])
    assert told.bracket(7.2, many) == pytest.approx((1.6, 4.5))
    wide = 1 - 1 / 7
    ends = 1.6 * np.exp(-2 * wide), 4.5 * np.exp(0.4 * wide)
    assert told.bracket(7.2, one) == pytest.approx(ends)
    assert told.bracket(7.2 * 2.0**-600, one) == pytest.approx(2.0**-600 * np.array(ends))
    assert told.bracket(0, one) == (0, 0)
    with pytest.raises(ValueError, match="H"):
        told.bracket(-1, one)


def test_noisy_copies_are_found_and_joined():
    with np.load(__file__.replace("test_exact_left_out.py", "digits.npz")) as held:
        x = held["x"] / 8 - 1
    noisy = x[:20] + 0.04 * N(2, (20, 64))
    pairs = alike.pairs(left_out.of_points(np.concatenate([x, noisy])))
    planted = {(k, 400 + k) for k in range(20)}
    found = set(map(tuple, pairs.tolist()))
    assert planted <= found
    assert len(found) < 30  # some digits are very much alike
    clusters = alike.clusters(420, pairs)
    assert all(any({i, j} <= set(group.tolist()) for group in clusters) for i, j in found)
    assert sorted(np.concatenate(clusters).tolist()) == list(range(420))


@pytest.mark.parametrize(("d", "rank"), [(20, 20), (40, 40), (40, 8)])
def test_pairs_are_alike_in_the_fit_without_them(d, rank, n=30):
    """R from the definition, one fit a pair: x_i - mean without both, against x_j - mean of all."""
    x = N(0, (n, rank)) + 2
    x[20:] = x[:10] + np.linspace(0.02, 1.2, 10)[:, None] * N(1, (10, rank))
    x[5], x[6], x[22] = 0.3 * x[5], 3 * x[6], x[2]
    x = x @ N(2, (rank, d))
    lam, mean, wanted = np.linalg.eigvalsh(np.cov(x.T, bias=True)), x.mean(axis=0), set()
    xi = brentq(lambda xi: np.sum(lam / (lam + xi)) - min(n - 1, d) / 4, 1e-3, 1e4)
    scatter = n * (np.cov(x.T, bias=True) + xi * np.eye(d))
    h = np.einsum("id,id->i", x - mean, np.linalg.solve(scatter, (x - mean).T).T)
    for i, j in itertools.combinations(range(n), 2):
        rest = np.delete(x, [i, j], axis=0)
        scatter = (n - 2) * np.cov(rest.T, bias=True) + n * xi * np.eye(d)
        both = x[[i, j]] - mean
        e = (x[[i, j]] - rest.mean(axis=0)) @ np.linalg.solve(scatter, both.T)
        alone = e.diagonal().min() > np.median(h / (1 - 1 / n - h)) / 10
        if alone and (e[0, 1] + e[1, 0]) / 2 > 0.9 * np.sqrt(e[0, 0] * e[1, 1]):
            wanted.add((i, j))
    assert set(map(tuple, alike.pairs(left_out.of_points(x)).tolist())) == wanted
    assert 2 < len(wanted) < 9


def test_flat_pictures_are_no_copies():
    x = N(0, (60, 50))
    x[10], x[20] = 1e-3 * N(1, 50), 0
    x[10] += 1e-6
    assert not len(alike.pairs(left_out.of_points(x)))
