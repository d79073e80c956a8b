"""lindiff-nb sample: each image from a noise of its own, in whatever batches and runs."""

import io
import json

import numpy as np
import pytest
import torch
from bound import bound
from PIL import Image

from lindiff_nb import cli
from lindiff_nb.exact import schedule
from lindiff_nb.networks import checkpoints, denoisers
from lindiff_nb.networks.unet import UNet
from lindiff_nb.train import samples
from lindiff_nb.train.sample import _picture


@pytest.fixture(params=[1, 3], ids=["gray", "colour"])
def network(request, tmp_path):
    """Weights drawn at random, so that what it gives depends on what it is given."""
    torch.manual_seed(0)
    net = UNet(request.param, 2, 0.5, 0.3)
    for weights in net.parameters():
        torch.nn.init.normal_(weights, std=0.1)
    path = tmp_path / "net.safetensors"
    denoisers.save(path, net, schedule.linear(40), {"images": [9, request.param, 8, 8]})
    return path


def drawn(network, name, n, *options):
    out = network.with_name(name)
    status = cli.main(
        ["sample", str(network), "-n", str(n), "--steps", "4", "-o", str(out), *options]
    )
    return np.load(out) if status == 0 else status


@pytest.mark.parametrize("sampler", ["ddim", "ddpm"])
def test_few_are_the_first_of_many_in_any_batches_and_runs(network, sampler, monkeypatch):
    many = drawn(network, "many.npy", 20, "--sampler", sampler)
    assert many.shape == (20, 8, 8) + (3,) * (many.ndim - 3)
    assert many.dtype == np.float32
    few = drawn(network, "few.npy", 5, "--sampler", sampler)
    assert few == pytest.approx(many[:5], abs=1e-5)
    monkeypatch.setattr(samples, "BATCH", 3)
    more = drawn(network, "few.npy", 20, "--sampler", sampler)
    assert np.array_equal(more[:5], few)
    assert more == pytest.approx(many, abs=1e-5)
    other = drawn(network, "other.npy", 5, "--sampler", sampler, "--seed", "1")
    assert np.abs(other - few).max() > 0.01


@pytest.mark.long
@pytest.mark.parametrize("network", [1], indirect=True)
def test_samples_that_cannot_be_read_are_not_said_to_be_somebody_else_s(network, capsys):
    """Whoever followed that word would lose them by --force."""
    drawn(network, "mine.npy", 2)
    mine, facts = (network.with_name(f"mine{suffix}") for suffix in (".npy", ".json"))
    kept = mine.read_bytes()
    mine.chmod(0o200)
    line = ["sample", str(network), "-n", "3", "--steps", "4", "-o", str(mine)]
    done = bound("-m", "lindiff_nb", *line)
    assert (done.returncode, done.stderr) == (2, f"lindiff-nb: {mine}: Permission denied\n")
    mine.chmod(0o600)
    assert mine.read_bytes() == kept
    mine.write_bytes(b"")
    assert drawn(network, "mine.npy", 3) == 2
    assert "was not written by sample" in capsys.readouterr().err
    mine.write_bytes(kept)
    facts.unlink()
    facts.mkdir()
    assert drawn(network, "mine.npy", 3) == 2
    assert f"the output {facts} is a folder" in capsys.readouterr().err
    assert mine.read_bytes() == kept


def test_an_interrupted_run_goes_on_where_it_was(network, monkeypatch):
    whole = drawn(network, "whole.npy", 9)
    assert json.loads(network.with_name("whole.json").read_text())["schema"] == 1
    monkeypatch.setattr(samples, "BATCH", 4)
    original, calls = samples.draw, []

    def breaks(asked, rows, device):
        calls.append(rows)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return original(asked, rows, device)

    monkeypatch.setattr(samples, "draw", breaks)
    assert drawn(network, "x.npy", 9) == 130
    assert len(np.load(network.with_name("x.npy"))) == 4
    assert drawn(network, "x.npy", 9) == pytest.approx(whole, abs=1e-5)
    assert calls == [range(4), range(4, 8), range(4, 8), range(8, 9)]


def test_what_a_file_held_is_never_taken_for_what_was_to_replace_it(network, monkeypatch):
    """Interrupted before the first new images are in the file, of which others were there."""
    drawn(network, "x.npy", 3)
    whole = drawn(network, "whole.npy", 3, "--seed", "1")
    with monkeypatch.context() as interrupted:
        interrupted.setattr(samples, "write_bytes", breaking)
        assert drawn(network, "x.npy", 3, "--seed", "1", "--force") == 130
    assert np.array_equal(drawn(network, "x.npy", 3, "--seed", "1"), whole)


def test_a_file_that_is_a_link_stays_one_though_its_samples_are_replaced(network):
    drawn(network, "there.npy", 3)
    link, there = network.with_name("link.npy"), network.with_name("there.npy")
    link.symlink_to(there)
    new = drawn(network, "link.npy", 3, "--seed", "1", "--force")
    assert link.is_symlink()
    assert np.array_equal(np.load(there), new)


