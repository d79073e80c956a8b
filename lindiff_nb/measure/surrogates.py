"""Stand-ins for images: each keeps some of what images are and leaves the rest to chance.

Images come as their coefficients along the eigenvectors of their own covariance, (P, d), centred.
All stand-ins have the covariance of the images (`borrowed_lengths` if the lengths have mean square
one), so whatever a linear model does differently on them is due to what was left to chance.

    random_signs        an image's energies, all d of them; the signs of its coefficients are random
    borrowed_lengths    Gaussian, times the length of some image
    independent         the law of each coefficient; the d coefficients from d different images
    gaussian            the variances

Every function takes a generator and returns n points, (n, d). All raise ValueError for a seed in
place of a generator, points that are not (P, d) and finite, or n < 1.
"""

import numpy as np

from lindiff_nb._base import units, validate
from lindiff_nb._base.types import Array


def random_signs(rng: np.random.Generator, points: Array, n: int) -> Array:
    """n of the images, drawn with replacement, each coefficient with a random sign."""
    rng, points, n = _checked(rng, points, n)
    chosen = points[rng.integers(len(points), size=n)]
    return np.where(rng.random(chosen.shape) < 0.5, -chosen, chosen)


def borrowed_lengths(rng: np.random.Generator, points: Array, n: int, lengths: Array) -> Array:
    """Gaussian points with the images' variances, each times the length of a random image.

    `lengths` (P,) are in units of their root mean square. Raises ValueError also if they are not
    one for each image, or negative.
    """
    rng, points, n = _checked(rng, points, n)
    lengths = validate.nonnegative("lengths", validate.vector("lengths", lengths, len(points)))
    return gaussian(rng, points, n) * rng.choice(lengths, size=(n, 1))


def independent(rng: np.random.Generator, points: Array, n: int) -> Array:
    """Each coefficient from an image of its own, drawn with replacement."""
    rng, points, n = _checked(rng, points, n)
    source = rng.integers(len(points), size=(n, points.shape[1]))
    return np.take_along_axis(points, source, axis=0)


def gaussian(rng: np.random.Generator, points: Array, n: int) -> Array:
    """Independent normal coefficients with the images' mean squares."""
    rng, points, n = _checked(rng, points, n)
    unit, points = units.near_one(points)
    deviations = unit.on(np.sqrt(np.mean(points**2, axis=0)), 1, "points")
    return rng.standard_normal((n, points.shape[1])) * deviations


def _checked(
    rng: np.random.Generator, points: Array, n: int
) -> tuple[np.random.Generator, Array, int]:
    """The arguments that every function takes."""
    points = validate.samples("points", points)
    return validate.generator(rng), points, validate.integer("n", n)
