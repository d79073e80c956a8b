"""A small U-net that sees a noisy image and how noisy it is, and guesses the noise.

    image   full size ---- join ---- full size   guess
                |                        |
              half size -- join -- half size
                |                        |
                +----- quarter size -----+

It is told the mean m and the standard deviation s of the pixels, one number each. If each pixel
were Gaussian with these, independently of the others, the best guess from x_t would be

    z sqrt(r / (1 + r)),   z = (x_t - sqrt(a) m) / sqrt(a s^2 + 1 - a),   r = (1 - a) / (a s^2)

with a = alpha_bar_t. The network F adds what that misses, in units of its error:

    eps_hat = (z sqrt(r) + F(z, r)) / sqrt(1 + r)

so that its input and its target have variance one at every noise level. F starts at zero. It
depends on a and s only through r, the variance of the noise in units of that of the pixels.

Sources: Ronneberger et al. 2015 (the shape), He et al. 2016 (the blocks), Karras et al. 2022
(input, target and noise level made dimensionless), Zhang et al. 2019 (blocks start at zero).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from lindiff_nb._base import validate


class UNet(nn.Module):
    """Images (N, channels, h, w), h and w divisible by 4, and alpha_bar (N,): eps_hat, as images.

    `width` is the number of features a pixel at full size, twice that at half and quarter size:
    86,497 parameters for width 16 and one channel, 4.2 million for width 112.
    """

    mean: Tensor
    scale: Tensor

    def __init__(
        self, channels: int = 1, width: int = 16, mean: float = 0.0, scale: float = 1.0
    ) -> None:
        """Raises ValueError unless channels is 1 or 3, width >= 2 is even and scale > 0."""
        super().__init__()
        if channels not in (1, 3):
            raise validate.fail("channels", channels, "1 or 3")
        if validate.integer("width", width) % 2:
            raise validate.fail("width", width, "even")
        self.register_buffer("mean", torch.tensor(validate.number("mean", mean)).float())
        scale = validate.number("scale", validate.positive("scale", scale))
        self.register_buffer("scale", torch.tensor(scale).float())
        self.channels, self.width = channels, width

        narrow, wide = width, 2 * width
        self.level = NoiseLevel(wide)
        self.first = nn.Conv2d(channels, narrow, 3, padding=1)
        self.down_full = Block(narrow, narrow, wide)
        self.down_half = Block(narrow, wide, wide)
        self.quarter = Block(wide, wide, wide)
        self.up_half = Join(wide + wide, wide, wide)
        self.up_full = Join(wide + narrow, narrow, wide)
        self.last = nn.Sequential(
            norm(narrow), nn.SiLU(), starts_at_zero(nn.Conv2d(narrow, channels, 3, padding=1))
        )

    def forward(self, x: Tensor, alpha_bar: Tensor) -> Tensor:
        """eps_hat, (N, channels, h, w), for images x at the signal fractions alpha_bar in (0, 1).

        Raises ValueError for images of another shape.
        """
        check_shape("x", x, self.channels)
        a = alpha_bar[:, None, None, None]
        variance = a * self.scale**2
        r = (1 - a) / variance
        z = (x - a.sqrt() * self.mean) / (variance + 1 - a).sqrt()
        correction = self.correction(z, r.flatten().log()).to(x.dtype)
        return (z * r.sqrt() + correction) / (1 + r).sqrt()

    def correction(self, z: Tensor, log_ratio: Tensor) -> Tensor:
        """F(z, r): down to quarter size and up again, joined with what was seen on the way."""
        level = self.level(log_ratio)
        h = self.first(z).contiguous(memory_format=torch.channels_last)  # as processors like it
        full = self.down_full(h, level)
        half = self.down_half(functional.avg_pool2d(full, 2), level)
        h = self.quarter(functional.avg_pool2d(half, 2), level)
        return self.last(self.up_full(self.up_half(h, half, level), full, level))


class Layers(nn.Module):
    """Two convolutions beside a shortcut; between them the features hear of the noise level."""

    def __init__(self, inputs: int, outputs: int, level: int) -> None:
        """`inputs`, `outputs`: features a pixel; `level`: features of the noise level."""
        super().__init__()
        self.norm = norm(inputs)
        self.first = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.level = nn.Linear(level, outputs)
        self.second = starts_at_zero(nn.Conv2d(outputs, outputs, 3, padding=1))
        self.shortcut = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)


class Block(Layers):
    """These layers one after the other."""

    def forward(self, x: Tensor, level: Tensor) -> Tensor:
        """(N, inputs, h, w) and (N, level) to (N, outputs, h, w)."""
        h = self.first(functional.silu(self.norm(x)))
        h += self.level(level)[:, :, None, None]
        return self.second(functional.silu(h)).add_(self.shortcut(x))


class Join(Layers):
    """The same on features at half the size, each pixel four times, beside those at full.

    What four equal pixels need is computed once: a norm and its gains, and a convolution, which is
    one of the small image with stride 1/2. So no enlarged image is made: training is 5 % faster.
    """

    def forward(self, small: Tensor, full: Tensor, level: Tensor) -> Tensor:
        """(N, inputs - m, h/2, w/2), (N, m, h, w) and (N, level) to (N, outputs, h, w)."""
        h = joined(self.first, *map(functional.silu, self.normed(small, full)))
        h += self.level(level)[:, :, None, None]
        return self.second(functional.silu(h)).add_(joined(self.shortcut, small, full))

    def normed(self, small: Tensor, full: Tensor) -> tuple[Tensor, Tensor]:
        """The norm of both together, in which a pixel of the small image counts four times."""
        few = small.shape[1]
        share = few / (few + full.shape[1])
        mean = share * average(small) + (1 - share) * average(full)
        small, full = small - mean, full - mean
        variance = share * average(small.square()) + (1 - share) * average(full.square())
        gain = self.norm.weight[:, None, None] * (variance + self.norm.eps).rsqrt()
        bias = self.norm.bias[:, None, None]
        return (
            torch.addcmul(bias[:few], small, gain[:, :few]),
            torch.addcmul(bias[few:], full, gain[:, few:]),
        )


def average(x: Tensor) -> Tensor:
    """Over all features of all pixels of an image, (N, 1, 1, 1), in no less than float32."""
    kind = torch.promote_types(x.dtype, torch.float32)
    return x.mean(dim=(1, 2, 3), keepdim=True, dtype=kind)


def joined(convolution: nn.Module, small: Tensor, full: Tensor) -> Tensor:
    """A convolution of the enlarged small image beside the full one: the sum of one of each."""
    weight, bias = convolution.parameters()
    few, around = small.shape[1], weight.shape[-1] // 2
    turned = weight[:, :few].flip(2, 3).transpose(0, 1)
    moved = [functional.pad(turned, (i, 1 - i, j, 1 - j)) for i in (0, 1) for j in (0, 1)]
    spread = torch.stack(moved).sum(dim=0)
    h = functional.conv_transpose2d(small, spread, stride=2, padding=around)
    return h.add_(functional.conv2d(full, weight[:, few:], bias, padding=around))


class NoiseLevel(nn.Module):
    """The logarithm of a noise ratio, (N,), as features, (N, features): waves, then two layers.

    The waves have 1/4 to 4 radians per unit, over a range of about 15 units.
    """

    frequencies: Tensor

    def __init__(self, features: int) -> None:
        """`features` must be even."""
        super().__init__()
        frequencies = torch.logspace(-2, 2, features // 2, base=2)
        self.register_buffer("frequencies", frequencies, persistent=False)
        self.layers = nn.Sequential(
            nn.Linear(features, 2 * features),
            nn.SiLU(),
            nn.Linear(2 * features, features),
            nn.SiLU(),
        )

    def forward(self, log_ratio: Tensor) -> Tensor:
        """(N,) to (N, features)."""
        angle = log_ratio[:, None] * self.frequencies
        return self.layers(torch.cat([angle.sin(), angle.cos()], dim=1))


def norm(features: int) -> nn.GroupNorm:
    """Mean 0 and variance 1 over all features of all pixels of an image, then a gain for each.

    One group, because torch has a fast kernel on CPUs for this case alone.
    """
    return nn.GroupNorm(1, features)


def starts_at_zero(convolution: nn.Conv2d) -> nn.Conv2d:
    """The same convolution with all weights zero: its block begins as its shortcut."""
    for parameter in convolution.parameters():
        nn.init.zeros_(parameter)
    return convolution


def check_shape(name: str, x: Tensor, channels: int) -> None:
    """Raise ValueError unless x is (N, channels, h, w) with h and w divisible by 4."""
    shape = tuple(x.shape)
    if len(shape) != 4 or shape[1] != channels:
        raise validate.fail(f"the shape of {name}", shape, f"(N, {channels}, h, w)")
    if min(shape[2:]) < 4 or shape[2] % 4 or shape[3] % 4:
        raise validate.fail(f"the sides of {name}", shape[2:], "divisible by 4")
