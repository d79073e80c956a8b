"""Files of networks: no bit may differ, and facts of another form are refused by name."""

import json
import os

import numpy as np
import pytest
import torch

from lindiff_nb.exact import schedule
from lindiff_nb.networks import checkpoints, denoisers
from lindiff_nb.networks.training import Settings, train
from lindiff_nb.networks.unet import UNet
from lindiff_nb.train import ladder

SCHEDULE = schedule.linear(20)
TINY = Settings(width=2, batch=4)
IMAGES = np.random.default_rng(0).random((4, 4, 4))


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "net"
    for _ in train(IMAGES, SCHEDULE, TINY, steps=2, path=path, progress=False):
        pass
    return path


def resumed(path):
    return train(IMAGES, SCHEDULE, TINY, steps=3, path=path, progress=False)


@pytest.mark.long
def test_no_bit_of_a_file_may_differ(checkpoint):
    """In the length, in the header with its facts, among the tensors: one bit at a time."""
    whole = checkpoint.read_bytes()
    header = 8 + int.from_bytes(whole[:8], "little")
    rng = np.random.default_rng(1)
    places = [*range(0, 16), *rng.integers(16, header, 600), *rng.integers(header, len(whole), 50)]
    for place in places:
        flipped = bytearray(whole)
        flipped[place] ^= 1 << int(rng.integers(8))
        checkpoint.write_bytes(flipped)
        with pytest.raises(ValueError, match="net"):
            checkpoints.load(checkpoint)
    checkpoint.write_bytes(whole)
    assert checkpoints.load(checkpoint)[1]["step"] == 2


def test_files_of_the_format_before_are_read(tmp_path):
    path = next(ladder.WEIGHTS.glob("mnist-4-A-*.safetensors"))
    assert checkpoints.load(path)[1]["format"] == checkpoints.OLDER
    assert denoisers.load(path).network.width == 16


def test_the_networks_that_come_with_the_package_are_the_published_ones(tmp_path, monkeypatch):
    """A single bit of the facts, which their format does not cover, is noticed."""
    run = ladder.RUNS[0]
    path = run.path(run.kept[0])
    told = path.read_bytes()
    assert ladder.network(run.data, run.n, run.half, run.kept[0]).facts["step"] == run.kept[0]
    copy = tmp_path / path.name
    copy.write_bytes(told.replace(b"step", b"stop", 1))
    (tmp_path / ladder.SUMS).write_bytes((ladder.WEIGHTS / ladder.SUMS).read_bytes())
    monkeypatch.setattr(ladder, "WEIGHTS", tmp_path)
    with pytest.raises(ValueError, match="is damaged: its sha256 is not the published one"):
        ladder.network(run.data, run.n, run.half, run.kept[0], folder=tmp_path)


def test_every_network_that_comes_with_the_package_has_its_checksum():
    named = {line.split()[1] for line in (ladder.WEIGHTS / ladder.SUMS).read_text().splitlines()}
    assert named == {path.name for path in ladder.WEIGHTS.glob("*.safetensors")}


DEEP = json.loads("[" * 500 + "]" * 500)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("step", "x"),
        ("step", -5),
        ("step", 2.5),
        ("step", True),
        ("step", None),
        ("seconds", "x"),
        ("seconds", -1),
        ("losses", None),
        ("losses", [[1]]),
        ("losses", [["1", 0.5]]),
        ("losses", [[1, None]]),
        ("device", "warp"),
        ("device", None),
        ("device", 7.5),
        ("step", DEEP),
        ("step", 10**30),
        ("losses", [[10**400, 0.5]]),
        ("held_losses", [[1, [0.5]]]),
        ("held_losses", [[1, [0.5]], [2, [0.5, 0.5]]]),
    ],
)
def test_facts_of_another_form_are_refused_by_name(checkpoint, name, value):
    tensors, facts = checkpoints.load(checkpoint)
    checkpoints.save(checkpoint, tensors, facts | {name: value})
    with pytest.raises(ValueError, match=r"is not a network of ours: its (last )?") as no:
        resumed(checkpoint)
    assert name in str(no.value) or name == "step"


