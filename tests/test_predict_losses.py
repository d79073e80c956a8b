"""`predict.losses`: the formulas as derived, to full precision where those cancel; limits."""

import tracemalloc

import mpmath
import numpy as np
import pytest
from hard_cases import HARD_SPECTRA as SPECTRA
from hypothesis import given, settings
from hypothesis import strategies as st

from lindiff_nb.exact import denoiser, spectra
from lindiff_nb.predict import losses
from lindiff_nb.predict.ridge import degrees_of_freedom, effective_ridge

D = 6


def resolvent_formulas(spectrum, n, a, c):
    """(test, train) from the averages of the resolvent, as they are derived, in 60 digits."""
    levels = [mpmath.mpf(float(x)) for x in spectrum]
    a, c, d = mpmath.mpf(float(a)), mpmath.mpf(float(c)), len(spectrum)
    s = (1 - a) / a
    xi = s + c
    kappa = xi + mpmath.fsum(levels) / n
    step = kappa
    while step > mpmath.mpf(10) ** -35 * kappa:
        df1, df2 = (mpmath.fsum((x / (x + kappa)) ** p for x in levels) for p in (1, 2))
        step = (kappa * (1 - df1 / n) - xi) / (1 - df2 / n)
        kappa -= step
    q = mpmath.fsum(x / (x + kappa) ** 2 for x in levels)
    g = (d - df1) / xi
    g2 = (d - df1) / xi**2 - q / (xi * (1 - df2 / n))
    g_sigma_g = (kappa / xi) ** 2 * q / (1 - df2 / n)
    test = d - 2 * s * g + s * g_sigma_g + s**2 * g2
    train = d - 2 * s * g + s * (g - xi * g2) + s**2 * g2
    return test / d, train / d


@pytest.mark.parametrize("name", SPECTRA)
def test_equals_the_averages_of_the_resolvent_in_sixty_digits(name):
    spectrum = SPECTRA[name]
    with mpmath.workdps(60):
        for n in (1, D - 1, D, D + 1, 10**7):
            for a, c in [(0.5, 0), (1 - 1e-12, 0), (0.99, 1e-3), (1 - 1e-12, 1e-9), (1e-6, 10.0)]:
                test, train = resolvent_formulas(spectrum, n, a, c)
                assert losses.test_loss(spectrum, n, a, c) == pytest.approx(float(test), rel=1e-12)
                assert losses.train_loss(spectrum, n, a, c) == pytest.approx(
                    float(train), rel=1e-12
                )


def test_values_on_record():
    """Found by an independent computation before this package was written."""
    power_law, white = spectra.power_law(200, 1.0), np.ones(200)
    assert losses.test_loss(power_law, 120, 0.99) == pytest.approx(16.4789, rel=1e-5)
    assert losses.test_loss(power_law, 400, 0.99) == pytest.approx(1.069677, rel=1e-6)
    assert losses.test_loss(power_law, 120, 0.5, 0.01) == pytest.approx(0.425851, rel=2e-6)
    assert losses.test_loss(power_law, 400, 0.5, 0.01) == pytest.approx(0.355839, rel=2e-6)
    assert losses.test_loss(white, 120, 0.99) == pytest.approx(40.213151, rel=1e-8)


@pytest.mark.parametrize("n", [3, D, 20])
def test_without_ridge_the_training_loss_is_the_degrees_of_freedom(n):
    spectrum, a = SPECTRA["power law"], np.array([0.1, 0.9, 0.999])
    xi = (1 - a) / a
    kappa = effective_ridge(xi, spectrum, n)
    found = losses.train_loss(spectrum, n, a)
    assert found == pytest.approx(degrees_of_freedom(kappa, spectrum) / D, rel=1e-13)
    assert found == pytest.approx(n * (1 - xi / kappa) / D, rel=1e-9)


