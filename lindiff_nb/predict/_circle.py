"""A circle around the bulks of a spectrum, as a contour for analytic functions."""

import numpy as np

from lindiff_nb._base.types import Array
from lindiff_nb.predict._bulk.support import Complex

MOST = 2048  # nodes


def around(limit: float, bulks: Array) -> tuple[Complex, Complex]:
    """Nodes and weights dw on the circle halfway from the bulks to the line Re w = limit.

    zeta = (w - limit - s) / (w - limit + s) maps the half plane to the unit disc and the circle
    on the bulks to |zeta| = ratio; halfway is |zeta| = sqrt(ratio).
    """
    a, b = bulks[0, 0] - limit, bulks[-1, 1] - limit
    s, ratio = np.sqrt(a * b), (b - a) / (np.sqrt(a) + np.sqrt(b)) ** 2
    size = 2 * int(np.ceil(np.log(1e-10) / np.log(ratio))) + 16 if a > 0 else MOST + 1
    if size > MOST:
        raise ValueError(f"above must be lower: it takes {size} nodes so near to the eigenvalues")
    turn = np.exp(2j * np.pi * (np.arange(size) + 0.5) / size)
    zeta = np.sqrt(ratio) * turn
    weight = 2 * s / (1 - zeta) ** 2 * zeta * 2j * np.pi / size
    return limit + s * (1 + zeta) / (1 - zeta), weight
