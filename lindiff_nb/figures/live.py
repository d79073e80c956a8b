"""Figures that move: beside a picture, what a page needs to compute it anew where sliders stand.

The picture is a matplotlib figure like any other, and all there is on paper, in a notebook, or
where no script runs. Attached to it is the name of a kind of figure and its data. The site's own
script (`site/static/live.js`) has the closed forms of each kind, the same as in `exact` and
`predict`, and draws them in the reader's browser; no kernel is asked.
"""

import base64
import json
from typing import Any

import numpy as np

from lindiff_nb._base.types import Array
from lindiff_nb._base.validate import fail

MIME = "application/vnd.lindiff.live+json"
LARGEST = 120_000  # bytes of one figure's data
LEADING = 128  # eigenvectors that fit into them
TYPES = {"f8": "<f8", "f4": "<f4", "i2": "<i2", "u1": "u1"}


def attach(figure: Any, kind: str, *, beside: bool = False, **data: Any) -> None:
    """Let a matplotlib figure move on the site, as the kind of live figure that has this name.

    The data are numbers, texts, lists of them, or arrays of float64, float32, int16 (numbers times
    32767) or uint8 (numbers times 255), which the page takes flat. The live figure takes the place
    of the picture, or stands `beside` it. Raises ValueError for other data, or too many.
    """
    packed = {name: _packed(name, value) for name, value in data.items()}
    specification = {"kind": kind, "beside": beside, "data": packed}
    if (size := len(json.dumps(specification))) > LARGEST:
        raise fail("data", f"{size} bytes", f"at most {LARGEST}")
    figure.live = specification


def denoise(
    figure: Any, mean: Array, covariance: Array, images: Array, noise: Array, **schedule: float
) -> None:
    """Attach images, (N, d) from 0 to 1, that are noised and guessed from their moments.

    A linear schedule has `steps` and `beta_end`. The guess lies in the leading eigenvectors; in the
    others it is the mean.
    """
    variances, axes = np.linalg.eigh(covariance)
    leading = slice(-1, -1 - LEADING, -1)
    data = {
        "axes": np.rint(32767 * axes[:, leading].T).astype(np.int16),
        "variances": variances[leading],
        "digits": np.rint(255 * images).astype(np.uint8),
        "noise": noise.astype(np.float32),
    }
    attach(figure, "denoise", beside=True, mean=mean, **data, **schedule)


def training(figure: Any, sets: dict[str, Any], **schedule: float) -> None:
    """Attach training sets, `exact.denoiser.Modes` of equal dimension with a null space, by name.

    A linear schedule has `steps` and `beta_end`.
    """
    found = list(sets.values())
    lambda_, seen = (
        np.concatenate([np.repeat(m[field], m.multiplicity.astype(int)) for m in found])
        for field in (0, 2)
    )
    data = {"laws": list(sets), "lambda": lambda_.astype("f4"), "seen": seen.astype("f4")}
    waiting = [float(modes.population[-1]) for modes in found]
    attach(figure, "training", beside=True, waiting=waiting, **data, **schedule)


def sampler(figure: Any, spectrum: Array, **schedule: float) -> None:
    """Attach a spectrum, sampled in any number of steps: of a schedule, cosine, or its own.

    A linear schedule has `steps` and `beta_end`.
    """
    attach(figure, "sampler", beside=True, spectrum=spectrum, **schedule)


def of_figure(figure: Any) -> dict[str, Any] | None:
    """What is attached to a figure; None if it does not move."""
    return getattr(figure, "live", None)


def _packed(name: str, value: Any) -> Any:
    """The value for JSON: an array as its type and its bytes."""
    if not isinstance(value, np.ndarray):
        return value
    kind = value.dtype.str[1:]
    if kind not in TYPES:
        raise fail(name, value.dtype, f"of a type among {', '.join(TYPES)}")
    array: Array = np.ascontiguousarray(value, dtype=TYPES[kind])
    return {kind: base64.b64encode(array.tobytes()).decode("ascii")}
