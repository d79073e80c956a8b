"""`measure.memorization`: neighbours as by brute force, and copies recognised exactly."""

import tracemalloc

import numpy as np
import pytest

from lindiff_nb import data
from lindiff_nb.measure import memorization
from lindiff_nb.measure.memorization import (
    Nearest,
    cosine_similarity,
    detail_similarity,
    fraction_memorised,
    nearest,
)


def brute_force(samples, training):
    """Every distance from its definition."""
    distance = np.linalg.norm(samples[:, None] - training[None], axis=-1)
    ordered = np.sort(distance, axis=1)
    return distance.argmin(axis=1), ordered[:, 0], ordered[:, 1]


@pytest.mark.parametrize("most", [1, 7, 1000])
@pytest.mark.parametrize("n", [2, 5, 60])
def test_nearest_is_brute_force(monkeypatch, n, most):
    """However many samples are looked at together."""
    monkeypatch.setattr(memorization, "MOST", most)
    rng = np.random.default_rng()
    training, samples = rng.standard_normal((n, 5)), rng.standard_normal((33, 5))
    found = nearest(samples, training)
    index, distance, second = brute_force(samples, training)
    assert np.array_equal(found.index, index)
    assert found.distance == pytest.approx(distance, rel=1e-13)
    assert found.second_distance == pytest.approx(second, rel=1e-13)


@pytest.mark.parametrize("offset", [0, 1e6])
def test_a_copy_is_at_distance_zero_whatever_the_offset(offset):
    rng = np.random.default_rng()
    training = rng.standard_normal((40, 16)) + offset
    found = nearest(training[::-1], training)
    assert np.array_equal(found.index, np.arange(40)[::-1])
    assert np.all(found.distance == 0)
    assert np.all(found.second_distance > 0)
    assert fraction_memorised(found) == 1


def test_a_copy_of_a_point_that_occurs_twice_is_a_copy():
    training = np.array([[1.0, 2], [3, 4], [1, 2]])
    found = nearest([[1.0, 2]], training)
    assert (found.index[0], found.distance[0]) == (0, 0)
    assert found.second_distance[0] == pytest.approx(np.sqrt(8))  # the nearest other image
    assert found.ratio[0] == 0
    assert fraction_memorised(found) == 1


@pytest.mark.parametrize("alike", [0.0, 1 / 3])
@pytest.mark.parametrize("times", [1, 2, 30])
def test_with_one_training_image_a_copy_is_known_and_nothing_else_is(times, alike):
    one = np.array([[0.1, 0.2]] * times)
    one[1::2] = one[1::2].astype(np.float32)
    copies = nearest(np.concatenate([one, one.astype(np.float32)]), one, alike=alike)
    assert np.all(copies.distance <= 1e-8)
    assert np.all(copies.second_distance == np.inf)
    assert fraction_memorised(copies) == 1
    found = nearest([[0.1, 0.2], [0.3, 0.5]], one)
    assert found.distance == pytest.approx([0, np.sqrt(0.13)], rel=1e-7)
    for ask in (lambda: found.ratio, lambda: fraction_memorised(found)):
        with pytest.raises(ValueError, match=r"^second_distance must be finite.*, got \[inf inf\]"):
            ask()


def test_images_are_flattened():
    rng = np.random.default_rng()
    training, samples = rng.random((9, 4, 4)), rng.random((3, 4, 4))
    flat = nearest(samples.reshape(3, 16), training.reshape(9, 16))
    assert np.array_equal(nearest(samples, training).index, flat.index)
    assert cosine_similarity(samples, training[:3]) == pytest.approx(
        cosine_similarity(samples.reshape(3, 16), training[:3].reshape(3, 16))
    )


def test_fraction_memorised_counts_ratios_below_the_threshold():
    made = Nearest(np.arange(4), np.array([0.1, 0.33, 0.34, 2]), np.array([1.0, 1, 1, 4]))
    assert made.ratio == pytest.approx([0.1, 0.33, 0.34, 0.5])
    assert fraction_memorised(made) == 0.5
    assert fraction_memorised(made, threshold=0.2) == 0.25
    assert fraction_memorised(made, threshold=1) == 1
    assert fraction_memorised(made, threshold=0.5) == 0.75  # at the threshold itself: new


