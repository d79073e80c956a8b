"""`measure.score_divergence`: an exact case for all four, the true score, and how they differ."""

import doctest

import numpy as np
import pytest
import torch
from quasi_features import FEATURES, NODES, POINTS, POPULATION

from lindiff_nb.exact.divergence import gaussian_kl
from lindiff_nb.exact.modes import Mixture
from lindiff_nb.exact.sde import VP, VariancePreserving
from lindiff_nb.measure import random_features, score_divergence

EQUATIONS = random_features.normal_equations(FEATURES, POINTS, nodes=NODES)
LEARNED = random_features.score(FEATURES, random_features.coefficients(*EQUATIONS, [1e3, 1e5]))
GAUSSIAN = Mixture([0.5], deviation=1.2)


def kl(p, q):
    """KL of two Gaussians given as (mean, variance)."""
    return gaussian_kl([p[0]], [[p[1]]], [q[0]], [[q[1]]])


def exact_case(process):
    """The score of N(.3, 1.5^2) judged by N(.5, 1.2^2): all four in closed form."""
    mean, law = 0.3, (0.5, 1.44)
    start, end = process.alpha_bar(process.start), process.alpha_bar(1.0)
    r0, r1 = np.sqrt([start, end])
    v0, v1 = (a * 2.25 + 1 - a for a in (start, end))
    flow, noisy = np.sqrt(v0 / v1), r1 / r0 * v0 / v1
    late, early = ((np.sqrt(a) * 0.5, a * 1.44 + 1 - a) for a in (end, start))
    return {
        "bound": kl(early, (r0 * mean, v0)) - kl(late, (r1 * mean, v1)),
        "sde": kl(law, (r0 * mean - noisy * r1 * mean, v0 + noisy**2 * (1 - v1))),
        "ode": kl(law, (r0 * mean - flow * r1 * mean, flow**2)),
        "potential": kl(law, (r0 * mean, v0)),
    }


@pytest.mark.long
@pytest.mark.parametrize("process", [VP, VariancePreserving(0.5, 8.0, 0.02)])
def test_the_score_of_another_gaussian_is_measured_as_the_formulas_say(process):
    wrong = process.score(Mixture([0.3], deviation=1.5))
    found = score_divergence.divergences(wrong, GAUSSIAN, process)
    tolerance = {"bound": 1e-7, "sde": 1e-4, "ode": 2e-5, "potential": 1e-5}
    for name, exact in exact_case(process).items():
        assert found[name].nats == pytest.approx(exact, abs=tolerance[name]), name
        assert found[name].nats == pytest.approx(exact, abs=found[name].error + 1e-7), name


@pytest.mark.parametrize(("by", "cells", "order"), [("ode", 60, 3), ("sde", 240, 1.9)])
def test_half_the_cells_are_as_much_worse_as_the_order_of_the_method_says(by, cells, order):
    """Carried edges lose steps^-4, of a score that is a line; the density in cells loses C^-2."""
    start, end = VP.alpha_bar(VP.start), VP.alpha_bar(1.0)
    v0, v1 = (a * 2.25 + 1 - a for a in (start, end))
    slope = np.sqrt(v0 / v1) if by == "ode" else np.sqrt(end / start) * v0 / v1
    mean = 0.3 * (np.sqrt(start) - slope * np.sqrt(end))
    left = v0 - slope**2 * v1  # of the variance, by the noise of the reverse equation
    exact = Mixture([mean], deviation=np.sqrt(slope**2 + (by == "sde") * left))
    errors = []
    for many in (cells, 2 * cells):
        found = score_divergence.masses(VP.score(Mixture([0.3], deviation=1.5)), GAUSSIAN, by, many)
        errors.append(np.abs(found.score - exact.masses(found.edges)).max() * many)
    assert errors[1] < errors[0] / 2**order


def test_the_exact_case_has_the_known_values():
    known = {"ode": 0.052126, "sde": 0.051872, "potential": 0.051870, "bound": 0.051934}
    assert exact_case(VP) == pytest.approx(known, abs=1e-6)


@pytest.mark.long
@pytest.mark.parametrize(("mu", "floor"), [(3.0, 1e-5), (15.0, 2e-3)])
def test_the_true_score_is_at_no_distance_from_the_truth(mu, floor):
    """Up to the noise left at start, and the cells."""
    law = Mixture([-mu, mu], deviation=1.0)
    for name, found in score_divergence.divergences(VP.score(law), law).items():
        assert 0 <= found.nats < floor, name


