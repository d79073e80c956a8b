"""`predict.spectral_density`: bulks, density and overlaps for any population."""

import tracemalloc

import mpmath
import numpy as np
import pytest
from hard_cases import as_it_is
from hypothesis import given, settings
from hypothesis import strategies as st

from lindiff_nb.exact import spectra
from lindiff_nb.measure import experiments
from lindiff_nb.predict import marchenko_pastur, replica, ridge, spectral_density
from lindiff_nb.predict._bulk import support, views
from lindiff_nb.predict.population import Population

SPECTRA = {
    "one": np.array([2.5]),
    "power law": spectra.power_law(30, 0.5),
    "two atoms": np.repeat([1.0, 10.0], 20),
    "low rank": np.array([3.0, 0, 1, 0.5, 0, 0]),
    "many bulks": np.geomspace(1, 1e-3, 4),
    "far from one": 1e-9 * np.linspace(1, 3, 7),
}


def nodes(low, high, size=1200):
    """Points and weights for integrands that vanish as a square root at both ends."""
    angle = (np.arange(size) + 0.5) * np.pi / size
    half = (high - low) / 2
    return low + half * (1 - np.cos(angle)), half * np.sin(angle) * np.pi / size


@pytest.mark.parametrize("n", [7, 20, 21, 60, 2000])
@pytest.mark.parametrize("scale", [1.0, 1e-8])
def test_white_data_have_the_closed_form(n, scale):
    d = 20
    low, high = marchenko_pastur.edges(d / n)
    white = scale * np.ones(d)
    assert spectral_density.edges(white, n) == pytest.approx(
        scale * np.array([[low, high]]), rel=1e-12, abs=1e-14 * scale
    )
    x = np.concatenate([[-1.0, 0.0], np.linspace(low, high, 52)[1:-1], [high + 1]])
    density = spectral_density.density(scale * x, white, n) * scale
    assert density == pytest.approx(marchenko_pastur.density(x, d / n), rel=1e-11)
    cdf = spectral_density.cdf(scale * x, white, n)
    assert cdf == pytest.approx(marchenko_pastur.cdf(x, d / n), abs=1e-13)
    assert spectral_density.atom(white, n) == pytest.approx(marchenko_pastur.atom(d / n))


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize("n", [3, 11, 50])
def test_the_mass_is_one_less_the_atom_and_the_moments_are_known(name, n):
    """<Tr Sigma_0> = Tr Sigma and <Tr Sigma_0^2> = Tr Sigma^2 + (Tr Sigma)^2 / n, to order d."""
    spectrum = SPECTRA[name]
    d, mass, first, second = len(spectrum), [], 0.0, 0.0
    for low, high in spectral_density.edges(spectrum, n):
        x, weight = nodes(low, high)
        density = spectral_density.density(x, spectrum, n) * weight
        mass.append(density.sum())
        first, second = first + density @ x, second + density @ x**2
    assert mass == pytest.approx(spectral_density.weights(spectrum, n), rel=1e-8)
    assert sum(mass) + spectral_density.atom(spectrum, n) == pytest.approx(1, rel=1e-8)
    assert d * first == pytest.approx(spectrum.sum(), rel=1e-8)
    whole = (spectrum**2).sum() + spectrum.sum() ** 2 / n
    assert d * second == pytest.approx(whole, rel=1e-8)


@pytest.mark.parametrize("name", ["power law", "two atoms", "low rank"])
@pytest.mark.parametrize("n", [2, 11, 50])
def test_its_stieltjes_transform_is_the_replica_resolvent(name, n):
    spectrum, xi = SPECTRA[name], 0.3
    integral = spectral_density.atom(spectrum, n) / xi
    for low, high in spectral_density.edges(spectrum, n):
        x, weight = nodes(low, high)
        integral += np.sum(weight * spectral_density.density(x, spectrum, n) / (x + xi))
    assert integral == pytest.approx(replica.resolvent(xi, spectrum, n).mean(), rel=1e-8)


