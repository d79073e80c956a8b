"""`measure.copies` and lindiff-nb copies: counted, bounded, and never 0 % for want of a unit."""

import json

import numpy as np
import pytest

from lindiff_nb import cli, data
from lindiff_nb.exact import sampling, spacing
from lindiff_nb.measure import copies
from lindiff_nb.measure.copies import Share
from lindiff_nb.measure.memorization import nearest
from lindiff_nb.networks import denoisers
from lindiff_nb.train import ladder


@pytest.fixture(scope="module")
def photos():
    """60 crops of 8 x 8 in colour: red, green and blue are three shades of one crop."""
    gray = data.load("photo-crops", 8, crops=60).train
    return np.stack([0.9 * gray, 0.6 * gray + 0.1, 0.3 * gray + 0.3], axis=-1)


@pytest.fixture
def compared(tmp_path, capsys):
    """Run the command on arrays; the exit status, the JSON's contents and what was said."""

    def run(samples, training, *options, new=None):
        paths = {"samples": samples, "training": training, "new": new}
        for name, array in paths.items():
            if array is not None:
                np.save(tmp_path / f"{name}.npy", array)
        named = [str(tmp_path / f"{name}.npy") for name in ("samples", "training")]
        more = [] if new is None else ["--new", str(tmp_path / "new.npy")]
        out = tmp_path / "found.json"
        out.unlink(missing_ok=True)
        status = cli.main(["copies", *named, *more, "--json", str(out), *options])
        said = "".join(capsys.readouterr())
        return status, json.loads(out.read_text()) if out.exists() else {}, said

    return run


@pytest.mark.parametrize(
    ("hits", "count", "ends"),
    [(0, 400, (0.0, 0.00951)), (16, 16, (0.80639, 1.0)), (10, 100, (0.05523, 0.17437))],
)
def test_the_interval_is_wilson_s(hits, count, ends):
    """Reference values of R's prop.test without continuity correction."""
    assert Share(hits, count).interval == pytest.approx(ends, abs=2e-5)


def test_the_difference_has_newcombe_s_interval():
    """Newcombe 1998, table II, (a), method 10: 56/70 - 48/80."""
    gap = copies.difference(Share(56, 70), Share(48, 80))
    assert gap == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def drawn(n, steps):
    trained = ladder.network("mnist", n, steps=steps)
    few = spacing.evenly(trained.schedule, 16)
    noise = np.random.default_rng().standard_normal((40, 256))
    x = sampling.ddim(denoisers.denoiser(trained.network, few, (16, 16), fast=True), noise, few)
    return x.reshape(-1, 16, 16)


def test_a_network_of_16_digits_copies_and_one_of_4000_does_not(compared):
    """Of 400 samples 399 and 0 are copies; of 40 fewer than 36, or one, fails once in 10^4."""
    digits = data.load("mnist")
    status, found, said = compared(drawn(16, 8000), ladder.images(digits, 16), "--at-most", "0.5")
    assert (status, found["samples"]) == (1, 40)
    assert found["fraction"] >= 0.9
    assert "of the samples are copies, above 50.0%" in said
    known, new = ladder.images(digits, 4000), digits.test[:40]
    status, found, said = compared(drawn(4000, 4000), known, "--at-most", "0.05", new=new)
    assert (status, found["copies"], found["new_fraction"]) == (0, 0, 0.0)
    assert "0 of 40: 0.0% (at most 8.8%)" in said


