"""lindiff-nb fid: the distance by slower routes, its bias on draws, and files as they come."""

import json
import os
import tracemalloc

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.stats import t

from lindiff_nb import cli
from lindiff_nb.exact import spectra
from lindiff_nb.fid import corrected, kernel
from lindiff_nb.fid import features as of_features
from lindiff_nb.fid.features import FeatureSet, Moments
from lindiff_nb.predict import frechet


@pytest.fixture
def asked(tmp_path, capsys):
    """Run the command on two arrays, or archives; status, the JSON's contents and what was said."""

    def run(a, b, *options):
        named = []
        for name, content in (("a", a), ("b", b)):
            save = np.savez if isinstance(content, dict) else np.save
            named.append(tmp_path / f"{name}.{'npz' if isinstance(content, dict) else 'npy'}")
            save(named[-1], **content) if isinstance(content, dict) else save(named[-1], content)
        out = tmp_path / "found.json"
        out.unlink(missing_ok=True)
        status = cli.main(["fid", *map(str, named), "--json", str(out), *options])
        said = "".join(capsys.readouterr())
        return status, json.loads(out.read_text()) if out.exists() else {}, said

    return run


def features(n, d, seed, exponent=1.0, scale=1.0):
    """Gaussian ones with the variances of a power law of mean one."""
    spectrum = spectra.power_law(d, exponent)
    normal = np.random.default_rng(seed).standard_normal((n, d))
    return scale * normal * np.sqrt(spectrum / spectrum.mean())


def moments(x):
    x = x.astype(np.float64)
    return x.mean(axis=0), np.cov(x, rowvar=False)


def by_square_root(a, b):
    """As other programs do it."""
    (m, s), (mu, sigma) = moments(a), moments(b)
    return np.sum((m - mu) ** 2) + np.trace(s + sigma - 2 * sqrtm(s @ sigma).real)


def by_points(a, b):
    """The singular values of the product of centred points."""
    x, y = ((z - z.mean(axis=0)) / np.sqrt(len(z) - 1) for z in (a, b))
    shift = a.mean(axis=0) - b.mean(axis=0)
    traces = np.sum(x**2) + np.sum(y**2)
    return shift @ shift + traces - 2 * np.linalg.svd(x @ y.T, compute_uv=False).sum()


def kernel_distance(a, b):
    """The unbiased estimate, term by term."""
    k = [[(p @ q / len(p) + 1) ** 3 for q in np.vstack([a, b])] for p in np.vstack([a, b])]
    k, n, m = np.array(k), len(a), len(b)
    own = (k[:n, :n].sum() - np.trace(k[:n, :n])) / (n * (n - 1))
    other = (k[n:, n:].sum() - np.trace(k[n:, n:])) / (m * (m - 1))
    return own + other - 2 * k[:n, n:].mean()


@pytest.mark.parametrize(("n", "m", "d"), [(300, 200, 20), (1000, 50, 8)])
def test_well_conditioned_features_as_the_square_root_of_a_product_has_it(asked, n, m, d):
    a, b = features(n, d, 1), 0.3 + features(m, d, 2, exponent=0.5)
    assert asked(a, b)[1]["frechet"] == pytest.approx(by_square_root(a, b), rel=1e-6)


def test_fewer_points_than_dimensions_are_exact_and_said(asked):
    a, b = features(20, 64, 1), features(24, 64, 2)
    status, found, said = asked(a, b)
    assert (status, found["d"], found["n"], found["reference_n"]) == (0, 64, 20, 24)
    assert found["frechet"] == pytest.approx(by_points(a, b), rel=1e-10)
    assert found["kid"] == pytest.approx(kernel_distance(a, b), rel=1e-10)
    assert "n = 20 is not above d = 64" in said
    assert "not times 1,000; subsets of 20 and 24 rows, 1 of them" in said


