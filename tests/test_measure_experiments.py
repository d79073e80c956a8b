"""`measure.experiments`: the law of its draws, and the exact layer on the same training set."""

import numpy as np
import pytest

from lindiff_nb.exact import denoiser, divergence, spectra
from lindiff_nb.measure import _training_set as training_set
from lindiff_nb.measure import experiments

D = 6
SPECTRUM = spectra.power_law(D, 1.0)
ALPHA_BAR, RIDGES = np.array([0.1, 0.9, 0.999]), np.array([[0.0], [0.01]])
DIRECTIONS = ("sampler||population", "population||sampler")
SIZES = pytest.mark.parametrize("n", [1, 3, D - 1, D, D + 1, 40])
MEAN = pytest.mark.parametrize("estimated_mean", [False, True])


def moments(seed, spectrum, n, estimated_mean):
    """Mean and covariance of the training set that a generator with this seed draws."""
    at = training_set.draw(np.random.default_rng(seed), spectrum, n, estimated_mean)
    root = np.zeros((at.white.shape[0], len(spectrum)))
    root[:, spectrum > 0] = at.white * np.sqrt(at.variances)
    mean = np.zeros(len(spectrum))
    mean[spectrum > 0] = at.offset * np.sqrt(at.variances)
    return mean, root.T @ root / n


@pytest.mark.parametrize("n", [2, 3, 7])
@MEAN
def test_scatter_and_mean_have_the_law_of_n_gaussian_points(n, estimated_mean):
    """First and second moments of 4000 draws; a z-score exceeds 6 with probability 2e-9 each."""
    rng, d, number = np.random.default_rng(), 3, 4000
    dof = n - estimated_mean
    drawn = [training_set.draw(rng, np.ones(d), n, estimated_mean) for _ in range(number)]
    scatter = np.array([at.white.T @ at.white for at in drawn])
    offset = np.array([at.offset for at in drawn])
    eye = np.eye(d)
    variance = dof * (1 + eye)  # of the entries of a Wishart matrix
    assert scatter.mean(0) == pytest.approx(dof * eye, abs=6 * np.sqrt(2 * dof / number))
    square = (scatter - dof * eye) ** 2
    error = square.std(0) / np.sqrt(number)
    assert np.all(np.abs(square.mean(0) - variance) < 6 * error)
    product = np.einsum("ai,aj->aij", offset, offset) * n
    error = product.std(0) / np.sqrt(number) + 1e-15
    assert np.all(np.abs(product.mean(0) - estimated_mean * eye) < 6 * error)
    together = np.einsum("ai,ajk->aijk", offset, scatter)
    assert np.all(np.abs(together.mean(0)) <= 6 * together.std(0) / np.sqrt(number))


@SIZES
@MEAN
def test_losses_are_those_of_the_exact_layer(n, estimated_mean):
    if n == 1 and estimated_mean:
        n = 2
    for seed in range(3):
        found = experiments.losses(
            np.random.default_rng(seed),
            SPECTRUM,
            n,
            ALPHA_BAR,
            RIDGES,
            1,
            estimated_mean=estimated_mean,
        )
        mean, covariance = moments(seed, SPECTRUM, n, estimated_mean)
        modes = denoiser.modes(mean, covariance, np.zeros(D), np.diag(SPECTRUM))
        test, train = denoiser.losses(modes, ALPHA_BAR, RIDGES)
        assert found.test == pytest.approx(test[None], rel=1e-7)
        assert found.train == pytest.approx(train[None], rel=1e-7, abs=1e-12)


@SIZES
@MEAN
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_divergences_are_those_of_the_exact_layer(n, estimated_mean, direction):
    if n == 1 and estimated_mean:
        n = 2
    c = np.array([[0.0, 1e-3], [0.1, 2.0]])
    for seed in range(3):
        rng = np.random.default_rng(seed)
        found = experiments.kl(rng, SPECTRUM, n, c, 1, direction, estimated_mean=estimated_mean)
        mean, covariance = moments(seed, SPECTRUM, n, estimated_mean)
        for index in np.ndindex(*c.shape):
            sampler = mean, covariance + c[index] * np.eye(D)
            pair = (*sampler, np.zeros(D), np.diag(SPECTRUM))
            pair = pair if direction == DIRECTIONS[0] else (*pair[2:], *pair[:2])
            exact = divergence.gaussian_kl(*pair) / D
            assert found[0][index] == pytest.approx(exact, rel=1e-7)