@pytest.mark.parametrize("n", [30, 37, 200])
def test_density_and_edges_agree_with_thirty_digits(n):
    """Two atoms give a cubic in w; the edges are where two of its roots meet."""
    spectrum, x = np.repeat([1.0, 10.0], [20, 10]), np.array([0.3, 0.9, 1.7, 6.0, 12.0, 21.0])
    found = spectral_density.density(x, spectrum, n)
    with mpmath.workdps(30):
        for point, density in zip(x, found, strict=True):
            y = mpmath.mpf(float(point))
            a, b = mpmath.mpf(20) / n, mpmath.mpf(100) / n
            # w (w-1)(w-10) + w [a (w-10) + b (w-1)] - x (w-1)(w-10) = 0
            cubic = [1, -11 + a + b - y, 10 - 10 * a - b + 11 * y, -10 * y]
            w = max(mpmath.polyroots(cubic, maxsteps=200, extraprec=200), key=mpmath.im)
            exact = n / (30 * mpmath.pi) * mpmath.im(w) / abs(w) ** 2
            assert density == pytest.approx(float(exact), rel=1e-11, abs=1e-14)
    edges = spectral_density.edges(spectrum, n).ravel()
    for edge in edges[edges > 0]:
        inside = spectral_density.density(edge * np.array([1 - 1e-7, 1 + 1e-7]), spectrum, n)
        assert np.sort(inside)[0] == 0 < np.sort(inside)[1]


def test_two_atoms_separate_where_the_gap_closes_and_each_bulk_keeps_its_own():
    """min over w of D(w) = (a^(1/3) + b^(1/3))^3 / gap^2 decides, a and b = counts lambda^2 / n."""
    spectrum = np.repeat([1.0, 3.0], [60, 40])
    critical = (np.cbrt(60) + np.cbrt(40 * 9)) ** 3 / 4
    few, many = int(np.floor(critical)), int(np.ceil(critical))
    assert len(spectral_density.edges(spectrum, few)) == 1
    edges = spectral_density.edges(spectrum, many)
    assert len(edges) == 2
    assert spectral_density.weights(spectrum, many) == pytest.approx([0.6, 0.4], rel=1e-15)
    gap = edges[0, 1] / 2 + edges[1, 0] / 2
    assert spectral_density.cdf(gap, spectrum, many) == 0.6
    assert spectral_density.density(gap, spectrum, many) == 0


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize("n", [1, 3, 11, 50, 10**4])
def test_quantiles_invert_the_distribution_and_jump_over_gaps(name, n):
    spectrum = SPECTRA[name]
    d, edges = len(spectrum), spectral_density.edges(spectrum, n)
    atom, p = spectral_density.atom(spectrum, n), np.linspace(0, 1, 53)
    x = spectral_density.quantile(p, spectrum, n)
    assert np.all(np.diff(x) >= 0)
    assert np.all(x[p <= atom] == (0 if atom else edges[0, 0]))
    found = spectral_density.cdf(x, spectrum, n)
    assert found == pytest.approx(np.maximum(p, atom), abs=1e-10)
    below = atom + np.cumsum(spectral_density.weights(spectrum, n))
    assert spectral_density.quantile(below, spectrum, n) == pytest.approx(edges[:, 1], rel=1e-14)
    # the bulks beyond are entered at their lower ends
    beyond = spectral_density.quantile(below[:-1] + 1e-9 / d, spectrum, n)
    wide = edges[1:, 1] - edges[1:, 0]
    assert np.all((beyond >= edges[1:, 0]) & (beyond <= edges[1:, 0] + 1e-4 * wide))


@pytest.mark.parametrize("n", [7, 20, 21, 60, 2000])
def test_quantiles_of_white_data_are_those_of_the_marchenko_pastur_law(n):
    p = np.random.default_rng(n).random((3, 30))
    found = spectral_density.quantile(p, 3 * np.ones(20), n)
    assert found == pytest.approx(3 * marchenko_pastur.quantile(p, 20 / n), rel=1e-9, abs=1e-12)
    assert isinstance(spectral_density.quantile(0.3, np.ones(3), n), float)