def test_cosine_is_that_of_the_angle_row_by_row():
    angle = np.linspace(0, np.pi, 7)
    turned = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    fixed = np.tile([3.0, 0], (7, 1))
    assert cosine_similarity(5 * turned, fixed) == pytest.approx(np.cos(angle), abs=1e-15)
    assert cosine_similarity([[0.0, 0]], [[1.0, 1]]) == 0
    x = np.random.default_rng().standard_normal((50, 9))
    assert np.all(
        np.abs(cosine_similarity(np.stack([x, x]).reshape(-1, 9), np.concatenate([x, -x]))) <= 1
    )


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e-9, 1, 1e200, 1e300])
def test_cosine_does_not_depend_on_the_lengths(scale):
    x, y = np.random.default_rng(0).standard_normal((2, 50, 9))
    x[:25, 0] = y[:25, -1] = 0  # black
    expected = np.sum(x * y, axis=1) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1)
    assert cosine_similarity(scale * x, y / 7) == pytest.approx(expected, rel=1e-13, abs=1e-15)
    assert cosine_similarity(x, scale * y) == pytest.approx(expected, rel=1e-13, abs=1e-15)
    assert cosine_similarity(scale * x, scale * x) == pytest.approx(np.ones(50), rel=1e-15)


def test_detail_similarity_does_not_see_the_leading_directions():
    rng = np.random.default_rng()
    v, _ = np.linalg.qr(rng.standard_normal((8, 8)))
    detail = rng.standard_normal((5, 6)) @ v[:, 2:].T
    coarse = [10 * rng.standard_normal((5, 2)) @ v[:, :2].T for _ in range(2)]
    x, y = (detail + part for part in coarse)
    assert detail_similarity(x, y, v, 2) == pytest.approx(np.ones(5), abs=1e-12)
    assert np.all(np.abs(cosine_similarity(x, y) - 1) > 1e-6)
    assert detail_similarity(x, y, v, 0) == pytest.approx(cosine_similarity(x, y), abs=1e-12)


@pytest.mark.parametrize("first", [-1, 8, 2.0])
def test_detail_needs_a_direction_that_is_left(first):
    with pytest.raises(ValueError, match="first must be an integer from 0 to 7"):
        detail_similarity(np.eye(8), np.eye(8), np.eye(8), first)


def test_rows_that_do_not_pair_up_are_refused():
    with pytest.raises(ValueError, match="must pair up, got 3 and 2 rows"):
        memorization.cosine_similarity(np.ones((3, 4)), np.ones((2, 4)))
    with pytest.raises(ValueError, match=r"eigenvectors must be of shape \(4, m\)"):
        detail_similarity(np.ones((3, 4)), np.ones((3, 4)), np.eye(5), 0)


def digits(n, d=64, seed=0):
    """Images in [0, 1], and samples of which the first half are near copies of them."""
    rng = np.random.default_rng([n, d, seed])
    return rng.random((n, d)), rng


@pytest.mark.parametrize("twin", [np.copy, lambda x: x.astype(np.float32), lambda x: x + 1e-9])
@pytest.mark.parametrize("times", [2, 3, 12])
def test_a_training_set_said_twice_answers_as_the_set_itself(twin, times):
    """Near copies stay near copies, new stays new; also through float32, either way round."""
    own, rng = digits(200)
    samples = np.concatenate(
        [own[:60] + 0.02 * rng.standard_normal((60, 64)), rng.random((40, 64))]
    )
    alone = nearest(samples, own)
    for said in ([own] + [twin(own)] * (times - 1), [twin(own)] * (times - 1) + [own]):
        again = nearest(samples, np.concatenate(said).astype(float))
        assert np.array_equal(again.index % 200, alone.index)
        assert twin is not np.copy or again.index.max() < 200  # of equals the first
        assert again.ratio == pytest.approx(alone.ratio, rel=1e-5)
    assert fraction_memorised(alone) == pytest.approx(0.6)


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("offset", [0.0, 300.0])
def test_copies_through_float32_are_copies(times, offset):
    own = digits(200)[0] + offset
    samples = own.astype(np.float32)
    assert fraction_memorised(nearest(samples, np.tile(own, (times, 1)))) == 1
    assert fraction_memorised(nearest(own, np.tile(samples, (times, 1)))) == 1


