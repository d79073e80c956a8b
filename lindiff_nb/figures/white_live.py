"""The live figure of white data: sliders for n/d, c and the noise, a density and two losses.

The closed forms come in as arguments, each written once with an argument `xp`; Vega evaluates
in the reader's page what numpy evaluates in a chapter. Every row of data carries the state of
the sliders in its fields (`aspect`, `c`, `alpha_bar`), so that one expression serves the curves
and the dots. The dots say their numbers to who cannot see them, and a test reads them there.
"""

import math
from collections.abc import Callable
from typing import Any

from lindiff_nb._base import extras
from lindiff_nb.figures.live import formula
from lindiff_nb.figures.palette import BLUE, GREY, NEW, TRAINING, VERMILLION

with extras.of("run"):
    import altair as alt

Form = Callable[..., Any]
COLOURS = {"test loss": NEW, "training loss": TRAINING, "residual loss": GREY}
SIZE: dict[str, Any] = {"width": 420, "height": 190}
RATIOS = [0.25, 0.5, 1, 2, 5, 10]
LOSSES = [0.2, 0.5, 1, 2, 5, 10, 20, 50, 100]
INSIDE = 1e-6  # how far the density's points stay from its edges, where it may be 0/0
HERE = "'N/d: ' + format(n_over_d, '.10~g')"
SETTING = HERE + " + '; c: ' + format(c, '.10~g') + '; alpha_bar: ' + format(alpha_bar, '.10~g')"
READOUT = (
    "'test loss ' + format(datum['test loss'], '.3g')"
    " + ', training loss ' + format(datum['training loss'], '.3g')"
    " + ' at N/d = ' + format(n_over_d, '.2f')"
)


def chart(
    density: Form,
    test_loss: Form,
    train_loss: Form,
    *,
    n_over_d: float = 0.5,
    c: float = 0.0,
    alpha_bar: float = 0.99,
) -> Any:
    """Density of the sample eigenvalues above three losses against n/d, moved by three sliders.

    The slider of n/d moves its logarithm, so that few and many samples have as much of the track.
    The arguments are closed forms: density(x, aspect, xp), test_loss(alpha_bar, aspect, c, xp),
    train_loss likewise. The keywords are where the sliders start. The residual loss of white data
    is alpha_bar itself.
    """
    sliders = (
        slider(
            "log_ratio", "samples per dimension, log2(N/d)", math.log2(n_over_d), -2, 3.25, 0.05
        ),
        slider("c", "ridge, c", c, 0, 1, 0.01),
        slider("alpha_bar", "signal fraction, alpha_bar", alpha_bar, 0.5, 0.99, 0.01),
    )
    ratio = alt.param(name="n_over_d", expr="pow(2, log_ratio)")
    setting = (alt.datum.alpha_bar, alt.datum.aspect, alt.datum.c)
    losses = {
        "test loss": formula(test_loss(*setting, xp=alt.expr)),
        "training loss": formula(train_loss(*setting, xp=alt.expr)),
        "residual loss": "datum.alpha_bar",
    }
    spectrum = alt.layer(bulk(density), atom())
    loss = alt.layer(curves(losses), *dots(losses), readout(losses))
    return (
        alt.vconcat(spectrum, loss).resolve_legend(color="independent").add_params(*sliders, ratio)
    )


def slider(name: str, label: str, value: float, low: float, high: float, step: float) -> Any:
    """A number moved by a native range input; an arrow key moves it by one step."""
    bind = alt.binding_range(min=low, max=high, step=step, name=label)
    return alt.param(name=name, value=value, bind=bind)


def rows(start: float, stop: float, step: float, ratio: str) -> Any:
    """Rows t = start, start + step, ... < stop, each at its n/d = `ratio`."""
    table = alt.Chart(alt.sequence(start, stop, step, as_="t"), **SIZE)
    return table.transform_calculate(ratio=ratio).transform_calculate(
        aspect="1 / datum.ratio", c="c", alpha_bar="alpha_bar"
    )


