"""`calculator.report`: what it says is what `predict` says."""

import csv
import inspect
import io
import json
import re

import numpy as np
import pytest
from hard_cases import HARD_SPECTRA, assert_refused
from hypothesis import given, settings
from hypothesis import strategies as st

from lindiff_nb._base.valley import least
from lindiff_nb.calculator import Losses, _inputs, files, needed, report, text
from lindiff_nb.calculator._cautions import cautions
from lindiff_nb.calculator._inputs import lumped
from lindiff_nb.calculator._needed import from_there_on
from lindiff_nb.exact import schedule, spectra
from lindiff_nb.exact.averages import gauss_rule
from lindiff_nb.predict import (
    best_ridge,
    divergence,
    fluctuations,
    frechet,
    losses,
    shrinkage,
    training,
)

ALPHA_BAR = schedule.linear(200).alpha_bar


def test_it_says_what_the_predictions_say():
    spectrum, n, c = spectra.power_law(40, 1.0), 25, 0.01
    answer = report(spectrum[::-1], n, ALPHA_BAR, c, rows=5, mean="known")
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


@pytest.mark.long
@pytest.mark.parametrize("name", HARD_SPECTRA)
def test_its_losses_are_in_order_for_any_spectrum(name):
    spectrum = HARD_SPECTRA[name]
    for n, c in ((1, 0), (len(spectrum), 0.1), (20 * len(spectrum), 0)):
        answer = report(spectrum, n, ALPHA_BAR, c, rows=2, mean="known")
        for at in (answer.levels, answer.mean):
            best = np.array([at.test_at_best_c, at.test_at_best_time])
            assert np.all(at.residual <= best * (1 + 1e-9))
            assert np.all(best <= np.array(at.test) * (1 + 1e-9))
            assert np.all(np.array(at.train) <= at.test)
            assert np.all(np.array([at.test_sd, at.train_sd]) >= 0)
        assert answer.mean.residual <= answer.shrunk * (1 + 1e-9)
        assert answer.shrunk <= answer.mean.test_at_best_c * (1 + 1e-6)
        assert not np.isnan(np.array([*answer.samples, *answer.best_samples])).any()


def test_directions_without_variance_cost_nothing_and_need_no_ridge():
    full, padded = np.array([2.0, 1.0]), np.array([2.0, 1.0, 0, 0])
    one, two = (report(p, 30, ALPHA_BAR, 0.01, rows=2) for p in (full, padded))
    assert np.array(two.samples)[1:] == pytest.approx(np.array(one.samples)[1:] / 2)
    assert two.best_samples.c == one.best_samples.c


