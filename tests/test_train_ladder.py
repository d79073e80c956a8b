"""The networks that come with the book: they are there, they are what their records say, and they
can be trained again."""

import numpy as np
import pytest
import torch

from lindiff_nb import data
from lindiff_nb.exact import denoiser, schedule, spacing
from lindiff_nb.networks import checkpoints, denoisers
from lindiff_nb.networks.unet import UNet
from lindiff_nb.train import ladder
from lindiff_nb.train.ladder import HALVES, RUNS, SIZES, SUMS, WEIGHTS, Run

KEPT = [(run, steps) for run in RUNS for steps in run.kept]
TINY = Run("mnist", 4, "A", (1, 3))


@pytest.fixture(scope="module")
def sets():
    return {name: data.load(name, 16) for name in ("mnist", "photo-crops")}


def test_sizes_span_three_decades_across_the_dimension():
    assert SIZES[-1] / SIZES[0] >= 1000
    assert SIZES[0] < 16 * 16 < SIZES[-1]


def test_all_networks_are_there_and_nothing_else_and_they_are_small():
    files = set(WEIGHTS.iterdir()) - {WEIGHTS / SUMS}
    assert files == {run.path(steps) for run, steps in KEPT}
    assert sum(file.stat().st_size for file in files) < 15e6


@pytest.mark.long
@pytest.mark.parametrize("run", RUNS, ids=lambda run: f"{run.data}-{run.n}-{run.half}")
def test_each_network_has_a_record_of_the_run_that_made_it(run, sets):
    x = ladder.images(sets[run.data], run.n, run.half)
    for steps in run.kept:
        trained = ladder.network(run.data, run.n, run.half, steps)
        facts, asked = trained.facts, trained.facts["record"]["asked"]
        assert facts["step"] == facts["losses"][-1][0] == steps
        assert facts["settings"] == {"width": 16, "batch": 64, "rate": 2e-3, "seed": run.asked.seed}
        assert facts["images"] == [run.n, 1, 16, 16]
        told = float(trained.network.mean), float(trained.network.scale)
        assert told == pytest.approx((x.mean(), x.std(ddof=1)), rel=1e-6)
        assert (asked["data"], asked["n"], asked["skip"]) == (run.data, run.n, run.asked.skip)
        assert facts["seconds"] > 0
        assert facts["peak_memory"] > 1e8
        assert {"python", "numpy", "torch"} <= set(facts["record"]["versions"])
        assert {"cores", "system", "processor"} == set(facts["record"]["machine"])
        assert np.array_equal(trained.schedule.beta, schedule.linear().beta)


@pytest.mark.parametrize(("name", "twice"), [("mnist", 0), ("photo-crops", 1)])
def test_halves_are_disjoint_and_smaller_sets_are_parts_of_larger(sets, name, twice):
    """But for one crop of a photograph that was drawn twice."""
    a, b = (ladder.images(sets[name], 4000, half).reshape(4000, -1) for half in "AB")
    assert np.array_equal(ladder.images(sets[name], 16).reshape(16, -1), a[:16])
    assert len({row.tobytes() for row in a} & {row.tobytes() for row in b}) == twice


def test_on_new_digits_the_network_of_4000_beats_the_best_linear_denoiser(sets):
    """In pairs, the same noise for both; six standard errors, false-alarm rate 1e-9."""
    found = sets["mnist"]
    x = ladder.images(found, 4000).reshape(4000, -1)
    new = found.test[:300].reshape(300, -1)
    trained = ladder.network("mnist", 4000)
    guess = denoisers.denoiser(trained.network, trained.schedule, (16, 16), fast=True)
    mean, covariance = x.mean(axis=0), np.cov(x.T)
    t, rng = 200, np.random.default_rng(0)
    a = trained.schedule.alpha_bar[t - 1]
    W, b = denoiser.optimal(mean, covariance, a, c=1e-4)
    eps = rng.standard_normal(new.shape)
    noisy = np.sqrt(a) * new + np.sqrt(1 - a) * eps
    linear = np.mean((eps - noisy @ W.T - b) ** 2, axis=1)
    gain = linear - np.mean((eps - guess(noisy, t)) ** 2, axis=1)
    assert gain.mean() > 6 * gain.std() / np.sqrt(len(gain))


def test_a_run_as_a_denoiser_is_its_network_asked_at_the_steps_of_a_schedule():
    x, trained = np.random.default_rng(0).standard_normal((3, 256)), ladder.network("mnist", 64)
    few = spacing.evenly(trained.schedule, 10)
    for asked, guess in (
        (trained.schedule, ladder.denoiser("mnist", 64)),
        (few, ladder.denoiser("mnist", 64, "A", 4000, few)),
    ):
        plain = denoisers.denoiser(trained.network, asked, (16, 16), fast=True)
        assert np.array_equal(guess(x, 7), plain(x, 7))


@pytest.mark.slow
def test_a_run_is_trained_again_and_goes_on_where_it_was_interrupted(tmp_path):
    ladder.retrain([TINY._replace(kept=(1,))], tmp_path)
    first = TINY.path(1, tmp_path).read_bytes()
    ladder.retrain([TINY._replace(kept=(2,))], tmp_path)
    assert TINY.path(1, tmp_path).read_bytes() == first
    assert denoisers.load(TINY.path(2, tmp_path)).facts["step"] == 2
    TINY.path(1, tmp_path).unlink()
    with pytest.raises(ValueError, match=r"mnist-4-A\.safetensors is past step 1: remove"):
        ladder.retrain([TINY], tmp_path)


def test_half_precision_is_kept_and_read_as_single(tmp_path):
    network = UNet(width=4, mean=0.4, scale=0.3).half().float()
    denoisers.save(tmp_path / "net.safetensors", network, schedule.linear(), half=True)
    stored, _ = checkpoints.load(tmp_path / "net.safetensors")
    kinds = {x.dtype for name, x in stored.items() if x.ndim and name != "beta"}
    assert kinds == {torch.float16}
    again = denoisers.load(tmp_path / "net.safetensors").network
    for old, new in zip(network.parameters(), again.parameters(), strict=True):
        assert new.dtype == torch.float32
        assert torch.equal(old, new)


def test_what_is_not_there_is_refused(tmp_path, sets):
    with pytest.raises(ValueError, match=r"data, n, half must be one of mnist 4 A, .* got .*5"):
        ladder.network("mnist", 5)
    with pytest.raises(ValueError, match=r"steps must be one of \(250, .*got 3"):
        ladder.network("mnist", 4, steps=3)
    with pytest.raises(FileNotFoundError, match="mnist-4-A-4000"):
        ladder.network("mnist", 4, folder=tmp_path)
    with pytest.raises(ValueError, match="half must be one of"):
        ladder.images(sets["mnist"], 4, "C")
    assert set(HALVES) == {"A", "B", "all"}
