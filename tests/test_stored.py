"""Results that the book keeps: what made them is said, and the command makes them again."""

import argparse
import json
from importlib import import_module, resources
from itertools import islice

import numpy as np
import pytest
from scipy.special import logsumexp

from lindiff_nb._base.errors import RunFailed, UsageError
from lindiff_nb.exact.modes import Mixture
from lindiff_nb.measure import score_divergence, score_draws
from lindiff_nb.networks import line_scores
from lindiff_nb.networks.line_scores import VE
from lindiff_nb.stored import (
    command,
    many_dimensions,
    mnist_modes,
    regularising,
    results,
    trained_scores,
)

LAW = trained_scores.law(3.0)


def recompute(*arguments):
    parser = argparse.ArgumentParser()
    command.add(parser.add_subparsers(required=True))
    chosen = parser.parse_args(["recompute", *map(str, arguments)])
    chosen.command(chosen)


def networks(count, epochs=5):
    rngs = np.random.default_rng(0).spawn(count)
    return next(islice(line_scores.train(rngs, LAW, "adam", rate=0.05), epochs, None))


@pytest.mark.parametrize("name", results.JOBS)
def test_a_kept_result_is_small_and_says_what_made_it(name):
    found = results.load(name)
    assert found.facts.keys() == {"name", "settings", "seconds", "machine", "versions"}
    assert {"python", "numpy", "torch"} <= found.facts["versions"].keys()
    assert found.facts["seconds"] > 0
    file = resources.files("lindiff_nb.stored") / f"{name}.npz"
    assert len(file.read_bytes()) < 400_000
    assert callable(import_module(results.JOBS[name]).compute)


def test_the_kept_scores_were_made_with_what_the_module_says():
    found = results.load("trained-scores")
    size = trained_scores.Size()
    cases = {name: case._asdict() for name, case in trained_scores.CASES.items()}
    said = json.loads(json.dumps({**size._asdict(), "cases": cases}))
    assert found.facts["settings"] == said
    assert found.arrays["epochs"].tolist() == list(range(0, 2001, 50))
    for name in cases:
        assert found.arrays[f"{name}/kl"].shape == (20, 41)
        assert found.arrays[f"{name}/ode"].shape == (20, 11)


@pytest.mark.long
@pytest.mark.parametrize("case", ["sgd", "adam-fresh"])
def test_a_kept_curve_begins_as_it_does_when_it_is_made_again(case):
    """Network 0 alone, for 51 epochs, where 20 were trained side by side: to a thousandth."""
    size = trained_scores.Size(seeds=1, last=50)
    again = trained_scores._followed(trained_scores.CASES[case], size)
    kept = results.load("trained-scores").arrays
    for key, count in (("kl", 2), ("ode", 1), ("bound", 1)):
        assert again[key] == pytest.approx(kept[f"{case}/{key}"][:1, :count], rel=1e-3, abs=1e-4)


