"""A small network for the score of a law on the line, trained for many seeds at once.

The network is that of Li et al.: one hidden layer, whose inputs are the noised point y, four waves
of the time and two constants (their layers for y and for t have a bias each, and both are trained),

    s(y, t) = h(y, t) / deviation(t)
    h(y, t) = [ c + sum_j v_j swish( sum_k w_jk f_k(y, t) ) ] / 16,   swish(u) = u / (1 + e^-u)
    f = (y, sin 2 pi omega_1 t, sin 2 pi omega_2 t, the cosines of both, 1, 1)

with frozen frequencies omega ~ N(0, 30^2) and all other weights trained. The 16 stays at every
width. The loss is

    mean over a batch of  (h(x_0 + deviation(t) z, t) + z)^2,   t uniform in (0, 1)

an epoch shuffles the points and goes through them in batches, with a t and a z for each point.
Networks of different seeds do not touch each other: what is trained side by side is, but for
rounding, what each would have become alone. All in float32, as theirs.

Source: Li et al. 2023, section 4.1 and appendix B, and their public code for what these leave open.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lindiff_nb._base import validate
from lindiff_nb._base.machine import one_thread
from lindiff_nb._base.types import Array
from lindiff_nb.exact.modes import Mixture
from lindiff_nb.exact.sde import VarianceExploding

VE = VarianceExploding(start=0.065)  # judged from this t on; trained from EARLIEST.start on
EARLIEST = VarianceExploding(start=1e-5)
FREQUENCY = 30.0
DIVISOR = 16.0
BATCH = 32
RATES = {"sgd": 0.5, "adam": 1e-3}  # of the paper's two ways to train
OPTIMISERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
WAVES = 4
LARGEST = 1e6  # of a weight


class Weights(NamedTuple):
    """Networks with a leading axis of seeds, float32."""

    omega: NDArray[np.float32]  # (seeds, 2), frozen
    inner: NDArray[np.float32]  # (seeds, 7, width): y, waves, constants
    outer: NDArray[np.float32]  # (seeds, width, 1)
    last: NDArray[np.float32]  # (seeds, 1, 1)


def initial(rngs: Sequence[np.random.Generator], width: int = 16) -> Weights:
    """Networks before training, one for each generator.

    A weight or bias is uniform in +- 1 / sqrt(inputs of its layer), as torch has it. Raises
    ValueError if there is no generator, or width < 1.
    """
    m = validate.integer("width", width)
    if not rngs:
        raise validate.fail("rngs", rngs, "one generator or more")
    rows = np.array([1.0, *[0.5] * WAVES, 0.5, 1.0])[:, None]
    drawn = [
        (
            FREQUENCY * rng.standard_normal(WAVES // 2),
            rows * rng.uniform(-1, 1, (len(rows), m)),
            rng.uniform(-1, 1, (m, 1)) / np.sqrt(m),
            rng.uniform(-1, 1, (1, 1)) / np.sqrt(m),
        )
        for rng in (validate.generator(rng, "rngs") for rng in rngs)
    ]
    parts = (np.stack(part).astype(np.float32) for part in zip(*drawn, strict=True))
    return Weights(*parts)


def train(
    rngs: Sequence[np.random.Generator],
    law: Mixture,
    optimiser: str = "sgd",
    *,
    n: int = 1000,
    width: int = 16,
    rate: float | None = None,
    fresh: bool = False,
) -> Iterator[Weights]:
    """The networks after each epoch, for ever; each generator draws its network, data and noise.

    law    without leading axis; n points are drawn from it, at the start or, if `fresh`, anew for
           each epoch: then no point is seen twice, and nothing that few points do can happen
    rate   the learning rate; None: the paper's, 0.5 for "sgd" and 0.001 for "adam"

    Batches are of 32 points. A network that diverges goes on as NaN; the others do not notice.
    Raises ValueError for bad numbers, another optimiser, or what `initial` refuses.
    """
    kind = OPTIMISERS[validate.choice("optimiser", optimiser, tuple(OPTIMISERS))]
    given = RATES[optimiser] if rate is None else rate
    speed = validate.number("rate", validate.positive("rate", given))
    n, start = validate.integer("n", n), initial(rngs, width)
    points = np.stack([law.draw(rng, n) for rng in rngs])
    return _epochs(rngs, start, points, law if fresh else None, kind, speed)


def score(weights: Weights) -> Callable[[Array, float], Array]:
    """The score s(y, t) of y = x_0 + deviation(t) z: y, (N,), and t to values (seeds, N).

    Measure it as `VE.scaled` of this with `process=VE`. The function raises ValueError for t
    outside the process.
    """
    tensors = [torch.from_numpy(part) for part in weights]

    def of_y(y: Array, t: float) -> Array:
        deviation = float(VE.deviation(t))
        with torch.no_grad():
            at = torch.tensor(y, dtype=torch.float32).expand(len(tensors[0]), -1)
            features = _features(tensors[0], at, torch.full_like(at, t))
            return _output(features, *tensors[1:]).numpy().astype(np.float64) / deviation

    return of_y


def alive(weights: Weights) -> NDArray[np.bool_]:
    """Which networks have not diverged, (seeds,): all weights finite, and none beyond a million."""
    largest = [np.abs(part).max(axis=(1, 2)) for part in weights[1:]]
    return np.all(np.stack(largest) < LARGEST, axis=0)


def chosen(weights: Weights, seeds: NDArray[np.bool_] | slice) -> Weights:
    """Those networks only."""
    return Weights(*(part[seeds] for part in weights))


def _features(omega: Tensor, y: Tensor, t: Tensor) -> Tensor:
    """f, (seeds, N, 7), at y and t, (seeds, N) each."""
    angles = 2 * torch.pi * t[..., None] * omega[:, None]
    ones = torch.ones_like(y)
    return torch.cat([y[..., None], angles.sin(), angles.cos(), torch.stack([ones] * 2, -1)], -1)


def _output(features: Tensor, inner: Tensor, outer: Tensor, last: Tensor) -> Tensor:
    """h, (seeds, N)."""
    hidden = torch.nn.functional.silu(features @ inner)
    return torch.baddbmm(last, hidden, outer)[..., 0] / DIVISOR


@torch.no_grad()
def _gradient(
    features: Tensor, z: Tensor, inner: Tensor, outer: Tensor, last: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The slopes of the loss of each seed in `inner`, `outer` and `last`, in half autograd's time.

    With u = features @ inner and g = 1 / (1 + e^-u): swish = u g, its slope g (1 + u (1 - g)).
    """
    u = features @ inner
    gate = u.sigmoid()
    hidden = u * gate
    error = torch.baddbmm(last, hidden, outer) / DIVISOR + z[..., None]
    slope = error * (2 / DIVISOR / z.shape[1])
    back = slope * outer.mT * gate * (1 + u * (1 - gate))
    return features.mT @ back, hidden.mT @ slope, slope.sum(dim=1, keepdim=True)