@pytest.mark.parametrize("n", [60, 300])
def test_the_kth_of_the_sampled_eigenvalues_is_typically_at_the_quantile(n):
    """Six errors, and a bias of a spacing: the means of neighbours; alarm below 1e-6."""
    spectrum, d, count = spectra.power_law(100, 1.0), 100, 40
    found = np.sort(experiments.eigenvalues(np.random.default_rng(n), spectrum, n, count), axis=1)
    p = (np.arange(d) + 0.5) / d
    low, high = (
        spectral_density.quantile((p + h).clip(0, 1), spectrum, n) for h in (-1.2 / d, 1.2 / d)
    )
    room = 6 * found.std(axis=0, ddof=1) / np.sqrt(count)
    mean = found.mean(axis=0)
    assert np.all((mean >= low - room - 1e-12) & (mean <= high + room + 1e-12))


def test_power_laws_break_into_bulks_of_one_eigenvalue_at_the_top():
    spectrum, n = spectra.power_law(400, 1.0), 240
    weights = 400 * spectral_density.weights(spectrum, n)
    assert len(weights) == 5
    assert weights == pytest.approx([236, 1, 1, 1, 1])


@pytest.mark.parametrize("n", [25, 100])
def test_sampled_eigenvalues_follow_the_law(n):
    """Counts below x have variance O(log d): six errors and a bias of one; alarm below 1e-6."""
    spectrum, count = np.repeat([1.0, 4.0, 20.0], [25, 15, 10]), 60
    found = experiments.eigenvalues(np.random.default_rng(n), spectrum, n, count)
    for low, high in spectral_density.edges(spectrum, n):
        x = np.linspace(low, high, 7)[1:-1]
        below = np.sum(found[:, :, None] <= x, axis=1)
        error = below.std(axis=0, ddof=1) / np.sqrt(count)
        expected = 50 * spectral_density.cdf(x, spectrum, n)
        assert np.all(np.abs(below.mean(axis=0) - expected) < 6 * error + 1)


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize("n", [3, 11, 50])
def test_overlaps_sum_to_one_both_ways(name, n):
    """Over the population for each sample eigenvector; over all eigenvectors for each direction."""
    spectrum = SPECTRA[name]
    d = len(spectrum)
    kappa = ridge.effective_ridge(0.0, spectrum, n)
    total = np.where(spectrum > 0, kappa / (spectrum + kappa + (spectrum == 0)), 1)
    assert total.sum() == pytest.approx(d * spectral_density.atom(spectrum, n), abs=1e-10)
    for low, high in spectral_density.edges(spectrum, n):
        x, weight = nodes(low, high)
        found = spectral_density.overlaps(x, spectrum, n)
        assert found.sum(axis=1) == pytest.approx(np.ones(len(x)), rel=1e-9)
        total += d * (weight * spectral_density.density(x, spectrum, n)) @ found
    assert total == pytest.approx(np.ones(d), rel=1e-7)


def test_overlaps_agree_with_sampled_eigenvectors():
    """By population group and bulk; six errors and a bias of order 1/d: alarm below 1e-6."""
    spectrum, n, rng = np.repeat([1.0, 10.0], 30), 240, np.random.default_rng(7)
    measured = []
    for _ in range(40):
        x = rng.standard_normal((n, 60)) * np.sqrt(spectrum)
        _, vectors = np.linalg.eigh(x.T @ x / n)
        measured.append(np.square(vectors)[:30, :30].sum() / 30)
    (low, high), _ = spectral_density.edges(spectrum, n)
    x, weight = nodes(low, high)
    density = weight * spectral_density.density(x, spectrum, n)
    shared = spectral_density.overlaps(x, spectrum, n)[:, :30].sum(axis=1)
    error = np.std(measured, ddof=1) / np.sqrt(40)
    assert abs(np.mean(measured) - density @ shared / density.sum()) < 6 * error + 1 / 240


