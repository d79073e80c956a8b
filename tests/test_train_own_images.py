"""lindiff-nb train on images of one's own: held out, stopped, the best kept, gone on with."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from lindiff_nb import cli, data
from lindiff_nb.exact import schedule
from lindiff_nb.networks import checkpoints, denoisers
from lindiff_nb.networks._held_out import HeldOut
from lindiff_nb.networks._run import Run
from lindiff_nb.networks.training import Settings, train
from lindiff_nb.train import chosen
from lindiff_nb.train.asked import Asked

SCHEDULE = schedule.linear(50)
FAST = Settings(width=2, batch=4, rate=1.0)  # so fast that the loss goes up and down


@pytest.fixture(scope="module")
def digits():
    loaded = data.load("mnist", 8)
    return loaded.train[:8], loaded.test[:32]


def followed(digits, path, steps=30, seed=0, **more):
    """All states, each with the held-out losses as they were then."""
    ours, others = digits
    options = {"every": 5, "path": path, "held_out": others, "progress": False, **more}
    return list(train(ours, SCHEDULE, replace(FAST, seed=seed), steps=steps, **options))


@pytest.mark.long
def test_the_file_keeps_the_weights_that_did_best_and_gives_their_loss_to_the_bit(digits, tmp_path):
    for seed in range(30):  # processors round in other ways, and so no one seed does on all
        path = tmp_path / f"{seed}.safetensors"
        *_, last = followed(digits, path, seed=seed)
        if last.best_step < 30:
            break
    means = {step: losses[0] for step, losses in last.held_losses}
    assert list(means) == list(range(5, 31, 5))
    assert last.best_step == min(means, key=means.get)
    found = denoisers.load(path)
    assert found.facts["best_step"] == last.best_step
    held = HeldOut(torch.tensor(digits[1][:, None]).float(), keep_best=True)
    again, once_more = (held.losses(found.network, SCHEDULE) for _ in range(2))
    assert again == once_more
    assert again[0] == min(means.values())
    last_path = tmp_path / "last.safetensors"
    followed(digits, last_path, seed=seed, keep_best=False)
    assert held.losses(denoisers.load(last_path).network, SCHEDULE)[0] == means[30]
    assert last.best_step < 30


def test_the_bands_are_thirds_of_the_steps_and_their_mean_is_the_loss(digits):
    """2,048 pairs lie evenly over 50 steps, so that a third has a third of them within one step."""
    network = Run(torch.rand(4, 1, 8, 8), SCHEDULE, FAST, torch.device("cpu")).average
    held = HeldOut(torch.tensor(digits[1][:, None]).float(), keep_best=True)
    mean, *bands = held.losses(network, SCHEDULE)
    assert np.mean(bands) == pytest.approx(mean, rel=0.05)
    assert bands[0] > bands[1] > bands[2]


def tensors(path):
    return checkpoints.load(path)[0]


@pytest.mark.long
def test_interrupted_and_gone_on_with_it_is_the_same_to_the_bit(digits, tmp_path):
    once, twice = tmp_path / "once.safetensors", tmp_path / "twice.safetensors"
    followed(digits, once)
    followed(digits, twice, steps=15)
    followed(digits, twice)
    one, two = tensors(once), tensors(twice)
    assert one.keys() == two.keys()
    assert all(torch.equal(one[name], two[name]) for name in one)
    facts = [checkpoints.load(path)[1] for path in (once, twice)]
    for name in ("held_losses", "best_step", "held_out", "losses"):
        assert facts[0][name] == facts[1][name]


@pytest.mark.long
def test_other_images_held_out_are_another_run(digits, tmp_path):
    path = tmp_path / "net.safetensors"
    followed(digits, path, steps=5)
    with pytest.raises(ValueError, match="was made with other held_out"):
        followed((digits[0], digits[1][1:]), path)
    with pytest.raises(ValueError, match="was made with other held_out"):
        followed(digits, path, held_out=None)


@pytest.mark.parametrize(
    ("held_out", "message"),
    [
        (np.ones((3, 12, 8)) / 2, "held_out must be from 0 to 1 and differ"),
        (np.eye(12)[None], "the shape of held_out must be"),
        (np.full((2, 8, 8), np.nan), "held_out must be finite"),
    ],
)
def test_images_held_out_must_be_like_those_trained_on(digits, held_out, message):
    with pytest.raises(ValueError, match=message):
        next(train(digits[0], SCHEDULE, FAST, steps=1, held_out=held_out))


def test_nothing_is_drawn_for_what_is_not_asked():
    """So that a run without the options is to the bit what it was before there were any."""
    run = Run(torch.rand(4, 1, 8, 8), SCHEDULE, Settings(2, 4), torch.device("cpu"))
    before = run.generator.get_state()
    assert run.varied(run.x) is run.x
    assert torch.equal(run.generator.get_state(), before)
    assert type(run.adam) is torch.optim.Adam


def test_jitter_has_its_variance_flips_are_mirrors_and_weights_decay():
    """Of 64,000 numbers the variance is off by 3 % once in 10^7."""
    asked = Settings(2, 4, jitter=0.04, flip=True, weight_decay=0.3)
    run = Run(torch.rand(1, 1, 8, 8), SCHEDULE, asked, torch.device("cpu"))
    x = run.varied(run.x.expand(1000, 1, 8, 8))
    noise = torch.minimum(*((x - y).square().mean((1, 2, 3)) for y in (run.x, run.x.flip(-1))))
    assert float(noise.mean()) == pytest.approx(0.04, rel=0.03)
    turned = (x - run.x.flip(-1)).square().mean((1, 2, 3)) < (x - run.x).square().mean((1, 2, 3))
    assert 400 < int(turned.sum()) < 600
    assert run.adam.param_groups[0]["weight_decay"] == 0.3


@pytest.mark.parametrize("share", [0.1, 0.4, 0.8])
def test_images_that_are_the_same_stay_on_one_side(share):
    rng = np.random.default_rng()
    groups = [tuple(group) for group in rng.permutation(60)[:45].reshape(-1, 5)]
    order, cut = chosen._order(100, [np.array(group) for group in groups], share)
    assert sorted(order) == list(range(100))
    held = set(order[cut:].tolist())
    assert all(len(held.intersection(group)) in (0, 5) for group in groups)
    assert 100 * share <= len(held) <= 100 * share + 4


def test_images_of_one_group_stay_on_one_side(tmp_path, capsys):
    rng = np.random.default_rng()
    for person in range(10):
        (tmp_path / "mine" / f"p{person}").mkdir(parents=True)
        for at, image in enumerate(rng.integers(0, 256, (4, 8, 8), dtype=np.uint8)):
            image[0, 0] = person  # told apart by their first pixel
            Image.fromarray(image).save(tmp_path / "mine" / f"p{person}" / f"{at}.png")
    for by in ("folder", r"p\d+"):
        asked = Asked(data=str(tmp_path / "mine"), n=None, held_out=0.3, group_by=by)
        found = chosen.images(asked)
        train, held = (np.unique(x[:, 0, 0]) for x in (found.train, found.held_out))
        assert np.intersect1d(train, held).size == 0
        assert (len(train), len(held)) == (7, 3)
    assert command(tmp_path, tmp_path / "mine", "--held-out", "0.3", "--group-by", "x") == 2
    assert "group-by must be found in every name" in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--crop", "8"], ["--gray"], ["--group-by", "folder"]], ids=str)
def test_what_is_for_images_of_ones_own_is_refused_for_a_set(tmp_path, capsys, option):
    assert command(tmp_path, "mnist", "-n", "8", *option) == 2
    assert "mnist is a set of the package" in capsys.readouterr().err


def test_without_held_out_the_images_are_those_of_select():
    """The networks of the book were trained on them."""
    asked = Asked(data="mnist", n=5, skip=7, size=8)
    loaded = data.load("mnist", 8)
    assert np.array_equal(chosen.images(asked).train, data.select(loaded, 5, 7))
    held = chosen.images(Asked(data="mnist", n=5, skip=7, size=8, held_out=0.5))
    assert np.array_equal(held.train, data.select(loaded, 5, 7))
    assert len(held.held_out) == 4000


def folder(path, count, shape, seed=0):
    rng = np.random.default_rng(seed)
    path.mkdir()
    for k in range(count):
        pixels = rng.integers(0, 256, shape, dtype=np.uint8)
        Image.fromarray(pixels).save(path / f"{k}.png")
    return path


TINY = ("--width", "2", "--batch", "2", "--noise-steps", "50")


def command(tmp_path, place, *options, steps=4):
    out = ["-o", str(tmp_path / "net.safetensors")]
    every = ["--every", "2", "--steps", str(steps)]
    return cli.main(["train", "--data", str(place), *TINY, *every, *out, *options])


@pytest.mark.long
@pytest.mark.parametrize(
    ("count", "side"), [(20, 8), pytest.param(200, 64, marks=pytest.mark.slow)]
)
def test_colour_pictures_train_with_all_said_along_the_way(tmp_path, capsys, count, side):
    place = folder(tmp_path / "mine", count, (side, side, 3))
    options = ("--held-out", "0.2", "--jitter", "0.01", "--flip", "--weight-decay", "0.1")
    assert command(tmp_path, place, *options) == 0
    said = capsys.readouterr().out
    assert f"{count} images {side} x {side} colour, black 0, white 255" in said
    assert f"held out: {count // 5} images" in said
    lines = re.findall(r"step \d+: loss \S+, held out \S+ \(noise: little noise \S+, some", said)
    assert len(lines) == 2
    assert re.search(r"kept in \S+: step [24], loss on images held out 0\.\d+", said)
    facts = denoisers.load(tmp_path / "net.safetensors").facts
    assert facts["images"] == [count - count // 5, 3, side, side]
    assert (tmp_path / "net.png").stat().st_size > 1000
    assert json.loads((tmp_path / "net.json").read_text())["held_losses"] == facts["held_losses"]
    assert command(tmp_path, place, *options, steps=6) == 0
    assert "from step 4" in capsys.readouterr().out


@pytest.mark.slow
def test_of_64_digits_the_network_after_500_steps_is_kept(tmp_path, capsys):
    """By 6 % and more beside the steps next to it. To step 4,000, by hand, 0.099 at the end."""
    line = "--data mnist -n 64 --batch 64 --held-out 0.0625 --patience 3 --steps 4000"
    out = ["-o", str(tmp_path / "net.safetensors")]
    assert cli.main(["train", *line.split(), *out]) == 0
    losses = {step: mean for step, (mean, *_) in denoisers.load(out[1]).facts["held_losses"]}
    assert min(losses, key=losses.get) == 500
    assert losses[500] == pytest.approx(0.038, rel=0.05)  # processors round in other ways
    assert losses[1250] > 1.2 * losses[500]
    assert "step 500, loss on images held out 0.03" in capsys.readouterr().out


@pytest.mark.slow
def test_patience_counts_across_interruptions_and_then_it_is_finished(
    tmp_path, capsys, monkeypatch
):
    place = folder(tmp_path / "mine", 12, (8, 8))
    losses = iter([3.0, 1.0, 2.0, 2.0, 1.5, 9.0])
    monkeypatch.setattr(HeldOut, "losses", lambda *_: [next(losses)])
    options = ("--held-out", "0.5", "--patience", "3")
    assert command(tmp_path, place, *options, steps=6) == 0
    assert "stopped" not in capsys.readouterr().out
    assert command(tmp_path, place, *options, steps=40) == 0
    said = capsys.readouterr().out
    assert "step 10: " in said
    assert "stopped: 3 savings without a better held-out loss" in said
    assert "step 4, loss on images held out 1.00000; step 10 had 1.50000" in said
    assert command(tmp_path, place, *options, steps=40) == 0
    said = capsys.readouterr().out
    assert "--patience 3, which is over: finished" in said
    assert next(losses) == 9.0


@pytest.mark.long
def test_a_run_that_breaks_off_leaves_the_best_weights(tmp_path, capsys):
    place = folder(tmp_path / "mine", 12, (8, 8))
    assert command(tmp_path, place, "--held-out", "0.5") == 0
    best = tensors(tmp_path / "net.safetensors")
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(HeldOut, "losses", lambda *_: [float("nan")])
        assert command(tmp_path, place, "--held-out", "0.5", steps=8) == 1
    assert "the loss on held-out images is nan at step 6" in capsys.readouterr().err
    now = tensors(tmp_path / "net.safetensors")
    assert all(torch.equal(now[name], best[name]) for name in best)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--held-out", "1"], "held_out must be a share from 0 to below 1"),
        (["--held-out", "0.01"], "held_out must be such that some of 12 images are on each side"),
        (["--patience", "2"], "patience must be 0 without --held-out"),
        (["-n", "7", "--held-out", "0.5"], "n must be at most 6 with skip, the images of"),
        (["--jitter", "-1", "--held-out", "0.5"], "jitter must be non-negative"),
        (["--size", "6"], "the sides of images must be divisible by 4"),
    ],
)
def test_what_cannot_be_is_refused_before_it_starts(tmp_path, capsys, options, message):
    place = folder(tmp_path / "mine", 12, (8, 8))
    assert command(tmp_path, place, *options) == 2
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_points_and_what_is_not_there_are_refused(tmp_path, capsys):
    np.save(tmp_path / "latents.npy", np.random.default_rng(0).standard_normal((9, 16)))
    assert command(tmp_path, tmp_path / "latents.npy") == 2
    assert "training takes images between black and white" in capsys.readouterr().err
    assert command(tmp_path, tmp_path / "nothing") == 2
    assert "must be a folder, a file, or one of" in capsys.readouterr().err


@pytest.mark.long
def test_held_out_images_that_are_training_images_saved_again_are_spoken_of(tmp_path, capsys):
    rng = np.random.default_rng(0)
    x = rng.random((30, 8, 8))
    again = (x + 0.01 * rng.standard_normal(x.shape)).clip(0, 1)
    np.save(tmp_path / "mine.npy", np.concatenate([x, again]))
    assert command(tmp_path, tmp_path / "mine.npy", "--held-out", "0.3") == 0
    assert re.search(r"\d+ of 18 held-out images look like training", capsys.readouterr().out)


def test_somebody_s_figure_is_not_replaced(tmp_path, capsys):
    place = folder(tmp_path / "mine", 12, (8, 8))
    (tmp_path / "net.png").write_text("theirs")
    assert command(tmp_path, place, "--held-out", "0.5") == 2
    assert "the figure would replace it" in capsys.readouterr().err
