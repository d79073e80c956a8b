"""`predict._bulk.population`: far levels gathered onto a few, and the sums they stand for."""

import numpy as np
import pytest

from lindiff_nb.exact import spectra
from lindiff_nb.predict._bulk import population
from lindiff_nb.predict._spectrum import distinct

POPULATIONS = {
    "one": np.array([2.0]),
    "power law": spectra.power_law(5000, 1.0),
    "steep": spectra.power_law(3000, 3.0),
    "twelve decades": np.geomspace(1, 1e-12, 2000),
    "two clusters": np.append(np.linspace(1, 1.01, 900), np.linspace(100, 101, 900)),
    "repeated": np.repeat(np.linspace(1, 3, 200), np.arange(1, 201)),
}
TERMS = [
    lambda lam, w: lam / (w - lam),
    lambda lam, w: lam**2 / np.abs(w - lam) ** 2,
    lambda lam, w: lam**2 / (w - lam) ** 3,
]


def stretches(levels):
    """Some of the places from which the population may be looked at."""
    k = levels.size
    inside = [(levels[i], levels[min(i + 30, k - 1)]) for i in (0, k // 3, k - 2) if i >= 0]
    return [*inside, (levels[0], levels[-1]), (-np.inf, levels[0]), (levels[-1], np.inf)]


@pytest.mark.parametrize("name", POPULATIONS)
@pytest.mark.parametrize(("order", "error"), [(20, 3e-14), (12, 1e-8)])
def test_sums_over_what_is_seen_are_sums_over_all(name, order, error):
    """On the stretch and above it; relative to the sum of the sizes of all terms."""
    levels, counts = distinct(POPULATIONS[name])
    tree, rng = population.plant(levels, counts, order), np.random.default_rng(0)
    for low, high in stretches(levels):
        seen = population.view(low, high, tree)
        ends = np.clip([low, high], -levels[-1], 3 * levels[-1])
        ends[1] += 1e-3 * (low == high)
        u = rng.uniform(*ends, 20)
        for w in np.append(u, u + 1j * rng.uniform(0, 1, 20) * (ends[1] - ends[0])):
            for term in TERMS:
                every = term(levels, w) * counts
                found = term(seen.levels, w) @ seen.counts
                assert abs(found - every.sum()) <= error * np.abs(every).sum()


def test_near_levels_come_first_and_as_they_are():
    levels, counts = distinct(POPULATIONS["power law"])
    seen = population.view(levels[2000], levels[2100], population.plant(levels, counts, 20))
    own = seen.levels[: seen.own]
    assert np.all(np.isin(levels[2000:2101], own))
    assert np.all(np.isin(own, levels))
    assert seen.levels.size < 1000


def test_a_small_population_is_seen_as_it_is():
    levels, counts = distinct(spectra.power_law(20, 1.0))
    seen = population.view(0.1, 0.2, population.plant(levels, counts, 20))
    assert seen.own == 20
    assert np.array_equal(seen.levels, levels)
    assert np.array_equal(seen.counts, counts)


def test_traces_are_kept():
    levels, counts = distinct(POPULATIONS["steep"])
    seen = population.view(levels[-1], np.inf, population.plant(levels, counts, 12))
    assert seen.levels @ seen.counts == pytest.approx(levels @ counts, rel=1e-13)