@pytest.mark.parametrize("close", [1e-12, 1e-10, 1e-8])
def test_many_points_within_rounding_of_the_nearest_hide_no_copy(close):
    rng = np.random.default_rng(0)
    crowd = 1 + close * rng.standard_normal((60, 40))
    training = np.concatenate([crowd, rng.standard_normal((500, 40))])
    found = nearest(crowd, training)
    assert np.all(found.distance == 0)
    assert np.array_equal(found.index, np.arange(60))
    assert fraction_memorised(found) == 1


@pytest.mark.parametrize("size", [1e3, 1e9, 1e12, 1e150, 1e300])
@pytest.mark.parametrize("where", ["training", "samples"])
def test_one_broken_image_changes_no_other_answer(size, where):
    own, rng = digits(300)
    samples = np.concatenate([own[:50], rng.random((20, 64))])
    sane, broken = nearest(samples, own), np.full((1, 64), size)
    if where == "training":
        found = nearest(samples, np.concatenate([broken, own]))
        assert np.array_equal(found.index, sane.index + 1)
    else:
        found = nearest(np.concatenate([samples, broken]), own)
        assert found.distance[-1] == pytest.approx(8 * size, rel=0.01)
        assert np.array_equal(found.index[:-1], sane.index)
    assert np.array_equal(found.distance[:70], sane.distance)
    assert np.array_equal(found.second_distance[:70], sane.second_distance)


@pytest.mark.parametrize("exponent", [-1000, -660, -3, 500, 1000])
@pytest.mark.parametrize("offset", [0.0, 1.0])
def test_distances_have_the_unit_of_the_points_bit_by_bit(exponent, offset):
    own, rng = digits(80, 9)
    samples, unit = rng.random((30, 9)) + offset, 2.0**exponent
    plain, scaled = nearest(samples, own + offset), nearest(unit * samples, unit * (own + offset))
    assert np.array_equal(scaled.index, plain.index)
    assert np.array_equal(scaled.distance, unit * plain.distance)
    assert np.array_equal(scaled.second_distance, unit * plain.second_distance)


@pytest.mark.parametrize("far", [1e4, 1e8])
def test_a_crowd_far_from_most_points_is_told_apart(far):
    """There squares lose what tells the points of the crowd apart."""
    rng = np.random.default_rng(0)
    crowd = far + rng.standard_normal((60, 40))
    training = np.concatenate([rng.standard_normal((300, 40)), crowd])
    samples = crowd[::-1] + 0.1 * rng.standard_normal((60, 40))
    for asked in (crowd, samples):
        found = nearest(np.concatenate([asked, training[:61]]), training)
        index, distance, second = brute_force(asked, training)
        assert np.array_equal(found.index[:60], index)
        assert found.distance[:60] == pytest.approx(distance, rel=1e-13)
        assert found.second_distance[:60] == pytest.approx(second, rel=1e-13)


@pytest.mark.parametrize("size", [1e150, 1e300])
def test_a_copy_of_a_broken_image_is_a_copy(size):
    own, _ = digits(300)
    training = np.concatenate([own, np.full((1, 64), size), np.full((1, 64), -size)])
    found = nearest(training[::-1], training)
    assert np.array_equal(found.index, np.arange(302)[::-1])
    assert np.all(found.distance == 0)


def test_distances_beyond_float64_are_refused():
    with pytest.raises(
        ValueError, match=r"^samples must be at distances below 1e308 from training"
    ):
        nearest([[1.7e308, 1.7e308]], [[-1.7e308, 1.7e308], [-1.7e308, 0]])


