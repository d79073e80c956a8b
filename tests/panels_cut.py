"""Whether a drawing can be cut into pieces: test_site_panels.py, test_site_phone.py."""

import base64
import io

import numpy as np
from PIL import Image

from lindiff_nb.site import panels

STRAY = 8  # dark pixels at an edge: the end of a tick, the dot of an i


def cut(svg: str, png: str) -> bool:
    """Whether it is cut; then no piece is too wide, ends in ink, or leaves ink out."""
    lines = panels.pieces("".join(svg))
    picture = Image.open(io.BytesIO(base64.b64decode("".join(png)))).convert("L")
    ink = np.asarray(picture) < 200
    dots = picture.info.get("dpi", (100, 100))[0] / 72
    shown = np.zeros_like(ink)
    for line in lines:
        assert sum(right - left for left, _, right, _ in line) <= 290
        for box in line:
            left, top, right, bottom = (max(0, round(edge * dots)) for edge in box)
            shown[top:bottom, left:right] = True
            for x in (left, right):
                if 0 < x < ink.shape[1]:
                    assert ink[top:bottom, x].sum() < STRAY, box
    assert not lines or not ink[~shown].any()
    return bool(lines)
