"""`networks.training`: it learns, survives interruption, refuses what is wrong."""

import signal
import subprocess
import sys
import time
import weakref
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from lindiff_nb import data
from lindiff_nb.exact import denoiser, schedule, spectra
from lindiff_nb.networks import checkpoints, denoisers
from lindiff_nb.networks._run import Run
from lindiff_nb.networks.training import Settings, as_images, best_device, train
from lindiff_nb.networks.unet import UNet

SCHEDULE = schedule.linear(100)
TINY = Settings(width=2, batch=4, rate=1e-3, seed=0)
IMAGES = np.random.default_rng(0).random((6, 4, 4))


def last(images=IMAGES, settings=TINY, **kwargs):
    *_, state = train(images, SCHEDULE, settings, progress=False, **kwargs)
    return state


def a_run(settings=TINY):
    return Run(as_images("images", IMAGES), SCHEDULE, settings, torch.device("cpu"))


def tensors(path):
    return checkpoints.load(path)[0]


def same(ours, theirs):
    return ours.keys() == theirs.keys() and all(torch.equal(ours[k], theirs[k]) for k in ours)


def test_states_come_at_the_start_at_every_interval_and_at_the_end():
    states = list(train(IMAGES, SCHEDULE, TINY, steps=7, every=3, progress=False))
    assert [state.step for state in states] == [0, 3, 6, 7]
    assert [len(state.losses) for state in states] == [0, 1, 2, 3]
    assert [step for step, _ in states[-1].losses] == [3, 6, 7]
    assert states[-1].seconds > 0


def test_one_seed_is_one_run_and_torch_s_own_generator_is_left_alone():
    before = torch.get_rng_state()
    runs = [
        last(settings=Settings(2, 4, 1e-3, seed), steps=5).network.state_dict()
        for seed in (1, 1, 2)
    ]
    assert same(runs[0], runs[1])
    assert not same(runs[0], runs[2])
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.long
@pytest.mark.parametrize("cut", [0, 3, 5, 9])
def test_an_interrupted_run_goes_on_to_the_same_bits(tmp_path, cut):
    whole = last(steps=9, every=5, path=tmp_path / "whole")
    last(steps=cut, every=5, path=tmp_path / "cut")
    end = last(steps=9, every=5, path=tmp_path / "cut")
    assert same(tensors(tmp_path / "whole"), tensors(tmp_path / "cut"))
    assert end.losses[-1][1] == whole.losses[-1][1] or cut > 5
    assert end.step == 9


CHILD = """
import sys
import numpy as np
import torch
from pathlib import Path
from lindiff_nb.exact import schedule
from lindiff_nb.networks.training import Settings, train

torch.set_num_threads(1)
images = np.random.default_rng(0).random((6, 4, 4))
settings = Settings(width=2, batch=4, rate=1e-3, seed=0)
for state in train(images, schedule.linear(100), settings, steps=int(sys.argv[2]), every=1,
                   path=Path(sys.argv[1]), progress=False):
    print(state.step, flush=True)
"""


@pytest.mark.long
def test_killed_at_any_moment_it_loses_no_more_than_an_interval(tmp_path):
    """SIGKILL while it saves after every step; what it leaves goes on to the same bits."""
    path, reached = tmp_path / "killed", 0
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    last(steps=3, path=path)
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path), "100000"], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert int(child.stdout.readline()) == 3
    for _ in range(10):
        reached = int(child.stdout.readline())
    time.sleep(np.random.default_rng().uniform(0, 0.05))
    child.kill()
    reached = max([reached, *map(int, child.stdout.read().split())])
    assert child.wait() == -signal.SIGKILL
    child.stdout.close()
    assert checkpoints.load(path)[1]["step"] in (reached, reached + 1)
    end = last(steps=reached + 20, path=path)
    whole = last(steps=reached + 20)
    torch.set_num_threads(threads)
    assert same(end.average.state_dict(), whole.average.state_dict())