def test_constant_features_and_repeated_ones(asked):
    """Singular covariances, where a square root of their product is NaN or complex."""
    a, b = features(60, 5, 1), features(70, 5, 2)
    wide = [np.hstack([x, x[:, :3], np.full((len(x), 4), 7.0)]) for x in (a, b)]
    found = asked(*wide)[1]
    assert found["frechet"] == pytest.approx(by_points(*wide), rel=1e-9)


def test_a_file_against_itself_is_zero_and_called_the_same(asked):
    a = features(20, 64, 1)
    _, found, said = asked(a, a)
    assert 0 <= found["frechet"] < 1e-6
    assert (found["bias"], found["corrected"], found["interval"]) == (None, None, None)
    assert "A and B are the same features" in said
    assert found["kid"] < 0
    assert "a KID is unbiased: it falls below zero" in said


def test_half_precision_far_from_zero(asked):
    """Whose sums are infinite in their own type."""
    a, b = ((400 + features(200, 16, seed, scale=8)).astype(np.float16) for seed in (1, 2))
    assert asked(a, b)[1]["frechet"] == pytest.approx(by_square_root(a, b), rel=1e-6)


@pytest.mark.parametrize(
    "form",
    [np.asfortranarray, lambda x: x[::-1], lambda x: x.astype(">f8"), lambda x: x[:, :, None]],
)
def test_the_order_of_the_numbers_in_a_file_does_not_matter(asked, form):
    a, b = features(40, 6, 0), features(50, 6, 1)
    wanted = asked(a, b)[1]["frechet"]
    assert asked(form(a), b)[1]["frechet"] == pytest.approx(wanted, rel=1e-9)
    assert "A and B are the same features" in asked(form(a), a)[2]


def test_bytes_beside_floats_from_zero_to_one_are_refused_and_in_one_unit_taken(asked):
    x = np.random.default_rng(0).random((40, 6))
    whole = np.rint(255 * x).astype(np.uint8)
    for pair in ((whole, x), (x, whole)):
        status, _, said = asked(*pair)
        assert status == 2
        assert "A and B must be in one unit, got " in said
    for pair in ((whole, 255 * x), (x, 300 * x), (whole, whole), ((x > 0.5).astype(int), x)):
        assert asked(*pair)[0] == 0


def test_moments_instead_of_features(asked):
    """A covariance of as many rows as columns is never taken for points."""
    a, b = features(200, 16, 1), features(150, 16, 2)
    mu, sigma = moments(a)
    status, found, said = asked({"mu": mu, "sigma": sigma}, b)
    assert (status, found["bias"], found["kid"], found["n"]) == (0, None, None, None)
    assert found["frechet"] == pytest.approx(by_square_root(a, b), rel=1e-6)
    assert "A holds mu and sigma of an unknown number of images, so without a bias" in said
    full = asked(a, b)[1]
    for with_size in (
        asked(b, {"mu": mu, "sigma": sigma}, "--reference-of", "200"),
        asked(b, {"mu": mu, "sigma": sigma, "n": 200}),
    ):
        assert with_size[1]["bias"] == pytest.approx(full["bias"], rel=1e-6)
        assert with_size[1]["interval"] is None


def test_rows_that_repeat_others_do_not_count(asked):
    a, b = features(20, 64, 1), features(24, 64, 2)
    once = asked(a, b)[1]
    _, found, said = asked(np.vstack([a, a, a]), b)
    assert (found["n"], found["unique"], found["reference_unique"]) == (60, 20, 24)
    assert found["frechet"] == pytest.approx(once["frechet"], rel=1e-12)
    assert "A: 40 of 60 rows repeat others and do not count" in said