FORMS = {
    "bytes": lambda x: np.rint(255 * x).astype(np.uint8),
    "16 bits": lambda x: np.rint(65535 * x).astype(np.uint16),
    "bytes as floats": lambda x: 255 * x,
    "16 bits as floats": lambda x: 65535 * x,
    "black at -1": lambda x: 2 * x - 1,
    "colours first": lambda x: np.moveaxis(x, -1, 1),
    "float32": lambda x: x.astype(np.float32),
    "a little below black": lambda x: x - 0.002,
    "overshooting": lambda x: x + 0.002 * np.where(np.arange(8) % 2, 1, -1)[:, None, None],
    "as features": lambda x: x.reshape(len(x), -1),
    "in units of their spread": lambda x: (x - x.mean()) / x.std(),
    "blue, green, red": lambda x: x[..., ::-1],
    "upside down": lambda x: x[:, ::-1],
    "rows and columns exchanged": lambda x: x.swapaxes(1, 2),
    "negatives": lambda x: 1 - x,
    "larger": lambda x: x.repeat(2, axis=1).repeat(2, axis=2),
}
ROUNDED = {"bytes": 0.015, "16 bits": 1e-4, "a little below black": 0.02, "overshooting": 0.02}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("side", ["samples", "training"])
def test_in_whatever_form_copies_come_they_are_found_or_refused(photos, compared, form, side):
    """Never 0 %; and what is left of the distance is what the form cannot hold."""
    changed = FORMS[form](photos)
    pair = (changed, photos) if side == "samples" else (photos, changed)
    status, found, said = compared(*pair)
    assert status == 2 or found["fraction"] == 1, said
    if status == 0:
        assert max(pair["ratio"] for pair in found["pairs"]) < ROUNDED.get(form, 1e-6)
    assert status == 0 or "must be" in said or "must have one shape" in said


@pytest.mark.parametrize(("black", "white"), [(0, 1), (-1, 1), (0, 255), (0, 65535)])
def test_samples_that_overshoot_are_in_the_least_scale_that_holds_them(
    photos, compared, black, white
):
    shown = np.concatenate([photos, np.full((1, 8, 8, 3), 1.1), np.full((1, 8, 8, 3), -0.1)])
    status, found, said = compared(black + (white - black) * shown, photos)
    assert (status, found["copies"]) == (0, 60), said
    assert max(pair["ratio"] for pair in found["pairs"]) < 1e-6
    assert f"black at {black:g} and white at {white:g}" in said or (black, white) == (0, 1)


@pytest.mark.parametrize("form", ["black at -1", "in units of their spread"])
def test_samples_in_another_unit_are_never_counted_though_few_are_copies(photos, compared, form):
    others = data.load("photo-crops", 8, crops=200, seed=5).test[..., None].repeat(3, axis=-1)
    few = np.concatenate([photos[:2], others])
    status, found, _ = compared(FORMS[form](few), photos)
    assert status == 2 or found["copies"] == 2


@pytest.mark.parametrize(("moved", "said"), [(0.6, ""), (1.4, "unlike"), (3, "in one unit")])
@pytest.mark.parametrize("by", ["contrasts", "octaves"])
def test_new_features_of_other_brightness_or_contrast_are_doubted_or_refused(
    photos, compared, moved, said, by
):
    """By how many contrasts or octaves they differ, beyond 0.8 and 2; in whatever unit."""
    flat = photos.reshape(60, -1)
    alike = (flat - flat.mean(axis=1, keepdims=True)) / flat.std(axis=1, keepdims=True)
    training, others = alike[::2], alike[1::2]
    other = others + moved if by == "contrasts" else 2**moved * others
    for unit in (0.1, 50.0, 1e-3):
        status, _, told = compared(unit * (other + 4), unit * (training + 4))
        assert (status == 2) == (said == "in one unit"), told
        assert ("unlike" in told) == (said == "unlike"), told
        assert said in told


def test_mirrored_copies_are_spoken_of_and_counted_if_asked(photos, compared):
    asymmetric = photos[np.abs(photos - photos[:, :, ::-1]).max(axis=(1, 2, 3)) > 0.1]
    _, found, said = compared(asymmetric[:, :, ::-1], asymmetric)
    assert found["fraction"] < 0.2
    assert "--mirrored counts those" in said
    status, found, _ = compared(asymmetric[:, :, ::-1], asymmetric, "--mirrored")
    assert (status, found["fraction"]) == (0, 1.0)
    status, _, said = compared(photos.reshape(60, -1), photos.reshape(60, -1), "--mirrored")
    assert (status, "no mirror image" in said) == (2, True)


def test_the_mirror_image_of_a_symmetrical_picture_is_no_other_form(photos, compared):
    both = np.concatenate([photos, photos[:, :, ::-1]], axis=2)
    for x in (both, photos[:, :, :1]):
        assert "--mirrored counts those" not in compared(x, x)[2]


