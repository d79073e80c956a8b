"""`predict.frechet` against chi's moments, draws, first order, symmetry and values found before."""

import numpy as np
import pytest
from hard_cases import HARD_SPECTRA
from scipy.special import gammaln

from lindiff_nb.exact import averages, schedule, spectra
from lindiff_nb.exact.divergence import frechet_of_roots
from lindiff_nb.predict import best_ridge, frechet
from lindiff_nb.predict._law import frechet as law
from lindiff_nb.predict.population import Population


def power_law(d, exponent):
    """With mean one."""
    spectrum = spectra.power_law(d, exponent)
    return spectrum / spectrum.mean()


FOUND_BEFORE = [  # by other programs: d times the value
    (np.ones(200), 50, {}, 1.032948),
    (np.ones(200), 200, {}, 0.303713),
    (power_law(200, 2), 50, {}, 0.0558424),
    (power_law(120, 1), 60, {"reference": 60}, 0.457997),
    (power_law(120, 1), 60, {"reference": 200, "fitted_to": 500}, 0.378365),
    (power_law(2048, 1), 800, {"estimated_mean": True}, 0.273824),
    (power_law(2048, 1.5), 50_000, {"estimated_mean": True}, 0.000534671),
]


@pytest.mark.parametrize(("spectrum", "n", "more", "per_d"), FOUND_BEFORE)
def test_values_of_other_programs(spectrum, n, more, per_d):
    found = frechet.distance(spectrum, n, **more) / len(spectrum)
    assert found == pytest.approx(per_d, rel=3e-6)


def test_the_first_of_the_two_orders():
    """By another program: without the second, five to twelve per cent low."""
    population = Population(power_law(200, 2))
    curve = law.curve(population, np.array([50.0]))
    leading = curve._replace(log_slope=np.zeros_like(curve.kappa)).mean() / 200
    unit = population.unit
    assert unit.on(np.array(leading)) == pytest.approx(0.0508527, rel=2e-6)


def test_against_its_own_training_set_a_fit_looks_better_than_a_perfect_model():
    """1000 samples, 60 images: draws of another program have 0.0076 for the fit, 0.339 else."""
    spectrum, n, rng = power_law(120, 1), 60, np.random.default_rng(0)
    perfect = frechet.distance(spectrum, 1000, reference=n) / 120
    assert perfect == pytest.approx(0.339, abs=5e-4)
    fit = []
    for _ in range(20):
        x = rng.standard_normal((n, 120)) * np.sqrt(spectrum)
        fit.append(frechet.distance(np.linalg.svd(x, compute_uv=False) ** 2 / n, 1000) / 120)
    assert np.mean(fit) == pytest.approx(0.0077, abs=3e-4)


FOR_10_1_01_PERCENT = {1: (2030, 17_600, 174_000), 1.5: (244, 2840, 26_800)}


@pytest.mark.long
@pytest.mark.parametrize("exponent", FOR_10_1_01_PERCENT)
def test_the_numbers_of_samples_that_other_programs_ask_for(exponent):
    spectrum = power_law(2048, exponent)
    wanted = FOR_10_1_01_PERCENT[exponent]
    for share, n in zip((0.1, 0.01, 0.001), wanted, strict=True):
        assert frechet.needed(spectrum, share, estimated_mean=True) == pytest.approx(n, rel=5e-3)
    assert frechet.effective_dimension(spectrum) == pytest.approx(
        {1: 690, 1.5: 102}[exponent], abs=1
    )


BEST = [  # exponent, n, ridges for the divergence, the distance and the loss; shares at them
    (0, 50, (0.80, 0.73, 0.94), (0.387, 0.386, 0.397)),
    (1, 50, (0.265, 0.315, 0.497), (0.254, 0.252, 0.270)),
    (1, 200, (0.153, 0.156, 0.255), (0.0940, 0.0940, 0.1007)),
    (2, 50, (0.0070, 0.0132, 0.0307), (0.0468, 0.0460, 0.0489)),
]


@pytest.mark.parametrize(("exponent", "n", "ridges", "shares"), BEST)
def test_the_best_ridges_for_three_aims_and_what_a_wrong_aim_costs(exponent, n, ridges, shares):
    """As other programs found them, to the digits given."""
    spectrum = power_law(200, exponent)
    levels, weights = averages.gauss_rule(schedule.linear().alpha_bar)
    loss = best_ridge.for_test_loss(spectrum, n, levels, weights=weights)
    found = best_ridge.for_kl(spectrum, n), frechet.best_ridge(spectrum, n), float(loss)
    assert found == pytest.approx(ridges, rel=8e-3)
    assert frechet.with_ridge(spectrum, n, np.array(found)) / 200 == pytest.approx(shares, abs=6e-4)


