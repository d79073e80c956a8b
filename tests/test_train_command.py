"""`lindiff-nb train`: what it writes, that it goes on, what it refuses."""

import argparse
import json
import re
from dataclasses import asdict, fields

import numpy as np
import pytest

import lindiff_nb
from lindiff_nb import data
from lindiff_nb._base.errors import RunFailed, UsageError
from lindiff_nb._base.files import alone
from lindiff_nb._base.settings import Settings
from lindiff_nb.networks import denoisers, training
from lindiff_nb.train import command, ladder
from lindiff_nb.train.asked import Asked

SMALL = ["-n", "16", "--size", "8", "--width", "2", "--batch", "4", "--noise-steps", "50"]


def parsed(*arguments):
    parser = argparse.ArgumentParser()
    command.add(parser.add_subparsers(required=True))
    chosen = parser.parse_args(arguments)
    chosen.command(chosen)


def run(tmp_path, *arguments, steps=4):
    options = ["--data", "mnist", *SMALL, "--steps", str(steps), "--every", "2"]
    out = ["-o", str(tmp_path / "net.safetensors")]
    parsed("train", *options, *out, *arguments)


@pytest.mark.long
def test_it_writes_weights_and_a_record_and_reports_the_loss(tmp_path, capsys):
    run(tmp_path)
    trained = denoisers.load(tmp_path / "net.safetensors")
    record = json.loads((tmp_path / "net.json").read_text())
    assert record == {"schema": 1, "lindiff_nb": lindiff_nb.__version__, **trained.facts}
    assert record["step"] == 4
    assert record["settings"] == asdict(Settings(width=2, batch=4))
    assert record["record"]["asked"]["n"] == 16
    assert record["record"]["source"].startswith("MNIST: 8,000 training")
    assert {"python", "numpy", "torch"} <= set(record["record"]["versions"])
    assert {"cores", "system", "processor"} == set(record["record"]["machine"])
    assert record["seconds"] > 0
    assert trained.schedule.steps == 50
    printed = capsys.readouterr().out
    seen, unseen = map(float, re.findall(r"loss on images it .*: (\S+) \+-", printed))
    assert 0 < seen < 1
    assert 0 < unseen < 1


@pytest.mark.long
def test_the_same_command_goes_on_and_another_is_refused(tmp_path, capsys):
    run(tmp_path, steps=2)
    run(tmp_path, steps=4)
    assert "from step 2" in capsys.readouterr().out
    assert denoisers.load(tmp_path / "net.safetensors").facts["step"] == 4
    with pytest.raises(UsageError, match=r"net.safetensors was made with other settings: .*"):
        run(tmp_path, "--rate", "0.001", steps=6)
    with pytest.raises(UsageError, match="was made with other data"):
        run(tmp_path, "--skip", "16", steps=6)


def test_images_are_taken_in_one_order_so_that_skipping_makes_disjoint_sets():
    digits = data.load("mnist", 8)
    first, second, both = (data.select(digits, n, skip) for n, skip in ((9, 0), (7, 9), (16, 0)))
    assert np.array_equal(np.concatenate([first, second]), both)
    assert not np.array_equal(both, digits.train[:16])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-n", "8001"], "n must be at most 8,000 with skip, the training images of MNIST"),
        (["-n", "8000", "--skip", "1"], "n must be at most 8,000 with skip"),
        (["-n", "0"], "n must be an integer >= 1"),
        (["--size", "10"], "the sides of images must be divisible by 4"),
        (["--data", "minst"], "the nearest is 'mnist'"),
        (["--data", "cifar10"], "CIFAR-10 is not available"),
        (["--width", "3"], "width must be even"),
        (["--rate", "-1"], "rate must be positive"),
        (["--steps", "0"], "steps must be an integer >= 1"),
        (["--beta-end", "2"], "beta_end must be in"),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_is_written(
    tmp_path, monkeypatch, arguments, message
):
    monkeypatch.setenv("LINDIFF_DATA", str(tmp_path / "cache"))
    with pytest.raises(UsageError, match=message):
        run(tmp_path, *arguments)
    assert not list(tmp_path.iterdir())


def test_a_setting_and_its_default_stand_in_one_place(capsys):
    """What the command line says of it comes from the field that holds it."""
    with pytest.raises(SystemExit):
        parsed("train", "--help")
    told = " ".join(capsys.readouterr().out.split())
    assert Asked(data="", n=1).settings == Settings()
    for field in [field for field in fields(Asked) if "meaning" in field.metadata]:
        default = "" if field.default is False else f" ({field.default})"  # a switch has none
        assert f"{field.metadata['meaning']}{default}" in told


@pytest.mark.long
def test_the_device_that_is_asked_for_is_recorded(tmp_path):
    run(tmp_path, "--device", "cpu")
    facts = denoisers.load(tmp_path / "net.safetensors").facts
    assert (facts["device"], facts["record"]["asked"]["device"]) == ("cpu", "cpu")


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_a_device_that_is_not_here_is_refused(tmp_path, monkeypatch, device):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    wanted = f"device must be one that this machine's torch has: cpu, got '{device}'"
    with pytest.raises(UsageError, match=wanted):
        run(tmp_path, "--device", device)
    assert not list(tmp_path.iterdir())


