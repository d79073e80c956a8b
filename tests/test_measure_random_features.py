"""`measure.random_features`: known values, the flow stepped by hand, limits and traps."""

import numpy as np
import pytest
import torch
from quasi_features import FEATURES, NODES, POINTS, POPULATION
from scipy.special import ndtri

from lindiff_nb.exact.modes import Mixture
from lindiff_nb.exact.sde import VP, VariancePreserving
from lindiff_nb.measure import random_features

TAU = np.logspace(0, 10, 41)
K, B = random_features.normal_equations(FEATURES, POINTS, nodes=NODES)


def bounds(law, tau, nodes=NODES, judged=NODES):
    """The bound along training on a law, fitted on `nodes` and judged on others."""
    equations = random_features.normal_equations(FEATURES, law, nodes=nodes)
    a = random_features.coefficients(*equations, tau)
    return random_features.bound(FEATURES, a, POPULATION, judged)


def test_the_normal_equations_of_a_known_case():
    assert np.trace(K) == pytest.approx(0.0839663, abs=1e-6)
    assert np.linalg.eigvalsh(K)[-1] == pytest.approx(0.0398916, abs=1e-6)
    assert np.linalg.norm(B) == pytest.approx(0.0886923, abs=1e-6)


@pytest.mark.long
def test_the_bound_along_training_of_a_known_case():
    assert bounds(POINTS, [1e3, 1e5]) == pytest.approx([0.345033, 0.043067], abs=1e-5)
    curve = bounds(POINTS, TAU)
    best = np.argmin(curve)
    assert curve[best] == pytest.approx(0.038180, abs=1e-5)
    assert np.log10(TAU[best]) == pytest.approx(5.75)
    assert curve[-1] / curve[best] == pytest.approx(1.1262, abs=5e-4)


def test_the_bound_on_infinitely_many_points_of_a_known_case():
    assert bounds(POPULATION, 1e8) == pytest.approx(0.019549, abs=1e-5)


def test_a_straight_line_learns_the_slope_of_a_gaussian_exponentially():
    """relu(x) and relu(-x) under N(0, v), lambda = 1: slope -(1 - exp(-v tau / 2)) / v."""
    pair = random_features.Features([1.0, -1.0], np.zeros((2, 4)))
    rule = np.array([0.5]), np.array([1.0])
    law = Mixture([0.0], deviation=1.5)
    equations = random_features.normal_equations(pair, law, lambda t: 1.0, rule)
    score = random_features.score(pair, random_features.coefficients(*equations, 3.0))
    assert score(np.array([-2.0, 1.0]), 0.5) / [-2, 1] == pytest.approx(-0.734975, abs=1e-6)
    v = law.at(VP.alpha_bar(0.5)).deviation[0] ** 2
    exact = -(1 - np.exp(-1.5 * v)) / v
    assert score(np.array([-2.0, 1.0]), 0.5) / [-2, 1] == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize("tau", [0.3, 20.0])
def test_the_closed_flow_is_what_small_steps_on_the_loss_give(tau):
    """Torch's gradient of the loss itself, noise by quadrature; no normal equations anywhere."""
    times, shares = VP.rule(6)
    z, w = np.polynomial.hermite_e.hermegauss(200)
    signal, noise = np.sqrt(VP.alpha_bar(times)), np.sqrt(VP.noise(times))
    x = signal[:, None, None] * POINTS.means[:, None] + noise[:, None, None] * z
    values = np.stack(
        [FEATURES.values(row.ravel(), t) for row, t in zip(x, times, strict=True)], axis=1
    )
    phi = torch.from_numpy(values.reshape(FEATURES.m, -1) / np.sqrt(FEATURES.m))
    target = torch.from_numpy(np.broadcast_to(-z / noise[:, None, None], x.shape).ravel())
    weights = shares[:, None, None] * noise[:, None, None] ** 2 * w / w.sum() / POINTS.means.size
    lam = torch.from_numpy(np.broadcast_to(weights, x.shape).ravel())
    a = torch.zeros(FEATURES.m, dtype=torch.float64, requires_grad=True)
    for _ in range(400):
        loss = torch.sum(lam * (a @ phi - target) ** 2)
        (gradient,) = torch.autograd.grad(loss, a)
        a = (a - tau / 400 * gradient).detach().requires_grad_()
    equations = random_features.normal_equations(FEATURES, POINTS, nodes=6)
    exact = random_features.coefficients(*equations, tau)[0]
    assert a.detach().numpy() == pytest.approx(exact, abs=3e-3 * np.abs(exact).max())


def test_the_loss_is_the_mean_squared_error_of_the_guessed_noise():
    """Against draws of time and noise for the same points: within 5 standard errors, 1 in 1e6."""
    rng = np.random.default_rng(9)
    a = random_features.coefficients(K, B, [0.0, 1e4])
    exact = random_features.loss(FEATURES, a, POINTS, NODES)
    assert exact[0] == 1
    t = rng.uniform(VP.start, 1, 400)
    errors = []
    for at in t:
        noise, z = np.sqrt(VP.noise(at)), rng.standard_normal(POINTS.means.size)
        x = np.sqrt(VP.alpha_bar(at)) * POINTS.means + noise * z
        found = random_features.score(FEATURES, a)(x, at)[1]
        errors.append(np.mean((noise * found + z) ** 2))
    assert abs(np.mean(errors) - exact[1]) < 5 * np.std(errors) / np.sqrt(len(t))