def test_training_images_that_occur_twice_or_look_alike_hide_no_copy(photos, compared):
    rng = np.random.default_rng()
    blurred = photos + 0.01 * rng.standard_normal(photos.shape)
    samples = photos + 0.001 * rng.standard_normal(photos.shape)
    _, found, said = compared(samples, np.concatenate([photos, photos[:30]]))
    assert (found["fraction"], found["twins"]) == (1, 30)
    assert "others again, which count once: 30 training images" in said
    samples = photos + 0.005 * rng.standard_normal(photos.shape)
    _, found, said = compared(samples[..., 0], np.concatenate([photos, blurred])[..., 0])
    assert found["fraction"] > 0.8  # but for the crops that show nothing
    assert "of training images that look alike, which count as one: " in said


@pytest.mark.parametrize("alike", [3, 12, 25])
def test_a_group_of_images_alike_is_one_image(alike):
    """However large it is beside the points looked at first."""
    rng = np.random.default_rng()
    training = rng.standard_normal((30, 50))
    group = training[0] + 1e-3 * rng.standard_normal((alike, 50))
    near = nearest(training, np.concatenate([training, group]), alike=1 / 3)
    assert np.all(near.ratio == 0)
    others = np.sort(np.linalg.norm(training[0] - training[1:], axis=1))
    assert near.second_distance[0] == pytest.approx(others[0])


def test_black_pictures_are_copies_by_pixels_and_white_ones_are_not(photos, compared):
    black, white = np.zeros((10, 8, 8, 3)), np.ones((10, 8, 8, 3))
    status, found, _ = compared(
        np.concatenate([black, white, photos[:5]]), np.concatenate([photos, black])
    )
    assert (status, found["copies"], found["samples"]) == (0, 15, 25)
    assert {pair["ratio"] for pair in found["pairs"]} == {0.0}


def test_new_images_that_are_training_images_are_no_base_line(photos, compared):
    _, found, said = compared(photos[:20], photos[:40], new=photos[:30])
    assert (found["new_fraction"], found["fraction"]) == (1, 1)
    assert "they are no base line" in said
    assert "without --new" not in said
    assert "without --new" in compared(photos[:20], photos[:40])[2]


@pytest.mark.long
def test_the_same_question_has_the_same_answer_without_a_picture_in_it(photos, compared, tmp_path):
    figure = tmp_path / "pairs.png"
    first = compared(photos[:20], photos, "--figure", str(figure))
    drawing = figure.read_bytes()
    assert compared(photos[:20], photos, "--figure", str(figure), "--force") == first
    assert figure.read_bytes() == drawing
    numbers = json.dumps(first[1])
    assert len(numbers) < 3000
    assert str(tmp_path) not in numbers


@pytest.mark.parametrize(("copied", "said_of_it"), [(0, "at most 0.04%"), (10_000, "99.96% to")])
def test_no_share_but_none_is_printed_as_none_and_none_but_all_as_all(compared, copied, said_of_it):
    rng = np.random.default_rng(0)
    known = rng.random((20, 20))
    samples = known[np.arange(10_000) % 20] if copied else rng.random((10_000, 20))
    _, found, said = compared(samples, known, "--at-most", "1")
    assert (found["copies"], said_of_it in said) == (copied, True)


@pytest.mark.parametrize("times", [1, 3])
def test_one_training_image_however_often_is_refused(photos, compared, times):
    status, found, said = compared(photos, photos[[0] * times])
    assert (status, found) == (2, {})
    assert "training must hold two different images, got one" in said
    assert compared(photos, photos[[0] * times + [1]])[0] == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--at-most", "2"], "--at-most 2 must be a share from 0 to 1"),
        (["--figure", "pairs.gif"], "must end in .png or .svg or .pdf"),
        (["--new", "nowhere"], "must be a folder, a file, or one of"),
        (["--size", "0"], "size must be an integer >= 1"),
    ],
)
def test_what_cannot_be_met_is_refused_first(photos, compared, options, message):
    status, found, said = compared(photos, photos, *options)
    assert (status, found) == (2, {})
    assert message in said