@pytest.mark.long
def test_a_learned_score_is_measured_to_the_known_values():
    ode = score_divergence.ode(LEARNED, POPULATION, cells=2400)
    assert ode.nats[1] == pytest.approx(0.16868, abs=3e-4)
    sde = score_divergence.sde(LEARNED, POPULATION)
    assert sde.nats[1] == pytest.approx(0.02254, abs=1e-4)
    potential = score_divergence.potential(LEARNED, POPULATION)
    assert potential.nats[1] == pytest.approx(0.11147, abs=3e-4)


def test_the_share_of_the_weights_is_the_known_value_and_at_most_the_whole():
    masses = score_divergence.masses(LEARNED, POPULATION, "potential", 1600)
    parts, whole = score_divergence.weights_part(masses), score_divergence.kl(masses)
    assert parts[1] == pytest.approx(0.05695, abs=3e-4)
    assert np.all(parts < whole)


def test_wrong_weights_alone_are_all_share_of_the_weights():
    edges = np.linspace(-9, 9, 400)
    right, tilted = (Mixture([-3, 3], [w, 1 - w], 1.0).masses(edges) for w in (0.5, 0.2))
    masses = score_divergence.Masses(edges, right, tilted)
    exact = 0.5 * np.log(0.5 / 0.2) + 0.5 * np.log(0.5 / 0.8)
    assert score_divergence.weights_part(masses) == pytest.approx(exact, abs=2e-3)
    assert score_divergence.kl(masses) == pytest.approx(exact, abs=6e-3)
    of_law, of_score = score_divergence.weights(masses)
    assert of_law == pytest.approx([0.5, 0.5], abs=2e-3)
    assert of_score == pytest.approx([0.2, 0.8], abs=2e-3)


def test_the_bound_on_a_grid_is_the_bound_without_one():
    a = random_features.coefficients(*EQUATIONS, [1e3, 1e5])
    exact = random_features.bound(FEATURES, a, POPULATION, NODES)
    assert score_divergence.bound(LEARNED, POPULATION).nats == pytest.approx(exact, abs=1e-5)


def test_the_bound_is_above_the_reverse_equation():
    """KL(p_start || end) <= bound + KL(p_1 || N(0, 1)); p_0 in place of p_start costs 1e-5."""
    bound, sde = (
        measure(LEARNED, POPULATION) for measure in (score_divergence.bound, score_divergence.sde)
    )
    assert np.all(sde.nats - sde.error < bound.nats + 1e-4)


def test_half_the_cells_change_less_than_the_error_stated():
    for measure, cells in [
        (score_divergence.sde, 350),
        (score_divergence.ode, 300),
        (score_divergence.potential, 800),
    ]:
        fine, coarse = measure(LEARNED, POPULATION), measure(LEARNED, POPULATION, cells=cells)
        assert coarse.nats + fine.error == pytest.approx(
            np.maximum(coarse.nats + fine.error, fine.nats)
        )
        assert np.all(fine.error < coarse.error)


def test_any_callable_is_measured_and_its_leading_axes_are_kept():
    """Gaussians of three widths in one call are those of each alone."""
    slopes = np.array([0.5, 1.0, 2.0]).reshape(3, 1, 1)
    many = score_divergence.divergences(lambda x, t: -slopes * x, GAUSSIAN)
    alone = score_divergence.divergences(lambda x, t: -2.0 * x, GAUSSIAN)
    for name, found in many.items():
        assert found.nats.shape == found.error.shape == (3, 1), name
        assert found.nats[2, 0] == pytest.approx(float(alone[name].nats), rel=1e-9), name


def test_masses_sum_to_one_unless_the_flow_carries_some_out_of_the_range():
    for by in ("sde", "ode", "potential"):
        masses = score_divergence.masses(LEARNED, POPULATION, by, 300)
        total = masses.score.sum(axis=-1)
        assert total[1] == pytest.approx(1, abs=1e-6), by
        assert 0.9 < total[0] < 1 + 1e-6, by
        assert masses.law.sum() == pytest.approx(1, abs=1e-12)
        assert masses.edges.shape == (301,)


@pytest.mark.long
def test_the_example_in_the_documentation_is_true():
    found = doctest.testmod(score_divergence)
    assert found.attempted
    assert not found.failed