def breaking(*_):
    raise KeyboardInterrupt


def test_samples_of_another_kind_and_other_files_are_not_replaced(network, capsys):
    first = drawn(network, "x.npy", 3)
    assert drawn(network, "x.npy", 3, "--seed", "1") == 2
    assert "holds samples of another seed: --force replaces it" in capsys.readouterr().err
    assert drawn(network, "x.npy", 2) == pytest.approx(first)  # nothing to do, and said
    assert "holds 3 images; -n asks for 2, which is done" in capsys.readouterr().out
    assert not np.array_equal(drawn(network, "x.npy", 3, "--seed", "1", "--force"), first)
    np.save(network.with_name("theirs.npy"), np.zeros(3))
    assert drawn(network, "theirs.npy", 3) == 2
    assert "was not written by sample: --force" in capsys.readouterr().err
    network.with_name("y.json").write_text(json.dumps({"theirs": 1}))
    assert drawn(network, "y.npy", 3) == 2
    assert not network.with_name("y.npy").exists()


@pytest.mark.parametrize("facts", ["", "[1]", "null", '{"samples": [1]}', "[" * 10**5, "true"])
def test_a_record_of_another_form_is_nobody_s_samples(network, capsys, facts):
    drawn(network, "x.npy", 1)
    network.with_name("x.json").write_text(facts)
    capsys.readouterr()
    assert drawn(network, "x.npy", 1) == 2
    assert "was not written by sample: --force" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["nothing", "a number", "other sides", "an archive", "doubles"])
def test_samples_that_were_damaged_are_never_gone_on_from(network, capsys, content):
    drawn(network, "x.npy", 1)
    path = network.with_name("x.npy")
    there = np.load(path)
    with path.open("wb") as file:
        if content == "an archive":
            np.savez(file, there)
        elif content != "nothing":
            forms = {"a number": there[0, 0, 0], "other sides": there[:, 1:]}
            np.save(file, forms.get(content, there.astype(float)))
    before = path.read_bytes()
    capsys.readouterr()
    assert drawn(network, "x.npy", 2) == 2
    assert "was not written by sample: --force" in capsys.readouterr().err
    assert path.read_bytes() == before


@pytest.mark.parametrize("images", [None, "8", [8], [4, "4"], [4, -4], [4, 4.0], [3, 3]])
def test_a_network_that_tells_no_side_asks_for_it(network, capsys, images):
    tensors, facts = checkpoints.load(network)
    checkpoints.save(network, tensors, facts | {"images": images})
    assert drawn(network, "z.npy", 1) == 2
    assert "does not say how large its images are: --size does" in capsys.readouterr().err


def test_a_picture_is_cut_off_at_black_and_white():
    """Neither wrapped nor stretched."""
    stack = np.stack([np.full((2, 3), value) for value in (-0.5, 0.2, 1.5)])
    with Image.open(io.BytesIO(_picture(stack))) as image:
        pixels = np.asarray(image)
    assert pixels.shape == (4, 6)
    assert np.unique(pixels[:2, :3]) == [0]
    assert np.unique(pixels[:2, 3:]) == [51]
    assert np.unique(pixels[2:, :3]) == [255]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-n", "0", "-o", "x.npy"], "-n must be 1 or more"),
        (["-n", "500", "-o", "x.png"], "in a .png 400 at most, got 500"),
        (["-n", "5", "-o", "x.jpg"], "must end in .npy or .png"),
        (["-n", "5", "-o", "x.npy", "--steps", "41"], "steps must be an integer from 1 to 40"),
        (["-n", "5", "-o", "x.npy", "--seed", "-1"], "seed must be an integer >= 0"),
        (["-n", "5", "-o", "x.npy", "--size", "0"], "size must be an integer >= 1, got 0"),
        (["-n", "5", "-o", "x.npy", "--size", "10"], "size must be divisible by 4, got 10"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_written(
    network, monkeypatch, capsys, options, message
):
    monkeypatch.chdir(network.parent)
    assert cli.main(["sample", str(network), *options]) == 2
    assert message in capsys.readouterr().err
    assert [path.name for path in network.parent.iterdir()] == ["net.safetensors"]


@pytest.mark.long
def test_a_network_of_the_book_is_known_by_name_and_copies_takes_what_it_draws(
    tmp_path, monkeypatch, capsys
):
    """Of 400 samples one is no copy; that three of 20 are none happens once in 10^5."""
    from lindiff_nb import data
    from lindiff_nb.train import ladder

    monkeypatch.chdir(tmp_path)
    np.save("own.npy", ladder.images(data.load("mnist"), 16))
    assert cli.main(["sample", "mnist-16-A-8000", "-n", "20", "--steps", "20", "-o", "s.npy"]) == 0
    assert cli.main(["copies", "s.npy", "own.npy", "--json", "c.json"]) == 0
    found = json.loads((tmp_path / "c.json").read_text())
    assert found["fraction"] > 0.85
    assert cli.main(["sample", "mnist-17-A-8000", "-n", "20", "-o", "t.npy"]) == 2
    assert "No such file" in capsys.readouterr().err
