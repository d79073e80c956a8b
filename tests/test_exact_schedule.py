"""`exact.schedule` against its definitions and the published end values."""

import dataclasses

import numpy as np
import pytest

from lindiff_nb.exact import schedule


def test_linear_counts_its_steps_from_one():
    beta = schedule.linear(1000, 1e-4, 1e-2).beta
    assert beta[0] == pytest.approx(1e-4 + (1e-2 - 1e-4) / 1000, rel=1e-14)
    assert beta[-1] == pytest.approx(1e-2, rel=1e-14)
    assert np.diff(beta) == pytest.approx(np.full(999, (1e-2 - 1e-4) / 1000), rel=1e-9)


@pytest.mark.parametrize(
    ("steps", "beta_end", "left"),
    [
        (1000, schedule.MERGER_GOLDT_BETA_END, 6.3e-3),
        (1000, schedule.HO_BETA_END, 4.0e-5),
        (200, schedule.HO_BETA_END, 0.13),
    ],
)
def test_published_end_values_leave_the_published_signal(steps, beta_end, left):
    assert schedule.linear(steps, beta_end=beta_end).alpha_bar[-1] == pytest.approx(left, rel=0.03)


@pytest.mark.parametrize("made", [schedule.linear(50), schedule.cosine(50)])
def test_alpha_bar_is_the_running_product(made):
    left = 1.0
    for t in range(1, made.steps + 1):
        assert made.alpha_bar_before[t - 1] == pytest.approx(left, rel=1e-14)
        left *= 1 - made.beta[t - 1]
        assert made.alpha_bar[t - 1] == pytest.approx(left, rel=1e-13)
        assert made.noise_ratio[t - 1] == pytest.approx((1 - left) / left, rel=1e-12)
    assert made.beta.shape == made.alpha_bar.shape == made.noise_ratio.shape == (50,)


def test_cosine_follows_the_squared_cosine_until_it_is_cut_off():
    steps, s = 1000, 0.008
    made = schedule.cosine(steps, s)
    f = np.cos((np.arange(steps + 1) / steps + s) / (1 + s) * np.pi / 2) ** 2
    assert made.alpha_bar[:-1] == pytest.approx(f[1:-1] / f[0], rel=1e-9)
    assert made.beta[-1] == 0.999  # would be 1
    assert np.array_equal(schedule.cosine().beta, made.beta)
    assert schedule.cosine(steps, s, beta_max=0.5).beta.max() == 0.5


def test_one_step_is_a_schedule():
    assert schedule.linear(1).beta == pytest.approx([1e-2])
    assert schedule.cosine(1).beta == pytest.approx([0.999])


def test_a_schedule_can_be_shared_because_nobody_can_change_it():
    beta = np.array([0.1, 0.2])
    made = schedule.Schedule(beta)
    beta[0] = 0.9
    assert made.alpha_bar == pytest.approx([0.9, 0.72])
    for array in (made.beta, made.alpha_bar, made.alpha_bar_before, made.noise_ratio):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0.5
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.beta = beta


def test_a_schedule_prints_its_ends():
    assert repr(schedule.linear()) == "Schedule(1000 steps, beta 0.0001099 to 0.01)"