@pytest.mark.parametrize("factor", [11.0, 255.0, 65535.0])
def test_points_in_other_units_are_refused(factor):
    own, _ = digits(100)
    for signed in (own, 2 * own - 1, -own):
        one, other = signed[:50], signed[50:]  # no copies, by which the unit would be told too
        for pair in ((factor * one, other), (one, factor * other)):
            with pytest.raises(ValueError, match=r"^samples and training must be in one unit, got"):
                nearest(*pair)
    broken = np.concatenate([own, np.full((1, 64), 1e5)])
    with pytest.raises(ValueError, match="must be in one unit"):
        nearest(factor * own, broken)


def test_whole_grey_levels_beside_fractions_are_refused_at_a_smaller_factor():
    """From two on; pictures of few grey levels, or very dark ones, are as small as fractions."""
    rng = np.random.default_rng()
    fractions = rng.uniform(0.5, 0.9, (40, 64))
    fractions[:, 0] = 1  # white
    for top, refused in ((4, True), (3, True), (2, False), (1, False)):
        whole = rng.integers(0, top, (40, 64), endpoint=True)
        for pair in ((whole, fractions), (fractions, whole)):
            if not refused:
                assert nearest(*pair).distance.shape == (40,)
                continue
            with pytest.raises(ValueError, match=r"in one unit, got .*(integers|numbers) of about"):
                nearest(*pair)


UNITS = {
    "doubled": lambda x, own: 2 * x,
    "halved": lambda x, own: x / 2,
    "negated": lambda x, own: -x,
    "negative": lambda x, own: 1 - x,
    "black at minus white": lambda x, own: 2 * x - 1,
    "less the mean image": lambda x, own: x - own.mean(axis=0),
    "less the mean": lambda x, own: x - own.mean(),
    "standardised": lambda x, own: (x - own.mean()) / own.std(),
}


@pytest.mark.parametrize("noise", [0.0, 0.02])
@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize(("many", "size"), [(2, 1.0), (4, 1.0), (60, 1.0), (60, 255.0), (60, 1e-3)])
def test_copies_in_another_unit_are_refused_and_never_called_new(unit, noise, many, size):
    own = data.load("photo-crops", 8, crops=200).train.reshape(200, 64)
    copies = own[:many] + noise * own.std() * np.random.default_rng(0).standard_normal((many, 64))
    assert fraction_memorised(nearest(copies, own)) > 0.8
    pairs = [(UNITS[unit](copies, own), own), (copies, UNITS[unit](own, own))]
    pairs = [(size * samples, size * training) for samples, training in pairs]
    for pair in pairs[: 1 if many < 60 and unit == "less the mean image" else 2]:
        with pytest.raises(ValueError, match="in one unit, got samples that look like"):
            nearest(*pair)


@pytest.mark.parametrize("change", ["gain", "offset"])
def test_samples_that_each_have_a_unit_of_their_own_tell_none(change):
    own = data.load("photo-crops", 8, crops=200).train.reshape(200, 64)
    each = np.linspace(0.6, 1.6, 30)[:, None]
    samples = own[:30] * each if change == "gain" else own[:30] + each - 1.1
    assert nearest(samples, own).distance.shape == (30,)


def test_one_sample_tells_no_unit():
    own = data.load("photo-crops", 8, crops=200).train.reshape(200, 64)
    assert nearest(2 * own[:1], own).distance > 0


@pytest.mark.parametrize("many", [1, 2, 3, 5, 60])
def test_what_is_new_in_the_same_unit_is_never_refused(many):
    """New images, noisy ones, noise, a Gaussian model's; in [0, 1], [-1, 1] and standardised."""
    images = data.load("photo-crops", 8, crops=400).train.reshape(400, 64)
    rng = np.random.default_rng(1)
    own, new = images[:200], images[200 : 200 + many]
    drawn = rng.multivariate_normal(own.mean(axis=0), np.cov(own.T), many)
    noise = rng.standard_normal((many, 64))
    for x in (
        new,
        drawn,
        noise,
        *(a**0.5 * own[:many] + (1 - a) ** 0.5 * noise for a in (0.2, 0.8)),
    ):
        for unit in ("black at minus white", "standardised"):
            nearest(UNITS[unit](x, own), UNITS[unit](own, own))
        nearest(x, own)