@pytest.mark.slow
def test_a_tiny_version_comes_out_the_same_to_the_bit(tmp_path, capsys):
    for file in ("a.npz", "b.npz"):
        recompute("trained-scores", "--small", "-o", tmp_path / file)
    assert capsys.readouterr().out.count("sgd-far: 2 networks, 5 epochs") == 2
    first, second = (results.load("trained-scores", tmp_path / f) for f in ("a.npz", "b.npz"))
    assert first.arrays.keys() == results.load("trained-scores").arrays.keys()
    for name, values in first.arrays.items():
        assert values.tobytes() == second.arrays[name].tobytes(), name
    assert first.facts["settings"]["seeds"] == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trained-score"], "the result must be one of .*; the nearest is 'trained-scores'"),
        (["trained-scores", "-o", "a.npy"], "must end in .npz"),
        (["trained-scores", "-o", "here.npz"], "here.npz exists: --force replaces it"),
        (["trained-scores", "-o", "no/a.npz"], "there is no folder"),
    ],
)
def test_what_cannot_be_made_is_refused_before_it_starts(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here.npz").write_bytes(b"mine")
    with pytest.raises(UsageError, match=message):
        recompute(*arguments)
    assert [path.name for path in tmp_path.iterdir()] == ["here.npz"]
    assert (tmp_path / "here.npz").read_bytes() == b"mine"


def test_what_breaks_off_leaves_nothing_and_says_so(tmp_path, monkeypatch):
    def breaks(small, say):
        raise FloatingPointError("too far")

    monkeypatch.setattr(trained_scores, "compute", breaks)
    with pytest.raises(RunFailed, match="too far"):
        recompute("trained-scores", "-o", tmp_path / "a.npz")
    assert not list(tmp_path.iterdir())


def test_a_disk_that_fills_meanwhile_does_not_cost_the_result(tmp_path, monkeypatch):
    """What took minutes is put among the temporary files."""
    place, elsewhere = tmp_path / "place", tmp_path / "elsewhere"
    place.mkdir()
    elsewhere.mkdir()

    def fills(small, say):
        place.rmdir()
        return {"x": np.arange(3)}, {}

    monkeypatch.setattr(trained_scores, "compute", fills)
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))
    with pytest.raises(RunFailed, match=r"a\.npz: No such file.*; the result is in ") as failure:
        recompute("trained-scores", "-o", place / "a.npz")
    (kept,) = elsewhere.glob("lindiff-nb-*/a.npz")
    assert str(kept) in str(failure.value)
    assert list(results.load("trained-scores", kept).arrays["x"]) == [0, 1, 2]


def test_a_file_that_holds_something_else_is_refused(tmp_path):
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    with pytest.raises(ValueError, match="does not hold the result trained-scores"):
        results.load("trained-scores", tmp_path / "other.npz")
    with pytest.raises(ValueError, match="the result must be"):
        results.load("nothing")


def test_the_divergence_of_the_paper_is_that_of_its_own_recipe():
    """51 points on [-10, 10], the integral of the score at t = 0.065, normalised on them."""
    weights = networks(3)
    fine = np.linspace(-10, 10, 2001)
    s = line_scores.score(weights)(fine, 0.065)
    rise = np.cumsum((s[:, 1:] + s[:, :-1]) / 2 * 0.01, axis=1)
    log_q = np.concatenate([np.zeros((3, 1)), rise], axis=1)[:, ::40]
    log_q -= logsumexp(log_q, axis=1, keepdims=True)
    p = 0.4 * np.exp(LAW.logpdf(fine[::40]))
    theirs = np.sum(p * (np.log(p) - log_q), axis=1)
    ours = score_divergence.kl(trained_scores.masses(weights, LAW, "potential"))
    assert ours == pytest.approx(theirs, rel=5e-3, abs=1e-3)


@pytest.mark.long
def test_the_bound_is_its_integral_on_the_scale_of_the_paper():
    """(1/2) int sigma^(2t) E (s - s*)^2 dt, by plain sums in t and y."""
    weights, total = networks(2), 0.0
    times = np.linspace(VE.start, 1, 501)
    for t, share in zip(times, np.full(501, times[1] - times[0]), strict=True):
        noised = Mixture([-3.0, 3.0], deviation=np.hypot(1, VE.deviation(t)))
        y, w = noised.rule(400)
        miss = (line_scores.score(weights)(y, float(t)) - noised.score(y)) ** 2 @ w
        total = total + (1 - 0.5 * (t in (times[0], times[-1]))) * share * 25 ** (2 * t) / 2 * miss
    assert trained_scores.bound(weights, LAW) == pytest.approx(total, rel=1e-2)


@pytest.mark.long
def test_networks_that_diverged_are_nan_and_leave_the_others_as_they_are():
    weights = networks(3)
    whole = trained_scores.judged(weights, LAW, "ode")
    weights.inner[1, 0, 0] = np.inf
    for values, before in zip(trained_scores.judged(weights, LAW, "ode"), whole, strict=True):
        assert np.isnan(values).tolist() == [False, True, False]
        assert values[[0, 2]] == pytest.approx(before[[0, 2]], abs=1e-6)