@pytest.mark.long
@given(
    spectrum=st.lists(st.floats(1e-6, 1.0) | st.just(0.0), min_size=1, max_size=8).filter(any),
    n=st.integers(1, 20),
    a=st.floats(1e-6, 1 - 1e-9),
    c=st.floats(0, 1e3),
)
@settings(max_examples=100, deadline=None)
def test_gap_is_positive_and_the_residual_loss_lies_between(spectrum, n, a, c):
    test, train = losses.test_loss(spectrum, n, a, c), losses.train_loss(spectrum, n, a, c)
    residual = losses.residual_loss(spectrum, a)
    assert test >= train >= 0
    assert losses.gap(spectrum, n, a, c) == pytest.approx(test - train, rel=1e-6, abs=1e-12 * test)
    assert test >= residual * (1 - 1e-12)
    assert losses.train_loss(spectrum, n, a) <= residual * (1 + 1e-12)
    assert losses.train_loss(spectrum, n + 1, a) >= losses.train_loss(spectrum, n, a) * (1 - 1e-12)


def test_infinitely_many_samples_leave_the_residual_loss_from_both_sides():
    spectrum, a = SPECTRA["power law"], np.array([0.1, 0.9, 0.999])
    residual = losses.residual_loss(spectrum, a)
    for n in (10**4, 10**6):
        excess = losses.test_loss(spectrum, n, a) - residual
        assert np.all((excess > 0) & (excess < 10 * D / n))
    assert losses.train_loss(spectrum, 10**9, a) == pytest.approx(residual, rel=1e-7)


def test_residual_loss_is_that_of_the_exact_layer():
    for spectrum in SPECTRA.values():
        a = np.array([[1e-9, 0.3], [0.999, 1.0]])
        exact = denoiser.residual_loss(spectrum, a)
        assert losses.residual_loss(spectrum, a) == pytest.approx(exact, rel=1e-13)


@pytest.mark.parametrize("n", [3, D, 12, 10**9])
def test_alignment_is_test_less_residual_loss(n):
    """To full precision also where the two differ in the tenth digit."""
    spectrum = SPECTRA["power law"]
    with mpmath.workdps(60):
        for a in (0.2, 0.999, 1 - 1e-9):
            s = (1 - mpmath.mpf(a)) / mpmath.mpf(a)
            residual = mpmath.fsum(x / (x + s) for x in map(mpmath.mpf, map(float, spectrum))) / D
            exact = resolvent_formulas(spectrum, n, a, 0)[0] - residual
            assert losses.alignment(spectrum, n, a) == pytest.approx(float(exact), rel=1e-11)


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize("n", [3, D, 12])
def test_scatter_is_test_loss_less_the_loss_of_the_average_denoiser(name, n):
    """The average of G = (Sigma_0 + xi)^-1 is (kappa / xi) (Sigma + kappa)^-1."""
    spectrum, a, c = SPECTRA[name], np.array([0.1, 0.9, 0.999]), np.array([[0.0], [0.01]])
    s = (1 - a) / a
    xi = s + c
    kappa = effective_ridge(xi, spectrum, n)
    g = (kappa / xi)[..., None] / (spectrum + kappa[..., None])
    averaged = (1 - s[:, None] * g) ** 2 + s[:, None] * spectrum * g**2
    exact = losses.test_loss(spectrum, n, a, c) - averaged.mean(axis=-1)
    assert losses.scatter(spectrum, n, a, c) == pytest.approx(exact, rel=1e-8, abs=1e-13)


def test_many_samples_leave_scatter_and_no_bias():
    spectrum, a = SPECTRA["power law"], np.array([0.1, 0.9, 0.999])
    for n in (10**5, 10**9):
        alignment = losses.alignment(spectrum, n, a)
        assert losses.scatter(spectrum, n, a) == pytest.approx(alignment, rel=100 / n)


def test_scatter_and_the_error_of_the_mean_in_the_limit_without_noise():
    spectrum = SPECTRA["power law"]
    for loss in (losses.scatter, losses.mean_error):
        assert loss(spectrum, D, 1.0) == np.inf
        assert loss(spectrum, D + 1, 1.0) == loss(spectrum, D, 1.0, 0.1) == 0