@pytest.mark.long
@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize("change", [np.asarray, np.abs, list], ids=["raw", "sizes", "list"])
def test_eigenvalues_that_a_program_returns_have_the_rank_of_their_matrix(kind, change):
    """Ten of which six vary: what eigvalsh leaves of the others, of either sign, is none."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((500, 6)) @ rng.standard_normal((6, 10))
    covariance = np.cov(x.T).astype(kind)
    levels, known = np.array([0.5, 0.9]), spectra.of_covariance(covariance)
    found = change(np.linalg.eigvalsh(covariance))
    if kind == np.float32 and change is list:
        found = np.array(found)  # a list has no single precision
    for c in (0.0, 0.1):
        one, other = (report(p, 8, levels, c, rows=2) for p in (known, found))
        assert np.count_nonzero(other.spectrum) == 6
        assert np.array(other.samples) == pytest.approx(np.array(one.samples), rel=1e-4)
        assert np.array(other.best_samples) == pytest.approx(np.array(one.best_samples), rel=1e-4)
        assert other.needed == pytest.approx(one.needed, rel=0.02)
        assert needed(found, levels, c) == other.needed
    tiny = np.array([1.0, 1e-20])
    assert np.isinf(report(tiny, 1, levels, mean="known", exact=True, rows=2).samples.kl)
    assert np.isfinite(report(tiny, 1, levels, mean="known", rows=2).samples.kl)


@pytest.mark.long
@pytest.mark.parametrize("mean", ["fitted", "known"])
def test_fitted_or_known_it_says_what_the_predictions_say(mean):
    spectrum, n, c, fitted = spectra.power_law(40, 1.0), 25, 0.01, mean == "fitted"
    answer = report(spectrum, n, ALPHA_BAR, c, rows=5, mean=mean)
    assert answer.fitted == fitted
    at, estimated = (spectrum, n, answer.alpha_bar), {"estimated_mean": fitted}
    best = best_ridge.for_test_loss(*at, **estimated)
    assert answer.levels.best_c == pytest.approx(best, rel=1e-12)
    for told, ridge in ((answer.levels.test, c), (answer.levels.test_at_best_c, best)):
        assert told == pytest.approx(losses.test_loss(*at, ridge, **estimated), rel=1e-12)
    train = losses.train_loss(*at, c, **estimated)
    assert answer.levels.train == pytest.approx(train, rel=1e-12)
    deviation = fluctuations.test_loss_sd(spectrum, n - fitted, answer.alpha_bar, c)
    assert answer.levels.test_sd == pytest.approx(deviation, rel=1e-12)
    for told in (answer.samples, answer.best_samples):
        kl = divergence.kl(spectrum, n, told.c, **estimated)
        assert told.kl == pytest.approx(kl, rel=1e-12)
        spread = fluctuations.kl_sd(spectrum, n, told.c, "population||sampler", **estimated)
        assert told.reverse_kl_sd == pytest.approx(spread, rel=1e-12)
    assert answer.best_samples.c == best_ridge.for_kl(spectrum, n, **estimated)
    shrunk = np.mean(shrinkage.best_linear_loss(spectrum, n - fitted, ALPHA_BAR))
    assert answer.shrunk == pytest.approx(shrunk, rel=1e-7)
    other = report(spectrum, n, ALPHA_BAR, c, rows=5, mean="known" if fitted else "fitted")
    assert (answer.mean.test > other.mean.test) == fitted


@pytest.mark.long
@pytest.mark.parametrize(
    ("n", "loss", "kl"), [(60, 1.105, 0.348), (100, 1.0011, 0.164), (51, None, 0.531)]
)
def test_a_fitted_mean_gives_what_fits_to_rank_1_in_fifty_dimensions_gave(n, loss, kl):
    """Means of hundreds of draws, known to a percent, at a hundredth of a percent of noise."""
    answer = report(spectra.power_law(50, 1.0), n, np.array([0.9999]))
    assert loss is None or answer.levels.test[0] == pytest.approx(loss, rel=0.04)
    assert answer.samples.kl == pytest.approx(kl, rel=0.01)
    short = report(spectra.power_law(50, 1.0), 50, np.array([0.9999]))
    assert np.isinf(short.samples.kl)
    assert report(spectra.power_law(50, 1.0), 50, np.array([0.9999]), mean="known").samples.kl < 1


@pytest.mark.long
def test_without_ridge_the_divergence_is_exact_in_few_dimensions():
    """Sums of digamma functions: 5 directions, and 3 more that do not vary."""
    digammas = {"known": 0.2523472185680232, "fitted": 0.3743099880133456}
    for mean, told in digammas.items():
        spectrum = np.array([1.0] * 5 + [0.0] * 3)
        answer = report(spectrum, 8, ALPHA_BAR, rows=1, mean=mean)
        assert answer.samples.kl == pytest.approx(told * 5 / 8, rel=1e-12)


@pytest.mark.long
@pytest.mark.parametrize("mean", ["fitted", "known"])
def test_the_n_it_asks_for_is_enough_and_one_less_is_not(mean):
    """With scales other than one, a ridge, and directions that do not vary."""
    estimated = {"estimated_mean": mean == "fitted"}
    for spectrum, c in (
        (spectra.power_law(30, 1.0), 0.0),
        (np.concatenate([7 * spectra.power_law(20, 0.5), np.zeros(10)]), 0.05),
    ):
        need = needed(spectrum, ALPHA_BAR, c, loss_excess=0.2, kl=0.05, mean=mean)
        floor = np.mean(losses.residual_loss(spectrum, ALPHA_BAR))
        varying = spectrum[spectrum > 0]
        part = varying.size / spectrum.size
        for less in (0, 1):
            n = int(need.n_for_loss) - less
            test = np.mean(losses.test_loss(spectrum, n, ALPHA_BAR, c, **estimated))
            assert (test <= 1.2 * floor) == (less == 0)
            n = int(need.n_for_kl) - less
            kl = divergence.kl(varying, n, best_ridge.for_kl(varying, n, **estimated), **estimated)
            assert (part * kl <= 0.05) == (less == 0)
    assert np.isinf(needed(spectrum, ALPHA_BAR, 10.0, mean=mean).n_for_loss)


@pytest.mark.long
def test_an_aim_that_is_met_exactly_is_met():
    spectrum = spectra.power_law(10, 1.0)
    need = needed(spectrum, ALPHA_BAR)
    n = int(need.n_for_kl)
    ridge = best_ridge.for_kl(spectrum, n, estimated_mean=True)
    kl = divergence.kl(spectrum, n, ridge, estimated_mean=True)
    assert needed(spectrum, ALPHA_BAR, kl=kl).n_for_kl == n
    assert needed(spectrum, ALPHA_BAR, kl=kl * (1 - 1e-12)).n_for_kl == n + 1
    assert from_there_on(lambda n: np.where(n < 7, 1.0, 0.0), 1, 100) == 7


def test_a_loss_that_rises_with_n_is_followed_to_the_end():
    """Ridges that are too large: the loss rises, and falls again or does not."""
    spectrum, a = np.repeat([0.66, 23.0], [3, 15]), np.array([1 / 56.6])
    need = needed(spectrum, a, 20.0, loss_excess=0.16, kl=0.5, mean="known")
    limit = 1.16 * losses.residual_loss(spectrum, a)
    every = losses.test_loss(spectrum, np.arange(1, 2000)[:, None], a, 20.0)[:, 0] <= limit
    assert need.n_for_loss == 38
    assert every[0]
    assert not every[36]
    assert every[37:].all()
    levels = schedule.linear().alpha_bar
    aims = {"loss_excess": 0.36, "kl": 0.5}
    rising = needed(spectra.power_law(64, 1.0), levels, 3.0, **aims, mean="known")
    assert np.isinf(rising.n_for_loss)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(
    spectrum=st.lists(st.floats(1e-3, 30.0), min_size=1, max_size=6),
    c=st.floats(0, 30),
    a=st.floats(0.01, 0.999),
    excess=st.floats(0.01, 1),
    first=st.sampled_from([1, 2]),
)
def test_from_the_n_it_asks_for_on_every_n_is_enough(spectrum, c, a, excess, first):
    spectrum, mean = np.array(spectrum), ("known", "fitted")[first - 1]
    need = needed(spectrum, np.array([a]), c, loss_excess=excess, kl=1.0, mean=mean).n_for_loss
    limit = (1 + excess) * losses.residual_loss(spectrum, a)
    sizes = np.unique(np.concatenate([np.arange(first, 400), np.geomspace(400, 10**9, 200)]))
    loss = losses.test_loss(spectrum, sizes.astype(np.int64), a, c, estimated_mean=first == 2)
    enough = loss <= limit
    if np.isfinite(need):
        assert enough[sizes >= need].all()
        assert need == first or not enough[sizes == need - 1].any()
    else:
        assert not enough[-1] or loss[-1] == pytest.approx(limit, rel=1e-7)


@pytest.mark.parametrize("peak", [3.0, 50.0, 777.0])
@pytest.mark.parametrize("height", [1.0001, 2.0])
def test_a_narrow_rise_above_the_aim_is_not_missed(peak, height):
    """A bump half an octave wide, of which only the tip may be above the aim."""

    def excess(n):
        return height * np.exp(-((np.log2(n / peak) / 0.5) ** 2)) - 1

    every = excess(np.arange(1, 10_000)) > 0
    last = int(np.flatnonzero(every)[-1]) + 1 if every.any() else 0
    assert from_there_on(excess, 1, 20_000) == last + 1


@given(st.integers(1, 10**9))
def test_the_least_number_is_found(n):
    assert least(lambda m: m >= n) == n
    assert least(lambda m: m >= n, first=3) == max(n, 3)


def test_the_last_number_that_is_tried_counts():
    assert least(lambda m: m >= 16, most=16) == 16
    assert np.isinf(least(lambda m: m >= 17, most=16))


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


def test_up_to_ten_thousand_eigenvalues_none_is_lumped():
    spectrum = np.geomspace(1, 0.9, 1000)
    assert np.array_equal(_inputs.spectrum(spectrum), spectrum)
    assert len(np.unique(_inputs.spectrum(np.repeat(spectrum, 11)))) < 200


@pytest.mark.long
def test_bad_input_is_refused():
    good = {"spectrum": np.ones(3), "n": 4, "alpha_bar": ALPHA_BAR[:3], "c": 0.0, "rows": 2}
    assert_refused(report, good, "n", [0, -1, 2.5, True])
    assert_refused(report, good, "c", [-1e-9, np.nan, np.inf, [0.1]])
    assert_refused(report, good, "alpha_bar", [[], [0.5, 1.0], 0.5, [np.nan]])
    assert_refused(report, good, "spectrum", [[], [-1.0], np.zeros(2), np.ones(10**6 + 1)])
    far = [[1.0, 9e-151], [1e-300, 1e300], [1e-160, 1.0]]
    assert_refused(report, good | {"exact": True}, "spectrum", far)
    assert_refused(report, good, "alpha_bar", [[1e-320], [0.5, 9e-101], np.full(10**6 + 1, 0.5)])
    with pytest.raises(ValueError, match=r"alpha_bar must be at least 1e-100, got 1e-320$"):
        report(**good | {"alpha_bar": [0.5, 1e-320, 0.9]})
    assert_refused(report, good, "rows", [0, 1.5, 10**4 + 1])
    assert_refused(report, good, "mean", ["estimated", None, True])
    assert_refused(report, good, "n", [1])
    wanted = {"spectrum": np.ones(3), "alpha_bar": ALPHA_BAR[:3]}
    assert_refused(needed, wanted, "alpha_bar", [[], [1.0], [1e-320]])
    assert_refused(needed, wanted | {"mean": "known"}, "mean", ["", None])
    assert_refused(report, good | {"kl": 0.1}, "kl", [0, -1, np.nan])


@pytest.mark.long
def test_the_largest_request_is_met():
    """A million eigenvalues, ten thousand rows, and ten thousand eigenvalues one by one."""
    assert _inputs.spectrum(np.ones(_inputs.MOST)).size == _inputs.MOST
    assert _inputs.levels(np.full(_inputs.MOST, 0.5)).size == _inputs.MOST
    assert _inputs.levels([_inputs.LEAST]) == [_inputs.LEAST]
    spread = np.geomspace(1, 1e-3, _inputs.FEW)
    assert np.unique(_inputs.spectrum(spread)).size == _inputs.FEW
    assert np.unique(_inputs.spectrum(np.append(spread, 1e-3))).size < _inputs.FEW
    assert _inputs.spectrum([_inputs.SPREAD, 1.0], exact=True)[1] == _inputs.SPREAD
    assert report(np.ones(2), 3, ALPHA_BAR).step.tolist() == [1, 2, 4, 7, 14, 27, 53, 103, 200]
    assert report(np.ones(2), 3, ALPHA_BAR, rows=10**4).step.size == 200


def test_what_is_not_said_is_the_same_for_a_report_and_for_what_is_needed():
    both = [inspect.signature(function).parameters for function in (report, needed)]
    shared = both[0].keys() & both[1].keys()
    assert shared >= {"c", "loss_excess", "kl", "mean"}
    assert all(both[0][name].default == both[1][name].default for name in shared)


def test_what_it_aims_for_if_nothing_is_said():
    need = report(np.ones(2), 3, ALPHA_BAR, rows=1).needed
    assert (need.loss_excess, need.kl) == (0.1, 0.01)


@pytest.fixture(scope="module")
def answer():
    return report(np.array([3.0, 1, 0.1, 0]), 2, ALPHA_BAR, rows=3)


def test_the_csv_holds_every_digit_of_the_losses(answer):
    rows = list(csv.DictReader(io.StringIO(files.as_csv(answer))))
    assert [row["step"] for row in rows] == ["1", "14", "200", "mean"]
    assert {row["mean"] for row in rows} == {"fitted"}
    for field in Losses._fields:
        column = [float(row[field]) for row in rows]
        assert column == [*getattr(answer.levels, field), getattr(answer.mean, field)]


def test_the_json_is_strict_and_holds_everything(answer):
    told = json.loads(files.as_json(answer, "mine"), parse_constant=pytest.fail)
    assert told["source"] == "mine"
    assert (told["schema"], told["mean"], told["d"], told["rank"]) == (1, "fitted", 4, 3)
    assert {*told, *told["losses"]} > set(told["mean_known_in"])
    known = report(np.ones(3), 1, ALPHA_BAR, rows=1, mean="known")
    assert json.loads(files.as_json(known, ""))["mean"] == "known"
    assert told["samples"]["kl"] is None
    assert told["losses"]["test"] == answer.levels.test.tolist()
    assert told["needed"]["n_for_kl"] == answer.needed.n_for_kl


def test_the_table_is_ascii_aligned_and_fits_a_terminal(answer):
    told = text.text(answer, "mine")
    assert told.isascii()
    lines = told.splitlines()
    assert max(map(len, lines)) <= 84
    assert lines[0].startswith("mine: d = 4 eigenvalues, 1 of them zero, mean 1.025,")
    assert lines[2] == "the mean is fitted to the same n images"
    for table in (lines[5:10], lines[11:16]):
        assert len({len(line) for line in table}) == 1
        assert [line.split()[0] for line in table] == ["step", "1", "14", "200", "mean"]
        assert len({re.match(r"\S+ +\S+", line).end() for line in table[:-1]}) == 1  # flush right


def test_each_number_of_the_tables_is_the_report_s_to_the_digits_of_its_column(answer):
    """Four digits, three of a ridge, two of a deviation; both tables end with the same row."""
    lines = [line.split() for line in text.text(answer, "mine").splitlines()]
    at, best, samples = (lines[k] for k in (9, 15, 19))
    mean, told = answer.mean, answer.best_samples
    given = [mean.residual, mean.test, mean.test_sd, mean.train, mean.train_sd]
    assert at[1:] == [f"{x:.{k}g}" for x, k in zip(given, (4, 4, 2, 4, 2), strict=True)]
    found = [mean.best_c, mean.test_at_best_c, mean.best_time, mean.test_at_best_time]
    assert best[1:] == [f"{x:.{k}g}" for x, k in zip(found, (3, 4, 4, 4), strict=True)]
    found = [told.c, told.kl, told.kl_sd, told.reverse_kl, told.reverse_kl_sd]
    assert samples[3:] == [f"{x:.{k}g}" for x, k in zip(found, (3, 4, 2, 4, 2), strict=True)]


def test_it_says_which_mean_is_meant(answer):
    known = report(np.ones(3), 2, ALPHA_BAR, rows=1, mean="known")
    assert "the mean is taken as known" in text.text(known, "mine")
    assert "mean known and one image less" in text.text(answer, "mine")
    assert "mean known" not in text.text(known, "mine")


@pytest.mark.long
@pytest.mark.parametrize(
    ("spectrum", "n", "c", "words"),
    [
        (np.ones(5), 8, 0.0, ["close to the number", "Few dimensions or images (5)"]),
        (np.ones(100), 8, 0.0, ["Few dimensions or images (7): this is a theory of many. A"]),
        (np.ones(100), 7, 0.0, ["with ridge is higher than printed by about 10%"]),
        (np.ones(100), 102, 0.0, ["higher than printed, by a quarter or more"]),
        (np.ones(100), 103, 0.0, ["higher than printed, by about 12%"]),
        (np.ones(100), 106, 0.0, ["by about 5%"]),
        (np.ones(100), 106, 0.5, []),
        (np.full(100, 3e3), 300, 0.0, ["bytes? --normalise"]),
        (np.full(100, 100.0), 300, 0.0, []),
        (np.ones(100), 100, 0.0, []),
        (np.ones(100), 111, 0.0, []),
        (np.repeat([1.0, 0.0], [39, 25]), 40, 1.0, ["about 40 images"]),
        (np.ones(100), 101, 0.0, ["a quarter or more"]),
        (np.repeat([1.0, 0.0], [39, 25]), 15, 1.0, ["images (14)"]),
        (np.repeat([1.0, 0.0], [40, 25]), 20, 1.0, ["n >= 20 is", "images (19)"]),
        (np.repeat([1.0, 0.0], [39, 25]), 20, 1.0, ["n >= 20 is", "images (19)"]),
        (np.repeat([1.0, 0.0], [61, 3]), 64, 1.0, []),
        (np.repeat([1.0, 0.0], [91, 9]), 150, 1.0, []),
        (np.repeat([1.0, 0.0], [90, 10]), 150, 1.0, ["about 91 images"]),
        (np.repeat([1.0, 0.0], [500, 284]), 50, 1.0, []),
    ],
)
def test_it_says_aloud_where_the_theory_is_not_exact(spectrum, n, c, words):
    said = cautions(report(spectrum, n, ALPHA_BAR[::50], c, rows=1))
    assert len(said) == len(words)
    for paragraph, word in zip(said, words, strict=True):
        assert word in " ".join(paragraph.split())


def test_the_frechet_distance_of_a_perfect_model_is_that_of_the_law():
    """Binned, so to 1e-4; and both means fitted, as FID has it."""
    spectrum = np.arange(1, 61.0) ** -1.5
    told = report(spectrum, 30, ALPHA_BAR, rows=1, mean="known").frechet
    assert told.distance == pytest.approx(
        frechet.distance(spectrum, 1000, estimated_mean=True), rel=1e-4
    )
    fit = frechet.distance(spectrum, 1000, fitted_to=30, estimated_mean=True)
    assert told.of_fit == pytest.approx(fit, rel=1e-4)
    given = told.n_for_10_percent, told.n_for_1_percent, told.n_for_01_percent
    wanted = [frechet.needed(spectrum, share, estimated_mean=True) for share in (0.1, 0.01, 0.001)]
    assert given == pytest.approx(wanted, rel=1e-3, abs=1)
    assert told.share == pytest.approx(told.distance / spectrum.sum())


def test_the_frechet_distance_is_printed_and_in_the_json(answer):
    told = json.loads(files.as_json(answer, "mine"))["frechet"]
    assert (told["samples"], told["distance"]) == (1000, answer.frechet.distance)
    said = text.text(answer, "mine")
    assert "Frechet distance of a perfect model with 1000 samples: " in said
    assert f"n for 10 / 1 / 0.1 %: {told['n_for_10_percent']:.0f} / " in said
    assert "of a model fitted to these 2 images: " in said


def test_the_n_for_a_loss_at_the_best_ridge_is_the_first_that_is_enough():
    """And no ridge asked for needs fewer."""
    spectrum, found = np.arange(1, 31.0) ** -1.0, []
    a, share = gauss_rule(ALPHA_BAR)
    need = needed(spectrum, ALPHA_BAR, 0.01)
    for n in (need.n_for_loss_at_best_c - 1, need.n_for_loss_at_best_c):
        c = best_ridge.for_test_loss(spectrum, int(n), a, weights=share, estimated_mean=True)
        found.append(losses.test_loss(spectrum, int(n), a, c, estimated_mean=True) @ share)
    limit = 1.1 * (losses.residual_loss(spectrum, a) @ share)
    assert found[1] <= limit < found[0]
    assert need.n_for_loss_at_best_c <= need.n_for_loss
