"""`predict.training`: the loss along training, against thirty digits by another contour."""

import tracemalloc

import mpmath
import numpy as np
import pytest
from hard_cases import HARD_SPECTRA as SPECTRA
from hard_cases import as_it_is
from hypothesis import given, settings
from hypothesis import strategies as st

from lindiff_nb import data
from lindiff_nb._base import valley
from lindiff_nb.exact import spectra
from lindiff_nb.predict import complex_ridge, losses, marchenko_pastur, ridge, training
from lindiff_nb.predict._flow import gradient_flow, stopping

TIMES = np.geomspace(1e-3, 1e5, 5) / 2  # 2 eta tau from 1e-3 to 1e5


def root(xi, levels, n):
    """Newton's method with 30 digits; what ends in the half-plane of xi is the root."""
    kappa = xi + mpmath.fsum(levels) / n
    for _ in range(200):
        shares = [x / (x + kappa) for x in levels]
        df1, df2 = mpmath.fsum(shares), mpmath.fsum(x**2 for x in shares)
        step = (kappa * (1 - df1 / n) - xi) / (1 - df2 / n)
        kappa -= step
        if abs(step) < mpmath.mpf(10) ** -28 * abs(kappa):
            assert kappa.imag * xi.imag > 0
            return kappa, df1
    raise AssertionError("no convergence")