@pytest.mark.parametrize("slope", [-3e4, -100.0, 0.0, 3.0])
def test_a_hopeless_score_is_far_from_the_truth_and_no_error(slope):
    """Widths from nothing to beyond the cells: many nats, all of them finite."""
    for name, found in score_divergence.divergences(lambda x, t: slope * x, GAUSSIAN).items():
        assert 0.3 < found.nats < np.inf, name


FOUR = ["bound", "sde", "ode", "potential"]


@pytest.mark.parametrize("name", FOUR)
@pytest.mark.parametrize(
    "score",
    [
        lambda x, t: np.nan * x,
        lambda x, t: x[:-1],
        lambda x, t: 0.0,
        lambda x, t: np.full((len(x), 1), -1.0),
        lambda x, t: 1j * x,
        lambda x, t: x.astype(str),
        lambda x, t: np.ma.masked_less(x, 0),
        lambda x, t: torch.tensor(-x, requires_grad=True),
    ],
    ids=[
        "not a number",
        "too short",
        "one number",
        "turned",
        "complex",
        "text",
        "mask",
        "gradient",
    ],
)
def test_a_score_that_is_none_is_refused(name, score):
    with pytest.raises(ValueError, match=r"^score must be finite and of shape \(\.\.\., \d+\)"):
        getattr(score_divergence, name)(score, GAUSSIAN)


@pytest.mark.parametrize("name", FOUR)
def test_a_law_without_a_density_and_coarse_rules_are_refused(name):
    measure = getattr(score_divergence, name)
    with pytest.raises(ValueError, match="deviation must be positive"):
        measure(VP.score(GAUSSIAN), POINTS)
    with pytest.raises(ValueError, match="law must be one mixture"):
        measure(VP.score(GAUSSIAN), Mixture(np.zeros((2, 1)), deviation=1.0))
    with pytest.raises(ValueError, match="law must be a Mixture"):
        measure(VP.score(GAUSSIAN), [-3.0, 3.0])
    with pytest.raises(ValueError, match="score must be a function of x and t"):
        measure(np.zeros(3), GAUSSIAN)
    resolution = "nodes" if name == "bound" else "cells"
    with pytest.raises(ValueError, match=f"{resolution} must be an integer"):
        measure(VP.score(GAUSSIAN), GAUSSIAN, **{resolution: 1})


@pytest.mark.parametrize("kind", [torch.from_numpy, np.float32, np.ndarray.tolist])
def test_tensors_single_precision_and_lists_from_a_score_are_numbers(kind):
    found = score_divergence.bound(lambda x, t: kind(-x / 2), GAUSSIAN).nats
    exact = score_divergence.bound(lambda x, t: -x / 2, GAUSSIAN).nats
    assert found == pytest.approx(float(exact), rel=1e-5)


def test_sides_of_no_point_are_refused():
    masses = score_divergence.masses(VP.score(GAUSSIAN), GAUSSIAN, "potential", 10)
    with pytest.raises(ValueError, match="at must be finite"):
        score_divergence.weights(masses, np.nan)


def test_an_unknown_way_to_a_density_is_refused():
    with pytest.raises(ValueError, match="by must be one of 'sde', 'ode', 'potential'"):
        score_divergence.masses(VP.score(GAUSSIAN), GAUSSIAN, "bound", 100)


def test_the_share_of_the_weights_is_that_of_the_cells_with_their_middle_left_of_the_point():
    edges = np.arange(-1.0, 4.0)
    found = score_divergence.Masses(edges, np.array([0.1, 0.2, 0.3, 0.4]), np.full(4, 0.25))
    for at, left in ((-0.6, 0), (-0.4, 1), (0.4, 1), (0.6, 2), (1.4, 2), (2.4, 3), (3.0, 4)):
        p, q = found.law[:left].sum(), left / 4
        sides = [(p, q), (1 - p, 1 - q)]
        exact = sum(x * np.log(x / y) for x, y in sides if x > 1e-9)
        assert score_divergence.weights_part(found, at) == pytest.approx(exact, abs=1e-12)


def test_a_score_that_is_broken_at_one_point_is_refused():
    with pytest.raises(ValueError, match=r"^score must be finite"):
        score_divergence.bound(lambda x, _t: np.where(np.arange(x.size) == 3, np.nan, -x), GAUSSIAN)
