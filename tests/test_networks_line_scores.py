"""`networks.line_scores`: the network and its training by hand, seeds apart, what is refused."""

from itertools import islice

import numpy as np
import pytest
import torch

from lindiff_nb.exact.modes import Mixture
from lindiff_nb.networks import line_scores
from lindiff_nb.networks.line_scores import VE, Weights

LAW = Mixture([-3.0, 3.0], deviation=1.0)


def children(count, seed=0):
    return np.random.default_rng(seed).spawn(count)


def after(epochs, count=2, *given, seed=0, **more):
    return next(islice(line_scores.train(children(count, seed), LAW, *given, **more), epochs, None))


def by_hand(weights, k, y, t):
    """h of network k at one y and t, a sum at a time."""
    omega, inner, outer, last = (part[k].astype(np.float64) for part in weights)
    angles = 2 * np.pi * omega * t
    f = np.array([y, *np.sin(angles), *np.cos(angles), 1, 1])
    total = last[0, 0]
    for j in range(inner.shape[1]):
        u = sum(f[i] * inner[i, j] for i in range(7))
        total += outer[j, 0] * u / (1 + np.exp(-u))
    return total / 16


def test_the_network_is_its_equation():
    weights = line_scores.initial(children(3), width=5)
    score = line_scores.score(weights)
    for y, t in ((-2.0, 0.065), (0.7, 0.4), (30.0, 1.0)):
        exact = [by_hand(weights, k, y, t) / VE.deviation(t) for k in range(3)]
        assert score(np.array([y]), t)[:, 0] == pytest.approx(exact, rel=1e-4, abs=1e-5)


def test_it_starts_as_torch_starts_such_layers():
    """Uniform with variance 1 / (3 inputs), and frequencies of deviation 30; 5 sigma each."""
    omega, inner, outer, last = line_scores.initial(children(40), width=50)
    for values, inputs in ((inner[:, 0], 1), (inner[:, 1:6], 4), (inner[:, 6], 1), (outer, 50)):
        assert np.abs(values).max() <= inputs**-0.5
        assert np.var(values) == pytest.approx(1 / 3 / inputs, rel=5 / np.sqrt(values.size))
    assert np.std(omega) == pytest.approx(30, rel=5 / np.sqrt(2 * omega.size))
    assert np.abs(last).max() <= 50**-0.5


def tensors(width=6, n=9):
    generator = torch.Generator().manual_seed(0)
    shapes = (4, n, 7), (4, n), (4, 7, width), (4, width, 1), (4, 1, 1)
    return [torch.randn(s, generator=generator, dtype=torch.float64) for s in shapes]


def test_the_slopes_are_autograd_s_of_the_loss_written_out():
    features, z, *parts = tensors()
    for part in parts:
        part.requires_grad_()
    inner, outer, last = parts
    hidden = torch.einsum("snk,skm->snm", features, inner)
    h = torch.einsum("snm,sm->sn", hidden / (1 + (-hidden).exp()), outer[..., 0]) + last[..., 0]
    loss = ((h / 16 + z) ** 2).mean(dim=1).sum()
    exact = torch.autograd.grad(loss, parts)
    for slope, wanted in zip(line_scores._gradient(features, z, *parts), exact, strict=True):
        assert torch.allclose(slope, wanted, rtol=1e-10, atol=1e-14)


def one_step(optimiser):
    """The change of one network in an epoch that is one batch, and the slopes it followed."""
    (rng,) = children(1)
    run = line_scores.train([rng], LAW, optimiser, n=32)
    (again,) = children(1)
    before = line_scores.initial([again])
    points = LAW.draw(again, 32)
    order, u, z = again.permutation(32), again.random(32), again.standard_normal(32)
    t = 1e-5 + (1 - 1e-5) * u
    y = points[order] + np.sqrt((25 ** (2 * t) - 1) / (2 * np.log(25))) * z
    angles = 2 * np.pi * t[:, None] * before.omega[0]
    ones = np.ones((32, 2))
    f = np.concatenate([y[:, None], np.sin(angles), np.cos(angles), ones], axis=1)
    given = [torch.tensor(part[None], dtype=torch.float64) for part in (f, z)]
    weights = [torch.tensor(part, dtype=torch.float64) for part in before[1:]]
    return before, next(run), [s.numpy() for s in line_scores._gradient(*given, *weights)]