def test_a_strong_ridge_predicts_nothing_and_costs_one():
    spectrum, a = SPECTRA["power law"], np.array([0.1, 0.9])
    for loss in (losses.test_loss, losses.train_loss):
        assert loss(spectrum, 5, a, 1e12) == pytest.approx(1, abs=1e-10)


@pytest.mark.parametrize("name", SPECTRA)
def test_at_alpha_bar_one_losses_are_the_limit(name):
    """Without ridge what is left is one per direction seen, and infinity if there are others."""
    spectrum = SPECTRA[name]
    rank, d = np.count_nonzero(spectrum), len(spectrum)
    for n in (max(rank - 1, 1), rank, rank + 1):
        limit = np.inf if n <= rank else rank / d
        assert losses.test_loss(spectrum, n, 1.0) == pytest.approx(limit)
        assert losses.train_loss(spectrum, n, 1.0) == pytest.approx(min(n, rank) / d)
        assert losses.alignment(spectrum, n, 1.0) == (np.inf if n <= rank else 0)
    assert losses.test_loss(spectrum, 1, 1.0, 0.1) == losses.train_loss(spectrum, 1, 1.0, 0.1) == 1
    nearly = losses.train_loss(spectrum, rank + 1, 1 - 1e-15)
    assert nearly == pytest.approx(rank / d, rel=0.1)


def test_alpha_bar_and_c_broadcast():
    spectrum, a, c = SPECTRA["power law"], np.array([0.1, 0.9, 0.99]), np.array([[0.0], [0.1]])
    for loss in (losses.test_loss, losses.train_loss, losses.gap):
        together = loss(spectrum, 5, a, c)
        assert together.shape == (2, 3)
        for i, j in np.ndindex(2, 3):
            assert together[i, j] == pytest.approx(loss(spectrum, 5, a[j], c[i, 0]), rel=1e-13)
        assert isinstance(loss(spectrum, 5, 0.5), float)


@pytest.mark.parametrize("c", [0.0, 0.01])
def test_order_of_the_spectrum_does_not_matter(c):
    spectrum = SPECTRA["low rank"]
    shuffled = np.random.default_rng().permutation(spectrum)
    for loss in (losses.test_loss, losses.train_loss):
        assert loss(spectrum, 3, 0.9, c) == pytest.approx(loss(shuffled, 3, 0.9, c), rel=1e-13)


def test_memory_stays_bounded():
    spectrum, a = spectra.power_law(5000, 1.0), np.linspace(0.01, 0.99, 200)
    tracemalloc.start()
    losses.test_loss(spectrum, 1000, a, 1e-3)
    losses.alignment(spectrum, 1000, a)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2e6  # a whole table would be 8 MB


def test_n_broadcasts_with_the_other_arguments():
    """Curves against the number of samples, at every step, in one call."""
    spectrum, a, n = SPECTRA["low rank"], np.array([0.1, 0.99, 1.0]), np.array([1, 5, 6, 7, 40])
    for loss in (losses.test_loss, losses.train_loss, losses.gap):
        together = loss(spectrum, n[:, None], a, 1e-3)
        alone = [loss(spectrum, int(size), a, 1e-3) for size in n]
        assert together == pytest.approx(np.array(alone), rel=1e-13)
    together = losses.alignment(spectrum, n[:, None], a)
    assert together == pytest.approx(
        np.array([losses.alignment(spectrum, int(size), a) for size in n]), rel=1e-13
    )
    both = losses.test_and_train_loss(spectrum, n[:, None], a, 1e-3)
    for one, loss in zip(both, (losses.test_loss, losses.train_loss), strict=True):
        assert np.array_equal(one, loss(spectrum, n[:, None], a, 1e-3))
    kappa = effective_ridge(np.array([[0.0], [1e-9]]), spectrum, n)
    for i, j in np.ndindex(2, 5):
        assert kappa[i, j] == pytest.approx(effective_ridge([0.0, 1e-9][i], spectrum, int(n[j])))