def test_the_ladder_is_trained_into_a_folder_that_the_chapters_can_be_given(
    tmp_path, monkeypatch, capsys
):
    tiny = ladder.Run("mnist", 4, "A", (1,), size=8, settings=Settings(2, 4))
    monkeypatch.setattr(ladder.retrain, "__defaults__", ((tiny,), None))
    parsed("train", "--ladder", "--device", "cpu", "-o", str(tmp_path))
    assert capsys.readouterr().out.split("\n")[0] == "mnist-8x8-4-A: step 1 of 1"
    file = tmp_path / "mnist-8x8-4-A-1.safetensors"
    assert denoisers.load(file).facts["settings"] == {**vars(Settings(2, 4))}
    monkeypatch.setattr(ladder, "RUNS", (tiny,))
    monkeypatch.setenv("LINDIFF_NETWORKS", str(tmp_path))
    assert ladder.network("mnist", 4).network.width == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--ladder", "--width", "4"], "--ladder has its own width; it takes -o and --device"),
        (["--data", "mnist"], "-n must be given, or --ladder"),
        ([], "--data and -n must be given, or --ladder"),
    ],
)
def test_the_ladder_or_a_set_of_images_is_asked_for(arguments, message):
    with pytest.raises(UsageError, match=message):
        parsed("train", *arguments)


@pytest.mark.parametrize("name", ["net.npz", "no/net.safetensors"])
def test_outputs_that_cannot_be_are_refused(tmp_path, name):
    with pytest.raises(UsageError, match=r"must end in|there is no folder"):
        run(tmp_path, "-o", str(tmp_path / name))


def test_somebody_else_s_record_is_not_replaced(tmp_path):
    theirs = tmp_path / "net.json"
    theirs.write_text("{}")
    with pytest.raises(UsageError, match=r"net\.json exists, and the record would replace it"):
        run(tmp_path)
    assert theirs.read_text() == "{}"
    assert list(tmp_path.iterdir()) == [theirs]


@pytest.mark.parametrize("beside", ["net.json", "net.png"])
def test_what_is_written_beside_the_weights_is_tried_before_the_training(tmp_path, beside):
    (tmp_path / beside).mkdir()
    with pytest.raises(UsageError, match=rf"the output .*{beside} is a folder"):
        run(tmp_path, "--held-out", "0.25")
    assert [path.name for path in tmp_path.iterdir()] == [beside]


@pytest.mark.slow
def test_a_record_that_a_kill_kept_from_being_written_is_made_good(tmp_path):
    run(tmp_path, steps=2)
    (tmp_path / "net.json").unlink()
    run(tmp_path, steps=2)
    assert json.loads((tmp_path / "net.json").read_text())["step"] == 2


def test_a_run_that_fails_says_why(tmp_path):
    with pytest.raises(RunFailed, match=r"the loss is .* at step"):
        run(tmp_path, "--rate", "1e30", steps=200)


@pytest.mark.long
def test_an_interrupted_run_says_how_to_go_on(tmp_path, monkeypatch, capsys):
    run(tmp_path, steps=2)

    def interrupt(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(training.Run, "advance", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, steps=4)
    assert "the same command goes on from" in capsys.readouterr().err


@pytest.mark.long
@pytest.mark.parametrize("number", ["\u0665", "5_0", "nan", "2.5", ""])
def test_numbers_are_written_as_in_the_other_commands(tmp_path, capsys, number):
    with pytest.raises(SystemExit) as ended:
        run(tmp_path, "--batch", number)
    assert ended.value.code == 2
    assert "must be a whole number, got" in capsys.readouterr().err
    run(tmp_path, "--batch", "4e0", steps=1)


@pytest.mark.long
def test_a_second_training_of_the_same_file_is_refused(tmp_path):
    with (
        alone(tmp_path / "net.safetensors"),
        pytest.raises(UsageError, match=r"net\.safetensors: another process works on it"),
    ):
        run(tmp_path)
    run(tmp_path)


@pytest.mark.long
def test_fewer_steps_than_are_done_are_said_to_be_done(tmp_path, capsys):
    run(tmp_path, steps=4)
    run(tmp_path, steps=2)
    assert "from step 4; --steps asks for 2, which is done" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--batch", str(2**62)], r"batch=\d+ images of .* needs about [\d,.]+ GiB, and"),
        (["--width", str(2**62)], r"width=\d+ needs more than 2\^50 GiB"),
        (["--size", "100000"], r"size=100000 for .* needs about"),
        (["--noise-steps", str(10**12)], "noise_steps must be an integer from 1 to 1000000"),
        (["--noise-steps", "1000000"], "schedule must be one with signal left"),
    ],
)
def test_what_is_too_large_is_refused_by_its_name(tmp_path, arguments, message):
    with pytest.raises(UsageError, match=message):
        run(tmp_path, *arguments)
    assert list(tmp_path.iterdir()) == []
