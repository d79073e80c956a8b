"""`networks.denoisers`: a network in a file, as a denoiser, and its loss step by step."""

import numpy as np
import pytest
import torch

from lindiff_nb.exact import denoiser as affine_denoiser
from lindiff_nb.exact import sampling, schedule, spectra
from lindiff_nb.networks import checkpoints, denoisers
from lindiff_nb.networks.training import Settings, train
from lindiff_nb.networks.unet import UNet

SCHEDULE = schedule.linear(20)


def awake(**kwargs):
    torch.manual_seed(0)
    network = UNet(width=4, **kwargs)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return network.requires_grad_(False)


def points(n=7, d=16):
    return np.random.default_rng(0).standard_normal((n, d))


@pytest.mark.parametrize("channels", [1, 3])
def test_the_denoiser_is_the_network_at_alpha_bar_t(channels):
    network, t = awake(channels=channels, mean=0.4, scale=0.3), 3
    x = points(d=16 * channels)
    shape = (4, 4) if channels == 1 else (3, 4, 4)
    guess = denoisers.denoiser(network, SCHEDULE, shape)(x, t)
    images = torch.tensor(x, dtype=torch.float32).reshape(7, channels, 4, 4)
    expected = network(images, torch.full((7,), float(SCHEDULE.alpha_bar[t - 1])))
    assert guess.dtype == np.float64
    assert guess == pytest.approx(expected.reshape(7, -1).numpy(), abs=1e-6)


def test_points_may_each_have_their_own_step_and_go_in_parts(monkeypatch):
    guess, x, t = denoisers.denoiser(awake(), SCHEDULE, (4, 4)), points(), np.arange(1, 8)
    one_by_one = np.concatenate([guess(x[k : k + 1], int(t[k])) for k in range(7)])
    assert guess(x, t) == pytest.approx(one_by_one, abs=1e-5)
    monkeypatch.setattr(denoisers, "CHUNK", 3)
    assert guess(x, t) == pytest.approx(one_by_one, abs=1e-5)


def test_in_sixteen_bits_it_says_nearly_the_same():
    network, x = awake(), points(200)
    exact, fast = (
        denoisers.denoiser(network, SCHEDULE, (4, 4), fast=fast)(x, 10) for fast in (False, True)
    )
    assert np.linalg.norm(fast - exact) < 0.02 * np.linalg.norm(exact)


@pytest.mark.parametrize("sampler", ["ddpm", "ddim"])
def test_it_samples(sampler):
    """Without training: as the affine denoiser of independent pixels does."""
    network = UNet(width=4, mean=0.4, scale=0.3)
    isotropic = sampling.affine(np.full(16, 0.4), 0.09 * np.eye(16), SCHEDULE)
    drawn = []
    for guess in (denoisers.denoiser(network, SCHEDULE, (4, 4)), isotropic):
        rng = [np.random.default_rng(0)] if sampler == "ddpm" else []
        drawn.append(getattr(sampling, sampler)(guess, points(), SCHEDULE, *rng))
    assert drawn[0] == pytest.approx(drawn[1], abs=1e-4)


def test_losses_are_those_of_the_definition_and_every_step_counts_alike():
    """Mean loss of an affine denoiser over all steps against its closed form, within 6.5 errors."""
    spectrum = spectra.power_law(16, 1.0)
    x = np.random.default_rng().standard_normal((500, 16)) * np.sqrt(spectrum)
    moments = spectra.moments(x)
    affine = sampling.affine(*moments, SCHEDULE)

    def guess(x, t):
        return np.stack([affine(x[k : k + 1], int(t[k]))[0] for k in range(len(x))])

    found = denoisers.losses(guess, x, SCHEDULE, np.random.default_rng(), draws=4)
    assert found.t.shape == found.loss.shape == (500, 4)
    assert np.all(np.bincount(found.t.ravel(), minlength=21)[1:] == 100)
    exact = [
        affine_denoiser.loss(*affine_denoiser.optimal(*moments, a), *moments, a)
        for a in SCHEDULE.alpha_bar
    ]
    error = found.loss.std() / np.sqrt(found.loss.size)
    assert abs(found.loss.mean() - np.mean(exact)) < 6.5 * error


def test_fewer_pairs_than_steps_have_steps_of_their_own():
    found = denoisers.losses(lambda x, t: x, points(), SCHEDULE, np.random.default_rng())
    assert len(np.unique(found.t)) == 7


def test_a_network_comes_back_from_its_file_bit_for_bit(tmp_path):
    network, path = awake(mean=0.4, scale=0.3), tmp_path / "kept.safetensors"
    denoisers.save(path, network, SCHEDULE, {"source": "nowhere"})
    found = denoisers.load(path)
    ours, theirs = network.state_dict(), found.network.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert np.array_equal(found.schedule.beta, SCHEDULE.beta)
    assert found.facts["source"] == "nowhere"
    assert not any(p.requires_grad for p in found.network.parameters())


def test_of_a_checkpoint_the_averaged_network_is_read(tmp_path):
    path, x = tmp_path / "checkpoint", np.random.default_rng(0).random((4, 4, 4))
    *_, state = train(x, SCHEDULE, Settings(4, 4), steps=3, path=path, progress=False)
    found = denoisers.load(path).network.state_dict()
    ours, other = state.average.state_dict(), state.network.state_dict()
    assert all(torch.equal(ours[name], found[name]) for name in ours)
    assert not torch.equal(other["first.weight"], found["first.weight"])


def test_a_file_with_another_architecture_than_it_says_is_refused(tmp_path):
    path = tmp_path / "wrong"
    denoisers.save(path, awake(), SCHEDULE)
    tensors, facts = checkpoints.load(path)
    del tensors["average.down_full.first.bias"]
    checkpoints.save(path, tensors, facts)
    with pytest.raises(ValueError, match=r"another architecture: average\.down_full\.first\.bias"):
        denoisers.load(path)


def test_a_safetensors_file_of_somebody_else_is_refused(tmp_path):
    from safetensors.torch import save_file

    path = tmp_path / "theirs"
    save_file({"x": torch.zeros(2)}, path)
    with pytest.raises(ValueError, match="not a network of ours"):
        denoisers.load(path)


def test_a_file_of_another_format_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "old"
    with monkeypatch.context() as then:
        then.setattr(checkpoints, "FORMAT", "lindiff_nb network 0")
        denoisers.save(path, awake(), SCHEDULE)
    with pytest.raises(ValueError, match="has the format 'lindiff_nb network 0', this program"):
        denoisers.load(path)


@pytest.mark.parametrize(
    ("x", "t", "message"),
    [
        (points(d=15), 1, "x must have points of dimension 16, got 15"),
        (points(), 0, "t must be integers from 1 to 20, got 0"),
        (points(), 21, "t must be integers from 1 to 20"),
        (points(), 1.5, "t must be integers from 1 to 20"),
        (np.full((2, 16), np.inf), 1, "x must be finite"),
    ],
)
def test_bad_points_and_steps_are_refused(x, t, message):
    with pytest.raises(ValueError, match=message):
        denoisers.denoiser(awake(), SCHEDULE, (4, 4))(x, t)


def test_losses_refuse_no_draws():
    with pytest.raises(ValueError, match="draws must be an integer >= 1"):
        denoisers.losses(lambda x, t: x, points(), SCHEDULE, np.random.default_rng(), draws=0)
