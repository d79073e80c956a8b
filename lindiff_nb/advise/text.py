"""The advice in words: the answer first, then what it rests on, then what to beware of."""

from collections.abc import Sequence
from math import sqrt
from textwrap import fill

from lindiff_nb.advise.forecast import ENDLESS, NO_END, Forecast
from lindiff_nb.advise.from_sample import ROUGH, Advice
from lindiff_nb.advise.sample import HIGH, LOW

ALWAYS = """\
All this is for images drawn like these and a linear model: not for another camera or hospital,
and not for a network, which should be stopped early by its loss on images held out."""
TRAIN = """\
A network that is not stopped has this ridge by (black 0, white 1, so a quarter of c)
  {command} --jitter {jitter}
one that is stopped in time needs none:
  {command} --held-out 0.2"""
DECAY = """\
weight_decay: a linear model trained by SGD at one noise level, on the squared error summed over
pixels, has this ridge at 2 c alpha_bar; for other training it is another thing."""
SHOWN = 5  # pairs
WIDTH = 80  # characters


def text(
    advice: Advice,
    names: Sequence[str],
    said: Sequence[str],
    dead: int,
    command: str | None,
) -> str:
    """Everything, for a terminal; `names` are the images', `dead` pixels never vary.

    command: what trains on them, None for points in their own units.
    """
    pixels = command is not None
    parts = [_answer(advice), "\n".join(said), _ridge(advice, pixels), _losses(advice)]
    parts += [_worth(advice), _samples(advice, pixels)]
    if command is not None:
        parts += [TRAIN.format(command=command, jitter=_number(jitter(advice)))]
    notes = [f"{dead} of {advice.d} pixels never vary; they count in d."] * (dead > 0)
    notes += [_pairs(advice, names)] * bool(advice.twins)
    notes += [f"WARNING  {warning}" for warning in warnings(advice)]
    return "\n\n".join([*parts, *(fill(note, WIDTH) for note in notes), ALWAYS])


def _answer(advice: Advice) -> str:
    """The first lines."""
    if advice.loss is None:
        return (
            "The loss cannot be told: no ridge is too small for these images. Either there are\n"
            "copies among them that were not found, or they vary in a few ways alone."
        )
    said = f"Use the ridge c = {_number(advice.best_c)}. Expect a loss of {_number(advice.loss)}"
    if not advice.forecast:
        return f"{said} on new images: roughly, since {advice.units} units are few."
    first = next(iter(advice.forecast.values()))
    gain = 100 * (1 - first.loss / advice.loss)
    return f"{said} on new images.\nTwice as many images would lower it by about {gain:.1f}%."


def _ridge(advice: Advice, pixels: bool) -> str:
    sd = sqrt(advice.best_c)
    levels = f", {_levels(sd)} of 255 grey levels" if pixels else ""
    return f"best ridge   c = {_number(advice.best_c)}   (jitter of sd {sd:.2g}{levels})\n{DECAY}"


def _levels(sd: float) -> str:
    """A standard deviation in grey levels: two figures, or a whole number."""
    levels = 255 * sd / (HIGH - LOW)
    return f"{levels:.2g}" if levels < 10 else f"{levels:,.0f}"


def jitter(advice: Advice) -> float:
    """The best ridge for a model with black at 0 and white at 1, as `lindiff-nb train` has them."""
    return advice.best_c / (HIGH - LOW) ** 2


def _losses(advice: Advice) -> str:
    if advice.loss is None:
        return "loss on new images   not known"
    rows = [(f"{advice.n:,} images", advice.loss, advice.loss_interval)]
    rows += [(_size(at), at.loss, at.interval) for at in advice.forecast.values()]
    lines = ["loss on new images, per dimension, mean over the noise levels"]
    lines += [f"  {name:16} {_number(loss)}{_width(loss, ends)}" for name, loss, ends in rows]
    if ENDLESS in advice.forecast and advice.extrapolated is not None:
        lines.append(
            f"  (endless is extrapolated: {advice.n} images show no variance below "
            f"{_number(advice.extrapolated)})"
        )
    if advice.enough is not None:
        lines.append(f"  within 10% of endless from about {advice.enough:,.0f} images on")
    return "\n".join(lines)


def _size(at: Forecast) -> str:
    return f"{at.images:,.0f} images" if at.images < float("inf") else "endless images"


def _width(loss: float, ends: tuple[float, float] | None) -> str:
    return "" if ends is None else f" +- {(ends[1] - loss):.2g}"


def _worth(advice: Advice) -> str:
    samples = f"worth {advice.n_effective:.0f} equal images for the samples"
    if advice.n_effective_loss is None:
        return samples
    if advice.units < advice.n:
        return f"{samples}, for the loss between that and {advice.n:,}"
    return f"{samples}, {advice.n_effective_loss:.0f} for the loss"


def _samples(advice: Advice, pixels: bool) -> str:
    sd = sqrt(advice.blur)
    levels = f" ({_levels(sd)} grey levels)" if pixels else ""
    lines = [
        f"samples: KL {advice.kl:.2g} nats per dimension from the truth, both blurred by sd\n"
        f"{sd:.2g}{levels}; without blur it cannot be known"
    ]
    if advice.distance is not None:
        low, high = advice.distance
        lines.append(f"squared Frechet distance to the truth: {low:.2g} to {high:.2g}, all pixels")
    return "\n".join(lines)


def _pairs(advice: Advice, names: Sequence[str]) -> str:
    shown = ", ".join(" ~ ".join(names[at] for at in pair) for pair in advice.twins[:SHOWN])
    more = ", .." if len(advice.twins) > SHOWN else ""
    kept = (
        "they are left out together" if advice.grouped else "left out together they change nothing"
    )
    return f"pairs that look alike: {len(advice.twins)} ({shown}{more}); {kept}."


def warnings(advice: Advice) -> list[str]:
    """What to beware of, a paragraph each; rows are counted from 0."""
    said = []
    if advice.loss is None:
        said.append(
            "the best ridge is the least that was tried, with fewer images than twice d: images "
            "that occur again under other files do that. Use --group-by."
        )
    if advice.copies_matter:
        said.append(
            f"copies: {advice.n} images are {advice.units} different ones, and leaving out one of "
            "a pair alone would promise too much."
        )
    if advice.units < ROUGH:
        said.append(
            f"only {advice.units} independent images or groups: rough, without intervals or "
            f"forecasts (from {ROUGH} on); the limit of endless images needs {NO_END}."
        )
    if advice.heavy is not None:
        said.append(
            f"the image or group of row {advice.heavy} decides a fifth of the loss or more: "
            "distrust the interval."
        )
    if (runs := advice.runs) is not None:
        said.append(
            f"consecutive files are alike: leaving out ten in a row costs "
            f"{100 * (runs.ratio - 1):.0f}% more than ten at random. Do they share a patient, a "
            f"scene, a film? Then use --group-by. By tens: c = {_number(runs.c)}, loss "
            f"{_number(runs.loss)}, worth {runs.n_effective:.0f} images."
        )
    return said


def _number(value: float) -> str:
    return f"{value:.3g}"