def test_the_variance_of_the_population_along_a_sample_eigenvector_is_the_known_shrinkage():
    """Ledoit & Peche 2011; for Sigma = I it is one, and in the null space n kappa / (d - n)."""
    x = np.linspace(*marchenko_pastur.edges(0.5), 9)[1:-1]
    assert spectral_density.overlaps(x, np.ones(10), 20).sum(axis=1) == pytest.approx(np.ones(7))
    spectrum, n = spectra.power_law(400, 1.0), 240
    null = n * ridge.effective_ridge(0.0, spectrum, n) / 160
    assert null == pytest.approx(0.359213, abs=1e-6)


@pytest.mark.long
@given(
    spectrum=st.lists(st.floats(1e-3, 10) | st.just(0.0), min_size=1, max_size=6).filter(any),
    n=st.integers(1, 12),
    scale=st.floats(1e-6, 1e6),
)
@settings(max_examples=60, deadline=None)
def test_bulks_are_ordered_hold_whole_numbers_and_scale(spectrum, n, scale):
    spectrum = np.array(spectrum)
    edges = spectral_density.edges(spectrum, n)
    assert np.all(np.diff(edges.ravel()) >= 0)
    counts = len(spectrum) * spectral_density.weights(spectrum, n)
    assert counts == pytest.approx(np.round(counts))
    assert counts.sum() == min(n, np.count_nonzero(spectrum))
    scaled = spectral_density.edges(scale * spectrum[::-1], n)
    if len(scaled) == len(edges):  # a gap may close by rounding
        assert scaled == pytest.approx(scale * edges, rel=1e-9, abs=1e-9 * scale * spectrum.max())
    p = np.linspace(0, 1, 9)
    positions = spectral_density.quantile(p, spectrum, n)
    assert np.all(np.diff(positions) >= 0)
    moved = spectral_density.quantile(p, scale * spectrum[::-1], n)
    if len(scaled) == len(edges):
        slack = 1e-6 * scale * spectrum.max()
        assert moved == pytest.approx(scale * positions, rel=1e-6, abs=slack)
    x = np.linspace(0, edges[-1, 1] * 1.1, 23)
    assert np.all(np.diff(spectral_density.cdf(x, spectrum, n)) >= -1e-12)
    assert np.all(np.asarray(spectral_density.density(x, spectrum, n)) >= 0)


def test_twelve_decades_keep_their_digits():
    """In logarithmic steps the mass is still one; the smallest edge is some 1e-13."""
    spectrum, n = np.geomspace(1, 1e-12, 60), 90
    (low, high) = spectral_density.edges(spectrum, n)[[0, -1], [0, 1]]
    assert 1e-14 < low < 1e-12 < 1 < high
    x = np.geomspace(low, high, 200)[1:-1]
    h = 1e-5
    slope = spectral_density.cdf(x * (1 + h), spectrum, n)
    slope = (slope - spectral_density.cdf(x * (1 - h), spectrum, n)) / (2 * h * x)
    density = spectral_density.density(x, spectrum, n)
    inner = slice(10, -10)
    assert density[inner] == pytest.approx(slope[inner], rel=1e-4)


CLOSE_TO_EDGES = {
    **{name: (spectrum, 11) for name, spectrum in SPECTRA.items()},
    "a gap in each step": (SPECTRA["many bulks"], 10**5),
    "k = 1": (spectra.power_law(400, 1.0), 240),
    "k = 1, ten times the points": (spectra.power_law(400, 1.0), 4000),
    "k = 2": (spectra.power_law(400, 2.0), 240),
    "twelve decades": (np.geomspace(1, 1e-12, 60), 90),
}


