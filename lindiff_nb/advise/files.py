"""The advice as JSON: the same for the same images, however they were stored."""

from lindiff_nb._base import written
from lindiff_nb.advise.from_sample import Advice
from lindiff_nb.advise.sample import HIGH, LOW
from lindiff_nb.advise.text import jitter, warnings


def as_json(advice: Advice, pixels: bool, dead: int) -> str:
    """All fields of the advice; what is endless or not told is null.

    low, high: what black and white are for the model, null for points in their own units; jitter is
    best_c with black 0 and white 1, for `lindiff-nb train`. Twins are pairs of rows from 0.
    """
    given = advice._asdict() | {
        "forecast": {name: at._asdict() for name, at in advice.forecast.items()},
        "runs": advice.runs and advice.runs._asdict(),
    }
    scale = {"low": LOW if pixels else None, "high": HIGH if pixels else None}
    found = {**scale, **given, "dead": dead, "jitter": jitter(advice) if pixels else None}
    found |= {"warnings": warnings(advice)}
    return written.as_json(found)
