"""`predict.white`: the closed forms are the general predictions."""

import warnings

import numpy as np
import pytest

from lindiff_nb.predict import losses, ridge, white

D = 12
ASPECT_N = pytest.mark.parametrize("n", [1, 5, 11, 12, 13, 50, 10**6])
ALPHA_BAR, C = np.array([1e-3, 0.5, 0.99, 1 - 1e-9]), np.array([[0.0], [1e-6], [0.1], [100]])


@ASPECT_N
def test_kappa_is_the_effective_ridge(n):
    xi = np.array([0, 1e-14, 1e-6, 0.1, 1, 1e6])
    general = ridge.effective_ridge(xi, np.ones(D), n)
    assert white.kappa(xi, D / n) == pytest.approx(general, rel=1e-12)


@ASPECT_N
@pytest.mark.parametrize("name", ["test_loss", "train_loss"])
def test_losses_are_the_general_ones(n, name):
    general = getattr(losses, name)(np.ones(D), n, ALPHA_BAR, C)
    assert getattr(white, name)(ALPHA_BAR, D / n, C) == pytest.approx(general, rel=1e-11)


@pytest.mark.parametrize("aspect", [0.3, 1.0, 4.0])
def test_no_formula_warns_or_fails_at_the_edges(aspect):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.all(white.density(np.array([-1.0, 0, 1e-320, 1, 100]), aspect) >= 0)
        assert white.kappa(0.0, aspect) == pytest.approx(max(aspect - 1, 0))
