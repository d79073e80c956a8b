"""Prediction against measurement: two routes to one number that share no formula.

A mean of `DRAWS` draws may miss its prediction by
* its own standard error times `LIMIT`, which Student's t exceeds by chance once in a million
  runs of this whole file (there are fewer than `COMPARISONS` comparisons), and
* the finite-size error of the prediction. It falls as 1/d, and fluctuations are amplified like
  the response of the effective ridge, d kappa / d xi = 1 / (1 - df_2 / n), large close to n = d
  without ridge: we allow `BIAS` / (d (1 - df_2 / n)) of the prediction.
"""

import numpy as np
import pytest
from scipy.stats import t as student

from lindiff_nb.exact import denoiser, spectra
from lindiff_nb.measure import experiments, score_matching
from lindiff_nb.predict import divergence, losses, marchenko_pastur, ridge

D, DRAWS, COMPARISONS, BIAS = 200, 32, 1000, 2
LIMIT = student.isf(1e-6 / COMPARISONS / 2, DRAWS - 1)
DIRECTIONS = ("sampler||population", "population||sampler")
EXPONENT = pytest.mark.parametrize("k", [0, 1, 2])
SIZE = pytest.mark.parametrize("n", [120, D, 400])


def agree(measured, predicted, spectrum, n, xi):
    """Whether draws, (DRAWS, ...), have the predicted mean, as far as draws can tell."""
    kappa = ridge.effective_ridge(xi, spectrum, n)
    amplified = 1 / (1 - ridge.degrees_of_freedom(kappa, spectrum, 2) / n)
    error = measured.std(axis=0, ddof=1) / np.sqrt(len(measured))
    allowed = LIMIT * error + BIAS * amplified / len(spectrum) * np.abs(predicted)
    return np.abs(measured.mean(axis=0) - predicted) < allowed


@EXPONENT
@SIZE
def test_losses(k, n):
    spectrum, rng = spectra.power_law(D, k), np.random.default_rng()
    a, c = np.array([0.5, 0.9, 0.99]), np.array([[0.0], [0.01], [0.1]])
    measured = experiments.losses(rng, spectrum, n, a, c, DRAWS)
    xi = (1 - a) / a + c
    assert np.all(agree(measured.test, losses.test_loss(spectrum, n, a, c), spectrum, n, xi))
    assert np.all(agree(measured.train, losses.train_loss(spectrum, n, a, c), spectrum, n, xi))


@pytest.mark.long
@EXPONENT
@SIZE
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("estimated_mean", [False, True])
def test_divergences(k, n, direction, estimated_mean):
    spectrum, rng = spectra.power_law(D, k), np.random.default_rng()
    c = np.array([1e-3, 1e-2, 0.1] if n <= D else [0.0, 1e-3, 1e-2, 0.1])
    options = {"direction": direction, "estimated_mean": estimated_mean}
    measured = experiments.kl(rng, spectrum, n, c, DRAWS, **options)
    assert np.all(agree(measured, divergence.kl(spectrum, n, c, **options), spectrum, n, c))


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("d", [1, 5, 60])
def test_exact_mean_divergence_needs_no_allowance(d, direction):
    n = 3 * d + 6
    measured = experiments.kl(
        np.random.default_rng(), spectra.power_law(d, 1), n, 0.0, 400, direction
    )
    error = measured.std(ddof=1) / np.sqrt(len(measured))
    assert abs(measured.mean() - divergence.wishart_kl(d, n, direction)) < 7 * error


@pytest.mark.parametrize("estimated_mean", [False, True])
def test_infinite_divergences_are_infinite_in_every_draw(estimated_mean):
    spectrum, rng = spectra.power_law(9, 1), np.random.default_rng()
    for direction in DIRECTIONS:
        for n in (5, 8) + (9,) * estimated_mean:
            options = {"direction": direction, "estimated_mean": estimated_mean}
            assert np.all(experiments.kl(rng, spectrum, n, 0.0, 3, **options) == np.inf)
            assert divergence.kl(spectrum, n, 0.0, **options) == np.inf


@EXPONENT
@SIZE
def test_effective_ridge_by_way_of_the_sampled_resolvent(k, n):
    """xi <Tr G> = d - n + n xi / kappa, whatever the spectrum."""
    spectrum, xi = spectra.power_law(D, k), np.array([0.01, 0.1, 1.0])
    eigenvalues = experiments.eigenvalues(np.random.default_rng(), spectrum, n, DRAWS)
    trace = np.sum(xi[:, None] / (eigenvalues[:, None] + xi[:, None]), axis=-1)
    measured = n * xi / (n - D + trace)
    predicted = ridge.effective_ridge(xi, spectrum, n)
    assert np.all(agree(measured, predicted, spectrum, n, xi))


@SIZE
def test_eigenvalues_of_white_data_fill_the_marchenko_pastur_law(n):
    """Their distribution functions differ by O(1/d) at most, fluctuations included."""
    eigenvalues = np.sort(experiments.eigenvalues(np.random.default_rng(), np.ones(D), n, 5))
    law = marchenko_pastur.cdf(eigenvalues, D / n)
    law = np.where(eigenvalues < 1e-12, marchenko_pastur.atom(D / n), law)
    rank = np.arange(1, D + 1) / D
    nonzero = rank > marchenko_pastur.atom(D / n)
    assert np.abs(law - rank)[:, nonzero].max() < 6 / D
    assert np.count_nonzero(eigenvalues[0]) == min(n, D)


@pytest.mark.long
@pytest.mark.parametrize("n", [10, 40])
def test_gradient_descent_relaxes_mode_by_mode(n):
    """w (1 - exp(-2 eta tau rate)) for a small learning rate, off by eta rate w at most."""
    d, a, c, eta = 20, 0.9, 0.01, 2e-3
    x = np.random.default_rng().standard_normal((n, d)) * np.sqrt(spectra.power_law(d, 1))
    x -= x.mean(axis=0)
    eigenvalues, v = np.linalg.eigh(spectra.moments(x)[1])
    eigenvalues = eigenvalues.clip(min=0)
    rate = a * (eigenvalues + c) + 1 - a
    best = denoiser.weights(eigenvalues, a, c)
    for state in score_matching.gradient_descent(x, a, eta=eta, c=c, steps=200):
        if state.step % 50 == 0:
            learned = np.einsum("im,ij,jm->m", v, state.W, v)
            closed_form = best * (1 - np.exp(-2 * eta * state.step * rate))
            assert np.all(np.abs(learned - closed_form) <= eta * rate * best + 1e-12)


@pytest.mark.long
@EXPONENT
@SIZE
@pytest.mark.parametrize("known", [True, False])
def test_two_disjoint_sets_are_twice_the_scatter_apart(k, n, known):
    """With an estimated mean its error adds to both; exact distances in the population."""
    spectrum, rng, a = spectra.power_law(D, k), np.random.default_rng(), 0.9
    apart, zero = np.empty(DRAWS), np.zeros(D)
    for draw in range(DRAWS):
        x = rng.standard_normal((2, n, D)) * np.sqrt(spectrum)
        fits = [(zero, y.T @ y / n) if known else spectra.moments(y) for y in x]
        (W, b), (V, e) = (denoiser.optimal(*fit, a) for fit in fits)
        noisy = a * spectrum + 1 - a
        apart[draw] = (np.sum((W - V) ** 2 * noisy) + np.sum((b - e) ** 2)) / D
    predicted = 2 * losses.scatter(spectrum, n, a)
    if not known:
        predicted += 2 * losses.mean_error(spectrum, n, a)
    assert agree(apart, predicted, spectrum, n, (1 - a) / a)