def test_flow_starts_at_zero_and_ends_where_the_gradient_vanishes():
    a = random_features.coefficients(K, B, [0.0, 1e-6, 1e14])
    assert np.all(a[0] == 0)
    assert a[1] == pytest.approx(2e-6 * B, rel=1e-6)
    assert K @ a[2] == pytest.approx(B, abs=1e-9)


def test_training_never_makes_its_own_loss_worse():
    a = random_features.coefficients(K, B, TAU)
    loss = np.sum(a @ K * a - 2 * a * B, axis=-1)
    assert np.all(np.diff(loss) < 1e-12)


@pytest.mark.long
def test_many_points_at_quantiles_are_the_population():
    """The gap of the bound falls with n, to a thousandth of a nat at n = 4000."""
    population, gaps = bounds(POPULATION, [1e4, 1e7], 48, 48), []
    for n in (40, 400, 4000):
        half = ndtri((np.arange(n // 2) + 0.5) / (n // 2))
        law = Mixture(np.concatenate([half - 3, half + 3]))
        gaps.append(np.abs(bounds(law, [1e4, 1e7], 48, 48) - population).max())
    assert gaps[0] > gaps[1] > gaps[2]
    assert gaps[2] < 1e-3


@pytest.mark.long
def test_24_nodes_in_time_are_a_trap_and_96_are_not():
    """Many features fit the nodes and run free between them: judged on others, 24 fail."""
    features = random_features.draw(np.random.default_rng(0), 256)
    rng = np.random.default_rng(1)
    points = Mixture(rng.choice([-3, 3], 256) + rng.standard_normal(256))
    end = {}
    for nodes in (24, 96, 144):
        equations = random_features.normal_equations(features, points, nodes=nodes)
        a = random_features.coefficients(*equations, 1e10)
        end[nodes] = random_features.bound(features, a, POPULATION, 145)[0]
    assert end[96] == pytest.approx(end[144], rel=0.02)
    assert end[24] > 1.1 * end[144]


def test_seeds_are_a_leading_axis():
    rng = np.random.default_rng(2)
    features = random_features.draw(rng, 6, 3)
    points = rng.standard_normal((3, 5))
    equations = random_features.normal_equations(features, Mixture(points), nodes=8)
    a = random_features.coefficients(*equations, [1.0, 1e3])
    together = random_features.bound(features, a, POPULATION, 8)
    values = random_features.score(features, a)(np.linspace(-1, 1, 4), 0.5)
    assert a.shape == (3, 2, 6)
    assert values.shape == (3, 2, 4)
    one = random_features.Features(features.w[1], features.u[1])
    alone = random_features.normal_equations(one, Mixture(points[1]), nodes=8)
    single = random_features.coefficients(*alone, [1.0, 1e3])
    assert a[1] == pytest.approx(single, rel=1e-9)
    assert together[1] == pytest.approx(random_features.bound(one, single, POPULATION, 8))
    assert values[1] == pytest.approx(
        random_features.score(one, single)(np.linspace(-1, 1, 4), 0.5), rel=1e-9
    )


def test_the_weight_and_the_process_move_the_equations():
    scaled = random_features.normal_equations(FEATURES, POINTS, lambda t: 2 * VP.noise(t), NODES)
    assert scaled[0] == pytest.approx(2 * K)
    assert scaled[1] == pytest.approx(2 * B)
    earlier = VariancePreserving(start=0.001)
    assert not np.allclose(
        random_features.normal_equations(FEATURES, POINTS, process=earlier)[0], K
    )


def test_drawn_features_have_norm_one_and_no_preferred_sign():
    """200,000 signs: |mean| > 0.01 in one of 100,000 such tests."""
    features = random_features.draw(np.random.default_rng(3), 200_000)
    assert np.abs(features.w) + np.abs(features.u).sum(axis=-1) == pytest.approx(1)
    assert abs(np.sign(features.w).mean()) < 0.01
    assert random_features.draw(np.random.default_rng(3), 4, 2).u.shape == (2, 4, 4)


@pytest.mark.parametrize(
    ("function", "given", "name"),
    [
        (random_features.draw, (np.random.default_rng(0), 0), "m"),
        (random_features.draw, (np.random.default_rng(0), 2.5), "m"),
        (random_features.draw, (np.random.default_rng(0), 3, 0), "draws"),
        (random_features.draw, (0, 3), "rng"),
        (random_features.normal_equations, (FEATURES, POINTS, None, 0), "nodes"),
        (random_features.normal_equations, (FEATURES, POINTS, None, ([0.0], [1.0])), "t"),
        (random_features.normal_equations, (FEATURES, POINTS, None, 2.5), "nodes"),
        (random_features.normal_equations, (FEATURES, POINTS, None, "8"), "nodes"),
        (random_features.normal_equations, (FEATURES, POINTS, lambda t: np.nan, 2), "weight"),
        (random_features.normal_equations, (FEATURES, POINTS, lambda t: -1.0, 2), "weight"),
        (random_features.normal_equations, (FEATURES, [1.0, 2.0]), "law"),
        (random_features.normal_equations, (B, POINTS), "features"),
        (random_features.coefficients, (K, B, -1.0), "tau"),
        (random_features.coefficients, (K, B, [1.0, np.nan]), "tau"),
        (random_features.coefficients, (K, B, []), "tau"),
        (random_features.coefficients, (K, B, [[1.0]]), "tau"),
        (random_features.coefficients, (K * np.nan, B, 1.0), "K"),
        (random_features.coefficients, (K[:3], B, 1.0), "K"),
        (random_features.coefficients, (np.zeros((0, 0)), [], 1.0), "K"),
        (random_features.coefficients, (K, B[:3], 1.0), "K"),
        (random_features.coefficients, (K, ["a"], 1.0), "b"),
        (random_features.score, (FEATURES, B[:3]), "a"),
        (random_features.score, (FEATURES, np.nan * B), "a"),
        (random_features.score(FEATURES, B), ([0.0], np.nan), "t"),
        (random_features.score(FEATURES, B), ([0.0], [0.1, 0.2]), "t"),
        (random_features.score(FEATURES, B), ([], 0.5), "x"),
        (random_features.loss, (FEATURES, B[None, :3], POPULATION), "a"),
        (random_features.bound, (FEATURES, B[None] + np.inf, POPULATION), "a"),
        (random_features.bound, (FEATURES, B[None], POPULATION, 0), "nodes"),
    ],
)
def test_bad_input_is_refused_by_name(function, given, name):
    with pytest.raises(ValueError, match=f"^{name} must be .*, got "):
        function(*given)


@pytest.mark.parametrize("given", [np.ndarray.tolist, torch.from_numpy], ids=["lists", "tensors"])
def test_lists_and_tensors_of_numbers_count_as_arrays(given):
    a = random_features.coefficients(given(K), given(B), torch.tensor([0, 2]))
    assert a == pytest.approx(random_features.coefficients(K, B, [0.0, 2.0]))
    values = random_features.score(FEATURES, given(a))(torch.tensor([-1, 2]), 0.5)
    assert values == pytest.approx(random_features.score(FEATURES, a)(np.array([-1.0, 2.0]), 0.5))
    rule = random_features.normal_equations(FEATURES, POINTS, nodes=np.int64(3))
    assert rule[0] == pytest.approx(random_features.normal_equations(FEATURES, POINTS, nodes=3)[0])


def test_features_and_sets_of_different_seeds_are_refused():
    two, three = random_features.draw(np.random.default_rng(0), 4, 2), Mixture(np.zeros((3, 5)))
    with pytest.raises(ValueError, match=r"^features \(2,\) and law \(3,\) must have shapes"):
        random_features.normal_equations(two, three, nodes=2)


SEEDS = random_features.draw(np.random.default_rng(4), 7, 2)


def test_an_experiment_is_its_steps_for_every_seed():
    runs = random_features.train(np.random.default_rng(4), SEEDS, POPULATION, [3, 5], TAU[:3], 6)
    assert len(runs) == 2
    trained = runs[1]
    assert trained.points.means.shape == (2, 5)
    equations = random_features.normal_equations(SEEDS, trained.points, nodes=6)
    assert trained.a == pytest.approx(random_features.coefficients(*equations, TAU[:3]))
    expected = random_features.bound(SEEDS, trained.a, POPULATION, 6)
    assert trained.bound == pytest.approx(expected)
    for seed, curve in enumerate(expected):
        assert trained.best[seed] == curve.min()
        assert trained.best_time[seed] == TAU[np.argmin(curve)]
        assert trained.rise[seed] == curve[-1] / curve.min()
        assert np.array_equal(trained.stopped[seed, 0], trained.a[seed, np.argmin(curve)])


def test_an_experiment_on_infinitely_many_points_is_on_the_population():
    rng = np.random.default_rng(4)
    (trained,) = random_features.train(rng, SEEDS, POPULATION, [None], TAU)
    assert trained.points is POPULATION
    equations = random_features.normal_equations(SEEDS, POPULATION)
    assert trained.a == pytest.approx(random_features.coefficients(*equations, TAU))
    assert trained.bound.shape == (2, 41)


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [("n", "sizes", [2, 0]), ("tau", "tau", -1.0), ("tau", "tau", []), ("nodes", "nodes", 0)],
)
def test_an_experiment_without_anything_is_refused(name, given, value):
    good = {"features": SEEDS, "law": POPULATION, "sizes": [2], "tau": 1.0}
    with pytest.raises(ValueError, match=f"^{name} must be .*, got "):
        random_features.train(np.random.default_rng(0), **{**good, given: value})


def test_features_without_seeds_are_trained_on_one_set():
    features = random_features.Features(FEATURES.w, FEATURES.u)
    assert features.w.ndim == 1
    (run,) = random_features.train(np.random.default_rng(0), features, POPULATION, [5], [1e3], 8)
    assert run.points.means.shape == (5,)