@pytest.mark.long
@pytest.mark.parametrize("name", CLOSE_TO_EDGES)
def test_at_and_next_to_the_edges_there_is_an_answer(name):
    """Where the height above the axis vanishes and D - 1 is rounding: no solver may wait for it."""
    spectrum, n = CLOSE_TO_EDGES[name]
    edges = spectral_density.edges(spectrum, n)
    weights = spectral_density.weights(spectrum, n)
    below = spectral_density.atom(spectrum, n) + np.cumsum(weights)
    known = np.stack([below - weights, below], axis=1)[edges > 0]
    inward = np.broadcast_to([1, -1], edges.shape)[edges > 0]
    edge = edges[edges > 0]
    for gap in (-1e-9, -1e-15, 0, 1e-15, 1e-12, 1e-9):
        x = edge * (1 + gap * inward)
        density = spectral_density.density(x, spectrum, n)
        assert np.all(density >= 0) if gap > 0 else np.all(density == 0)
        assert spectral_density.cdf(x, spectrum, n) == pytest.approx(known, abs=1e-7)
        x = x[inward * (x - edge) > 0]
        total = spectral_density.overlaps(x, spectrum, n).sum(axis=1) if x.size else 1
        assert total == pytest.approx(np.ones_like(total), rel=1e-5)


@pytest.mark.parametrize("name", CLOSE_TO_EDGES)
def test_the_curve_above_the_ends_of_the_bulks_has_no_height_and_elsewhere_d_is_one(name):
    """Many at a time: each is done when it is done, though others are not."""
    spectrum, n = CLOSE_TO_EDGES[name]
    at = support.find(as_it_is(spectrum), n)
    size = np.geomspace(1e-16, 1e-9, 40)
    gap = np.concatenate([[0, 1e-15, -1e-15], size, -size])[:, None]
    for points in (at.w[at.w != 0], at.levels[-10:]):
        u = (points * (1 + gap)).ravel()
        w = support.on_curve(u, at)
        apart = np.abs(w[:, None] - at.levels)
        d = np.square(at.levels / apart) @ at.counts / at.n
        assert np.all(d <= 1 + 1e-13)
        assert d[w.imag > 0] == pytest.approx(np.ones(np.sum(w.imag > 0)), rel=1e-13)


@pytest.mark.long
@pytest.mark.parametrize("name", CLOSE_TO_EDGES)
def test_no_real_root_is_taken_for_one_above_the_axis(name):
    """Many points in every bulk: the distribution does not jump, and D = 1 at all of them."""
    spectrum, n = CLOSE_TO_EDGES[name]
    at = support.find(as_it_is(spectrum), n)
    for low, high in at.x:
        x = low + (high - low) * np.sort(np.random.default_rng().random(60))
        assert np.all(np.diff(spectral_density.cdf(x, spectrum, n)) >= -1e-12)
        overlaps = spectral_density.overlaps(x[(x > low) & (x < high)], spectrum, n)
        assert np.abs(overlaps.sum(axis=1) - 1).max() < 1e-5