@SIZES
def test_modes_keep_the_traces_and_collapse_the_null_space(n):
    modes = experiments.sample_modes(np.random.default_rng(n), SPECTRUM, n)
    assert modes.multiplicity.sum() == D
    assert len(modes.eigenvalues) == min(n + 1, D)
    assert modes.multiplicity @ modes.population == pytest.approx(SPECTRUM.sum(), rel=1e-12)
    assert np.all(np.diff(modes.eigenvalues) <= 0)
    assert np.all(modes.mean_shift == 0)
    assert n >= D or (modes.eigenvalues[-1] == 0 and modes.multiplicity[-1] == D - n)


@SIZES
def test_eigenvalues_are_those_of_the_modes_with_zeros_filled_in(n):
    found = experiments.eigenvalues(np.random.default_rng(3), SPECTRUM, n, draws=2)
    rng = np.random.default_rng(3)
    for row in found:
        modes = experiments.sample_modes(rng, SPECTRUM, n)
        filled = np.repeat(modes.eigenvalues, modes.multiplicity.astype(int))
        assert row == pytest.approx(filled, rel=1e-9, abs=1e-13)
    assert np.count_nonzero(found) == 2 * min(n, D)


@pytest.mark.parametrize("n", [2, 3, 4, 9])
def test_directions_without_variance_only_add_zeros(n):
    spectrum = np.array([2.0, 0, 1, 0.5, 0])
    flat = experiments.sample_modes(np.random.default_rng(0), spectrum, n)
    full = experiments.sample_modes(np.random.default_rng(0), spectrum[spectrum > 0], n)
    assert flat.eigenvalues[: min(n, 3)] == pytest.approx(full.eigenvalues[: min(n, 3)])
    assert flat.eigenvalues[-1] == 0
    assert flat.multiplicity.sum() == 5
    assert flat.multiplicity @ flat.population == pytest.approx(3.5)
    assert n < 3 or flat.population[-1] == 0
    for direction in DIRECTIONS:
        without, with_ridge = (
            experiments.kl(np.random.default_rng(0), spectrum, n, c, 1, direction) for c in (0, 0.1)
        )
        alone = experiments.kl(np.random.default_rng(0), spectrum[spectrum > 0], n, 0, 1, direction)
        assert without == pytest.approx(alone * 3 / 5)
        assert with_ridge == np.inf


def test_draws_come_first_and_the_generator_decides_them():
    for make in (
        lambda rng: experiments.losses(rng, SPECTRUM, 4, ALPHA_BAR, RIDGES, draws=3).test,
        lambda rng: experiments.losses(rng, SPECTRUM, 4, 0.5, draws=3).train,
        lambda rng: experiments.kl(rng, SPECTRUM, 4, RIDGES, draws=3),
        lambda rng: experiments.kl(rng, SPECTRUM, 9, 0.1, draws=3),
        lambda rng: experiments.eigenvalues(rng, SPECTRUM, 4, draws=3),
    ):
        once, again, other = (make(np.random.default_rng(seed)) for seed in (7, 7, 8))
        assert len(once) == 3
        assert np.array_equal(once, again)
        assert not np.array_equal(once, other)
        assert not np.array_equal(once[0], once[1])
    assert experiments.losses(
        np.random.default_rng(0), SPECTRUM, 4, ALPHA_BAR, RIDGES
    ).test.shape == (
        10,
        2,
        3,
    )
    assert experiments.kl(np.random.default_rng(0), SPECTRUM, 4, 0.1).shape == (10,)


@pytest.mark.parametrize(
    "measure",
    [
        lambda rng, n: experiments.eigenvalues(rng, SPECTRUM, n, 3),
        lambda rng, n: experiments.kl(rng, SPECTRUM, n, RIDGES, 3),
        lambda rng, n: np.stack(experiments.losses(rng, SPECTRUM, n, ALPHA_BAR, 0.1, 3), axis=-1),
        lambda rng, n: experiments.training_losses(rng, SPECTRUM, n, 0.9, 2.0, draws=3).test,
    ],
    ids=["eigenvalues", "kl", "losses", "training_losses"],
)
def test_several_sizes_are_measured_one_after_the_other(measure):
    sizes = np.array([[2, 9], [6, 40]])
    found = measure(np.random.default_rng(4), sizes)
    rng = np.random.default_rng(4)
    for index, n in np.ndenumerate(sizes):
        assert np.array_equal(found[:, *index], measure(rng, int(n)))