@pytest.mark.long
@given(
    spectrum=st.lists(st.floats(1e-6, 1.0) | st.just(0.0), min_size=1, max_size=8).filter(any),
    n=st.integers(1, 20),
    a=st.floats(1e-3, 1 - 1e-9),
    c=st.just(0.0) | st.floats(1e-9, 10),
    scale=st.floats(1e-3, 1e3),
)
@settings(max_examples=100, deadline=None)
def test_monotone_and_covariant(spectrum, n, a, c, scale):
    """The training loss grows with n and c, the gap falls, units do not matter."""
    spectrum = np.array(spectrum)
    other = a / (a + scale * (1 - a))  # the same noise ratio, in units of the scale
    for loss in (losses.test_loss, losses.train_loss):
        moved = loss(scale * spectrum[::-1], n, other, scale * c)
        assert moved == pytest.approx(loss(spectrum, n, a, c), rel=1e-6)
    more = np.array([n, n + 1, 2 * n + 2])
    slack = 1e-12 * losses.test_loss(spectrum, n, a, c)
    assert np.all(np.diff(losses.train_loss(spectrum, more, a)) >= -slack)
    assert np.all(np.diff(losses.alignment(spectrum, more, a)) <= 1e-12 + slack)
    ridges = np.array([c, 2 * c + 1e-3, 3 * c + 1])
    assert np.all(np.diff(losses.train_loss(spectrum, n, a, ridges)) >= -slack)
    assert np.all(np.diff(losses.gap(spectrum, n, a, ridges)) <= slack)


def losses_with_a_fitted_mean(spectrum, n, a, c):
    """(test, train) by the fixed point of equal energies: q + D(xi / q) / m = 1, xi to scale."""
    d, m, s = len(spectrum), n - 1, (1 - a) / a
    part = m / n
    xi = (s + c) / part
    low, high = 0.0, 1.0
    for _ in range(200):
        q = (low + high) / 2
        grows = q + np.sum(spectrum / (spectrum + xi / q)) / m < 1
        low, high = (q, high) if grows else (low, q)
    g = 1 / (xi + q * spectrum)
    a1, a2 = (np.sum(spectrum**p * g**2) for p in (1, 2))
    v = q**2 / m / (1 - q**2 / m * a2)
    g1, g2 = g.sum() / part, (np.sum(g**2) + v * a1**2) / part**2
    new = (a1 + v * a2 * a1) * (1 + 1 / n) / part**2
    test = d - 2 * s * g1 + s * new + s**2 * g2
    return test / d, (d - 2 * s * g1 + s * (g1 - (s + c) * g2) + s**2 * g2) / d