def _epochs(
    rngs: Sequence[np.random.Generator],
    start: Weights,
    points: Array,
    law: Mixture | None,
    kind: Callable[..., torch.optim.Optimizer],
    rate: float,
) -> Iterator[Weights]:
    """The training loop; points are drawn anew from a law, if there is one."""
    omega, *parts = (torch.from_numpy(part) for part in start)
    trained = [part.requires_grad_() for part in parts]
    optimiser = kind(trained, lr=rate, fused=True)  # element by element: seeds stay apart
    while True:
        with one_thread(torch):
            features, z = _epoch(rngs, omega, points)
            for at in range(0, points.shape[1], BATCH):
                here = slice(at, at + BATCH)
                slopes = _gradient(features[:, here], z[:, here], *trained)
                for part, slope in zip(trained, slopes, strict=True):
                    part.grad = slope
                optimiser.step()
        yield Weights(start.omega, *(part.detach().numpy().copy() for part in trained))
        if law is not None:
            points = np.stack([law.draw(rng, points.shape[1]) for rng in rngs])


def _epoch(
    rngs: Sequence[np.random.Generator], omega: Tensor, points: Array
) -> tuple[Tensor, Tensor]:
    """Features, (seeds, n, 7), of all points in a new order under new noise z, (seeds, n)."""
    n = points.shape[1]
    drawn = [(rng.permutation(n), rng.random(n), rng.standard_normal(n)) for rng in rngs]
    order, u, z = (np.stack(part) for part in zip(*drawn, strict=True))
    t = EARLIEST.start + (1 - EARLIEST.start) * u
    y = np.take_along_axis(points, order, axis=1) + EARLIEST.deviation(t) * z
    y32, t32, z32 = (torch.tensor(part, dtype=torch.float32) for part in (y, t, z))
    return _features(omega, y32, t32), z32