def test_a_full_disk_leaves_the_checkpoint_before(tmp_path, monkeypatch):
    path = tmp_path / "kept"
    last(steps=3, path=path)
    before = path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        last(steps=6, path=path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_average_weighs_each_step_as_stated():
    """Step k of n counts (k^8 - (k-1)^8) / n^8."""
    run, history, n = a_run(), [], 12
    for _ in range(n):
        run.advance()
        history.append([p.detach().double().clone() for p in run.network.parameters()])
    weight = np.diff(np.arange(n + 1.0) ** 8) / n**8
    assert weight.sum() == pytest.approx(1)
    for i, mean in enumerate(run.average.parameters()):
        expected = sum(w * step[i] for w, step in zip(weight, history, strict=True))
        assert torch.allclose(mean.double(), expected, atol=1e-6)


def test_a_batch_has_one_noise_level_from_each_part_of_the_schedule():
    run, batch = a_run(), 8
    draws = np.array([run.spread(batch).numpy() for _ in range(2000)])
    width = SCHEDULE.steps / batch
    assert np.all(draws >= np.floor(np.arange(batch) * width))
    assert np.all(draws <= np.ceil((np.arange(batch) + 1) * width) - 1)
    counts = np.bincount(draws.ravel(), minlength=SCHEDULE.steps)
    expected = draws.size / SCHEDULE.steps
    assert np.all(np.abs(counts - expected) < 6.5 * np.sqrt(expected))  # Poisson or narrower


def test_the_rate_rises_over_a_hundred_steps_and_stays():
    run = a_run()
    run.step = 49
    run.advance()
    assert run.adam.param_groups[0]["lr"] == pytest.approx(0.5e-3)
    run.step = 5000
    run.advance()
    assert run.adam.param_groups[0]["lr"] == 1e-3


def test_a_loss_that_is_not_finite_stops_the_run_and_names_the_step(tmp_path):
    wild = Settings(width=2, batch=4, rate=1e30)
    run = a_run(wild)
    step = next(k for k in range(1, 100) if not run.advance().isfinite())
    path = tmp_path / "wild"
    assert step <= 10
    with pytest.raises(FloatingPointError, match=f"the loss is .* at step {step}: the rate"):
        last(settings=wild, steps=100, every=10, path=path)
    assert not path.exists()


def test_weights_that_are_not_finite_are_not_kept(tmp_path):
    run = a_run()
    run.advance()
    next(run.average.parameters()).fill_(torch.nan)
    with pytest.raises(FloatingPointError, match="the weights are not finite after step 1"):
        run.save(tmp_path / "worthless", {})
    assert not list(tmp_path.iterdir())


def test_running_out_of_memory_names_a_batch_that_fits(monkeypatch):
    honest = Run.loss

    def loss(self, batch):
        if batch > 6:
            raise RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate")
        return honest(self, batch)

    monkeypatch.setattr(Run, "loss", loss)
    with pytest.raises(MemoryError, match=r"batch=20 images of .* width=2; batch=5 would fit"):
        last(settings=Settings(width=2, batch=20), steps=1)


def test_before_it_looks_for_a_batch_that_fits_it_lets_go_of_the_step_s_memory(monkeypatch):
    honest, held = Run.loss, []

    def loss(self, batch):
        activations = torch.zeros(3)
        if batch == 20:
            held.append(weakref.ref(activations))
            raise RuntimeError("CUDA out of memory")
        if held[0]() is not None:
            raise RuntimeError("CUDA out of memory")
        return honest(self, batch)

    monkeypatch.setattr(Run, "loss", loss)
    with pytest.raises(MemoryError, match=r"batch=10 would fit"):
        last(settings=Settings(width=2, batch=20), steps=1)


def test_a_network_that_does_not_fit_is_refused(monkeypatch):
    def move(self, device):
        raise RuntimeError("CUDA out of memory")

    monkeypatch.setattr(UNet, "to", move)
    with pytest.raises(MemoryError, match=r"for a network of width=2 and 6 images of \(1, 4, 4\)"):
        train(IMAGES, SCHEDULE, TINY, steps=1)


def test_other_errors_are_passed_on(monkeypatch):
    def loss(self, batch):
        raise RuntimeError("something else")

    monkeypatch.setattr(Run, "loss", loss)
    with pytest.raises(RuntimeError, match="something else"):
        last(steps=1)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (IMAGES[0], "the shape of images must be"),
        (IMAGES[:0], "the shape of images must be"),
        (np.ones((2, 2, 4, 4)) * 0.5, "the shape of images must be"),
        (IMAGES[:, :3], "the sides of images must be divisible by 4, got \\(3, 4\\)"),
        ((255 * IMAGES).astype(np.uint8), "images must be floats from 0 to 1; divide"),
        (255 * IMAGES, "the least and the greatest of images must be from 0 to 1"),
        (IMAGES - 0.5, "the least and the greatest of images must be from 0 to 1"),
        (np.zeros((2, 4, 4)), "from 0 to 1 and differ, got \\(0.0, 0.0\\)"),
        (np.where(IMAGES > 0.9, np.nan, IMAGES), "images must be finite real numbers"),
        (IMAGES + 0j, "images must be finite real numbers"),
        ([[0.5], [0.5, 0.6]], "images must be an array of numbers"),
        ([["a"]], "images must be finite real numbers"),
    ],
)
def test_bad_images_are_refused_before_any_work(images, message):
    with pytest.raises(ValueError, match=message):
        train(images, SCHEDULE, TINY, steps=1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": -1}, "steps must be an integer >= 0"),
        ({"every": 0}, "every must be an integer >= 1"),
        ({"settings": Settings(batch=0)}, "batch must be an integer >= 1"),
        ({"settings": Settings(rate=0.0)}, "rate must be positive"),
        ({"settings": Settings(rate=np.inf)}, "rate must be finite"),
        ({"settings": Settings(seed=-1)}, "seed must be an integer >= 0"),
        ({"settings": Settings(width=3)}, "width must be even"),
        ({"settings": {"width": 2}}, "settings must be a Settings"),
        ({"schedule": 1000}, "schedule must be a Schedule"),
        ({"record": {"file": Path("x")}}, "record must be storable as JSON"),
        ({"record": {"loss": np.nan}}, "record must be storable as JSON"),
    ],
)
def test_bad_numbers_are_refused_before_any_work(changes, message):
    arguments = {"images": IMAGES, "schedule": SCHEDULE, "settings": TINY, "steps": 1} | changes
    with pytest.raises(ValueError, match=message):
        train(**arguments)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": 1 - IMAGES}, "made with other data: "),
        ({"images": IMAGES[:5]}, "made with other images: \\[6, 1, 4, 4\\], not \\[5, 1, 4, 4\\]"),
        ({"settings": Settings(4, 4, 1e-3)}, "made with other network: .*'width': 2.*'width': 4"),
        ({"settings": Settings(2, 4, 2e-3)}, "made with other settings: .*'rate': 0.001"),
        ({"schedule": schedule.linear(50)}, "made with other schedule"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused_and_left_alone(tmp_path, changes, message):
    path = tmp_path / "theirs"
    last(steps=2, path=path)
    before = path.read_bytes()
    arguments = {"images": IMAGES, "schedule": SCHEDULE, "settings": TINY, "steps": 3} | changes
    with pytest.raises(ValueError, match=message):
        train(**arguments, path=path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("told", [True, False])
def test_weights_without_the_rest_of_their_training_are_refused(tmp_path, told):
    path, full = tmp_path / "weights", tmp_path / "full"
    state = last(steps=2, path=full)
    denoisers.save(path, state.average, SCHEDULE, denoisers.load(full).facts if told else {})
    with pytest.raises(ValueError, match="holds weights only"):
        train(IMAGES, SCHEDULE, TINY, steps=3, path=path)


def test_a_checkpoint_of_another_kind_of_device_is_refused(tmp_path):
    path = tmp_path / "theirs"
    last(steps=2, path=path, device=torch.device("cpu"))
    tensors, facts = checkpoints.load(path)
    checkpoints.save(path, tensors, facts | {"device": "cuda:1"})
    with pytest.raises(ValueError, match=r"trained on cuda:1; .* cannot go on on cpu"):
        train(IMAGES, SCHEDULE, TINY, steps=3, path=path, device=torch.device("cpu"))


def test_one_training_at_a_time_writes_a_checkpoint(tmp_path):
    """From the call on, until the generator ends, is closed, or is let go without a start."""
    path = tmp_path / "shared"
    arguments = {"steps": 3, "path": path, "progress": False}
    waiting = train(IMAGES, SCHEDULE, TINY, **arguments)
    with pytest.raises(OSError, match="another process works on it"):
        train(IMAGES, SCHEDULE, TINY, **arguments)
    del waiting
    started = train(IMAGES, SCHEDULE, TINY, **arguments)
    next(started)
    with pytest.raises(OSError, match="another process works on it"):
        train(IMAGES, SCHEDULE, TINY, **arguments)
    started.close()
    assert last(**{"steps": 3, "path": path}).step == 3
    assert list(tmp_path.iterdir()) == [path]


def test_the_device_is_the_one_that_is_named_or_the_best_that_is_here(monkeypatch):
    assert best_device("cpu") == torch.device("cpu")
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: True)
    assert best_device() == torch.device("mps")
    for name in ("cuda", "gpu", ""):
        with pytest.raises(ValueError, match=f"torch has: mps, cpu, got '{name}'"):
            train(IMAGES, SCHEDULE, TINY, steps=1, device=name)


@pytest.mark.parametrize("keep", [0, 7, 100, 5000, -1])
def test_a_checkpoint_that_is_cut_short_is_refused(tmp_path, keep):
    path = tmp_path / "cut"
    last(steps=2, path=path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match="cut short or damaged"):
        train(IMAGES, SCHEDULE, TINY, steps=3, path=path)
    with pytest.raises(ValueError, match="cut short or damaged"):
        denoisers.load(path)


def test_a_checkpoint_without_a_folder_is_refused(tmp_path):
    with pytest.raises(ValueError, match="path must be in a folder that exists"):
        train(IMAGES, SCHEDULE, TINY, steps=1, path=tmp_path / "no" / "such")


def test_the_checkpoint_tells_what_it_is_of(tmp_path):
    path = tmp_path / "told"
    state = last(steps=4, every=2, path=path, record={"source": "noise"})
    facts = checkpoints.load(path)[1]
    assert facts["step"] == 4
    assert facts["settings"] == asdict(Settings(width=2, batch=4, rate=1e-3, seed=0))
    assert [tuple(pair) for pair in facts["losses"]] == list(state.losses)
    assert facts["record"] == {"source": "noise"}
    assert facts["device"] == str(best_device())
    assert facts["threads"] == torch.get_num_threads()
    assert len(facts["data"]) == 64


def pairwise(network, x, mean, covariance, shape, draws):
    """Losses of the network and of the affine optimum for these moments, on the same pairs."""
    made = schedule.linear()
    eigenvalues, v = spectra.eigenpairs(covariance)

    def affine(x, t):
        a = made.alpha_bar[t - 1, None]
        return (x - np.sqrt(a) * mean) @ v * denoiser.weights(eigenvalues, a) @ v.T

    guesses = denoisers.denoiser(network, made, shape), affine
    rng = np.random.default_rng
    return [denoisers.losses(guess, x, made, rng(1), draws=draws).loss for guess in guesses]


@pytest.mark.long
def test_on_gaussian_images_it_approaches_the_linear_optimum_and_never_beats_it():
    """At least half of the gap between the start and the optimum closes; the rest is no gain.

    The statistical error of the gap is below a tenth of it, so either bound is 6.5 or more away.
    """
    rng, side = np.random.default_rng(0), 4
    row, column = np.divmod(np.arange(side**2), side)
    distance = np.hypot(row[:, None] - row, column[:, None] - column)
    mean, covariance = np.full(side**2, 0.5), 0.08**2 * np.exp(-distance / 3)
    train_x, test_x = (rng.multivariate_normal(mean, covariance, n) for n in (20_000, 4000))
    images = train_x.clip(0, 1).reshape(-1, side, side)  # beyond 6 deviations, if ever
    states = train(images, schedule.linear(), Settings(8, 128, 4e-3), steps=150, progress=False)
    gaps = []
    for state in states:  # at the start and at the end
        loss, optimum = pairwise(state.average, test_x, mean, covariance, (side, side), 2)
        gaps.append(loss - optimum)
    error = np.std(gaps[-1]) / np.sqrt(gaps[-1].size)
    assert gaps[-1].mean() > -6.5 * error
    assert gaps[-1].mean() + 6.5 * error < gaps[0].mean()
    assert gaps[-1].mean() < gaps[0].mean() / 2


@pytest.mark.slow
def test_on_digits_it_beats_the_best_linear_denoiser():
    """The mean gain over pairs of new digit and noise is positive by 6.5 of its errors."""
    digits = data.load("mnist", size=8)
    x, new = digits.train[:2000], digits.test[:1000].reshape(1000, -1)
    mean, covariance = spectra.moments(x.reshape(len(x), -1))
    settings = Settings(16, 64, 4e-3)
    *_, state = train(x, schedule.linear(), settings, steps=150, progress=False)
    loss, linear = pairwise(state.average, new, mean, covariance, (8, 8), 16)
    gain = linear - loss
    assert gain.mean() > 6.5 * gain.std() / np.sqrt(gain.size)
