"""A draw for plain numbers is the one of `experiments` with the same generator."""

import numpy as np
import pytest

from lindiff_nb.exact import spectra
from lindiff_nb.measure import experiments, one_set
from lindiff_nb.run.sweeps.plan import plan


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def test_one_draw_is_the_first_of_many():
    spectrum = spectra.power_law(12, 0.5)
    many = experiments.kl(rng(), spectrum, 30, 0.1, draws=4)
    assert one_set.kl(12, 30, 0.5, 0.1, rng=rng()) == {"kl": many[0]}
    both = experiments.losses(rng(), spectrum, 30, 0.9, 0.1, draws=4)
    found = one_set.losses(12, 30, 0.9, 0.5, 0.1, rng=rng())
    assert found == {"test": both.test[0], "train": both.train[0]}


@pytest.mark.parametrize("bad", [{"d": 0}, {"n": 0}, {"c": -1.0}, {"exponent": np.nan}])
def test_bad_input_is_refused_by_name(bad):
    good = {"d": 12, "n": 30, "exponent": 0.5, "c": 0.1}
    for draw, more in ((one_set.kl, {}), (one_set.losses, {"alpha_bar": 0.9})):
        with pytest.raises(ValueError, match=next(iter(bad))):
            draw(**good | bad | more, rng=rng())


@pytest.mark.parametrize("name", ["kl", "losses"])
def test_a_sweep_can_call_it(name):
    fixed = {"d": 5, "n": 9} | ({"alpha_bar": 0.9} if name == "losses" else {})
    made = plan(
        f"lindiff_nb.measure.one_set:{name}", call=True, grid={"c": [0, 1]}, fixed=fixed, seeds=3
    )
    assert len(made) == 6