@pytest.mark.long
def test_memory_stays_bounded_in_many_dimensions():
    spectrum, n = spectra.power_law(20_000, 1.0), 10_000
    tracemalloc.start()
    x = np.linspace(*spectral_density.edges(spectrum, n)[0], 12)[1:-1]
    assert np.all(np.asarray(spectral_density.density(x, spectrum, n)) > 0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 6e6  # a table of the gaps and the levels would be 400 MB


FUNCTIONS = [
    spectral_density.edges,
    spectral_density.weights,
    spectral_density.atom,
    *(
        lambda spectrum, n, f=f: f(1.0, spectrum, n)
        for f in (
            spectral_density.density,
            spectral_density.cdf,
            spectral_density.overlaps,
            spectral_density.quantile,
        )
    ),
]


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("spectrum", [[], [-1.0], [0.0, 0.0], [[1.0]], [np.nan], "ab"])
def test_a_spectrum_that_is_not_one_is_refused(function, spectrum):
    with pytest.raises(ValueError, match="spectrum"):
        function(spectrum, 3)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("n", [0, -2, 1.5, True])
def test_a_number_of_points_that_is_not_one_is_refused(function, n):
    with pytest.raises(ValueError, match="n must be"):
        function([1.0, 2.0], n)


@pytest.mark.parametrize("x", [np.nan, [1.0, np.inf], "1"])
def test_points_that_are_not_numbers_are_refused(x):
    for function in (spectral_density.density, spectral_density.cdf, spectral_density.overlaps):
        with pytest.raises(ValueError, match="x must be"):
            function(x, [1.0, 2.0], 5)


@pytest.mark.parametrize("p", [-1e-9, 1.0001, np.nan, [0.5, 2], "1"])
def test_probabilities_that_are_not_probabilities_are_refused(p):
    with pytest.raises(ValueError, match="p must be"):
        spectral_density.quantile(p, [1.0, 2.0], 5)


def test_overlaps_outside_the_bulks_are_refused_and_edges_may_be_changed_by_the_caller():
    with pytest.raises(ValueError, match="inside the bulks"):
        spectral_density.overlaps([1.0, 100.0], [1.0, 2.0], 5)
    edges = spectral_density.edges([1.0, 2.0], 5)
    edges[:] = 0
    assert np.all(spectral_density.edges([1.0, 2.0], 5) > 0)


@pytest.mark.parametrize("repeats", [1, 7, 49])
def test_a_share_that_ends_a_bulk_has_its_upper_edge_as_quantile(repeats):
    """p = (whole number) / d, with the rounding of that division; a little more is in the next."""
    spectrum, n = np.repeat([1.0, 100.0, 1e4], repeats), 100 * repeats
    edges, weights = (f(spectrum, n) for f in (spectral_density.edges, spectral_density.weights))
    assert len(edges) == 3
    assert weights == pytest.approx(np.full(3, 1 / 3), rel=1e-15)
    ends = np.arange(1, 4) * repeats / (3 * repeats)
    assert np.array_equal(spectral_density.quantile(ends, spectrum, n), edges[:, 1])
    assert np.array_equal(spectral_density.quantile(1 - (1 - ends), spectrum, n), edges[:, 1])
    assert spectral_density.cdf(edges[:, 1], spectrum, n) == pytest.approx(ends, rel=1e-14)
    beyond = spectral_density.quantile(ends[:2] + 1e-7, spectrum, n)
    assert np.all((beyond > edges[1:, 0]) & (beyond < edges[1:, 0] * 1.1))


@pytest.mark.parametrize("n", [7, 9, 40])
def test_rounding_is_no_direction(n):
    """Eigenvalues of a covariance of rank 6 in 10 dimensions, as numpy computes them."""
    root = np.random.default_rng(0).standard_normal((10, 6))
    found = np.linalg.eigvalsh(root @ root.T)
    exact = np.where(found > 1e-10, found, 0)
    assert np.any(found != exact)
    assert spectral_density.atom(found, n) == pytest.approx(0.4)
    for function in (spectral_density.edges, spectral_density.weights):
        assert np.array_equal(function(found, n), function(exact, n))
    for function in (spectral_density.quantile, spectral_density.cdf):
        assert np.array_equal(function([0.3, 0.7], found, n), function([0.3, 0.7], exact, n))


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
    known = Population(POPULATIONS[name])
    levels, counts = known.levels, known.counts
    tree, rng = views.plant(levels, counts, order), np.random.default_rng(0)
    for low, high in stretches(levels):
        seen = views.view(low, high, tree)
        ends = np.clip([low, high], -levels[-1], 3 * levels[-1])
        ends[1] += 1e-3 * (low == high)
        u = rng.uniform(*ends, 20)
        for w in np.append(u, u + 1j * rng.uniform(0, 1, 20) * (ends[1] - ends[0])):
            for term in TERMS:
                every = term(levels, w) * counts
                found = term(seen.levels, w) @ seen.counts
                assert abs(found - every.sum()) <= error * np.abs(every).sum()