def test_the_deviation_and_the_best_ridge_of_other_programs():
    spectrum = power_law(200, 1)
    assert frechet.distance_sd(spectrum, 200) / 200 == pytest.approx(0.00187578, rel=1e-5)
    best = frechet.best_ridge(spectrum, 50)
    assert best == pytest.approx(0.3151, rel=1e-3)
    assert frechet.with_ridge(spectrum, 50, best) / 200 == pytest.approx(0.252488, rel=1e-5)


@pytest.mark.parametrize("n", [5, 20, 100, 1000])
def test_one_dimension_is_the_mean_of_chi_but_for_a_quarter_of_a_point(n):
    """W2^2 = lambda (1 - chi_n / sqrt(n))^2, in the mean 2 lambda (1 - <chi_n> / sqrt(n))."""
    chi = np.sqrt(2 / n) * np.exp(gammaln((n + 1) / 2) - gammaln(n / 2))
    assert frechet.distance([3.0], n) == pytest.approx(6 * (1 - chi), rel=0.27 / n)


CASES = {
    "few points": ([10], power_law(20, 1), False),
    "as many as directions": ([20], power_law(20, 1), True),
    "two sets": ([30, 12], np.array([5.0, 2, 1, 1, 1, 0.5, 0.1, 1e-3]), True),
    "two sets of equal directions": ([30, 30], np.ones(20), False),
    "low rank": ([15], np.array([3.0, 1, 1, 0, 0, 0]), False),
}


@pytest.mark.long
@pytest.mark.parametrize("case", CASES)
def test_the_mean_and_the_deviation_of_draws(case):
    """To 5 standard errors beside 1.5 % (of the deviation 5 %): false alarms below 1e-5."""
    sizes, spectrum, fitted = CASES[case]
    rng, draws = np.random.default_rng(0), 1500
    made = [_drawn(rng, sizes, spectrum, fitted) for _ in range(draws)]
    pair = {"reference": sizes[-1] if len(sizes) > 1 else np.inf, "estimated_mean": fitted}
    mean = frechet.distance(spectrum, sizes[0], **pair)
    deviation = frechet.distance_sd(spectrum, sizes[0], **pair)
    error = np.std(made) / np.sqrt(draws)
    assert abs(np.mean(made) - mean) < 5 * error + 0.015 * mean
    kurtosis = np.mean((made - np.mean(made)) ** 4) / np.var(made) ** 2
    spread = np.std(made) * np.sqrt((kurtosis - 1) / (4 * draws))
    assert abs(np.std(made) - deviation) < 5 * spread + 0.05 * deviation


def _drawn(rng, sizes, spectrum, fitted):
    """The distance of one pair of sets, or of one set from the truth, mean and all."""
    roots, means = [], []
    for n in sizes:
        points = rng.standard_normal((n, len(spectrum))) * np.sqrt(spectrum)
        means.append(points.mean(axis=0) * fitted)
        roots.append(((points - means[-1]) / np.sqrt(n - fitted)).T)
    if len(sizes) == 1:
        roots.append(np.diag(np.sqrt(spectrum)))
        means.append(np.zeros(len(spectrum)))
    return np.sum((means[0] - means[1]) ** 2) + frechet_of_roots(*roots)


@pytest.mark.parametrize("c", [0.01, 0.3, 5.0])
def test_the_ridge_against_draws(c):
    """Off by under 5 standard errors and 1.5 %: false alarms below 1e-5."""
    spectrum, n, draws, rng = power_law(20, 1), 10, 800, np.random.default_rng(0)
    truth, made = np.diag(np.sqrt(spectrum)), []
    for _ in range(draws):
        points = rng.standard_normal((n, 20)) * np.sqrt(spectrum)
        root = np.hstack([points.T / np.sqrt(n), np.sqrt(c) * np.eye(20)])
        made.append(frechet_of_roots(root, truth))
    wanted = frechet.with_ridge(spectrum, n, c)
    assert abs(np.mean(made) - wanted) < 5 * np.std(made) / np.sqrt(draws) + 0.015 * wanted


@pytest.mark.parametrize("name", HARD_SPECTRA)
def test_many_points_follow_the_effective_dimension(name):
    spectrum = HARD_SPECTRA[name] / HARD_SPECTRA[name].max()
    d_h, n = frechet.effective_dimension(spectrum), 10**9
    both = [frechet.distance(spectrum, n, estimated_mean=mean) * 4 * n for mean in (False, True)]
    assert both == pytest.approx([spectrum.sum() * (d_h + more) for more in (1, 5)], rel=1e-4)
    assert d_h <= len(spectrum) * (1 + 1e-12)


