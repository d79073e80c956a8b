"""How far a sampler fitted to n points is from their unknown truth, told from the points alone.

The sampler draws from N(mean, Sigma_0 + c). Both it and the truth are blurred by Gaussian noise of
variance j, since the entropy of an unblurred truth cannot be seen in fewer points than dimensions.
With x = c + j, H and M of the groups at x (`left_out`), and D of `inversion`,

    2 d KL(truth || sampler) = Q + j Tr G(x) - d + ln det(Sigma_0 + x) - ln det(Sigma + j)
    Q = sum_B tr[M H (1 + 11'/(n-b))]
    ln det(Sigma + j) = d ln j + int_j^inf D(kappa) d ln kappa

The squared Wasserstein (Frechet) distance has no such form. That of two fits to halves of the
points, H, brackets it. With k = (Tr S)^2 / Tr S^2 directions of the sample's covariance S, in nine
of ten sets or more the truth lies between H / 4.5 and H / 1.6 if k >= 7. With fewer directions
chance averages out less, and the bracket is wider, by exp(-2 w) below and exp(0.4 w) above,
w = 1/k - 1/7; it then holds the truth in 86 of 100 sets or more. Found in drawn Gaussian sets with
power-law spectra and in sets of digits and of clothes, each with its best ridge.
"""

import numpy as np
from scipy.interpolate import CubicSpline

from lindiff_nb._base import validate
from lindiff_nb._base.types import Array, Mask
from lindiff_nb.exact import divergence
from lindiff_nb.exact.inversion import Seen
from lindiff_nb.exact.left_out import Sample, coordinates, forms

SPLITS = 3
POINTS = 1000  # of the integral
BRACKET = (4.5, 1.6)  # what H is divided by
MANY, WIDER = 7, (-2.0, 0.4)  # directions from which on that is so; how it widens with fewer


def blurred_kl(sample: Sample, seen: Seen, c: float, j: float) -> float:
    """KL above in nats per dimension, for c >= 0 and a blur j that is at least the least kappa.

    `seen` reaches from j or below to far above the variances, as in `inversion.inverted`. Raises
    ValueError for another c or j. Use this to tell how good samples are when nothing but the
    training set is there.
    """
    c, j = validate.ridge(c), validate.magnitude("j", j)
    if j < seen.kappa[0]:
        raise validate.fail("j", j, f"{seen.kappa[0]:.3g} or more, the least kappa")
    n, d, x = sample.n, sample.d, np.array([c + j])
    Q = 0.0
    for H, M, _, _ in forms(sample, x):
        MH = M[0] @ H[0]
        b = MH.shape[-1]
        Q += float(np.trace(MH, axis1=-2, axis2=-1).sum() + MH.sum() / (n - b))
    dead = d - sample.lam.size
    trace = np.sum(1 / (sample.lam + x)) + dead / x[0]
    fitted = np.sum(np.log(sample.lam + x)) + dead * np.log(x[0])
    return float(Q + j * trace - d + fitted - _log_det(seen, d, j)) / (2 * d)


def _log_det(seen: Seen, d: int, j: float) -> float:
    """ln det(Sigma + j) by trapezoids between splines, and D ~ 1 / kappa beyond them."""
    known = CubicSpline(np.log(seen.kappa), np.log(seen.freedom))
    t = np.linspace(np.log(j), np.log(seen.kappa[-1]), POINTS)
    return float(d * np.log(j) + np.trapezoid(np.exp(known(t)), t) + seen.freedom[-1])


def halves(sample: Sample, c: float, rng: np.random.Generator) -> float:
    """H: the squared Wasserstein distance of fits to two random halves, a mean of three splits.

    Groups stay together; each fit has the ridge c. Shape-free: summed over dimensions. Raises
    ValueError for c < 0 or an rng that is not a generator.
    """
    c, rng = validate.ridge(c), validate.generator(rng)
    z = coordinates(sample)
    return float(np.mean([_distance(z, _half(sample, rng), c) for _ in range(SPLITS)]))


def bracket(H: float, sample: Sample) -> tuple[float, float]:
    """Between what the squared distance to the truth lies in about nine of ten sets.

    H is that of `halves` of the sample. Raises ValueError for H < 0.
    """
    H = validate.ridge(H, "H")
    few = np.square(sample.lam / sample.lam.sum()).sum()  # 1 / k
    low, high = H / np.array(BRACKET) * np.exp(np.multiply(WIDER, max(few - 1 / MANY, 0.0)))
    return float(low), float(high)


def _half(sample: Sample, rng: np.random.Generator) -> Mask:
    """Which points are in the first half."""
    chosen = np.zeros(sample.n, dtype=bool)
    for at in rng.permutation(len(sample.groups)):
        if 2 * chosen.sum() >= sample.n:
            break
        chosen[sample.groups[at]] = True
    return chosen


def _distance(z: Array, chosen: Mask, c: float) -> float:
    """Between the Gaussians of the chosen rows and of the others."""
    ridge, parts = c * np.eye(z.shape[1]), (z[chosen], z[~chosen])
    moments = [(part.mean(axis=0), np.cov(part.T, bias=True) + ridge) for part in parts]
    return divergence.frechet(*moments[0], *moments[1])