@pytest.mark.long
def test_the_kept_digits_networks_are_what_the_module_says():
    """Their pairs are found again here: the distances to a tenth, since rounding moves centres."""
    found = results.load("mnist-modes")
    size, settings = mnist_modes.WHOLE, found.facts["settings"]
    assert json.loads(json.dumps(size._asdict())).items() <= settings.items()
    lead = size.seeds, len(mnist_modes.PLACES), len(size.kept)
    for name, last in (("train", 2), ("new", 2), ("samples", 3)):
        assert found.arrays[name].shape == (*lead, last)
    assert np.all(found.arrays["samples"].sum(axis=-1) == size.samples)
    distances = [pair.distance for pair in mnist_modes.pairs(0)[1]]
    assert found.arrays["distance"][0] == pytest.approx(distances, rel=0.1)


@pytest.mark.slow
def test_a_small_run_of_the_digits_networks_has_the_same_arrays():
    said = []
    arrays, settings = mnist_modes.compute(True, said.append)
    kept = results.load("mnist-modes")
    assert arrays.keys() == kept.arrays.keys()
    assert settings.keys() >= kept.facts["settings"].keys()  # some came later
    for name, last in (("train", 2), ("new", 2), ("samples", 3)):
        assert arrays[name].shape == (1, 3, len(mnist_modes.SMALL.kept), last)
    assert len(said) == 3


def test_the_kept_regularised_networks_are_what_the_module_says():
    """And the ridge that they were trained with is found again."""
    found = results.load("regularising")
    size, settings = regularising.WHOLE, found.facts["settings"]
    ways = {key: way._asdict() for key, way in regularising.WAYS.items()}
    assert json.loads(json.dumps({**size._asdict(), "ways": ways})).items() <= settings.items()
    lead = len(regularising.SETS), len(size.numbers), len(ways), size.seeds
    assert found.arrays["new"].shape == found.arrays["train"].shape == (*lead, len(size.kept))
    assert found.arrays["copies"].shape == lead
    assert regularising.ridge("mnist", 16) == pytest.approx(found.arrays["ridge"][0, 0])


@pytest.mark.slow
def test_a_small_run_of_the_regularised_networks_has_the_same_arrays():
    said = []
    arrays, settings = regularising.compute(True, said.append)
    kept = results.load("regularising")
    assert arrays.keys() == kept.arrays.keys()
    assert settings.keys() == kept.facts["settings"].keys()
    assert arrays["new"].shape == (2, 2, 3, 1, 2)
    assert len(said) == 12
    assert not np.array_equal(arrays["new"][:, :, 0], arrays["new"][:, :, 1])


def test_images_of_a_seed_are_new_or_trained_on_and_more_of_them_begin_alike():
    few, new = regularising.images("mnist", 16, 3)
    more, same = regularising.images("mnist", 64, 3)
    assert np.array_equal(more[:16], few)
    assert np.array_equal(new, same)
    together = np.concatenate([more, new]).reshape(-1, 64)
    assert len(np.unique(together, axis=0)) > 310  # of 320: few digits are twins at 8 pixels


@pytest.mark.long
def test_the_kept_many_dimensions_are_what_the_module_says_and_begin_as_when_made_again():
    found, size = results.load("many-dimensions"), many_dimensions.Size()
    assert found.facts["settings"] == json.loads(json.dumps(size._asdict()))
    lead = len(size.dimensions), len(size.widths), len(many_dimensions.SHARES), size.seeds
    assert {name: values.shape for name, values in found.arrays.items()} == dict.fromkeys(
        ("copied", "best", "rise"), lead
    )
    d, m, rng = size.dimensions[0], size.widths[0], np.random.default_rng([2, 64])
    setting = many_dimensions.modes(d), m, m // 32, many_dimensions.TAU, size.seeds, size.draws
    again = many_dimensions.summary(score_draws.along_training(rng, *setting))
    for name, values in again.items():
        assert values == pytest.approx(found.arrays[name][0, 0, 0], rel=1e-3), name


def test_a_small_run_of_many_dimensions_has_the_same_arrays():
    said = []
    arrays, settings = many_dimensions.compute(True, said.append)
    kept = results.load("many-dimensions")
    assert arrays.keys() == kept.arrays.keys()
    assert settings.keys() == kept.facts["settings"].keys()
    assert arrays["rise"].shape == (1, 2, 7, 1)
    assert len(said) == 2
    assert np.all(arrays["rise"] >= 1)