REFUSED = {
    "one row": (features(1, 8, 1), features(9, 8, 2), "a.npy: one row, or one many times"),
    "one row again": (np.ones((5, 8)), features(9, 8, 2), "one row, or one many times"),
    "two extractors": (features(9, 64, 1), features(9, 16, 2), "64 and of 16 numbers"),
    "not finite": (np.full((9, 8), np.nan), features(9, 8, 2), "row 0 (from 0)"),
    "a covariance": (np.eye(16), features(9, 16, 2), "a symmetric matrix"),
    "indefinite": ({"mu": np.ones(2), "sigma": -np.eye(2)}, features(9, 2, 2), "a.npz: sigma"),
    "other moments": ({"mu": np.ones(3), "sigma": np.eye(2)}, features(9, 2, 2), "a.npz: sigma"),
    "no size": ({"mu": np.ones(2), "sigma": np.eye(2), "n": 1}, features(9, 2, 2), "a.npz: n"),
    "a part of a row": ({"mu": np.ones(2), "sigma": np.eye(2), "n": 7.5}, features(9, 2, 2), "7.5"),
    "sizes": ({"mu": np.ones(2), "sigma": np.eye(2), "n": [7, 8]}, features(9, 2, 2), "a.npz: "),
    "no spread": ({"mu": np.ones(2), "sigma": np.zeros((2, 2))}, features(9, 2, 2), "all numbers"),
    "squares are endless": (1e160 * features(9, 8, 1), features(9, 8, 2), "a.npy: all numbers"),
    "sums are endless": (1e305 * features(9, 4, 1), features(9, 4, 2), "beyond 1e+70"),
    "squares are none": (features(9, 4, 2), 1e-300 * features(9, 4, 1), "b.npy: all numbers"),
    "fourth powers are none": (
        1e-90 * features(9, 12, 2),
        features(9, 12, 1),
        "a.npy: all numbers",
    ),
    "a mean far out": ({"mu": [1e99, 0], "sigma": np.eye(2)}, features(9, 2, 2), "beyond 1e+70"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_has_no_distance_is_refused(asked, case):
    a, b, words = REFUSED[case]
    status, found, said = asked(a, b)
    assert (status, found) == (2, {})
    assert words in said


@pytest.mark.parametrize("name", ["pipe.npy", "pipe.npz"])
def test_a_pipe_is_refused_and_never_waited_for(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(ValueError, match=f"{name} is not a file"):
        of_features.read(tmp_path / name, np.random.default_rng(0))


def test_a_size_for_features_is_refused(asked):
    a = features(9, 4, 1)
    assert asked(a, features(8, 4, 2), "--reference-of", "50")[2].startswith(
        "lindiff-nb: --reference-of 50 is for mu and sigma"
    )


def test_subsets_are_those_of_a_seed_and_their_mean_that_of_the_sets():
    def found(seed, **rows):
        rng = np.random.default_rng(seed)
        pair = features(110, 4, 1), features(130, 4, 2, scale=1.2)
        return kernel.distance(*(FeatureSet("", x, rng) for x in pair), rng, **rows)

    some, whole = found(0, rows=100), found(0)
    assert some == found(0, rows=100)
    assert some.kid != found(1, rows=100).kid
    assert (some.sizes, some.subsets) == ((100, 100), 100)
    assert (whole.sizes, whole.subsets, whole.sd) == ((110, 130), 1, 0)
    assert some.kid == pytest.approx(whole.kid, abs=some.sd)


def test_a_models_own_training_set_is_warned_of(asked):
    """A Gaussian fitted to 60 points is nearer to them than endless perfect samples could be."""
    training = features(60, 120, 1)
    centred = training - training.mean(axis=0)
    drawn = np.random.default_rng(2).standard_normal((300, 60)) @ centred / np.sqrt(59)
    _, found, said = asked(drawn + training.mean(axis=0), training)
    assert found["interval"][1] < 0
    assert "this is less than a perfect model shows: B may be a model's own training set" in said
    _, found, said = asked(drawn, training, "--training")
    assert found["corrected"] is None
    assert "B is a model's own training set" in said
    copied = np.vstack([drawn, training])
    _, found, said = asked(copied, training)
    assert "60 rows of A are in B too" in said
    assert found["bias"] is None


@pytest.mark.parametrize(("shared", "known"), [(0, True), (8, True), (9, False)])
def test_a_tenth_of_the_smaller_set_may_be_shared(asked, shared, known):
    one, other = features(80, 4, 1), features(120, 4, 2)
    other[:shared] = one[:shared]
    for pair in ((one, other), (other, one)):
        _, found, said = asked(*pair)
        assert (found["bias"] is not None) == known
        assert (f"{shared} rows of A are in B too" in said) == (shared > 0)


SETS = {  # points, dimensions, exponent, scale of the model, share of the bias that is left
    "many points": (400, 200, 50, 1.0, 1.0, 0.02),
    "white": (100, 200, 50, 0.0, 1.3, 0.02),
    "just enough": (60, 60, 50, 1.0, 1.0, 0.02),
    "too few": (30, 500, 60, 1.0, 1.0, 0.1),
    "far too few": (30, 30, 60, 0.0, 1.0, 0.1),
}


@pytest.mark.parametrize("case", SETS)
def test_what_is_left_without_the_bias_is_the_distance_of_the_truths(case):
    """Beside that share, to 5 standard errors of 40 draws: false alarms below 1e-5."""
    n, m, d, exponent, scale, share = SETS[case]
    rng, found, added = np.random.default_rng(), [], []
    truth = d * (scale - 1) ** 2
    for _ in range(40):
        seeds = rng.integers(2**32, size=2)
        pair = features(n, d, seeds[0], exponent, scale), features(m, d, seeds[1], exponent)
        both = [FeatureSet("", x, rng).moments for x in pair]
        added.append(corrected.bias(*both).value)
        found.append(corrected.frechet(*both) - added[-1])
    error = np.std(found) / np.sqrt(len(found))
    assert abs(np.mean(found) - truth) < 5 * error + share * np.mean(added)


@pytest.mark.parametrize("spectrum", [[1.0] * 6, [3.0, 1.0, 0.2], [2.0]], ids=len)
def test_bias_and_spread_of_the_truth_s_own_moments_are_the_law(spectrum, n=2000):
    """At one end finite, and at both; the orders left out are below 1e-3."""
    truth = Moments(n, np.zeros(len(spectrum)), np.diag(np.sqrt(spectrum)))
    fitted = {"estimated_mean": True}
    one, two = truth._replace(n=None), truth._replace(n=2 * n)
    known = frechet.distance(spectrum, n, **fitted)
    assert corrected.bias(truth, one).value == pytest.approx(known, rel=1e-3)
    known = frechet.distance(spectrum, n, reference=2 * n, **fitted)
    assert corrected.bias(truth, two).value == pytest.approx(known, rel=1e-3)
    mean = frechet.distance(spectrum, n, reference=n, **fitted)
    deviation = frechet.distance_sd(spectrum, n, reference=n, **fitted)
    assert corrected._spread(truth) == pytest.approx(deviation / mean, rel=1e-3)


@pytest.mark.parametrize("case", ["gaussian", "unequal lengths", "few points"])
def test_the_interval_covers_the_truth(case):
    """In 9 of 10 draws or more: 17 of 40 misses come once in 10^7."""
    rng, missed, (n, m, d) = np.random.default_rng(), 0, (80, 60, 20)
    if case == "few points":
        n, m, d = 30, 40, 60
    for _ in range(40):
        seeds = rng.integers(2**32, size=2)
        pair = features(n, d, seeds[0], scale=1.2), features(m, d, seeds[1])
        if case == "unequal lengths":
            pair = tuple(x * np.sqrt(rng.exponential(size=(len(x), 1))) for x in pair)
        low, high = corrected.corrected(*(FeatureSet("", x, rng) for x in pair)).interval
        missed += not low <= d * 0.2**2 <= high
    assert missed < 17


def test_the_interval_is_student_s_of_leaving_out_a_tenth():
    rng = np.random.default_rng(0)
    x, y = (FeatureSet("", features(n, 5, n), rng) for n in (60, 47))
    left = []
    for at in range(10):
        pair = [each.without(each.group(at, 10)) for each in (x, y)]
        left.append(corrected.frechet(*pair) - corrected.bias(*pair).value)
    half = t.ppf(0.975, 9) * np.sqrt(0.9 * np.sum((left - np.mean(left)) ** 2))
    found = corrected.corrected(x, y)
    assert (found.continued, found.factor) == (False, 1)
    assert found.value == corrected.frechet(x.moments, y.moments) - found.bias
    assert found.interval == pytest.approx((found.value - half, found.value + half))


@pytest.mark.parametrize("n", [3, 4])
def test_four_rows_have_an_interval_and_three_have_none(n):
    rng = np.random.default_rng(0)
    for sizes in ((n, 9), (9, n)):
        pair = [FeatureSet("", features(size, 3, size), rng) for size in sizes]
        assert (corrected.corrected(*pair).interval is None) == (n == 3)


def test_large_files_are_read_in_blocks(tmp_path, monkeypatch):
    """What is held at a time is less than a third of the features in double precision."""
    path, n, d = tmp_path / "large.npy", 16_000, 128
    np.save(path, features(n, d, 1).astype(np.float16))
    monkeypatch.setattr(of_features, "NUMBERS", 2**14)
    tracemalloc.start()
    found = of_features.read(path, np.random.default_rng(0))
    found.without(found.group(0, 10))
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert held < 8 * n * d / 3


def test_features_far_from_gaussian_have_their_bias_from_halves(asked):
    """Lengths that vary: two halves are then farther apart than Gaussian ones, and it is said."""
    rng = np.random.default_rng(3)
    pair = [features(400, 20, seed) * rng.exponential(size=(400, 1)) for seed in (1, 2)]
    _, found, said = asked(*pair)
    assert found["factor"] > 1.2
    assert "the features are not Gaussian" in said
    assert asked(features(400, 20, 1), features(400, 20, 2))[1]["factor"] == 1


def test_the_factor_is_that_of_halves_weighted_by_what_sets_add():
    """From a hundred rows on; below, a set counts as Gaussian."""
    rng = np.random.default_rng(4)
    x, y, few = (
        FeatureSet("", features(n, 20, n) * rng.exponential(size=(n, 1)) ** 2, rng)
        for n in (300, 100, 99)
    )
    ratio = {}
    for each in (x, y):
        halves = [each.without(each.group(at, 2)) for at in (0, 1)]
        ratio[each] = corrected.frechet(*halves) / corrected.bias(*halves).value
    both = (ratio[x] / 300 + ratio[y] / 100) / (1 / 300 + 1 / 100)
    assert corrected.corrected(x, y).factor == pytest.approx(both)
    one = (ratio[x] / 300 + 1 / 99) / (1 / 300 + 1 / 99)
    assert corrected.corrected(few, x).factor == pytest.approx(one)


@pytest.mark.parametrize("unit", [2.0**-20, 3e4])
@pytest.mark.parametrize(("n", "m", "d"), [(40, 60, 8), (30, 30, 60)])
def test_features_in_another_unit_have_the_same_distance_in_it(n, m, d, unit):
    pair = features(n, d, 1), features(m, d, 2, scale=1.3)
    one, other = (
        corrected.corrected(*(FeatureSet("", u * x, np.random.default_rng(0)) for x in pair))
        for u in (1.0, unit)
    )
    assert (other.continued, other.factor) == (one.continued, one.factor)
    for here, there in zip(one[:3], other[:3], strict=True):
        assert there == pytest.approx(unit**2 * here, rel=1e-6)


@pytest.mark.parametrize(("n", "d", "block"), [(8000, 8, 2**16), (200, 200, 2**8)])
def test_the_memory_that_is_asked_for_is_about_what_a_comparison_takes(monkeypatch, n, d, block):
    """Where a block is most of it, and where matrices are."""
    needs, rng = [], np.random.default_rng(0)
    monkeypatch.setattr(of_features, "NUMBERS", block)
    monkeypatch.setattr(of_features.memory, "require", lambda needed, name: needs.append(needed))
    pair = rng.random((2, n, d))
    tracemalloc.start()
    corrected.corrected(*(FeatureSet("", x, rng) for x in pair))
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert held / 2 < sum(needs) < 4 * held