@pytest.mark.parametrize("name", HARD_SPECTRA)
@pytest.mark.parametrize("n", [1, 3, 6, 40])
def test_a_ridge_that_vanishes_is_none(name, n):
    """Two integrals, over kappa and over t."""
    spectrum = HARD_SPECTRA[name] / HARD_SPECTRA[name].max()
    least = spectrum[spectrum > 1e-14].min()
    found = frechet.with_ridge(spectrum, n, least * 1e-16)
    assert found == pytest.approx(frechet.distance(spectrum, n), rel=1e-6)


@pytest.mark.parametrize("n", [1, 2, 5, 10**6])
@pytest.mark.parametrize("spectrum", [np.ones(1), np.ones(3), power_law(5, 2.0)])
def test_no_ridge_is_too_small_or_large_but_those_that_are_refused(spectrum, n):
    """With few points ln(1 - sum g^2 / n) has an argument next to zero; a large ridge is W2^2."""
    without = frechet.distance(spectrum, n)
    for c in (1e-16, 1e-30, 1e-60, 1e-90):
        assert frechet.with_ridge(spectrum, n, c) == pytest.approx(without, rel=1e-6)
    for c in (1e20, 1e80):
        assert frechet.with_ridge(spectrum, n, c) == pytest.approx(c * len(spectrum), rel=1e-8)
    for c in (1e-100, 1e-300, 1e100):
        with pytest.raises(ValueError, match=r"^c must be zero or within a factor"):
            frechet.with_ridge(spectrum, n, c)


def test_sets_may_be_exchanged_and_an_endless_one_is_none():
    spectrum = power_law(30, 1)
    one = frechet.distance(spectrum, 12, reference=40, fitted_to=25)
    assert frechet.distance(spectrum, 25, reference=12, fitted_to=40) == pytest.approx(one)
    far = frechet.distance(spectrum, 12, reference=10**12)
    assert far == pytest.approx(frechet.distance(spectrum, 12), rel=1e-9)


@pytest.mark.parametrize("n", [3, 30, 300])
def test_neighbours_of_the_best_ridge_are_worse(n):
    spectrum = power_law(30, 1)
    best = frechet.best_ridge(spectrum, n)
    low, at, high = frechet.with_ridge(spectrum, n, best * np.array([0.9, 1, 1.1]))
    assert at < min(low, high)
    assert at < frechet.distance(spectrum, n)


def test_white_data_want_three_quarters_of_what_the_divergence_wants():
    """c = 3 d / 4 n for n >> d."""
    assert frechet.best_ridge(np.ones(50), 10**5) == pytest.approx(0.75 * 50 / 10**5, rel=0.02)


@pytest.mark.parametrize("mean", [False, True])
def test_what_is_needed_is_the_first_that_is_enough(mean):
    spectrum = power_law(40, 1)
    n = frechet.needed(spectrum, 0.05, estimated_mean=mean)
    before, at = (frechet.distance(spectrum, k, estimated_mean=mean) / 40 for k in (n - 1, n))
    assert at <= 0.05 < before
    assert frechet.needed(spectrum, 1e-9, reference=10) == np.inf


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("n", lambda: frechet.distance([1.0], 0)),
        ("n", lambda: frechet.distance([1.0], 1, estimated_mean=True)),
        ("reference", lambda: frechet.distance([1.0], 5, reference=0)),
        ("reference", lambda: frechet.distance_sd([1.0], 5, reference=2.5)),
        ("reference", lambda: frechet.distance([1.0], 5, reference=-np.inf)),
        ("fitted_to", lambda: frechet.distance([1.0], 5, fitted_to=np.nan)),
        ("c", lambda: frechet.with_ridge([1.0], 5, [-1.0])),
        ("share", lambda: frechet.needed([1.0], 0.0)),
        ("spectrum", lambda: frechet.effective_dimension([-1.0])),
        ("n", lambda: frechet.best_ridge([1.0], 2.5)),
    ],
)
def test_bad_input_is_named(name, call):
    with pytest.raises(ValueError, match=rf"^{name} must be .*, got "):
        call()


def test_two_sets_with_one_direction_of_twice_the_variance():
    """Analytic in n: where that direction begins to be seen, the distance has no kink."""
    spectrum = np.append(2.0, np.ones(299))
    share = frechet.distance(spectrum, 300, reference=300) / spectrum.sum()
    assert share == pytest.approx(0.500789, rel=1e-5)


@pytest.mark.parametrize("unit", [1.1, 1.5, 1.9, 1e-7])
def test_the_best_ridge_of_very_few_points_is_found_in_any_unit(unit):
    """Of one white point it is near the variance itself, far up in what is searched."""
    spectrum = np.ones(40)
    known = frechet.best_ridge(spectrum, 1)
    assert known > 0.8
    assert frechet.best_ridge(unit * spectrum, 1) == pytest.approx(unit * known, rel=1e-3)
