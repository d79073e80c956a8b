"""`calculator.report`: what it says is what `predict` says."""

import csv
import io
import json

import numpy as np
import pytest
from hard_cases import HARD_SPECTRA, assert_refused
from hypothesis import given
from hypothesis import strategies as st

from lindiff_nb.calculator import files, text
from lindiff_nb.calculator.report import Losses, least, lumped, report
from lindiff_nb.exact import schedule, spectra
from lindiff_nb.predict import best_ridge, divergence, losses, training

ALPHA_BAR = schedule.linear(200).alpha_bar


def test_it_says_what_the_predictions_say():
    spectrum, n, c = spectra.power_law(40, 1.0), 25, 0.01
    answer = report(spectrum[::-1], n, ALPHA_BAR, c, rows=5)
    assert answer.step[[0, -1]].tolist() == [1, 200]
    assert np.array_equal(answer.alpha_bar, ALPHA_BAR[answer.step - 1])
    a = answer.alpha_bar
    assert answer.levels.test == pytest.approx(losses.test_loss(spectrum, n, a, c), rel=1e-12)
    assert answer.levels.train == pytest.approx(losses.train_loss(spectrum, n, a, c), rel=1e-12)
    best = training.best_stopping_time(spectrum, n, a, c)
    assert answer.levels.best_time == pytest.approx(best, rel=1e-6)
    share = np.full(200, 1 / 200)
    one = best_ridge.for_test_loss(spectrum, n, ALPHA_BAR, weights=share)
    assert answer.mean.best_c == pytest.approx(one, rel=1e-5)
    assert answer.mean.test == pytest.approx(
        np.mean(losses.test_loss(spectrum, n, ALPHA_BAR, c)), rel=1e-7
    )
    assert answer.samples.kl == pytest.approx(divergence.kl(spectrum, n, c), rel=1e-12)
    assert answer.best_samples.kl <= answer.samples.kl


@pytest.mark.parametrize("name", HARD_SPECTRA)
def test_its_losses_are_in_order_for_any_spectrum(name):
    spectrum = HARD_SPECTRA[name]
    for n, c in ((1, 0), (len(spectrum), 0.1), (20 * len(spectrum), 0)):
        answer = report(spectrum, n, ALPHA_BAR, c, rows=2)
        for at in (answer.levels, answer.mean):
            best = np.array([at.test_at_best_c, at.test_at_best_time])
            assert np.all(at.residual <= best * (1 + 1e-9))
            assert np.all(best <= np.array(at.test) * (1 + 1e-9))
            assert np.all(np.array(at.train) <= at.test)
            assert np.all(np.array([at.test_sd, at.train_sd]) >= 0)
        assert not np.isnan(np.array([*answer.samples, *answer.best_samples])).any()


def test_directions_without_variance_cost_nothing_and_need_no_ridge():
    full, padded = np.array([2.0, 1.0]), np.array([2.0, 1.0, 0, 0])
    one, two = (report(p, 30, ALPHA_BAR, 0.01, rows=2) for p in (full, padded))
    assert np.array(two.samples)[1:] == pytest.approx(np.array(one.samples)[1:] / 2)
    assert two.best_samples.c == one.best_samples.c


def test_the_n_it_asks_for_is_enough_and_one_less_is_not():
    spectrum = spectra.power_law(30, 1.0)
    need = report(spectrum, 10, ALPHA_BAR, rows=2, loss_excess=0.2, kl=0.05).needed
    floor = np.mean(losses.residual_loss(spectrum, ALPHA_BAR))
    for n, enough in ((need.n_for_loss, True), (need.n_for_loss - 1, False)):
        test = np.mean(losses.test_loss(spectrum, int(n), ALPHA_BAR))
        assert (test <= 1.2 * floor) == enough
    for n, enough in ((need.n_for_kl, True), (need.n_for_kl - 1, False)):
        ridge = best_ridge.for_kl(spectrum, int(n))
        assert (divergence.kl(spectrum, int(n), ridge) <= 0.05) == enough
    hopeless = report(spectrum, 10, ALPHA_BAR, c=10.0, rows=2).needed
    assert np.isinf(hopeless.n_for_loss)


@given(st.integers(1, 10**9))
def test_the_least_number_is_found(n):
    assert least(lambda m: m >= n) == n


def test_lumping_keeps_the_trace_the_zeros_and_seven_digits():
    spectrum = np.concatenate([spectra.power_law(3000, 1.5), np.zeros(3)])
    rough = lumped(spectrum)
    assert len(np.unique(rough)) < 2600
    assert rough.sum() == pytest.approx(spectrum.sum(), rel=1e-13)
    assert np.array_equal(rough == 0, spectrum == 0)
    assert np.abs(np.log(rough[:-3] / spectrum[:-3])).max() <= 1e-3
    for n in (500, 10_000):
        exact = losses.test_loss(spectrum, n, ALPHA_BAR)
        assert losses.test_loss(rough, n, ALPHA_BAR) == pytest.approx(exact, rel=1e-6)


def test_bad_input_is_refused():
    good = {"spectrum": np.ones(3), "n": 4, "alpha_bar": ALPHA_BAR[:3], "c": 0.0, "rows": 2}
    assert_refused(report, good, "n", [0, -1, 2.5, True])
    assert_refused(report, good, "c", [-1e-9, np.nan, np.inf, [0.1]])
    assert_refused(report, good, "alpha_bar", [[], [0.5, 1.0], 0.5, [np.nan]])
    assert_refused(report, good, "spectrum", [[], [-1.0], np.zeros(2), np.ones(10**6 + 1)])
    assert_refused(report, good, "rows", [0, 1.5])
    assert_refused(report, good | {"kl": 0.1}, "kl", [0, -1, np.nan])


@pytest.fixture(scope="module")
def answer():
    return report(np.array([3.0, 1, 0.1, 0]), 2, ALPHA_BAR, rows=3)


def test_the_csv_holds_every_digit_of_the_losses(answer):
    rows = list(csv.DictReader(io.StringIO(files.as_csv(answer))))
    assert [row["step"] for row in rows] == ["1", "14", "200", "mean"]
    for field in Losses._fields:
        column = [float(row[field]) for row in rows]
        assert column == [*getattr(answer.levels, field), getattr(answer.mean, field)]


def test_the_json_is_strict_and_holds_everything(answer):
    told = json.loads(files.as_json(answer, "mine"), parse_constant=pytest.fail)
    assert told["source"] == "mine"
    assert told["samples"]["kl"] is None
    assert told["losses"]["test"] == answer.levels.test.tolist()
    assert told["needed"]["n_for_kl"] == answer.needed.n_for_kl


def test_the_table_is_ascii_aligned_and_fits_a_terminal(answer):
    told = text.text(answer, "mine")
    assert told.isascii()
    lines = told.splitlines()
    assert max(map(len, lines)) <= 84
    assert lines[0].startswith("mine: d = 4 eigenvalues, 1 of them zero, mean 1.025,")
    for table in (lines[4:9], lines[10:15]):
        assert len({len(line) for line in table}) == 1
        assert [line.split()[0] for line in table] == ["step", "1", "14", "200", "mean"]
