"""`networks.unet`: shapes, what it is before training, what it does not depend on."""

import numpy as np
import pytest
import torch

from lindiff_nb.exact import denoiser
from lindiff_nb.networks.unet import Block, Join, UNet


def awake(**kwargs):
    """A network none of whose layers is zero any more."""
    torch.manual_seed(0)
    network = UNet(**kwargs)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return network.requires_grad_(False)


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("sides", [(1, 1), (2, 3), (4, 4)])
def test_features_of_half_the_size_are_joined_as_if_they_were_enlarged(sides):
    """Values and gradients are those of the plain block on an image that is made."""
    torch.manual_seed(0)
    plain, join = (kind(6 + 4, 5, 3).double() for kind in (Block, Join))
    torch.nn.init.normal_(plain.second.weight)
    torch.nn.init.normal_(plain.norm.weight)
    join.load_state_dict(plain.state_dict())
    small = torch.randn(2, 6, *sides).double().requires_grad_()
    full = (3 * torch.randn(2, 4, 2 * sides[0], 2 * sides[1]).double() + 1).requires_grad_()
    level = torch.randn(2, 3).double().requires_grad_()
    large = torch.nn.functional.interpolate(small, scale_factor=2)
    pairs = []
    for block, value in (
        (plain, plain(torch.cat([large, full], 1), level)),
        (join, join(small, full, level)),
    ):
        wanted = small, full, level, *block.parameters()
        pairs.append([value, *torch.autograd.grad(value.square().sum(), wanted)])
    torch.testing.assert_close(*pairs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("sides", [(4, 4), (8, 12), (16, 16)])
def test_the_guess_has_the_shape_of_the_images(channels, sides):
    x = torch.randn(2, channels, *sides)
    assert awake(channels=channels, width=4)(x, torch.tensor([0.1, 0.9])).shape == x.shape


def test_sizes_are_those_of_the_docstring():
    assert count(UNet()) == 86_497
    assert round(count(UNet(width=112)) / 1e6, 1) == 4.2


@pytest.mark.parametrize("a", [0.01, 0.5, 0.9999])
def test_before_training_it_is_the_best_guess_for_independent_pixels(a):
    mean, scale, d = 0.3, 0.2, 16
    x = np.random.default_rng(0).standard_normal((3, d))
    W, b = denoiser.optimal(np.full(d, mean), scale**2 * np.eye(d), a)
    guess = UNet(width=4, mean=mean, scale=scale)(
        torch.tensor(x, dtype=torch.float32).reshape(3, 1, 4, 4), torch.full((3,), a)
    )
    assert guess.detach().reshape(3, d).numpy() == pytest.approx(x @ W.T + b, rel=2e-3, abs=1e-4)


@pytest.mark.parametrize("r", [1e-3, 1.0, 1e3])
def test_units_of_the_pixels_do_not_matter(r):
    """Pixels of mean m and deviation s at the same ratio r of noise to pixels: the same guess."""
    plain, other = awake(width=4), awake(width=4, mean=0.3, scale=0.2)
    z = torch.randn(3, 1, 8, 8)
    a = 1 / (1 + r * 0.2**2)
    x = a**0.5 * 0.3 + (a * 0.2**2 + 1 - a) ** 0.5 * z
    guess = other(x, torch.full((3,), a))
    expected = plain(z, torch.full((3,), 1 / (1 + r)))
    assert guess.numpy() == pytest.approx(expected.numpy(), rel=5e-3, abs=5e-3)


def test_each_image_is_guessed_by_itself():
    network, x, a = awake(width=4), torch.randn(5, 1, 8, 8), torch.linspace(0.1, 0.9, 5)
    order = torch.tensor([3, 0, 4, 1, 2])
    together = network(x, a)
    assert torch.allclose(network(x[order], a[order]), together[order], atol=1e-5)
    assert torch.allclose(network(x[:1], a[:1]), together[:1], atol=1e-5)


def test_the_noise_level_matters():
    network, x = awake(width=4), torch.randn(1, 1, 8, 8).expand(2, 1, 8, 8)
    same, different = (network.correction(x, torch.tensor(r)) for r in ([1.0, 1.0], [1.0, 1.5]))
    assert torch.allclose(same[0], same[1], atol=1e-5)
    assert not torch.allclose(different[0], different[1], atol=1e-3)


def test_every_parameter_learns():
    network = awake(width=4).requires_grad_(True)
    network(torch.randn(2, 1, 8, 8), torch.tensor([0.2, 0.8])).square().mean().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"channels": 2}, "channels must be 1 or 3"),
        ({"width": 5}, "width must be even"),
        ({"width": 0}, "width must be an integer >= 1"),
        ({"scale": 0.0}, "scale must be positive"),
        ({"mean": np.nan}, "mean must be finite"),
    ],
)
def test_networks_that_cannot_be_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        UNet(**arguments)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2, 1, 6, 8), "the sides of x must be divisible by 4, got \\(6, 8\\)"),
        ((2, 1, 0, 4), "the sides of x must be divisible by 4"),
        ((2, 3, 8, 8), "the shape of x must be \\(N, 1, h, w\\), got \\(2, 3, 8, 8\\)"),
        ((2, 8, 8), "the shape of x must be"),
    ],
)
def test_images_of_another_shape_are_refused(shape, message):
    with pytest.raises(ValueError, match=message):
        UNet(width=4)(torch.zeros(shape), torch.tensor([0.5, 0.5]))