def test_a_step_of_sgd_is_half_the_slope():
    before, now, slopes = one_step("sgd")
    for old, new, slope in zip(before[1:], now[1:], slopes, strict=True):
        assert new - old == pytest.approx(-0.5 * slope, rel=1e-3, abs=2e-6)
    assert np.array_equal(before.omega, now.omega)


def test_the_first_step_of_adam_is_a_thousandth_against_the_slope():
    before, now, slopes = one_step("adam")
    for old, new, slope in zip(before[1:], now[1:], slopes, strict=True):
        clear = np.abs(slope) > 1e-5
        assert (new - old)[clear] == pytest.approx(-1e-3 * np.sign(slope)[clear], rel=0.01)


def test_an_epoch_of_1000_points_takes_32_steps():
    """Adam's first steps are about 1e-3 each, so 32 of them reach at most about 0.032."""
    start = line_scores.initial(children(2))
    moved = np.abs(after(0, 2, "adam").inner - start.inner).max()
    assert 0.005 < moved < 0.04


def test_seeds_do_not_touch_each_other():
    """Trained with others or alone: the same but for rounding."""
    for optimiser in ("sgd", "adam"):
        many, alone = after(3, 4, optimiser, n=64), after(3, 1, optimiser, n=64)
        for part, own in zip(many, alone, strict=True):
            assert part[:1] == pytest.approx(own, abs=1e-4)


def test_the_same_generators_give_the_same_bits():
    first, second = after(2, 2, "adam", n=64), after(2, 2, "adam", n=64)
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    other = after(2, 2, "adam", n=64, seed=1)
    assert not np.array_equal(first.inner, other.inner)


def test_training_approaches_the_true_score():
    """Mean squared error at t = 0.3 over the law: sixty epochs take away four tenths of it."""
    x = np.linspace(-8, 8, 400)
    noised = LAW.at(VE.alpha_bar(0.3))
    r = np.sqrt(VE.alpha_bar(0.3))
    share = np.exp(noised.logpdf(x * r))
    exact = noised.score(x * r) * r
    networks = line_scores.initial(children(4)), after(59, 4, "adam", rate=0.05)
    before, now = ((line_scores.score(w)(x, 0.3) - exact) ** 2 @ share for w in networks)
    assert np.all(now < 0.6 * before)


def test_fresh_points_are_new_in_each_epoch_and_the_first_epoch_is_the_same():
    kept, fresh = ([w.inner for w in islice(run(fresh), 3)] for fresh in (False, True))
    assert np.array_equal(kept[0], fresh[0])
    assert not np.allclose(kept[1], fresh[1])


def run(fresh):
    return line_scores.train(children(2), LAW, n=32, fresh=fresh)


def test_a_network_that_diverges_is_told_from_the_others():
    weights = after(3, 2, "sgd", n=64)
    assert line_scores.alive(weights).all()
    broken = Weights(*(part.copy() for part in weights))
    broken.inner[1, 0, 0] = np.nan
    assert line_scores.alive(broken).tolist() == [True, False]
    far = Weights(*(part.copy() for part in weights))
    far.outer[0] = 1e7
    assert line_scores.alive(far).tolist() == [False, True]
    assert line_scores.chosen(far, line_scores.alive(far)).outer.shape == (1, 16, 1)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"rngs": []}, "rngs"),
        ({"rngs": [0]}, "rngs"),
        ({"optimiser": "adamw"}, "optimiser"),
        ({"n": 0}, "n must be"),
        ({"width": 0}, "width"),
        ({"rate": 0.0}, "rate"),
        ({"rate": np.nan}, "rate"),
        ({"law": Mixture(np.zeros((2, 3)), deviation=1.0)}, "law"),
    ],
)
def test_what_cannot_be_trained_is_refused_by_name_before_it_starts(given, name):
    with pytest.raises(ValueError, match=name):
        line_scores.train(**{"rngs": children(1), "law": LAW, **given})


def test_a_score_is_asked_within_the_process():
    score = line_scores.score(line_scores.initial(children(1)))
    with pytest.raises(ValueError, match="t must be"):
        score(np.zeros(1), 0.01)