@pytest.mark.parametrize("name", ["white", "power law", "low rank"])
@pytest.mark.parametrize("n", [2, 3, D, D + 1, 30, 10**6])
@pytest.mark.parametrize(("a", "c"), [(0.5, 0.0), (0.01, 0.1), (0.99, 1e-2), (0.999, 1.0)])
def test_with_a_fitted_mean_they_solve_the_equations_of_n_minus_one_points(name, n, a, c):
    spectrum = SPECTRA[name]
    test, train = losses_with_a_fitted_mean(spectrum, n, a, c)
    both = losses.test_and_train_loss(spectrum, n, a, c, estimated_mean=True)
    assert both == pytest.approx((test, train), rel=1e-9)
    assert losses.test_loss(spectrum, n, a, c, estimated_mean=True) == both[0]
    assert losses.train_loss(spectrum, n, a, c, estimated_mean=True) == both[1]
    gap = losses.gap(spectrum, n, a, c, estimated_mean=True)
    assert gap == pytest.approx(test - train, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize("n", [2, D, D + 1, 40])
def test_with_a_fitted_mean_alignment_and_scatter_are_still_what_they_were(name, n):
    """test - residual, and test less the loss of the average denoiser, g = kappa / xi / (.)."""
    spectrum, a, c = SPECTRA[name], np.array([0.1, 0.9, 0.999]), np.array([[0.0], [0.01]])
    s = (1 - a) / a
    kappa = effective_ridge((s + c) * (n / (n - 1)), spectrum, n - 1)
    g = (kappa / (s + c))[..., None] / (spectrum + kappa[..., None])
    averaged = ((1 - s[:, None] * g) ** 2 + s[:, None] * spectrum * g**2).mean(axis=-1)
    test = losses.test_loss(spectrum, n, a, c, estimated_mean=True)
    scatter = losses.scatter(spectrum, n, a, c, estimated_mean=True)
    assert scatter == pytest.approx(test - averaged, rel=1e-8, abs=1e-13)
    alignment = losses.alignment(spectrum, n, a, estimated_mean=True)
    residual = losses.residual_loss(spectrum, a)
    assert alignment == pytest.approx(test[0] - residual, rel=1e-8, abs=1e-13)


@pytest.mark.long
def test_two_images_in_endless_dimensions_and_their_mean():
    """White data, d -> infinity: next to every direction is unseen, and lies d/2 off the mean.

    There g = 1 / xi, new data have the variance 1 + 1/2 about the fitted mean, and the training
    data, all in one direction, have none.
    """
    a, c = np.array([0.2, 0.9]), np.array([[0.0], [0.3]])
    s = (1 - a) / a
    xi = s + c
    test, train = losses.test_and_train_loss(np.ones(10**7), 2, a, c, estimated_mean=True)
    assert test == pytest.approx((1 - s / xi) ** 2 + 1.5 * s / xi**2, rel=1e-5)
    assert train == pytest.approx((1 - s / xi) ** 2, abs=1e-5)


def test_images_in_plenty_know_their_mean():
    spectrum, a = SPECTRA["power law"], np.array([0.1, 0.9, 0.999])
    for loss in (losses.test_loss, losses.train_loss):
        fitted = loss(spectrum, 10**9, a, 0.01, estimated_mean=True)
        assert fitted == pytest.approx(loss(spectrum, 10**9, a, 0.01), rel=1e-7)


@pytest.mark.parametrize(("n", "c"), [(30, 0.02), (50, 0.0), (150, 0.0)])
def test_a_fitted_mean_costs_what_training_sets_say(n, c):
    """400 training sets of 75 dimensions, by the definition of the loss, no ridge beyond 2 n = d.

    Above 6 standard errors once in 10^8 for a normal mean; 1 / d is allowed for the finite size.
    The known mean's prediction is further off.
    """
    rng, spectrum, a = np.random.default_rng(5), spectra.power_law(75, 0.5), 0.8
    s, found = (1 - a) / a, np.empty((400, 2))
    for k in range(400):
        x = rng.standard_normal((n, 75)) * np.sqrt(spectrum)
        shift = x.mean(axis=0)
        covariance = np.cov(x.T, bias=True)
        g = np.linalg.inv(covariance + (s + c) * np.eye(75))
        squares = np.sum(g**2, axis=0)
        both = np.array([spectrum @ squares + shift @ g @ g @ shift, np.sum(covariance * (g @ g))])
        found[k] = (75 - 2 * s * np.trace(g) + s * both + s**2 * squares.sum()) / 75
    error = found.std(axis=0, ddof=1) / 20
    for fitted, limit in ((True, 1.0), (False, np.inf)):
        told = losses.test_and_train_loss(spectrum, n, a, c, estimated_mean=fitted)
        off = np.abs(found.mean(axis=0) - told)
        assert np.all(off <= (6 * error + np.array(told) / 75) * limit)
        assert fitted or np.all(off > 6 * error)


def test_where_the_mean_is_fitted_one_image_is_none():
    for loss in (losses.test_loss, losses.train_loss, losses.gap, losses.scatter):
        with pytest.raises(ValueError, match=r"^n must be integers? .*>= 2|^n must be an integer"):
            loss(np.ones(3), 1, 0.5, estimated_mean=True)
    rank = np.count_nonzero(SPECTRA["low rank"])
    for n, told in ((rank, np.inf), (rank + 1, np.inf), (rank + 2, rank / D)):
        found = losses.test_loss(SPECTRA["low rank"], n, 1.0, estimated_mean=True)
        assert found == pytest.approx(told)
