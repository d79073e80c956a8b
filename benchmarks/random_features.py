"""Random-feature scores in closed form, against networks and flows that are stepped.

The first row is one run of Li et al.'s experiment on two modes, written anew from its description:
a Swish network of width 16, trained for 2001 epochs of 32 batches by stochastic gradient descent,
whose density is found 21 times from integrals of the score at 51 points. A few steps and a few of
the integrals are timed, and their times multiplied by how often the run does them.
"""

from collections.abc import Iterator

import numpy as np
import torch
from scipy.integrate import quad, solve_ivp
from torch import Tensor, nn

from benchmarks.timing import Row, faster, shortest
from lindiff_nb._base.types import Array
from lindiff_nb.exact.modes import Mixture
from lindiff_nb.exact.sde import VP
from lindiff_nb.measure import random_features, score_divergence

N, BATCH, EPOCHS, EVALUATIONS, POINTS = 1000, 32, 2001, 21, 51
STEPS, INTEGRALS = 400, (10, 25, 40)  # of them, what is timed
M, TAU = 128, np.logspace(0, 10, 41)
EARLY = 0.065  # where the network's density is taken
SIGMA = 25.0  # noise of the network's process: variance (SIGMA^2t - 1) / (2 log SIGMA)
LAW = Mixture([-3.0, 3.0], deviation=1.0)
GRID = np.linspace(-10, 10, POINTS)


class Network(nn.Module):
    """A score of width 16 with Fourier features of the time, as in the paper's experiment."""

    def __init__(self) -> None:
        """Layers for the point, the time and the answer."""
        super().__init__()
        self.frequencies = nn.Parameter(30 * torch.randn(2), requires_grad=False)
        self.point, self.time = nn.Linear(1, 16), nn.Linear(4, 16)
        self.out = nn.Linear(16, 1)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """The score at x, (B, 1), and t, (B,)."""
        angle = 2 * torch.pi * t[:, None] * self.frequencies
        embedded = torch.cat([angle.sin(), angle.cos()], dim=1)
        hidden = nn.functional.silu(self.point(x) + self.time(embedded))
        return self.out(hidden) / 16 / deviation(t)[:, None]


def deviation(t: Tensor) -> Tensor:
    """The noise at t."""
    return torch.sqrt((SIGMA ** (2 * t) - 1) / (2 * np.log(SIGMA)))


def train(network: Network, x: Tensor, steps: int) -> None:
    """Stochastic gradient descent on denoising score matching."""
    optimiser = torch.optim.SGD(network.parameters(), lr=0.5)
    for step in range(steps):
        start = BATCH * step % (len(x) - BATCH)
        batch = x[start : start + BATCH]
        t = torch.rand(BATCH) * (1 - 1e-5) + 1e-5
        z, spread = torch.randn_like(batch), deviation(t)[:, None]
        loss = ((network(batch + z * spread, t) * spread + z) ** 2).sum(dim=1).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def potential_at(score: object, ends: Array) -> Array:
    """Integrals of a score from -100 to each end, one after the other."""
    return np.array([quad(score, -100, end)[0] for end in ends])


def divergence_on_grid(log_density: Array) -> float:
    """KL of the two modes from a density at the 51 points, normalised there."""
    p, q = np.exp(LAW.logpdf(GRID)), np.exp(log_density - log_density.max())
    p, q = p / p.sum(), q / q.sum()
    return float(np.sum(p * np.log(p / q)))


def network_seconds() -> float:
    """What one run of the network takes, from its parts."""
    torch.manual_seed(0)
    network, x = Network(), torch.from_numpy(points()[:, None]).float()
    train(network, x, 20)

    def score(at: float) -> float:
        with torch.no_grad():
            return float(network(torch.tensor([[at]]), torch.tensor([EARLY])))

    step, integral = shortest(
        1,
        lambda: train(network, x, STEPS),
        lambda: potential_at(score, GRID[list(INTEGRALS)]),
    )
    steps = EPOCHS * -(-N // BATCH) / STEPS
    return step * steps + integral * EVALUATIONS * POINTS / len(INTEGRALS)


def points() -> Array:
    """The training set."""
    rng = np.random.default_rng(0)
    return rng.choice([-3.0, 3.0], N) + rng.standard_normal(N)


def ours() -> tuple[Array, Array]:
    """A seed of random features: the same divergence, and the bound, after all 41 times."""
    features = random_features.draw(np.random.default_rng(1), M)
    K, b = random_features.normal_equations(features, Mixture(points()))
    a = random_features.coefficients(K, b, TAU)
    score = random_features.score(features, a)
    plotted = score_divergence.potential(score, LAW).nats
    return plotted, random_features.bound(features, a, LAW)


def errors() -> tuple[float, float]:
    """How wrong both are about a score whose divergence is known: a mode with half its weight.

    Each with the noise that its process has where the density is taken.
    """
    weights, exact = [0.25, 0.75], np.log(4 / 3) / 2
    noised = Mixture(LAW.means, weights, np.sqrt(1 + float(deviation(torch.tensor(EARLY))) ** 2))
    tilted = Mixture(LAW.means, weights, 1.0)
    found = score_divergence.potential(VP.score(tilted), LAW)
    return abs(divergence_on_grid(noised.logpdf(GRID)) - exact), abs(float(found.nats) - exact)


def rows() -> Iterator[Row]:
    """A run of a network, and stiff integration of the flow, against the closed form."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        theirs, mine = errors()
        assert mine < theirs
        seconds = network_seconds()
    finally:
        torch.set_num_threads(threads)
    what = f"one seed, two modes, n = {N}: a network's run / {M} random features at 41 times"
    yield faster(50, what, shortest(3, ours)[0], seconds)
    yield _flow()


def _flow() -> Row:
    """The flow by backward differences, which takes long steps where others cannot."""
    features = random_features.draw(np.random.default_rng(1), M)
    K, b = random_features.normal_equations(features, Mixture(points()))

    def closed() -> Array:
        return random_features.coefficients(K, b, TAU)

    def stepped() -> Array:
        run = solve_ivp(
            lambda tau, a: 2 * (b - K @ a),
            (0, TAU[-1]),
            np.zeros(M),
            method="BDF",
            t_eval=TAU,
            jac=-2 * K,
            rtol=1e-6,
            atol=1e-9,
        )
        return run.y.T

    exact = closed()
    assert np.allclose(stepped(), exact, atol=1e-3 * np.abs(exact).max())
    what = f"gradient flow of {M} features at 41 times to 1e10: stepping / closed form"
    return faster(20, what, *shortest(3, closed, stepped))