def bulk(density: Form) -> Any:
    """The continuous part of the law, between its edges (1 -+ sqrt(d/n))^2.

    Points crowd at both edges, where the density rises steeply.
    """
    root = alt.expr.sqrt(alt.datum.aspect)
    middle = 1 + alt.datum.aspect
    return (
        rows(0, 3.142, 0.01, "n_over_d")
        .transform_calculate(
            eigenvalue=formula(middle - 2 * (1 - INSIDE) * root * alt.expr.cos(alt.datum.t))
        )
        .transform_calculate(
            density=formula(density(alt.datum.eigenvalue, alt.datum.aspect, xp=alt.expr))
        )
        .mark_area(line={"color": BLUE}, opacity=0.25, clip=True, color=BLUE)
        .encode(
            x=alt.X(
                "eigenvalue:Q",
                title="eigenvalue of the sample covariance",
                scale=alt.Scale(domain=[0, 9]),
            ),
            y=alt.Y("density:Q", title="density", scale=alt.Scale(domain=[0, 1.4])),
        )
    )


def atom() -> Any:
    """The mass at zero, 1 - n/d if positive, as a stem at the left edge."""
    one = rows(0, 1, 1, "n_over_d").transform_calculate(atom="max(0, 1 - n_over_d)", zero="0")
    one = one.transform_calculate(
        words=HERE + " + '; atom at zero: ' + format(datum.atom, '.10~g')"
    )
    place = {"x": "zero:Q", "y": "atom:Q"}
    stem = one.mark_rule(color=VERMILLION, strokeWidth=3).encode(**place, y2=alt.datum(0))
    head = one.mark_point(filled=True, size=90, opacity=1, color=VERMILLION)
    label = one.transform_filter("datum.atom > 0").mark_text(align="left", dx=10, dy=-4)
    share = alt.Text("share:N")
    return alt.layer(
        stem,
        head.encode(**place, description="words:N"),
        label.transform_calculate(share="'share of zeros ' + format(datum.atom, '.2f')").encode(
            **place, text=share
        ),
    )


def curves(losses: dict[str, str]) -> Any:
    """The losses against n/d, on logarithmic axes."""
    names = list(COLOURS)
    colours = alt.Scale(domain=names, range=list(COLOURS.values()))
    legend = alt.Legend(title=None, orient="top")
    return (
        rows(-0.602, 1.001, 0.007, "pow(10, datum.t)")
        .transform_calculate(**losses)
        .transform_fold(names, as_=["loss", "value"])
        .mark_line(clip=True)
        .encode(
            x=alt.X("ratio:Q", title="samples per dimension N/d", **logarithmic(0.25, 10, RATIOS)),
            y=alt.Y("value:Q", title="loss", **logarithmic(0.15, 100, LOSSES)),
            color=alt.Color("loss:N", scale=colours, legend=legend),
        )
    )


def logarithmic(low: float, high: float, ticks: list[float]) -> dict[str, Any]:
    """Keywords of a logarithmic axis from `low` to `high`, not widened to round numbers."""
    scale = alt.Scale(type="log", domain=[low, high], nice=False)
    return {"scale": scale, "axis": alt.Axis(values=ticks)}


def dots(losses: dict[str, str]) -> list[Any]:
    """Where the sliders stand: a dot on the test and on the training loss."""
    here = rows(0, 1, 1, "n_over_d").transform_calculate(**losses)
    return [
        here.transform_calculate(
            words=f"{SETTING} + '; {name}: ' + format(datum['{name}'], '.10~g')"
        )
        .mark_point(filled=True, size=90, opacity=1, color=COLOURS[name])
        .encode(x="ratio:Q", y=f"{name}:Q", description="words:N")
        for name in ("test loss", "training loss")
    ]


def readout(losses: dict[str, str]) -> Any:
    """The same numbers in words, at the upper right."""
    return (
        rows(0, 1, 1, "n_over_d")
        .transform_calculate(**losses)
        .transform_calculate(words=READOUT)
        .mark_text(align="right", baseline="top")
        .encode(x=alt.value(SIZE["width"]), y=alt.value(4), text="words:N")
    )