def test_another_unit_has_to_make_more_copies_than_chance():
    """Wilson's intervals of 0 and 7 of 60 meet, at 0.060 and 0.057; those of 0 and 9 do not."""
    own = data.load("photo-crops", 8, crops=200).train.reshape(200, 64)
    noise = own.std() * np.random.default_rng(0).standard_normal((60, 64))
    assert fraction_memorised(nearest(1.25 * own[:60] + 0.3 * noise, own)) == 0
    with pytest.raises(ValueError, match="so 9 of the first 60 are copies, as given 0"):
        nearest(1.25 * own[:60] + 0.28 * noise, own)


@pytest.mark.parametrize("levels", [3, 16, 255])
def test_integers_beside_floats_are_refused_unless_they_are_in_the_same_unit(levels):
    own, _ = digits(100)
    whole = np.rint(levels * own).astype(np.uint8)
    said = ["integers of about", "numbers of about"]
    for pair, (first, second) in (((whole, own), said), ((own, whole), said[::-1])):
        with pytest.raises(ValueError, match=rf"got {first} \S+ and {second}"):
            nearest(*pair)
    assert fraction_memorised(nearest(whole, whole)) == 1
    assert fraction_memorised(nearest(whole.astype(float), whole)) == 1
    assert fraction_memorised(nearest(own > 0.5, (own > 0.5).astype(float))) == 1


def test_ranges_that_differ_by_less_are_taken():
    own, rng = digits(100)
    assert nearest(0.2 * rng.random((5, 64)), own).index.shape == (5,)
    assert nearest(np.zeros((1, 64)), own).distance[0] > 0


@pytest.mark.long
@pytest.mark.parametrize("alike", [0.0, 1 / 3])
@pytest.mark.parametrize("step", [8000, 60])
def test_neither_a_table_of_distances_nor_the_points_again_as_floats_are_held(step, alike):
    rng = np.random.default_rng(0)
    known = rng.integers(0, 256, (60_000, 256), dtype=np.uint8)  # 61 MB in float32
    samples = known[::step]  # the table of their distances: 240 MB
    tracemalloc.start()
    found = nearest(samples, known, alike=alike)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.array_equal(found.index, np.arange(0, 60_000, step))
    assert peak < 16e6


@pytest.mark.parametrize("seed", range(5))
def test_nearest_images_are_those_of_brute_force_whatever_lies_together(seed):
    """Clusters of every width, some of them single images said again."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((6, 5))
    widths = 10.0 ** rng.uniform(-5, 0, (6, 1, 1))
    training = (centres[:, None] + widths * rng.standard_normal((6, 12, 5))).reshape(-1, 5)
    samples = training[rng.integers(72, size=40)] + 1e-3 * rng.standard_normal((40, 5))
    found = nearest(samples, np.concatenate([training, training[:20]]))
    index, distance, second = brute_force(samples, training)
    assert np.array_equal(found.index, index)
    assert found.distance == pytest.approx(distance, rel=1e-13)
    assert found.second_distance == pytest.approx(second, rel=1e-13)


def test_one_sample_beyond_float64_among_others_is_refused():
    training = np.array([[0.0, 0.0], [1.0, 1.0]])
    with pytest.raises(ValueError, match=r"^samples must be at distances below 1e308"):
        nearest(np.array([[0.1, 0.1], [1.7e308, -1.7e308]]), training)


def test_a_coordinate_that_vanishes_beside_large_ones_makes_no_length_overflow():
    points = np.array([[0.0, 0.0], [3e200, 0.0], [4e200, 0.0]])
    found = nearest(np.array([[1e200, 0.0]]), points)
    assert found.distance == pytest.approx([1e200])