OTHER = {
    "a generator that is none": ("generator", torch.zeros(5)),
    "a short generator": ("generator", torch.zeros(5, dtype=torch.uint8)),
    "a generator of zeros": ("generator", torch.zeros(5056, dtype=torch.uint8)),
    "a moment under no number": ("adam.x", torch.zeros(1)),
    "a moment under no known name": ("adam.0.other", torch.zeros(1)),
    "a moment of no weights": ("adam.999.step", torch.zeros(())),
    "a moment of another shape": ("adam.0.exp_avg", torch.zeros(7)),
    "a moment of whole numbers": ("adam.0.step", torch.zeros((), dtype=torch.long)),
    "a moment that is lacking": ("adam.0.exp_avg_sq", None),
    "weights that are no numbers": ("network.scale", torch.tensor(float("nan"))),
    "an average that is endless": ("average.scale", torch.tensor(float("inf"))),
    "weights of another shape": ("network.scale", torch.zeros(3)),
    "best weights that are lacking": ("best.scale", None),
    "best weights of another shape": ("best.scale", torch.zeros(3)),
}


@pytest.mark.parametrize("kind", OTHER)
def test_tensors_of_another_form_are_refused_by_name_and_the_file_is_left_alone(tmp_path, kind):
    path, (name, tensor) = tmp_path / "net", OTHER[kind]
    how = {"path": path, "progress": False, "held_out": IMAGES[:2]}
    for _ in train(IMAGES, SCHEDULE, TINY, steps=2, **how):
        pass
    tensors, facts = checkpoints.load(path)
    assert tensor is not None or name in tensors
    others = {key: value for key, value in tensors.items() if key != name}
    checkpoints.save(path, others | ({} if tensor is None else {name: tensor}), facts)
    there = path.read_bytes()
    with pytest.raises(ValueError, match=f"{path} (is not a network of ours|holds a network)"):
        train(IMAGES, SCHEDULE, TINY, steps=3, **how)
    assert path.read_bytes() == there


def test_a_network_whose_weights_are_not_finite_is_refused(checkpoint):
    tensors, facts = checkpoints.load(checkpoint)
    checkpoints.save(checkpoint, tensors | {"average.scale": torch.tensor(float("nan"))}, facts)
    with pytest.raises(ValueError, match=r"its average.scale is not finite"):
        denoisers.load(checkpoint)


@pytest.mark.parametrize(
    "told", [None, [], {"channels": 1}, {"channels": 1, "width": 2**40}, {"width": 2}]
)
def test_a_network_is_not_made_larger_than_its_weights(checkpoint, told):
    tensors, facts = checkpoints.load(checkpoint)
    checkpoints.save(checkpoint, tensors, facts | {"network": told})
    with pytest.raises(ValueError, match="is not a network of ours: its network is"):
        denoisers.load(checkpoint)


def test_a_network_without_a_schedule_is_refused(tmp_path):
    path = tmp_path / "net"
    facts = {"network": {"channels": 1, "width": 2}}
    for beta in ({}, {"beta": torch.zeros(2, 2)}, {"beta": torch.zeros(2, dtype=torch.long)}):
        checkpoints.save(path, checkpoints.named("average.", UNet(1, 2)) | beta, facts)
        with pytest.raises(ValueError, match="is not a network of ours: its schedule is"):
            denoisers.load(path)


def test_facts_nested_too_deep_to_read_are_refused(tmp_path):
    from safetensors.torch import save_file

    path = tmp_path / "deep"
    save_file({"x": torch.zeros(1)}, path, metadata={"facts": "[" * 10**5})
    with pytest.raises(ValueError, match="not a network of ours"):
        denoisers.load(path)


def test_a_pipe_is_refused_and_never_read(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(ValueError, match="pipe is not a file"):
        denoisers.load(pipe)
