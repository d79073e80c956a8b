"""How good any denoiser can be that keeps the training covariance's eigenvectors.

Along an eigenvector v of the training covariance new data have the variance v' Sigma v, not the
eigenvalue lambda that the training set shows. The best denoiser with these eigenvectors puts the
one in place of the other, and costs

    L = < v' Sigma v / (v' Sigma v + s) >,    s = (1-a) / a

No ridge and no stopping time does better. For n typical samples v' Sigma v is a function of lambda
alone (Ledoit & Peche 2011): with the w in the upper half-plane that `spectral_density` finds at an
eigenvalue x of the training covariance, in the bulks and, for n < d, in its null space

    delta(x) = |w|^2 / x,        delta(0) = n kappa(0) / (d - n)

In practice Sigma is unknown. `from_sample` estimates delta from the sample's eigenvalues alone, in
closed form: the nonlinear shrinkage of Ledoit & Wolf 2020 (doi:10.1214/19-AOS1921), with the
density of the eigenvalues and its Hilbert transform from a kernel whose width grows with the
eigenvalue.
"""

import numpy as np

from lindiff_nb._base import units, validate
from lindiff_nb._base.blocks import blocks
from lindiff_nb._base.types import Array, ArrayLike, Reals
from lindiff_nb.predict import ridge
from lindiff_nb.predict._bulk import curve, integral, support
from lindiff_nb.predict.population import Population, Spectrum, enter, enter_varying

FAR = 9.0  # widths from a kernel's centre at which its Hilbert transform becomes a series


def oracle(eigenvalue: Reals, spectrum: Spectrum, n: int) -> Array:
    """delta: the typical variance of new data along a sample eigenvector, shape of eigenvalue.

    At zero the mean over the null space. An eigenvalue between the bulks or beyond them, where a
    finite sample may have one, gets what the nearest edge has. Raises ValueError for a negative
    eigenvalue, n < 1 or a spectrum that is not one.
    """
    (unit, population), n = enter_varying(spectrum), validate.integer("n", n)
    x = unit.off("eigenvalue", validate.nonnegative("eigenvalue", eigenvalue))
    result = np.full(x.shape, null_space(population, n))
    result[x > 0] = curve.delta(x[x > 0], support.find(population, n))
    return unit.on(result)


def null_space(spectrum: Spectrum, n: int) -> float:
    """delta(0): the mean variance of new data in the null space of the training covariance.

    n kappa(0) / (d - n) for n below the population's rank; zero for all other n. Raises ValueError
    for n < 1 or a spectrum that is not one.
    """
    (unit, population), n = enter_varying(spectrum), validate.integer("n", n)
    if n >= population.rank:
        return 0.0
    kappa = ridge.effective_ridge(0.0, population, n)
    return float(unit.on(n * kappa / (population.d - n)))


def best_linear_loss(spectrum: Spectrum, n: int, alpha_bar: Reals) -> Array:
    """The typical loss on new data of the best denoiser with the training set's eigenvectors.

    An integral over the limiting spectrum, relative error about 1e-9; shape of alpha_bar. The time
    it takes grows with the number of bulks. Raises ValueError for a spectrum that is not one,
    n < 1 or alpha_bar outside (0, 1], and RuntimeError if the integral does not converge.
    """
    (unit, population), n = enter(spectrum), validate.integer("n", n)
    a = validate.alpha_bar(alpha_bar)
    s, rank = unit.noise(a).ravel(), population.varying.rank
    loss = np.full(s.shape, float(rank if n >= rank else population.d))  # without noise
    if (noisy := s > 0).any():
        loss[noisy] = _total(population.beside(s[noisy].min()), n, s[noisy])
    return (loss / population.d).reshape(a.shape)[()]


def _total(population: Population, n: int, s: Array) -> Array:
    """d times that loss at each noise ratio s > 0, (k,)."""
    null = population.d - min(n, population.rank)
    hidden = null * _share(null_space(population, n), s)
    return np.asarray(hidden + integral.sums(_share, s, population, n))


def from_sample(eigenvalues: ArrayLike, n: int) -> Array:
    """delta estimated from the eigenvalues of one training covariance, (d,), in their order.

    Zero eigenvalues count as the null space. n is the number of samples if their mean was known,
    one less if it was subtracted. Raises ValueError for n < 1, eigenvalues that are negative, all
    zero or not one-dimensional, or more than n positive ones. Source: Ledoit & Wolf 2020.
    """
    lam, n = validate.varying(eigenvalues, "eigenvalues"), validate.integer("n", n)
    positive = lam > 0
    seen = lam[positive]
    if len(seen) > n:
        raise validate.fail("eigenvalues", lam, f"positive in no more than n = {n} places")
    unit = units.unit(seen)
    seen = unit.off("eigenvalues", seen)
    density, hilbert = _kernel_estimate(seen, seen * n ** (-1 / 3))
    p = len(lam) if len(seen) == n else len(seen)  # fewer than n: the population has no more
    ratio = np.pi * len(seen) / n * seen
    real = (1 - len(seen) / n if p <= n else 0.0) - ratio * hilbert
    result = np.zeros(len(lam))
    result[positive] = seen / ((ratio * density) ** 2 + real**2)
    if p > n:
        result[~positive] = n / (np.pi * (p - n) * _hilbert_at_zero(seen, n ** (-1 / 3)))
    return unit.on(result, name="eigenvalues")


def _share(delta: Reals, s: Array) -> Array:
    """delta / (delta + s), and zero where both vanish."""
    whole = delta + s
    return np.divide(delta, whole, out=np.zeros(np.shape(whole)), where=whole > 0)


def _kernel_estimate(lam: Array, width: Array) -> tuple[Array, Array]:
    """The density at each eigenvalue and its Hilbert transform, by Epanechnikov's kernel."""
    density, hilbert = np.empty_like(lam), np.empty_like(lam)
    for rows in blocks(lam.size, lam.size):
        x = (lam[rows, None] - lam) / width
        density[rows] = 3 / (4 * np.sqrt(5)) * np.mean(np.maximum(1 - x**2 / 5, 0) / width, axis=1)
        hilbert[rows] = np.mean(_hilbert(x) / width, axis=1)
    return density, hilbert


def _hilbert(x: Array) -> Array:
    """The Hilbert transform of Epanechnikov's kernel: (1/pi) PV integral of k(t) / (t - x) dt.

    Far from the kernel, where the closed form cancels, its series in 5 / x^2.
    """
    root = np.sqrt(5)
    near, far = np.where(np.abs(x) < FAR, x, 0), np.where(np.abs(x) < FAR, FAR, x)
    left, right = np.abs(root - near), np.abs(root + near)
    regular = (left > 0) & (right > 0)  # elsewhere 1 - x^2 / 5 vanishes faster
    logarithm = np.log(np.divide(left, right, out=np.ones_like(x), where=regular))
    closed = 3 / (4 * root) * (1 - near**2 / 5) * logarithm - 3 / 10 * near
    j = np.arange(12)
    moments = 3 / ((2 * j + 1) * (2 * j + 3))
    series = -np.polynomial.polynomial.polyval(5 / far**2, moments) / far
    return np.where(np.abs(x) < FAR, closed, series) / np.pi


def _hilbert_at_zero(lam: Array, h: float) -> float:
    """The transform at 0 of the density of the positive eigenvalues, kernel widths h lambda."""
    return float(np.mean(_hilbert(np.full(lam.shape, -1 / h)) / (h * lam)))