def reference(spectrum, n, a, s, c, nodes=30):
    """Test and training loss from averages of exp(-s M) and exp(-2 s M), each on its own parabola.

    q^2 and phi^2 are expanded in exponentials, with the double pole at M = 0 inside. What is left
    without exponentials, 1 for q^2 and 0 for phi^2, is the closed contour's value at infinity.
    """
    levels, d = [mpmath.mpf(float(x)) for x in spectrum], len(spectrum)
    a, s, c = (mpmath.mpf(float(x)) for x in (a, s, c))
    test, train = mpmath.mpf(1), mpmath.mpf(1)
    for order in (1, 2):
        h, mu = mpmath.mpf(3) / nodes, mpmath.pi * nodes / (12 * order * s)
        for k in range(nodes + nodes // 2):
            turn = 1 + 1j * (k + mpmath.mpf(1) / 2) * h
            M, weight = -mu * turn**2, -2 * mu * turn * h / (mpmath.pi * d * a)
            z = (M - a * c - (1 - a)) / a
            kappa, df1 = root(-z, levels, n)
            green = (d - df1) / z
            kept = (1 - a) ** 2 if order == 2 else 2 * a * (1 - a) * (z + c)
            leaked = a * (1 - a) * (1 if order == 2 else -2)
            weight *= mpmath.exp(-order * s * M) / M**2
            test += (weight * (kept * green + leaked * df1 * kappa / z)).real
            train += (weight * (kept + leaked * z) * green - weight * leaked * d).real
    return test, train


@pytest.mark.long
@pytest.mark.parametrize("setting", [(1, 0.5, 0.0), (5, 0.99, 0.001), (12, 0.01, 0.0)])
@pytest.mark.parametrize("name", SPECTRA)
def test_agrees_with_thirty_digits_over_eight_decades_of_time(name, setting):
    spectrum, (n, a, c) = SPECTRA[name], setting
    test = training.test_loss(spectrum, n, a, TIMES, c)
    train = training.train_loss(spectrum, n, a, TIMES, c)
    with mpmath.workdps(32):
        for k, tau in enumerate(TIMES):
            exact_test, exact_train = reference(spectrum, n, a, 2 * tau, c)
            assert abs(test[k] - exact_test) <= 1e-11 * exact_test
            assert abs(train[k] - exact_train) <= 1e-11 * exact_train


@pytest.mark.parametrize("aspect", [0.25, 0.9, 1, 4])
def test_white_data_are_an_average_over_the_marchenko_pastur_law(aspect):
    """For Sigma = I every direction has variance one: a real integral over the bulk."""
    n, a, s = 40, 0.9, np.array([0.1, 1, 10, 100])
    d = int(aspect * n)
    q, angle = np.sqrt(aspect), (np.arange(4000) + 0.5) * np.pi / 4000
    x = 1 + aspect - 2 * q * np.cos(angle)
    weight = 2 * np.sin(angle) ** 2 / x / 4000
    x, weight = np.append(x, 0), np.append(weight, marchenko_pastur.atom(aspect))
    rate = a * x + 1 - a
    phi = -np.expm1(-s[:, None] * rate) / rate
    leaked = a * (1 - a) * phi**2
    test = (1 - (1 - a) * phi) ** 2 + leaked
    train = (1 - (1 - a) * phi) ** 2 + leaked * x
    assert training.test_loss(np.ones(d), n, a, s / 2) == pytest.approx(test @ weight, rel=1e-9)
    assert training.train_loss(np.ones(d), n, a, s / 2) == pytest.approx(train @ weight, rel=1e-9)


def test_published_check_values():
    """Power laws, d = 60, a = 0.99: found by another contour, confirmed by 200 simulated sets."""
    for exponent, n, expected in (
        (1, 36, (0.984587, 1.527386, 15.27201)),
        (1, 120, (0.983189, 1.021714, 1.061984)),
        (2, 36, (0.969108, 0.879902, 2.015215)),
    ):
        found = training.test_loss(spectra.power_law(60, exponent), n, 0.99, [1, 10, 100])
        assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("n", [1, 7, 8, 9, 30])
@pytest.mark.parametrize("name", SPECTRA)
def test_begins_at_one_and_ends_at_the_optimum(name, n):
    spectrum, a, c = SPECTRA[name], np.array([1e-3, 0.5, 0.99]), np.array([[0.0], [0.2], [4.0]])
    for along, after in (
        (training.test_loss, losses.test_loss),
        (training.train_loss, losses.train_loss),
    ):
        assert np.all(along(spectrum, n, a, 0.0, c) == 1)
        end = after(spectrum, n, a, c)
        assert np.array_equal(along(spectrum, n, a, np.inf, c), end)
        almost = 49.5 / (a * c + 1 - a)  # just before the formula for the end takes over
        assert along(spectrum, n, a, almost, c) == pytest.approx(end, rel=1e-10)


def test_without_noise_nothing_is_learnt_in_finite_time():
    spectrum = spectra.power_law(8, 1.0)
    found = training.test_loss(spectrum, 5, 1.0, [0, 1e9, np.inf])
    assert np.array_equal(found, [1, 1, np.inf])
    near = training.test_loss(spectrum, 5, 1 - 1e-12, 1.0)
    assert near == pytest.approx(1, abs=1e-10)


@pytest.mark.long
@given(
    spectrum=st.lists(st.floats(1e-12, 1.0) | st.just(0.0), min_size=1, max_size=8).filter(any),
    n=st.integers(1, 12),
    a=st.floats(1e-6, 0.999),
    c=st.just(0.0) | st.floats(0, 10),
    scale=st.floats(1e-3, 1e3),
)
@settings(max_examples=60, deadline=None)
def test_monotone_bounded_and_covariant(spectrum, n, a, c, scale):
    """The training loss falls with time, the gap grows, both change with units as they must."""
    spectrum, tau = np.array(spectrum), np.geomspace(1e-3, 1e6, 40)
    test = training.test_loss(spectrum, n, a, tau, c)
    train = training.train_loss(spectrum, n, a, tau, c)
    slack = 1e-10 * (1 + test)
    assert np.all(train <= 1 + slack)
    assert np.all(np.diff(train) <= slack[1:]) or c > 0
    assert np.all(np.diff(test - train) >= -slack[1:])
    assert np.all(test >= losses.residual_loss(spectrum, a) - slack)
    other = a / (a + scale * (1 - a))  # the same noise ratio, in units of the scale
    unit = (1 - a) / (1 - other)  # and its time
    moved = training.test_loss(scale * spectrum[::-1], n, other, tau * unit, scale * c)
    assert moved == pytest.approx(test, rel=1e-7)


@pytest.mark.long
@given(
    spectrum=st.lists(st.floats(1e-6, 1.0) | st.just(0.0), min_size=1, max_size=8).filter(any),
    n=st.integers(1, 12),
    a=st.floats(1e-3, 0.999),
)
@settings(max_examples=40, deadline=None)
def test_more_samples_raise_the_training_loss_and_close_the_gap(spectrum, n, a):
    """At every time; and three copies of population and sample cost the same."""
    spectrum, tau = np.array(spectrum), np.geomspace(1e-3, 1e5, 17)
    sizes = (n, n + 1, 3 * n)
    test, train = (
        np.array([loss(spectrum, size, a, tau) for size in sizes])
        for loss in (training.test_loss, training.train_loss)
    )
    slack = 1e-10 * (1 + test[0])
    assert np.all(np.diff(train, axis=0) >= -slack)
    assert np.all(np.diff(test - train, axis=0) <= slack)
    copies = training.test_loss(np.repeat(spectrum, 3), 3 * n, a, tau)
    assert copies == pytest.approx(test[0], rel=1e-8)


@pytest.mark.parametrize("c", [1e4, 1e6])
def test_a_huge_ridge_lets_nothing_be_learnt(c):
    spectrum = spectra.power_law(6, 1.0)
    for loss in (training.test_loss, training.train_loss):
        found = loss(spectrum, 4, 0.5, np.geomspace(1e-6, 1e3, 9), c)
        assert np.all(np.abs(found - 1) < 4 / c)


def test_many_samples_leave_the_population():
    spectrum, a, tau = spectra.power_law(6, 1.0), 0.8, np.geomspace(0.01, 100, 9)
    rate = a * spectrum + 1 - a
    phi = -np.expm1(-2 * tau[:, None] * rate) / rate
    limit = np.mean((1 - (1 - a) * phi) ** 2 + a * (1 - a) * phi**2 * spectrum, axis=1)
    for loss in (training.test_loss, training.train_loss):
        assert loss(spectrum, 10**9, a, tau) == pytest.approx(limit, rel=1e-7)


def test_arguments_broadcast_and_eta_scales_time():
    spectrum, tau = spectra.power_law(20, 1.0), np.array([[0.3], [5.0]])
    a, c = np.array([0.2, 0.9, 1.0]), 0.01
    together = training.test_loss(spectrum, 12, a, tau, c, eta=0.5)
    alone = [[training.test_loss(spectrum, 12, x, t / 2, c) for x in a] for t in tau[:, 0]]
    assert together == pytest.approx(np.array(alone), rel=1e-11)
    assert isinstance(training.test_loss(spectrum, 12, 0.5, 1.0), float)
    assert training.test_loss(spectrum, 12, np.ones(0), 1.0).shape == (0,)


@pytest.mark.parametrize("n", [6, 19, 20, 21, 60])
def test_no_other_time_is_better_than_the_best(n):
    spectrum, a = spectra.power_law(20, 1.5), np.array([0.05, 0.5, 0.95, 0.9999])
    best = training.best_stopping_time(spectrum, n, a)
    least = training.best_stopped_loss(spectrum, n, a)
    assert np.all(np.isfinite(best))
    assert least == pytest.approx(training.test_loss(spectrum, n, a, best), rel=1e-12)
    others = training.test_loss(spectrum, n, a, np.geomspace(1e-3, 1e7, 400)[:, None])
    assert np.all(others >= least * (1 - 1e-11))
    assert np.all(losses.test_loss(spectrum, n, a) > least)
    nearby = training.test_loss(spectrum, n, a, best * np.array([[0.9], [1.1]]))
    assert np.all(nearby > least)


@pytest.mark.long
def test_the_time_one_may_train_grows_as_the_spectrum_falls():
    """N^(k - 1): for photographs about as the square root of N, and not in proportion."""
    crops = spectra.of_data(data.load("photo-crops", size=16, crops=4000).train)
    laws = [(spectra.power_law(256, k), max(k - 1, 0)) for k in (0, 1.5, 2)]
    for spectrum, power in (*laws, (crops, 0.5)):
        n = np.rint(np.geomspace(0.03, 0.3, 5) * len(spectrum)).astype(int)
        times = [training.best_stopping_time(spectrum / spectrum.mean(), m, 0.9999) for m in n]
        assert np.polyfit(np.log(n), np.log(times), 1)[0] == pytest.approx(power, abs=0.15)


def test_stopping_never_helps_what_a_ridge_holds_back_or_nothing_is_left_to_forget():
    spectrum = spectra.power_law(20, 1.0)
    assert training.best_stopping_time(spectrum, 100, 0.5, 50.0) == np.inf
    done = losses.test_loss(spectrum, 100, 0.5, 50.0)
    assert training.best_stopped_loss(spectrum, 100, 0.5, 50.0) == done


def test_one_time_for_several_steps_minimises_their_weighted_mean():
    spectrum, a, weights = spectra.power_law(20, 1.0), np.array([0.3, 0.99]), np.array([1.0, 3.0])
    tau = training.best_stopping_time(spectrum, 12, a, weights=weights)
    mean = training.best_stopped_loss(spectrum, 12, a, weights=weights)
    nearby = training.test_loss(spectrum, 12, a, tau * np.array([[0.98], [1], [1.02]]))
    nearby = nearby @ weights / 4
    assert mean == pytest.approx(nearby[1], rel=1e-12)
    assert nearby[1] < min(nearby[0], nearby[2])
    assert training.best_stopping_time(spectrum, 12, a, 0.0, 2.0, weights=weights) == tau / 2
    one = training.best_stopping_time(spectrum, 12, a[:1], weights=weights[:1])
    assert one == pytest.approx(training.best_stopping_time(spectrum, 12, a[0]), rel=1e-6)


@pytest.mark.parametrize("n", [1, 12, 20, 60])
@pytest.mark.parametrize("weights", [[1.0, 1, 1], [0.0, 5, 1], [100.0, 1, 1e-3]])
def test_no_other_single_time_is_better_for_the_weighted_mean(n, weights):
    """Grid from 1e-4 to 1e8, and both sides of the minimum, with a ridge for one of the levels."""
    spectrum, a, c = (
        spectra.power_law(20, 1.5),
        np.array([0.05, 0.7, 0.999]),
        np.array([0, 0, 0.01]),
    )
    share, options = np.array(weights) / sum(weights), {"weights": weights}
    tau = training.best_stopping_time(spectrum, n, a, c, 3.0, **options)
    least = training.best_stopped_loss(spectrum, n, a, c, **options)

    def pooled(times):
        return training.test_loss(spectrum, n, a, np.reshape(times, (-1, 1)), c, 3.0) @ share

    assert np.isfinite(tau)
    assert pooled(tau) == pytest.approx(least, rel=1e-12)
    assert np.all(pooled(np.geomspace(1e-4, 1e8, 400)) >= least * (1 - 1e-11))
    assert np.all(pooled(tau * np.array([0.97, 1.03])) > least)
    assert losses.test_loss(spectrum, n, a, c) @ share > least


@pytest.mark.parametrize("n", [1, 6, 1000])
def test_the_grid_of_times_begins_before_and_ends_after_everything(n):
    """At its start the fastest mode has moved by a tenth; at its end training is over; and no two
    neighbours are further apart than an eighth of a decade.
    """
    spectrum, a, c = spectra.power_law(20, 1.0), np.array([0.1, 0.999]), np.array([0.3, 0.0])
    grid = stopping._times(as_it_is(spectrum), n, a, c)
    top = (np.sqrt(spectrum.max()) + np.sqrt(spectrum.sum() / n)) ** 2  # above all eigenvalues
    assert grid[0] * np.max(a * (top + c) + 1 - a) == pytest.approx(0.1)
    assert grid[-1] * np.min(a * c + 1 - a) == pytest.approx(gradient_flow.SETTLED)
    assert np.all(np.diff(np.log10(grid)) <= 1 / 8 + 1e-12)
    start = training.test_loss(spectrum, n, a, grid[0] / 2, c)
    assert np.all((start > 0.6) & (start < 1.2))
    end = training.test_loss(spectrum, n, a, grid[-1] / 2 * 0.999, c)
    assert end == pytest.approx(losses.test_loss(spectrum, n, a, c), rel=1e-9)


def test_stopping_has_to_gain_more_than_a_part_in_1e11():
    spectrum, a, none = spectra.power_law(20, 1.0), np.array([0.9]), np.zeros(1)
    pool = valley.pool(None, (1,))
    best = training.best_stopped_loss(spectrum, 12, a)
    for gain, stops in ((0.3e-11, False), (3e-11, True), (0.1, True)):
        s, least = stopping.best(as_it_is(spectrum), 12, a, none, best * (1 + gain), pool)
        assert np.isfinite(s) == stops
        assert least == (best if stops else best * (1 + gain))


def test_just_before_training_counts_as_over_nothing_moves():
    """At s = 100 / (slowest rate) the loss has become that of the fitted denoiser."""
    spectrum, a, c = spectra.power_law(8, 1.0), np.array([0.3, 0.9]), np.array([0.0, 0.2])
    last = gradient_flow.SETTLED / (a * c + 1 - a) / 2
    for loss, done in (
        (training.test_loss, losses.test_loss),
        (training.train_loss, losses.train_loss),
    ):
        before = loss(spectrum, 5, a, last * (1 - 1e-9), c)
        assert before == pytest.approx(loss(spectrum, 5, a, last * (1 + 1e-9), c), rel=1e-10)
        assert np.array_equal(loss(spectrum, 5, a, last * 1.01, c), done(spectrum, 5, a, c))


def test_memory_stays_bounded():
    spectrum = spectra.power_law(20_000, 1.0)
    tracemalloc.start()
    training.test_loss(spectrum, 5000, 0.9, np.geomspace(0.1, 100, 2000))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8e6  # the nodes times the dimensions alone would be 50 MB


@pytest.mark.parametrize("n", [3, 6, 7, 40])
def test_the_complex_ridge_continues_the_real_one(n):
    """It meets the positive root at the positive axis, is its conjugate's conjugate, and solves."""
    spectrum = np.array([2.0, 1, 1, 0.3, 1e-6, 0, 4])
    xi = np.geomspace(1e-6, 1e3, 10)[:, None] * np.exp(1j * np.array([1e-9, 0.5, 1.5, 2.5, 3.1]))
    kappa = complex_ridge.effective_ridge(xi, spectrum, n)
    df1 = np.sum(spectrum / (spectrum + kappa[..., None]), axis=-1)
    assert np.allclose(kappa * (1 - df1 / n), xi, rtol=1e-9)
    assert np.all(kappa.imag > 0)
    real = ridge.effective_ridge(xi[:, 0].real, spectrum, n)
    assert kappa[:, 0].real == pytest.approx(real, rel=1e-9)
    below = complex_ridge.effective_ridge(xi.conj(), spectrum, n)
    assert np.allclose(below, kappa.conj(), rtol=1e-12)
    assert isinstance(complex_ridge.effective_ridge(1j, spectrum, n), complex)


def test_a_lost_branch_raises_and_so_does_running_out_of_steps(monkeypatch):
    for name in ("DIRECT", "MAX_STEPS"):
        monkeypatch.setattr(complex_ridge, name, 2)
    with pytest.raises(RuntimeError, match="no convergence in 2 steps"):
        complex_ridge.effective_ridge(-1e-9 + 1e-9j, np.ones(5), 5)
    wrong = complex_ridge.Root(np.array([1 - 1j]), np.array([0j]))
    with pytest.raises(RuntimeError, match="left the half-plane"):
        complex_ridge.certified(wrong, np.array([1 + 1j]))


BAD = {
    "spectrum": [[], [-1.0], [np.nan], [[1.0]], [0.0]],
    "n": [0, -1, 2.5, True],
    "alpha_bar": [0.0, 1.1, np.nan, "x"],
    "tau": [-1.0, np.nan, "x", [1.0, -np.inf]],
    "c": [-1e-9, np.nan, np.inf],
    "eta": [0.0, -1.0, np.inf],
}


@pytest.mark.parametrize(("name", "value"), [(k, v) for k, row in BAD.items() for v in row])
def test_bad_arguments_are_refused_by_name(name, value):
    good = {"spectrum": [1.0, 2], "n": 3, "alpha_bar": 0.5, "tau": 1.0, "c": 0.0, "eta": 1.0}
    for function in (training.test_loss, training.train_loss):
        with pytest.raises(ValueError, match=name):
            function(**{**good, name: value})
    if name != "tau":
        rest = {key: good[key] for key in good if key != "tau"}
        with pytest.raises(ValueError, match=name):
            training.best_stopping_time(**{**rest, name: value})


@pytest.mark.parametrize("weights", [[1.0], [-1.0, 2], [0.0, 0], [np.nan, 1]])
def test_bad_weights_are_refused(weights):
    with pytest.raises(ValueError, match="weights"):
        training.best_stopping_time([1.0, 2], 3, [0.5, 0.9], weights=weights)


def test_stopping_needs_noise_and_shapes_that_fit():
    with pytest.raises(ValueError, match="alpha_bar"):
        training.best_stopping_time([1.0, 2], 3, 1.0)
    with pytest.raises(ValueError, match="tau"):
        training.test_loss([1.0, 2], 3, np.ones(2) / 2, np.ones(3))
    with pytest.raises(ValueError, match="xi"):
        complex_ridge.effective_ridge(1.0, [1.0, 2], 3)
